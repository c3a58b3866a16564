"""Where the hand is, to the pixel (PreciseBAA 3.1.2): from marks to masks, and what a mask must be."""

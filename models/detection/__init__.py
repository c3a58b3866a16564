"""Finding the hand, and other marked things, by a trained detector: from marks to batches, boxes and figures."""

"""Step 3: select, decode, read in batches, write the results down."""

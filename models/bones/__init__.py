"""What single bones say: where the thirteen lie, their crops, and the bone age that each gives alone."""

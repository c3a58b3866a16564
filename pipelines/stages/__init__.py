"""Steps in front of the readers."""

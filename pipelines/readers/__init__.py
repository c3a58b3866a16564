"""What turns prepared pixels and a sex into months."""

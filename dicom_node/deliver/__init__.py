"""Step 5: each object to each destination: every status judged, retried with growing delays, the same bytes."""

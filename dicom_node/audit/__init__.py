"""The audit trail: the content of PS3.15 A.5 messages as JSON lines. `message` is pure, `trail` writes."""

"""The demo: phantoms go through a real node into an embedded PACS, and every answer is read back whole."""

"""Pictures of what the node sends, drawn from phantoms with made-up readings; for documents and for eyes."""

"""A program's rules as a versioned document: its schema, and how it is read."""

"""The import of files of orders."""

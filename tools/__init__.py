"""What developers run to build the project; nothing of it is installed."""

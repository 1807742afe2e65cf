"""The RPCs, one service a file."""

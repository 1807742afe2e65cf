"""Ending a command with one clear line and exit code 1."""


class CommandFailedError(Exception):
    """The command cannot be carried out; the text is one line for the person who typed it."""

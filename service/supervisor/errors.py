"""Why a server does not run, in sentences for the person who starts it."""


class StartError(Exception):
    """The server cannot start: something it needs for itself is taken."""


class WorkersFailedError(Exception):
    """Workers die faster than starting them again makes sense."""

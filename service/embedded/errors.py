"""What goes wrong with private stores, in sentences for the person who starts the server."""


class EmbeddedStoresError(Exception):
    """The private stores cannot be started, or ended on their own."""

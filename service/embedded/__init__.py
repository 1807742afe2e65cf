"""The private stores of a data directory: a PostgreSQL and a Redis that live and die with their owner.

A child process (`python -m service.embedded`) runs both, so that they are stopped cleanly even when the owner
is killed.
"""

from service.embedded.errors import EmbeddedStoresError
from service.embedded.stores import EmbeddedStores, start_embedded_stores

__all__ = ["EmbeddedStores", "EmbeddedStoresError", "start_embedded_stores"]

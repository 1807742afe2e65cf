"""How long a change of the schema waits for a lock."""

from typing import Final

# A change that cannot get its lock soon gives up: a queue behind it would stop the service.
LOCK_TIMEOUT: Final = "4s"

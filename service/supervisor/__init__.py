"""The parent process of a server: holds the port and the data directory, keeps workers and stores going."""

from service.supervisor.errors import StartError
from service.supervisor.supervise import Running, supervise

__all__ = ["Running", "StartError", "supervise"]

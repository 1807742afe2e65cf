"""Log entries: to stderr, as JSON lines or for a terminal, without secrets, of this code and of libraries."""

import logging
import re
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_PASSWORD_IN_URL = re.compile(r"(://[^\s:/@]*:)[^\s@]*@")
_SECRET_NAMES = ("password", "secret", "token", "api_key")


class _Output:
    """A text stream that may go away: with the terminal, or with the program reading the pipe.

    An entry that nobody can read must not stop a process from stopping its database cleanly.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return 0

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return


def hide_secrets(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """A structlog processor: stars for fields named like a secret and for passwords inside URLs."""
    for name, value in event_dict.items():
        if any(part in name.lower() for part in _SECRET_NAMES):
            event_dict[name] = "***"
        elif isinstance(value, str) and "://" in value:
            event_dict[name] = _PASSWORD_IN_URL.sub(r"\1***@", value)
    return event_dict


def configure_logging(
    level: Literal["debug", "info", "warning", "error"] = "info",
    log_format: Literal["auto", "json", "console"] = "auto",
    **context: str | int,
) -> None:
    """Set up logging for this process. `context` (such as `worker=1`) is in every entry."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    level_number = logging.getLevelNamesMapping()[level.upper()]
    output = _Output(sys.stderr)

    def add_context(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
        # Not context variables: those do not reach the threads that libraries start.
        return {**context, **event_dict}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_context,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # After exceptions became text, since that text may quote a URL too.
    rendering: list[Processor] = (
        [
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
        if console
        else [structlog.processors.format_exc_info, hide_secrets, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level_number),
        logger_factory=structlog.WriteLoggerFactory(file=output),  # type: ignore[arg-type]  # it writes and flushes, no more
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    # Libraries speak up from warning on: at info they narrate their own work.
    logging.basicConfig(handlers=[handler], level=max(level_number, logging.WARNING), force=True)

"""A worker process of the server: `python -m service.worker_process`, started by the supervisor only."""

import asyncio
import sys
from collections.abc import Callable

from service.lifeline import Lifeline
from service.logging import configure_logging


def main() -> None:
    """Take the handover, then serve until SIGTERM has drained the calls, or the supervisor is gone."""
    lifeline = Lifeline.attach()
    handover = lifeline.handover
    configure_logging(handover.settings.log_level, handover.settings.log_format, worker=handover.worker_index)

    # Only now: it loads gRPC and the stores' clients, and a supervisor that dies meanwhile should be noticed.
    from service.worker import run_worker  # noqa: PLC0415

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run_worker(handover.settings, handover.urls, handover.worker_index, lifeline.report_ready))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415  # there is none for Windows

    return uvloop.new_event_loop


if __name__ == "__main__":
    main()

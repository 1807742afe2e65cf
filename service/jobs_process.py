"""The background process of the server: `python -m service.jobs_process`, started by the supervisor only."""

import asyncio

from service.lifeline import Lifeline
from service.logging import configure_logging


def main() -> None:
    """Take the handover, then run the background jobs until SIGTERM, or the supervisor is gone."""
    lifeline = Lifeline.attach()
    handover = lifeline.handover
    configure_logging(handover.settings.log_level, handover.settings.log_format, worker="background")

    # Only now: it loads the stores' clients, and a supervisor that dies meanwhile should be noticed.
    from service.jobs.background import run_background  # noqa: PLC0415

    asyncio.run(run_background(handover.settings, handover.urls, lifeline.report_ready))


if __name__ == "__main__":
    main()

"""`loyalty worker`: the background jobs, beside servers on a database of their own."""

from typing import Annotated

from service.command_line.failing import CommandFailedError
from service.command_line.serving import load_settings, setting
from service.logging import configure_logging
from service.settings import StoreUrls


def worker(
    database_url: Annotated[str | None, setting("database_url")] = None,
    redis_url: Annotated[str | None, setting("redis_url")] = None,
    seal_key_file: Annotated[str | None, setting("seal_key_file")] = None,
    seal_interval_seconds: Annotated[str | None, setting("seal_interval_seconds")] = None,
    seal_export_dir: Annotated[str | None, setting("seal_export_dir")] = None,
    log_level: Annotated[str | None, setting("log_level")] = None,
    log_format: Annotated[str | None, setting("log_format")] = None,
    drain_seconds_max: Annotated[str | None, setting("drain_seconds_max")] = None,
) -> None:
    """Run the background jobs until SIGTERM: book what falls due, put Redis right, seal.

    What falls due are pending points to be posted, holds that time out, and lots that expire.

    Any number may run side by side, or none: balances are right all the same, and only the books come later.
    A private database needs none of this: `loyalty serve` runs the jobs of its own.

    Example: LOYALTY_DATABASE_URL=postgresql://loyalty@db.example/loyalty loyalty worker
    """
    settings = load_settings(dict(locals()))
    if settings.database_url is None:
        raise CommandFailedError(
            "LOYALTY_DATABASE_URL is not set; the jobs of a private database run inside `loyalty serve`"
        )
    configure_logging(settings.log_level, settings.log_format)
    redis = settings.redis_url.get_secret_value() if settings.redis_url is not None else None

    from service.command_line.hosting import work  # noqa: PLC0415 - see there

    work(settings, StoreUrls(settings.database_url.get_secret_value(), redis))

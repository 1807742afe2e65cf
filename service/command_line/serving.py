"""`loyalty serve` and `loyalty migrate`: their options."""

from typing import Annotated, Any

import typer

from service.command_line.failing import CommandFailedError
from service.logging import configure_logging
from service.settings import Settings, SettingsError


def setting(name: str) -> Any:  # noqa: ANN401 - Typer's option has no public type
    """An option that overrides a setting. Its value is checked where all settings are."""
    variable = f"LOYALTY_{name.upper()}"
    description = Settings.model_fields[name].description or ""
    return typer.Option(f"--{name.replace('_', '-')}", help=f"{description} [{variable}]", show_default=False)


def serve(
    listen: Annotated[str | None, setting("listen")] = None,
    insecure_listen: Annotated[bool | None, setting("insecure_listen")] = None,
    workers: Annotated[str | None, setting("workers")] = None,
    database_url: Annotated[str | None, setting("database_url")] = None,
    redis_url: Annotated[str | None, setting("redis_url")] = None,
    data_dir: Annotated[str | None, setting("data_dir")] = None,
    log_level: Annotated[str | None, setting("log_level")] = None,
    log_format: Annotated[str | None, setting("log_format")] = None,
    lanes: Annotated[str | None, setting("lanes")] = None,
    lane_queue_max: Annotated[str | None, setting("lane_queue_max")] = None,
    lane_batch_max: Annotated[str | None, setting("lane_batch_max")] = None,
    request_deadline_seconds_default: Annotated[
        str | None, setting("request_deadline_seconds_default")
    ] = None,
    request_deadline_seconds_max: Annotated[str | None, setting("request_deadline_seconds_max")] = None,
    background_jobs: Annotated[str | None, setting("background_jobs")] = None,
    message_bytes_max: Annotated[str | None, setting("message_bytes_max")] = None,
    drain_seconds_max: Annotated[str | None, setting("drain_seconds_max")] = None,
    seal_key_file: Annotated[str | None, setting("seal_key_file")] = None,
    seal_interval_seconds: Annotated[str | None, setting("seal_interval_seconds")] = None,
    seal_export_dir: Annotated[str | None, setting("seal_export_dir")] = None,
) -> None:
    """Start the service. Without a database URL it brings its own PostgreSQL and Redis.

    Every option is also an environment variable, named in brackets. A URL with a password belongs into the
    environment: options can be seen by every user of the machine.

    Example: loyalty serve --listen 127.0.0.1:50051 --workers 2
    """
    settings = load_settings(dict(locals()))
    configure_logging(settings.log_level, settings.log_format)

    from service.command_line.hosting import host  # noqa: PLC0415 - see there

    code = host(settings)
    raise typer.Exit(code)


def migrate_command(database_url: Annotated[str | None, setting("database_url")] = None) -> None:
    """Upgrade the schema of the database in LOYALTY_DATABASE_URL. Safe while the service runs.

    A private database needs none of this: `loyalty serve` upgrades its own.

    Example: LOYALTY_DATABASE_URL=postgresql://loyalty@db.example/loyalty loyalty migrate
    """
    settings = load_settings({"database_url": database_url})
    if settings.database_url is None:
        raise CommandFailedError("LOYALTY_DATABASE_URL is not set; a private database is upgraded by `serve`")
    from service.command_line.hosting import upgrade  # noqa: PLC0415 - see there

    upgrade(settings.database_url.get_secret_value())


def load_settings(options: dict[str, object]) -> Settings:
    """Settings from the environment and from a command's options. Raises CommandFailedError."""
    try:
        return Settings.load(options)
    except SettingsError as error:
        raise CommandFailedError("\n".join(error.problems)) from None

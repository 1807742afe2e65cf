"""`loyalty serve` and `loyalty migrate`."""

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from programs.reading import read_document
from service.command_line.failing import CommandFailedError
from service.command_line.output import console
from service.logging import configure_logging
from service.settings import Settings, SettingsError, StoreUrls
from service.supervisor import Running, supervise
from store.database import Database, StoreUnavailableError
from store.migration import SchemaOutdatedError, check_schema, migrate
from store.programs import apply_program, count_programs

DEMO_REQUEST_ID: Final = "serve:demo"


def _setting(name: str) -> Any:  # noqa: ANN401 - Typer's option has no public type
    """An option that overrides a setting. Its value is checked where all settings are."""
    variable = f"LOYALTY_{name.upper()}"
    description = Settings.model_fields[name].description or ""
    return typer.Option(f"--{name.replace('_', '-')}", help=f"{description} [{variable}]", show_default=False)


def serve(
    listen: Annotated[str | None, _setting("listen")] = None,
    insecure_listen: Annotated[bool | None, _setting("insecure_listen")] = None,
    workers: Annotated[str | None, _setting("workers")] = None,
    database_url: Annotated[str | None, _setting("database_url")] = None,
    redis_url: Annotated[str | None, _setting("redis_url")] = None,
    data_dir: Annotated[str | None, _setting("data_dir")] = None,
    log_level: Annotated[str | None, _setting("log_level")] = None,
    log_format: Annotated[str | None, _setting("log_format")] = None,
    lanes: Annotated[str | None, _setting("lanes")] = None,
    lane_queue_max: Annotated[str | None, _setting("lane_queue_max")] = None,
    lane_batch_max: Annotated[str | None, _setting("lane_batch_max")] = None,
    request_deadline_seconds_default: Annotated[
        str | None, _setting("request_deadline_seconds_default")
    ] = None,
    request_deadline_seconds_max: Annotated[str | None, _setting("request_deadline_seconds_max")] = None,
    message_bytes_max: Annotated[str | None, _setting("message_bytes_max")] = None,
    drain_seconds_max: Annotated[str | None, _setting("drain_seconds_max")] = None,
) -> None:
    """Start the service. Without a database URL it brings its own PostgreSQL and Redis.

    Every option is also an environment variable, named in brackets. A URL with a password belongs into the
    environment: options can be seen by every user of the machine.

    Example: loyalty serve --listen 127.0.0.1:50051 --workers 2
    """
    settings = _load(dict(locals()))
    configure_logging(settings.log_level, settings.log_format)

    async def prepare(urls: StoreUrls) -> None:
        await prepare_store(urls, embedded=settings.embeds_postgres)

    code = asyncio.run(
        supervise(settings, prepare=prepare, announce=lambda running: announce(settings, running))
    )
    raise typer.Exit(code)


def migrate_command(database_url: Annotated[str | None, _setting("database_url")] = None) -> None:
    """Upgrade the schema of the database in LOYALTY_DATABASE_URL. Safe while the service runs.

    A private database needs none of this: `loyalty serve` upgrades its own.

    Example: LOYALTY_DATABASE_URL=postgresql://loyalty@db.example/loyalty loyalty migrate
    """
    settings = _load({"database_url": database_url})
    if settings.database_url is None:
        raise CommandFailedError("LOYALTY_DATABASE_URL is not set; a private database is upgraded by `serve`")
    try:
        before, after = asyncio.run(migrate(settings.database_url.get_secret_value()))
    except StoreUnavailableError as error:
        raise CommandFailedError(str(error)) from None
    if before == after:
        console.print(f"The schema is at revision {after} already.")
    else:
        console.print(f"The schema went from revision {before or 'none'} to {after}.")


def _load(options: dict[str, object]) -> Settings:
    try:
        return Settings.load(options)
    except SettingsError as error:
        raise CommandFailedError("\n".join(error.problems)) from None


async def prepare_store(urls: StoreUrls, *, embedded: bool) -> None:
    """Make the store ready: an embedded one is upgraded and gets the demo program where it has none."""
    if not embedded:
        try:
            await check_schema(urls.database_url)
        except SchemaOutdatedError as error:
            raise CommandFailedError(f"{error}; run `loyalty migrate` first") from None
        except StoreUnavailableError as error:
            raise CommandFailedError(f"LOYALTY_DATABASE_URL does not answer: {error}") from None
        return
    await migrate(urls.database_url)
    database = Database(urls.database_url)
    try:
        if await count_programs(database) == 0:
            text = demo_document().read_text(encoding="utf-8")
            await apply_program(database, read_document(text).program_id, text, 0, DEMO_REQUEST_ID)
    finally:
        await database.close()


def demo_document() -> Path:
    """The example program; it lies beside this package, in a checkout as when installed."""
    package = find_spec("service")
    if package is None or package.origin is None:
        raise CommandFailedError("the package `service` has no place on disk")
    return Path(package.origin).parent.parent / "examples" / "demo.yaml"


def announce(settings: Settings, running: Running) -> None:
    """Say that the service is ready, and what to try next."""
    server = "" if str(running.listen) == "127.0.0.1:50051" else f" --server {running.listen}"
    stores = f"its own stores in {settings.data_dir}" if settings.embeds_postgres else "your PostgreSQL"
    console.print(
        f"\n[bold green]Ready[/bold green] on {running.listen}: {running.workers} workers, {stores}.\n\n"
        "Try next, in another terminal:\n"
        f"  .venv/bin/loyalty import orders examples/orders.csv --program demo{server}\n"
        f"  .venv/bin/loyalty member show 100001{server}\n"
        f"  .venv/bin/loyalty verify{server}\n\n"
        "Stop with Ctrl-C.",
        soft_wrap=True,
    )

"""What `loyalty serve` and `loyalty migrate` do. It loads the stores, which takes long: import it late."""

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from programs.reading import read_document
from service.command_line.failing import CommandFailedError
from service.command_line.output import console
from service.jobs.background import run_background
from service.seal_keys import SealKeyError, load_seal_keys
from service.settings import Settings, StoreUrls
from service.supervisor import Running, supervise
from store.database import Database, StoreUnavailableError
from store.feed_epoch import RestoredError
from store.migration import SchemaOutdatedError, check_schema, migrate
from store.programs import apply_program, count_programs

DEMO_REQUEST_ID: Final = "serve:demo"


def host(settings: Settings) -> int:
    """Serve until told to stop; answers the exit code."""

    async def prepare(urls: StoreUrls) -> None:
        require_seal_keys(settings)
        await prepare_store(urls, embedded=settings.embeds_postgres)

    return asyncio.run(
        supervise(settings, prepare=prepare, announce=lambda running: announce(settings, running))
    )


def work(settings: Settings, urls: StoreUrls) -> None:
    """Run the background jobs until told to stop."""

    async def run() -> None:
        require_seal_keys(settings)
        await require_schema(urls)
        await run_background(settings, urls, ready=lambda: None)

    asyncio.run(run())


def upgrade(url: str) -> None:
    """Upgrade the schema and say what was done."""
    try:
        before, after = asyncio.run(migrate(url))
    except StoreUnavailableError as error:
        raise CommandFailedError(f"LOYALTY_DATABASE_URL cannot be used: {error}") from None
    if before == after:
        console.print(f"The schema is at revision {after} already.")
    else:
        console.print(f"The schema went from revision {before or 'none'} to {after}.")


def require_seal_keys(settings: Settings) -> None:
    """Refuse to start with a key file that cannot be used; a private store gets one where it has none."""
    try:
        load_seal_keys(settings)
    except SealKeyError as error:
        raise CommandFailedError(str(error)) from None


async def prepare_store(urls: StoreUrls, *, embedded: bool) -> None:
    """Make the store ready: an embedded one is upgraded and gets the demo program where it has none."""
    if not embedded:
        await require_schema(urls)
        return
    try:
        await migrate(urls.database_url)
    except StoreUnavailableError as error:
        raise CommandFailedError(f"the private database cannot be used: {error}") from None
    database = Database(urls.database_url)
    try:
        if await count_programs(database) == 0:
            text = demo_document().read_text(encoding="utf-8")
            await apply_program(database, read_document(text).program_id, text, 0, DEMO_REQUEST_ID)
    finally:
        await database.close()


async def require_schema(urls: StoreUrls) -> None:
    """Raises CommandFailedError where a database given by URL is not ready for this release."""
    try:
        await check_schema(urls.database_url)
    except (SchemaOutdatedError, RestoredError) as error:
        raise CommandFailedError(f"{error}; run `loyalty migrate` first") from None
    except StoreUnavailableError as error:
        raise CommandFailedError(f"LOYALTY_DATABASE_URL cannot be used: {error}") from None


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

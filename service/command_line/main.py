"""The program `loyalty`: its commands, and how it ends when one fails."""

import sys
from typing import Final

import typer
from rich.markup import escape

from service.command_line import (
    entries,
    explaining,
    holds,
    import_orders,
    members,
    moving_points,
    programs,
    refunds,
    seals,
    suspending,
)
from service.command_line.failing import CommandFailedError
from service.command_line.output import error_console
from service.command_line.serving import migrate_command, serve
from service.command_line.verify import verify
from service.command_line.verify_receipt import verify_receipt
from service.command_line.watch import watch
from service.command_line.worker import worker

app: Final = typer.Typer(
    name="loyalty",
    help="A loyalty and membership service: points that prove themselves.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it would print local variables, and with them secrets
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve)
app.command(name="migrate")(migrate_command)
app.command()(worker)
app.add_typer(import_orders.app, name="import")
app.add_typer(members.app, name="member")
members.app.command()(suspending.suspend)
members.app.command()(suspending.reinstate)
app.command()(entries.entries)
app.command()(explaining.explain)
app.command()(members.balance)
app.command()(moving_points.spend)
app.command()(holds.hold)
app.command()(holds.capture)
app.command()(holds.release)
app.command()(refunds.refund)
app.command(context_settings=moving_points.NEGATIVE_NUMBERS)(moving_points.adjust)
app.command()(moving_points.void)
app.command()(moving_points.transfer)
app.command()(verify)
app.command()(watch)
app.add_typer(programs.app, name="program")
app.add_typer(seals.app, name="seals")
app.command()(seals.receipt)
app.command(name="verify-receipt")(verify_receipt)


def main() -> None:
    """Run a command. What fails ends in one clear line on standard error and exit code 1."""
    try:
        app()
    except CommandFailedError as error:
        error_console.print("[red]error:[/red]", escape(str(error)), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)

"""The program `loyalty`: its commands, and how it ends when one fails."""

import sys
from typing import Final

import typer
from rich.markup import escape

from service.command_line import import_orders, members, programs
from service.command_line.failing import CommandFailedError
from service.command_line.output import error_console
from service.command_line.serving import migrate_command, serve
from service.command_line.verify import verify

app: Final = typer.Typer(
    name="loyalty",
    help="A loyalty and membership service: points that prove themselves.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it would print local variables, and with them secrets
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve)
app.command(name="migrate")(migrate_command)
app.add_typer(import_orders.app, name="import")
app.add_typer(members.app, name="member")
app.command()(members.entries)
app.command()(verify)
app.add_typer(programs.app, name="program")


def main() -> None:
    """Run a command. What fails ends in one clear line on standard error and exit code 1."""
    try:
        app()
    except CommandFailedError as error:
        error_console.print("[red]error:[/red]", escape(str(error)), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)

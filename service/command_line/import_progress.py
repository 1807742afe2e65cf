"""The progress bar of an import."""

import contextlib
from collections.abc import Iterator
from typing import Final

import stamina.instrumentation
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from service.command_line.output import error_console


class RateColumn(ProgressColumn):
    """How many orders and refunds a second are answered."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} a second" if task.speed else "")


class Bar:
    """The progress of one import."""

    def __init__(self, progress: Progress, events: int) -> None:
        self._progress: Final = progress
        self._task: Final = progress.add_task("Importing", total=events)

    def advance(self, events: int) -> None:
        """So many more were answered."""
        self._progress.update(self._task, advance=events, description="Importing")

    def wait(self, details: stamina.instrumentation.RetryDetails) -> None:
        """Say that a call is about to be made again."""
        self._progress.update(self._task, description="Waiting for the service")


@contextlib.contextmanager
def progress_of(events: int, *, shown: bool) -> Iterator[Bar]:
    """A bar on standard error while an import runs; hidden unless it is a terminal and `shown`."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RateColumn())
    # Retries are told on the bar. The library's own telling would go to stdout, into what --json prints.
    hooks = stamina.instrumentation.get_on_retry_hooks()
    is_hidden = not (shown and error_console.is_terminal)
    with Progress(*columns, TimeRemainingColumn(), console=error_console, disable=is_hidden) as progress:
        bar = Bar(progress, events)
        stamina.instrumentation.set_on_retry_hooks([bar.wait])
        try:
            yield bar
        finally:
            stamina.instrumentation.set_on_retry_hooks(hooks)

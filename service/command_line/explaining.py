"""`loyalty explain`: why an entry is what it is."""

from typing import Annotated, Final

import typer
from loyalty.v1 import entry_pb2, explanation_pb2
from loyalty.v1 import points_service_pb2 as messages
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from service.command_line.connection import (
    CALL_SECONDS_MAX,
    PROGRAM_DEFAULT,
    SERVER_DEFAULT,
    JsonOption,
    ProgramOption,
    ServerOption,
    connected,
)
from service.command_line.entry_words import account_word, kind_word, lot_text
from service.command_line.members import MemberArgument, balance_rows
from service.command_line.output import console, local_time, number, plain, print_json

RELATIONS: Final = {
    "settles": "settled the order",
    "refunds": "refunds the order",
    "places_hold": "placed the hold",
    "resolves_hold": "resolved the hold",
    "other_side": "is the other side of the transfer",
}


def explain(
    member_id: MemberArgument,
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=1, max=2**63 - 1, help="The entry's number.")],
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Explain an entry: the rules that applied and those that did not, where its points went and came from.

    Example: loyalty explain 17850 3
    """
    request = messages.ExplainEntryRequest(program_id=program, member_id=member_id, seq=seq)
    with connected(server) as client:
        answer = client.points.ExplainEntry(request, timeout=CALL_SECONDS_MAX)
    if as_json:
        print_json(plain(answer))
        return
    console.print(_head(answer.entry, member_id, program))
    console.print(_sentences(answer.explanation))
    if answer.explanation.rules:
        console.print(_rules(answer.explanation))
    if any(change.legs for change in answer.entry.changes):
        console.print(_movements(answer.entry))
    if answer.explanation.sources:
        console.print(_sources(answer.explanation))
    if answer.explanation.related:
        console.print(_related(answer.explanation, member_id))


def _head(entry: entry_pb2.Entry, member_id: str, program: str) -> Table:
    table = Table(title=f"Entry {entry.seq}", show_header=False)
    back_dated = ", back-dated" if entry.back_dated else ""
    rows = (
        ("member", f"{member_id} of {program}"),
        ("what", kind_word(entry.kind)),
        ("order", entry.order_id),
        ("note", entry.note),
        ("effective", f"{local_time(entry.effective_time)} UTC{back_dated}"),
        ("recorded", f"{local_time(entry.recorded_time)} UTC"),
        ("request id", entry.request_id),
        *((f"{name} after it", value) for name, value in balance_rows(entry.balance)),
    )
    for name, value in rows:
        if value:
            table.add_row(name, Text(value))
    return table


def _sentences(explanation: explanation_pb2.Explanation) -> Table:
    grid = Table.grid(padding=(0, 1))
    for sentence in explanation.sentences:
        grid.add_row("•", Text(sentence, overflow="fold"))
    return grid


def _table(title: str, left: tuple[str, ...], right: tuple[str, ...], last: tuple[str, ...]) -> Table:
    """A table whose first columns are texts, then numbers, then texts that may take several lines."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    for name in last:
        table.add_column(name, overflow="fold")
    return table


def _rules(explanation: explanation_pb2.Explanation) -> Table:
    table = _table("\nRules", ("rule", "applied"), ("points",), ("why",))
    for rule in explanation.rules:
        table.add_row(
            Text(rule.rule_id), "yes" if rule.applied else "no", number(rule.points), Text(rule.reason)
        )
    return table


def _movements(entry: entry_pb2.Entry) -> Table:
    table = _table("\nMovements", ("change", "from", "to"), ("points",), ("lot (UTC)",))
    for change in entry.changes:
        name = (change.WhichOneof("change") or "").replace("_", " ")
        for leg in change.legs:
            table.add_row(
                name,
                account_word(leg.from_account),
                account_word(leg.to_account),
                number(leg.points),
                lot_text(leg),
            )
            name = ""
    return table


def _sources(explanation: explanation_pb2.Explanation) -> Table:
    table = _table(
        "\nWhere the points came from", ("entry", "order", "rule"), ("points",), ("lot ends (UTC)",)
    )
    for source in explanation.sources:
        ends = local_time(source.lot_expiry_time) if source.HasField("lot_expiry_time") else "no fixed end"
        table.add_row(
            str(source.seq), Text(source.order_id), Text(source.rule_id), number(source.points), ends
        )
    return table


def _related(explanation: explanation_pb2.Explanation, member_id: str) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.title, grid.title_justify = "\nRelated", "left"
    for one in explanation.related:
        whose = "" if one.member_id == member_id else f" of member {one.member_id}"
        relation = RELATIONS.get(one.relation, one.relation)
        grid.add_row("•", Text(f"entry {one.seq}{whose} {relation}", overflow="fold"))
    return grid

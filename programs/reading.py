"""From the text of a document to its types, with the line and column of every mistake."""

import re
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import iso4217
import msgspec
import yaml

from programs.document import DOCUMENT_BYTES_MAX, Document, ExpiresAfterDays, PendingDays

NESTING_MAX: Final = 16
NODES_MAX: Final = 20_000
PATH_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")

Step = str | int
Path = tuple[Step, ...]


class DocumentProblem(NamedTuple):
    """One mistake in a document. Lines and columns count from 1; 0 where the place is not known."""

    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line else ""
        return f"{place}{self.path + ': ' if self.path else ''}{self.message}"


class DocumentInvalidError(Exception):
    """The document cannot be a program; `problems` says why."""

    def __init__(self, problems: list[DocumentProblem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def read_document(text: str) -> Document:
    """Read YAML (or JSON, which is YAML) into a document.

    Raises DocumentInvalidError: not YAML, an anchor (a small text could grow without bound), a key given
    twice, an unknown field, a value of the wrong type or beyond its limit, or a contradiction.
    """
    if len(text.encode()) > DOCUMENT_BYTES_MAX:
        raise DocumentInvalidError(
            [DocumentProblem(0, 0, "", f"longer than the limit of {DOCUMENT_BYTES_MAX} bytes")]
        )
    content, places = _read_yaml(text)
    try:
        document = msgspec.convert(content, Document, strict=True)
    except msgspec.ValidationError as error:
        raise DocumentInvalidError([_typed_problem(str(error), places)]) from None
    problems = [_placed(path, message, places) for path, message in _contradictions(document)]
    if problems:
        raise DocumentInvalidError(problems)
    return document


def _read_yaml(text: str) -> tuple[object, dict[Path, tuple[int, int]]]:
    loader = yaml.SafeLoader(text)
    places: dict[Path, tuple[int, int]] = {}
    try:
        node = _compose(text, loader)
        _visit(node, (), places)
        return loader.construct_document(node), places
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise DocumentInvalidError([DocumentProblem(line, column, "", error.problem or "not YAML")]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentInvalidError([DocumentProblem(0, 0, "", f"not YAML: {error}")]) from None
    finally:
        loader.dispose()


def _compose(text: str, loader: yaml.SafeLoader) -> yaml.Node:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=_mark(event))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > NESTING_MAX:
            raise yaml.MarkedYAMLError(
                problem=f"nested deeper than the limit of {NESTING_MAX}", problem_mark=_mark(event)
            )
    node = loader.get_single_node()
    if node is None:
        raise DocumentInvalidError([DocumentProblem(0, 0, "", "the document is empty")])
    return node


def _mark(event: yaml.Event) -> yaml.error.Mark | None:
    mark = event.start_mark
    return mark if isinstance(mark, yaml.error.Mark) else None


def _visit(node: yaml.Node, path: Path, places: dict[Path, tuple[int, int]]) -> None:
    """Note where each value stands; refuse a key given twice, which YAML would let the last one win."""
    if len(places) >= NODES_MAX:
        raise ValueError(f"more than the limit of {NODES_MAX} values")
    places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            step = (*path, str(key.value))
            if step in places:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark
                )
            places[step] = (key.start_mark.line + 1, key.start_mark.column + 1)
            _visit(value, step, places)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _visit(item, (*path, index), places)


def _typed_problem(message: str, places: dict[Path, tuple[int, int]]) -> DocumentProblem:
    """Turn msgspec's `… - at `$.earning.rules[0].points`` into a place in the text."""
    text, _, where = message.partition(" - at `$")
    path: Path = tuple(
        name or (int(index) if index.isdigit() else index)
        for name, index in PATH_STEP.findall(where.rstrip("`"))
    )
    unknown = re.search(r"unknown field `([^`]+)`", text)
    if unknown:
        path = (*path, unknown.group(1))
    return _placed(path, text, places)


def _placed(path: Path, message: str, places: dict[Path, tuple[int, int]]) -> DocumentProblem:
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    known = path
    while known and known not in places:
        known = known[:-1]
    line, column = places.get(known, (0, 0))
    return DocumentProblem(line, column, name, message)


def _contradictions(document: Document) -> list[tuple[Path, str]]:
    """What the types alone cannot say."""
    found: list[tuple[Path, str]] = []
    if not _is_currency(document.currency_code):
        found.append((("currency_code",), f"{document.currency_code!r} is not an ISO 4217 code"))
    try:
        ZoneInfo(document.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        found.append(
            (("time_zone",), f"{document.time_zone!r} is not an IANA time zone such as 'Europe/London'")
        )
    seen: set[str] = set()
    for index, rule in enumerate(document.earning.rules):
        if rule.id in seen:
            found.append((("earning", "rules", index, "id"), f"the id {rule.id!r} is used twice"))
        seen.add(rule.id)
    expiry, pending = document.policies.expiry, document.policies.pending
    if (
        isinstance(expiry, ExpiresAfterDays)
        and isinstance(pending, PendingDays)
        and expiry.days <= pending.days
    ):
        found.append(
            (
                ("policies", "expiry", "days"),
                f"points would expire ({expiry.days} days) before they post ({pending.days} days)",
            )
        )
    return found


def _is_currency(code: str) -> bool:
    try:
        iso4217.Currency(code)
    except ValueError:
        return False
    return True

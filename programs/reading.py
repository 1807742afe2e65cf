"""From the text of a document to its types, with the line and column of every mistake."""

import functools
import re
from typing import Final, NamedTuple
from zoneinfo import available_timezones

import iso4217
import msgspec
import yaml

from programs.document import (
    DOCUMENT_BYTES_MAX,
    EXPIRY_DATE_YEARS,
    Document,
    ExpiresAfterDays,
    ExpiresOnDate,
    ExpiresWithoutActivity,
    PendingDays,
)

NESTING_MAX: Final = 16
EVENTS_MAX: Final = 20_000
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
    if len(text.encode("utf-8", "surrogatepass")) > DOCUMENT_BYTES_MAX:
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


class _Loader(yaml.SafeLoader):
    """YAML as 1.2's core schema has it: 010 is no octal, 1:40 no number, `no` not false, dates are text."""


_Loader.yaml_implicit_resolvers = {}


for _tag, _pattern, _first in (
    ("null", r"^(?:null|~|)\Z", ["n", "~", ""]),
    ("bool", r"^(?:true|false)\Z", ["t", "f"]),
    ("int", r"^-?(?:0|[1-9][0-9]{0,18})\Z", list("-0123456789")),
    ("float", r"^-?(?:0|[1-9][0-9]*)\.[0-9]+\Z", list("-0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _read_yaml(text: str) -> tuple[object, dict[Path, tuple[int, int]]]:
    places: dict[Path, tuple[int, int]] = {}
    if text.lstrip().startswith("{"):
        # JSON may be indented with tabs, which YAML refuses; inside its strings there are none.
        text = text.replace("\t", " ")
    try:
        _check_events(text)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise DocumentInvalidError([DocumentProblem(0, 0, "", "the document is empty")])
            _visit(node, (), places)
            return loader.construct_document(node), places
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise DocumentInvalidError([DocumentProblem(line, column, "", error.problem or "not YAML")]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = (before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        raise DocumentInvalidError(
            [DocumentProblem(*place, "", "a control character, which YAML does not allow")]
        ) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise DocumentInvalidError([DocumentProblem(0, 0, "", f"not YAML: {error}")]) from None


def _check_events(text: str) -> None:
    """Refuse what makes a small text large or means something unseen, before anything is built of it."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader), 1):
        if count > EVENTS_MAX:
            raise _marked(f"more than the limit of {EVENTS_MAX} values and brackets", event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _marked("anchors and aliases are not allowed", event)
        if getattr(event, "tag", None):
            raise _marked("tags are not allowed", event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > NESTING_MAX:
            raise _marked(f"nested deeper than the limit of {NESTING_MAX}", event)


def _marked(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    mark = event.start_mark
    return yaml.MarkedYAMLError(
        problem=problem, problem_mark=mark if isinstance(mark, yaml.error.Mark) else None
    )


def _visit(node: yaml.Node, path: Path, places: dict[Path, tuple[int, int]]) -> None:
    """Note where each value stands; refuse a key given twice, of which YAML would let the last one win."""
    places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _visit(key, (*path, "<key>"), places)
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
    else:
        # JSON writes a character beyond the first 65,536 as two escapes, which YAML reads as two halves.
        node.value = node.value.encode("utf-16", "surrogatepass").decode("utf-16")


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
    if document.time_zone not in _time_zones():
        found.append(
            (("time_zone",), f"{document.time_zone!r} is not an IANA time zone such as 'Europe/London'")
        )
    if not document.program_id.isprintable():
        found.append((("program_id",), "must not contain control or invisible characters"))
    seen: set[str] = set()
    for index, rule in enumerate(document.earning.rules):
        if rule.id in seen:
            found.append((("earning", "rules", index, "id"), f"the id {rule.id!r} is used twice"))
        seen.add(rule.id)
    expiry, pending = document.policies.expiry, document.policies.pending
    if isinstance(expiry, ExpiresOnDate) and expiry.date.year not in EXPIRY_DATE_YEARS:
        first, last = EXPIRY_DATE_YEARS[0], EXPIRY_DATE_YEARS[-1]
        message = f"{expiry.date.isoformat()} is not between {first}-01-01 and {last}-12-31"
        found.append((("policies", "expiry", "date"), message))
    if (
        isinstance(expiry, (ExpiresAfterDays, ExpiresWithoutActivity))
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


@functools.cache
def _time_zones() -> frozenset[str]:
    # Names that stand for whatever the machine is set to are no time zones for a program.
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


def _is_currency(code: str) -> bool:
    try:
        return iso4217.Currency(code).exponent is not None  # gold and "no currency" have none
    except ValueError:
        return False

"""Reading a document: only YAML that means what it looks like, and every mistake with its place."""

import json
import zoneinfo
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from programs import reading
from programs.document import Document, NeverExpires, NotPending, PerAmount
from programs.program import put_in_force
from programs.reading import DocumentInvalidError, DocumentProblem, read_document
from tests.programs.contents import VALID, with_value

DEMO: Final = Path(__file__).parents[2] / "examples" / "demo.yaml"

YAML: Final = """\
schema_version: 1
program_id: demo
currency_code: GBP
time_zone: Europe/London
display_names:
  en: Demo
  zh: 演示
enrolment:
  open: true
earning:
  rules:
    - id: base
      kind: per_amount
      points: 1
      per_amount_minor: 100
    - id: second
      kind: per_amount
      points: 2
      per_amount_minor: 300
policies:
  expiry: {kind: days, days: 30}
"""


def problem_of(text: str) -> DocumentProblem:
    with pytest.raises(DocumentInvalidError) as raised:
        read_document(text)
    return raised.value.problems[0]


def place_of(text: str) -> tuple[int, int]:
    problem = problem_of(text)
    return problem.line, problem.column


def changed(old: str, new: str, text: str = YAML) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


# What is read


def test_the_example_reads_and_is_a_point_a_pound_without_end() -> None:
    """The issue: id `demo`, GBP, 1 point a pound on what was paid, no expiry."""
    document = read_document(DEMO.read_text(encoding="utf-8"))

    assert (document.program_id, document.currency_code) == ("demo", "GBP")
    assert (
        PerAmount(kind="per_amount", id="base", points=1, per_amount_minor=100),
    ) == document.earning.rules
    assert (NeverExpires(), NotPending()) == (document.policies.expiry, document.policies.pending)


@pytest.mark.parametrize("indent", [None, 0, 2])
def test_json_is_accepted(indent: int | None) -> None:
    content = json.loads(VALID)

    assert read_document(VALID) == read_document(json.dumps(content, indent=indent))


def test_compact_json_is_accepted() -> None:
    assert read_document(VALID) == read_document(json.dumps(json.loads(VALID), separators=(",", ":")))


def test_json_indented_with_tabs_is_accepted() -> None:
    """JSON is accepted, and a tab is white space in JSON."""
    assert read_document(VALID) == read_document(json.dumps(json.loads(VALID), indent="\t"))


def test_json_that_escapes_a_character_above_the_first_plane_is_accepted() -> None:
    content = json.loads(VALID) | {"display_names": {"en": "Gold 🥇"}}

    assert read_document(json.dumps(content)).display_names == {"en": "Gold 🥇"}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(line_end: str) -> None:
    assert read_document(YAML) == read_document(YAML.replace("\n", line_end))


def test_a_byte_order_mark_is_no_part_of_a_document() -> None:
    assert read_document(YAML) == read_document("\ufeff" + YAML)


def test_the_same_document_can_be_put_in_force_as_any_version() -> None:
    program = put_in_force(read_document(YAML), 7)

    assert (program.program_id, program.version, program.zone.key) == ("demo", 7, "Europe/London")


# What is refused, and where it stands


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("points: 1\n", "points: 0\n", (14, 7)),
        ("points: 2\n", "points: two\n", (18, 7)),
        ("id: second", "id: base", (16, 7)),
        ("id: second", "id: Second", (16, 7)),
        ("per_amount_minor: 300", "per_amount: 300", (19, 7)),
        ("currency_code: GBP", "currency_code: ZZZ", (3, 1)),
        ("time_zone: Europe/London", "time_zone: Nowhere", (4, 1)),
        ("days: 30", "days: 0", (21, 24)),
        ("days: 30", "day: 30", (21, 24)),
        ("open: true", "open: maybe", (9, 3)),
        ("schema_version: 1", "schema_version: 2", (1, 1)),
        ("policies:", "policy:", (20, 1)),
        ("  zh: 演示", "  en: 演示", (7, 3)),
        ("points: 2", "points: 1\n      points: 2", (19, 7)),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(old: str, new: str, expected: tuple[int, int]) -> None:
    """Lines and columns count from 1, as in an editor."""
    assert expected == place_of(changed(old, new))


def test_a_problem_reads_as_a_sentence_with_place_and_path() -> None:
    problem = problem_of(changed("points: 2", "points: 0"))

    assert str(problem).startswith("line 18, column 7: earning.rules[1].points: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1, 2", (1, 9)),
        ("a: b: c", (1, 5)),
        ("a: 1\n\tb: 2", (2, 1)),
        ("a: 'open", (1, 9)),
        ("a: 1\n--- \nb: 2\n", (2, 1)),
        ("a: @x", (1, 4)),
    ],
)
def test_what_is_not_yaml_is_told_with_its_line_and_column(text: str, expected: tuple[int, int]) -> None:
    assert expected == place_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("\x00", (1, 1)), ("a: 1\nbc: \x01\n", (2, 5)), (YAML + "é\x7f", (22, 2)), ("a: '\x07'", (1, 5))],
)
def test_a_control_character_is_told_with_its_line_and_column(text: str, expected: tuple[int, int]) -> None:
    problem = problem_of(text)

    assert (expected, True) == ((problem.line, problem.column), "control character" in problem.message)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_document_is_no_program(text: str) -> None:
    assert problem_of(text).message


@pytest.mark.parametrize("text", ["[]", "1", "demo", "- a\n- b\n", "true"])
def test_a_document_that_is_no_mapping_is_no_program(text: str) -> None:
    assert place_of(text) == (1, 1)


def test_two_documents_in_one_text_are_refused() -> None:
    assert place_of(f"{YAML}---\n{YAML}") == (22, 1)


def test_a_name_in_norwegian_is_a_name() -> None:
    """The key `no` is false in YAML 1.1, and text in 1.2."""
    assert read_document(changed("zh: 演示", "no: Norsk")).display_names == {"en": "Demo", "no": "Norsk"}


@pytest.mark.parametrize("key", ["7", "1.5", "true", "null", "~"])
def test_a_name_whose_key_is_no_text_is_refused_and_says_of_what_it_is_the_key(key: str) -> None:
    problem = problem_of(changed("zh: 演示", f"{key}: x"))

    assert ("display_names" in str(problem), "`str`" in problem.message) == (True, True)


# Bounds


def test_a_document_may_have_262144_bytes() -> None:
    text = YAML + "#" * (262_144 - len(YAML.encode()))

    assert read_document(YAML) == read_document(text)


@pytest.mark.parametrize("more", ["#", "é"])
def test_a_document_of_more_than_262144_bytes_is_refused_with_the_limit(more: str) -> None:
    text = YAML + "#" * (262_145 - len(YAML.encode()) - len(more.encode())) + more

    assert "262144 bytes" in problem_of(text).message


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_nesting_of_16_is_read_and_of_17_is_refused(brackets: str) -> None:
    opening, closing = ("[", "]") if brackets == "[]" else ("{a: ", "}")

    assert "nested deeper than the limit of 16" not in problem_of(opening * 16 + closing * 16).message
    assert "nested deeper than the limit of 16" in problem_of(opening * 17 + closing * 17).message


def test_nesting_without_end_is_refused_and_does_not_exhaust_the_stack() -> None:
    assert "nested deeper" in problem_of("[" * 200_000).message


# Beside its values and brackets, a text has a beginning and an end, and so has the document in it.
VALUES_AND_BRACKETS_MAX: Final = 20_000 - 4


@pytest.mark.parametrize(
    ("values", "refused"), [(VALUES_AND_BRACKETS_MAX - 2, False), (VALUES_AND_BRACKETS_MAX - 1, True)]
)
def test_more_than_20000_values_and_brackets_are_refused_with_the_limit(values: int, refused: bool) -> None:
    problem = problem_of("[" + "1," * values + "]")

    assert refused == ("limit of 20000 values and brackets" in problem.message)


def test_brackets_count_towards_the_limit_as_values_do() -> None:
    """A pair takes three bytes: 262,144 have room for far more of them than are ever looked at."""
    pairs = (VALUES_AND_BRACKETS_MAX - 2) // 2

    assert "20000" not in problem_of("[" + "[]," * pairs + "]").message
    assert "20000" in problem_of("[" + "[]," * (pairs + 1) + "]").message


def test_a_text_with_too_much_in_it_is_refused_before_the_rest_is_read() -> None:
    """The mistake in the last byte is not reached; nothing is built of what comes before it."""
    problem = problem_of("[" + "1," * 100_000 + "@")

    assert ("20000 values" in problem.message, problem.column < 40_010) == (True, True)


# What YAML would let pass


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 1\n",
        "a: 1\n'a': 2\n",
        "{a: 1, b: {c: 1, c: 2}}",
        '{"a": 1, "\\u0061": 2}',
        "- {a: 1}\n- {b: 1, b: 2}\n",
    ],
)
def test_a_key_given_twice_is_refused(text: str) -> None:
    """YAML lets the last one win, and a rule would be lost."""
    assert "is given twice" in problem_of(text).message


def test_a_key_given_once_more_by_a_merge_is_refused() -> None:
    """YAML 1.2 has no merge keys: `<<` is a field like any other, and there is none of that name."""
    assert problem_of(changed("points: 2", "points: 2\n      <<: {points: 5}")).path == "earning.rules[1].<<"


@pytest.mark.parametrize(
    "text", ["a: &x [1]\nb: *x\n", "a: &a [*a]", "*x", "a: &x {b: 1}\nc:\n  <<: *x\n", YAML + "x: *y\n"]
)
def test_an_alias_is_refused(text: str) -> None:
    """A small text could grow without bound."""
    assert "anchors and aliases are not allowed" in problem_of(text).message


@pytest.mark.parametrize("anchored", ["&x 2", "&x\n        2"])
def test_an_anchor_is_refused_also_where_nothing_refers_to_it(anchored: str) -> None:
    problem = problem_of(changed("points: 2\n", f"points: {anchored}\n"))

    assert (problem.line, problem.column, problem.message) == (18, 15, "anchors and aliases are not allowed")


def test_a_billion_laughs_are_refused() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))

    assert place_of("l0: &l0 [ha]\n" + levels) == (1, 5)


@pytest.mark.parametrize(
    "value", ["yes", "on", "2001-01-01", "1.0", "1e2", "1.0e+2", ".inf", ".nan", "~", ""]
)
def test_only_an_integer_is_an_integer(value: str) -> None:
    """Integers only (domain, Points 1)."""
    assert place_of(changed("points: 2\n", f"points: {value}\n")) == (18, 7)


@pytest.mark.parametrize("value", ["true", "false", "1", "-1", "1.5", "0", "null", "~"])
def test_only_text_is_text(value: str) -> None:
    """A program called `1` must be quoted."""
    assert place_of(changed("program_id: demo", f"program_id: {value}")) == (2, 1)
    assert value == read_document(changed("program_id: demo", f"program_id: '{value}'")).program_id


@pytest.mark.parametrize(
    "value",
    [
        *("yes", "no", "on", "off", "y", "n", "2001-01-01", "2001-01-01T00:00:00Z"),
        *("0x10", "010", "0o10", "1:30", "1:30:00", "1_0", "1e2", ".inf", "<<", "="),
    ],
)
def test_what_yaml_1_1_makes_something_of_is_text(value: str) -> None:
    """The core schema of YAML 1.2: a program called `no` is not called false."""
    assert value == read_document(changed("program_id: demo", f"program_id: {value}")).program_id


@pytest.mark.parametrize("value", ["yes", "on", "'true'", "1"])
def test_only_true_is_true(value: str) -> None:
    assert place_of(changed("open: true", f"open: {value}")) == (9, 3)


@pytest.mark.parametrize("value", ["010", "1:40", "0x10", "0b10", "1_0"])
def test_a_number_is_written_in_decimal_digits(value: str) -> None:
    """An operator who writes 010 does not mean 8 points, and JSON has no other numbers."""
    assert place_of(changed("points: 2\n", f"points: {value}\n")) == (18, 7)


@pytest.mark.parametrize(
    "value",
    ["!!python/object/apply:os.getcwd []", "!ours 1", "!!binary 'é'", "!!int x", "!!int 2", "!!str 2", "! 2"],
)
def test_a_tag_is_refused(value: str) -> None:
    """Also one that says what is there anyway."""
    problem = problem_of(changed("points: 2\n", f"points: {value}\n"))

    assert (problem.line, problem.column, problem.message) == (18, 15, "tags are not allowed")


@pytest.mark.parametrize("value", ["2001-99-99", "=", "<<", "0x", "1:99"])
def test_text_is_no_integer_whatever_it_looks_like(value: str) -> None:
    assert place_of(changed("points: 2\n", f"points: {value}\n")) == (18, 7)


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    assert problem_of(changed("points: 2\n", f"points: {'9' * 5_000}\n"))


# Identifiers


@pytest.mark.parametrize(("old", "new"), [("id: base", r'id: "base\n"'), ("id: demo", r'id: "demo\n"')])
def test_an_identifier_does_not_end_in_a_line_feed(old: str, new: str) -> None:
    assert problem_of(changed(old, new))


@pytest.mark.parametrize("character", [r"\x80", r"\u200b", r"\u202e", r"\ue000", r"\ud800"])
def test_a_program_can_be_named_by_a_request(character: str) -> None:
    """The contract's program_id has no character of Unicode's class C; such a program could not be called."""
    assert problem_of(changed("program_id: demo", f'program_id: "demo{character}"'))


@pytest.fixture
def machine_zones(tmp_path: Path) -> Iterator[None]:
    """A machine that has files for whatever it is set to."""
    for name in ("localtime", "posixrules", "Factory"):
        zone = files("tzdata").joinpath("zoneinfo", "Asia", "Shanghai").read_bytes()
        (tmp_path / name).write_bytes(zone)
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    reading._time_zones.cache_clear()
    yield
    zoneinfo.reset_tzpath()
    reading._time_zones.cache_clear()


@pytest.mark.usefixtures("machine_zones")
@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory"])
def test_what_a_machine_is_set_to_is_no_time_zone(name: str) -> None:
    """No answer may depend on the machine that gives it."""
    assert problem_of(with_value(("time_zone",), name)).path == "time_zone"


@pytest.mark.usefixtures("machine_zones")
def test_a_time_zone_is_known_where_the_machine_has_none() -> None:
    assert read_document(with_value(("time_zone",), "Europe/Paris")).time_zone == "Europe/Paris"


# Whatever comes


def assert_read_or_refused(text: str) -> None:
    """Read, or refused with the one error there is; nothing else may be raised."""
    try:
        document = read_document(text)
    except DocumentInvalidError as error:
        problems = error.problems
    else:
        assert isinstance(document, Document)
        return
    assert problems
    assert all(problem.message for problem in problems)


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))))
@example("%YAML 9.9\n---\n")
@example("? ")
@example("&a " * 5)
@example('"\\U0011ffff"')
@settings(max_examples=300, deadline=None)
def test_any_printable_text_is_read_or_refused(text: str) -> None:
    assert_read_or_refused(text)


@given(
    st.lists(st.sampled_from([*":,[]{}-?&|>%'\"\n #~<=", "a: ", "- ", "yes", "0x", "1", "é"]), max_size=40)
)
@settings(max_examples=400, deadline=None)
def test_any_text_that_looks_like_yaml_is_read_or_refused(parts: list[str]) -> None:
    assert_read_or_refused("".join(parts))


@given(st.sampled_from(range(len(YAML))), st.text(st.sampled_from("\n :-[]{}'\"#é0,"), max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_document_with_a_slip_is_read_or_refused(where: int, slip: str) -> None:
    assert_read_or_refused(YAML[:where] + slip + YAML[where + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "\x7f",
        "a: \x01",
        "!!bool x",
        '!!int ""',
        '!!float ""',
        "!!timestamp x",
        '"\\UFFFFFFFF"',
        "\ud800",
    ],
)
def test_no_text_raises_anything_but_the_documents_error(text: str) -> None:
    """It comes from a caller: what it raises must be an answer, not a failure of the service."""
    assert_read_or_refused(text)


@given(st.text(alphabet=st.characters()))
@example("\x00")
@settings(max_examples=300, deadline=None, database=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    assert_read_or_refused(text)

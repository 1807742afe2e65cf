"""How a document says that points live, end, come back, go to others and pay: every limit at its bound."""

from datetime import date
from typing import Final

import pytest

from points.civil_time import first_instant_after
from points.policies import lot_end_us
from programs.document import (
    ExpiresAfterMonths,
    ExpiresAtEndOfMonth,
    ExpiresAtEndOfYear,
    ExpiresOnDate,
    ExpiresWithoutActivity,
    Expiry,
    PendingDays,
    PointsAsMoney,
    Policies,
    Refunds,
    Transfers,
)
from programs.program import put_in_force
from programs.reading import DocumentInvalidError, DocumentProblem, read_document
from tests.programs.contents import with_value

LIMIT: Final = 9_007_199_254_740_991
MONEY: Final[dict[str, object]] = {"points": 100, "amount_minor": 100}


def policies_of(name: str, value: object) -> Policies:
    """The policies of a document that says nothing but one of them."""
    return read_document(with_value(("policies",), {name: value})).policies


def problem_of(text: str) -> DocumentProblem:
    with pytest.raises(DocumentInvalidError) as raised:
        read_document(text)
    assert len(raised.value.problems) == 1
    return raised.value.problems[0]


# Expiry


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"kind": "months", "months": 1}, ExpiresAfterMonths(months=1)),
        ({"kind": "months", "months": 120}, ExpiresAfterMonths(months=120)),
        ({"kind": "end_of_month"}, ExpiresAtEndOfMonth(months=0)),
        ({"kind": "end_of_month", "months": 0}, ExpiresAtEndOfMonth(months=0)),
        ({"kind": "end_of_month", "months": 120}, ExpiresAtEndOfMonth(months=120)),
        ({"kind": "end_of_year"}, ExpiresAtEndOfYear(years=1)),
        ({"kind": "end_of_year", "years": 0}, ExpiresAtEndOfYear(years=0)),
        ({"kind": "end_of_year", "years": 10}, ExpiresAtEndOfYear(years=10)),
        ({"kind": "date", "date": "2026-02-28"}, ExpiresOnDate(date=date(2026, 2, 28))),
        ({"kind": "date", "date": "2024-02-29"}, ExpiresOnDate(date=date(2024, 2, 29))),
        ({"kind": "date", "date": "1970-01-01"}, ExpiresOnDate(date=date(1970, 1, 1))),
        ({"kind": "date", "date": "2199-12-31"}, ExpiresOnDate(date=date(2199, 12, 31))),
        ({"kind": "sliding", "days": 1}, ExpiresWithoutActivity(days=1)),
        ({"kind": "sliding", "days": 3_660}, ExpiresWithoutActivity(days=3_660)),
    ],
)
def test_points_end_by_one_of_seven_policies(value: dict[str, object], expected: Expiry) -> None:
    """Domain, Points 4: never, days, months, end of month, end of the next calendar year, a date, sliding."""
    assert expected == policies_of("expiry", value).expiry


@pytest.mark.parametrize(
    ("value", "path", "limit"),
    [
        ({"kind": "months", "months": 0}, "months", ">= 1"),
        ({"kind": "months", "months": 121}, "months", "<= 120"),
        ({"kind": "end_of_month", "months": -1}, "months", ">= 0"),
        ({"kind": "end_of_month", "months": 121}, "months", "<= 120"),
        ({"kind": "end_of_year", "years": -1}, "years", ">= 0"),
        ({"kind": "end_of_year", "years": 11}, "years", "<= 10"),
        ({"kind": "sliding", "days": 0}, "days", ">= 1"),
        ({"kind": "sliding", "days": 3_661}, "days", "<= 3660"),
        ({"kind": "date", "date": "2200-01-01"}, "date", "2199-12-31"),
        ({"kind": "date", "date": "9999-12-31"}, "date", "2199-12-31"),
        ({"kind": "date", "date": "1969-12-31"}, "date", "1970-01-01"),
        ({"kind": "date", "date": "0001-01-01"}, "date", "1970-01-01"),
        ({"kind": "date", "date": "2026-02-29"}, "date", "date"),
        ({"kind": "date", "date": "28.02.2026"}, "date", "date"),
        ({"kind": "date", "date": "2026-02-28T00:00:00Z"}, "date", "date"),
        ({"kind": "date", "date": 20260228}, "date", "date"),
    ],
)
def test_an_end_beyond_its_limit_is_refused_with_the_limit(
    value: dict[str, object], path: str, limit: str
) -> None:
    problem = problem_of(with_value(("policies",), {"expiry": value}))

    assert (f"policies.expiry.{path}", True) == (problem.path, limit in problem.message)
    assert problem.line > 1


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        ({"kind": "months"}, "months"),
        ({"kind": "date"}, "date"),
        ({"kind": "sliding"}, "days"),
        ({"months": 3}, "kind"),
    ],
)
def test_an_end_that_is_not_said_is_asked_for(value: dict[str, object], missing: str) -> None:
    assert missing in problem_of(with_value(("policies",), {"expiry": value})).message


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "months", "months": 3, "days": 3},
        {"kind": "end_of_year", "months": 3},
        {"kind": "sliding", "days": 3, "date": "2026-02-28"},
        {"kind": "end_of_month", "months": "3"},
        {"kind": "end_of_year", "years": 1.0},
        {"kind": "Months", "months": 3},
        "never",
        None,
    ],
)
def test_an_end_that_says_something_else_is_refused(value: object) -> None:
    """What would not count must not be written: it would be a rule that is lost."""
    assert problem_of(with_value(("policies",), {"expiry": value})).path.startswith("policies.expiry")


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue", "Asia/Shanghai"])
@pytest.mark.parametrize("day", ["1970-01-01", "2199-12-31"])
def test_the_first_and_the_last_date_have_an_end_that_can_be_told(zone: str, day: str) -> None:
    """Everywhere: above zero, which stands for never, and within the years that can be told."""
    text = with_value(("policies",), {"expiry": {"kind": "date", "date": day}})
    program = put_in_force(read_document(text.replace("Europe/London", zone)), 1)

    end_us = lot_end_us(program.document.policies.expiry, 0, program.zone)

    assert end_us == first_instant_after(date.fromisoformat(day), program.zone)
    assert 0 < end_us < 7_258_204_800_000_000  # 2200-01-03


@pytest.mark.parametrize(
    ("expiry", "pending", "refused"),
    [
        ({"kind": "sliding", "days": 14}, 14, True),
        ({"kind": "sliding", "days": 15}, 14, False),
        ({"kind": "sliding", "days": 1}, 366, True),
        # How long these live depends on the day they are earned; a part of them may be there to be spent.
        ({"kind": "end_of_month"}, 14, False),
        ({"kind": "date", "date": "2026-02-28"}, 14, False),
    ],
)
def test_points_must_not_be_gone_before_they_post(
    expiry: dict[str, object], pending: int, refused: bool
) -> None:
    text = with_value(("policies",), {"expiry": expiry, "pending": {"kind": "days", "days": pending}})

    if refused:
        assert problem_of(text).path == "policies.expiry.days"
    else:
        assert PendingDays(days=pending) == read_document(text).policies.pending


# Refunds and transfers


@pytest.mark.parametrize("days", [0, 1, 366])
def test_restored_points_may_have_a_grace_of_up_to_a_year_and_a_day(days: int) -> None:
    assert Refunds(restore_grace_days=days) == policies_of("refunds", {"restore_grace_days": days}).refunds


@pytest.mark.parametrize("points", [0, 1, LIMIT, None])
def test_transfers_may_be_limited_each_and_a_day(points: int | None) -> None:
    """None, and saying nothing, is no limit; 0 forbids them."""
    value = {"points_a_transfer_max": points, "points_a_day_max": points}

    assert Transfers(points_a_transfer_max=points, points_a_day_max=points) == (
        policies_of("transfers", value).transfers
    )
    assert Transfers() == policies_of("transfers", {}).transfers == Policies().transfers


# Points as money


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("points", 1),
        ("points", 1_000_000),
        ("amount_minor", 1),
        ("amount_minor", 1_000_000_000_000_000),
        ("minimum_points", 0),
        ("minimum_points", LIMIT),
        ("step_points", 1),
        ("step_points", LIMIT),
        ("share_max_percent", 1),
        ("share_max_percent", 100),
        ("amount_minor_max", 1),
        ("amount_minor_max", 1_000_000_000_000_000),
        ("amount_minor_max", None),
    ],
)
def test_what_points_are_worth_is_taken_at_its_limits(field: str, value: int | None) -> None:
    policy = policies_of("points_as_money", MONEY | {field: value}).points_as_money

    assert getattr(policy, field) == value


def test_what_is_not_said_of_points_as_money_limits_nothing() -> None:
    assert (
        PointsAsMoney(
            points=100,
            amount_minor=100,
            minimum_points=0,
            step_points=1,
            share_max_percent=100,
            amount_minor_max=None,
        )
        == policies_of("points_as_money", MONEY).points_as_money
    )
    assert Policies().points_as_money is None


@pytest.mark.parametrize(
    ("name", "value", "field", "limit"),
    [
        ("refunds", {"restore_grace_days": -1}, "restore_grace_days", ">= 0"),
        ("refunds", {"restore_grace_days": 367}, "restore_grace_days", "<= 366"),
        ("transfers", {"points_a_transfer_max": -1}, "points_a_transfer_max", ">= 0"),
        ("transfers", {"points_a_day_max": LIMIT + 1}, "points_a_day_max", f"<= {LIMIT}"),
        ("transfers", {"points_a_month_max": 1}, "points_a_month_max", "unknown"),
        ("points_as_money", MONEY | {"points": 0}, "points", ">= 1"),
        ("points_as_money", MONEY | {"points": 1_000_001}, "points", "<= 1000000"),
        ("points_as_money", MONEY | {"amount_minor": 0}, "amount_minor", ">= 1"),
        ("points_as_money", MONEY | {"amount_minor": 10**15 + 1}, "amount_minor", f"<= {10**15}"),
        ("points_as_money", MONEY | {"amount_minor": 1.5}, "amount_minor", "float"),
        ("points_as_money", MONEY | {"minimum_points": -1}, "minimum_points", ">= 0"),
        ("points_as_money", MONEY | {"step_points": 0}, "step_points", ">= 1"),
        ("points_as_money", MONEY | {"share_max_percent": 0}, "share_max_percent", ">= 1"),
        ("points_as_money", MONEY | {"share_max_percent": 101}, "share_max_percent", "<= 100"),
        ("points_as_money", MONEY | {"amount_minor_max": 0}, "amount_minor_max", ">= 1"),
        ("points_as_money", MONEY | {"currency": "GBP"}, "currency", "unknown"),
    ],
)
def test_a_policy_beyond_its_limit_is_refused_with_the_limit(
    name: str, value: dict[str, object], field: str, limit: str
) -> None:
    problem = problem_of(with_value(("policies",), {name: value}))

    assert (f"policies.{name}.{field}", True) == (problem.path, limit in problem.message)


@pytest.mark.parametrize("missing", ["points", "amount_minor"])
def test_what_points_are_worth_is_said_in_points_and_money(missing: str) -> None:
    value = {field: number for field, number in MONEY.items() if field != missing}

    assert missing in problem_of(with_value(("policies",), {"points_as_money": value})).message


# Where a mistake stands

YAML: Final = """\
schema_version: 1
program_id: demo
currency_code: GBP
time_zone: Europe/London
enrolment: {open: true}
earning: {rules: []}
policies:
  expiry:
    kind: date
    date: 2026-02-28
  refunds:
    restore_grace_days: 7
  transfers:
    points_a_day_max: 1000
  points_as_money:
    points: 100
    amount_minor: 100
    step_points: 50
"""


def test_a_date_is_written_as_it_is_read() -> None:
    """YAML would make a date of it by itself; the document's types do."""
    assert ExpiresOnDate(date=date(2026, 2, 28)) == read_document(YAML).policies.expiry
    quoted = YAML.replace("2026-02-28", '"2026-02-28"')
    assert read_document(quoted) == read_document(YAML)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("date: 2026-02-28", "date: 9999-12-31", (10, 5)),
        ("date: 2026-02-28", "date: 2026-02-30", (10, 5)),
        ("date: 2026-02-28", "date: 1969-12-31", (10, 5)),
        ("kind: date", "kind: data", (9, 5)),
        ("restore_grace_days: 7", "restore_grace_days: 999", (12, 5)),
        ("restore_grace_days: 7", "restore_grace: 7", (12, 5)),
        ("points_a_day_max: 1000", "points_a_day_max: -1", (14, 5)),
        ("step_points: 50", "step_points: 0", (18, 5)),
        ("    points: 100\n", "    points: 0\n", (16, 5)),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(old: str, new: str, place: tuple[int, int]) -> None:
    assert YAML.count(old) == 1

    problem = problem_of(YAML.replace(old, new))

    assert place == (problem.line, problem.column)


def test_a_date_that_cannot_be_told_is_told_beside_other_contradictions() -> None:
    text = YAML.replace("GBP", "ZZZ").replace("2026-02-28", "9999-12-31")

    with pytest.raises(DocumentInvalidError) as raised:
        read_document(text)

    assert [problem.path for problem in raised.value.problems] == ["currency_code", "policies.expiry.date"]

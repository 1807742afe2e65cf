"""What a program document may say: every limit, at the bound and beyond it."""

from typing import Final

import pytest

from programs.document import (
    Document,
    ExpiresAfterDays,
    NeverExpires,
    NotPending,
    PendingDays,
    PerAmount,
    Refunds,
)
from programs.reading import DocumentInvalidError, DocumentProblem, read_document
from tests.programs.contents import VALID, Step, with_value, without

RULE: Final = ("earning", "rules", 0)
EXPIRY_DAYS: Final = ("policies", "expiry", "days")
PENDING_DAYS: Final = ("policies", "pending", "days")


def rules(count: int) -> list[dict[str, object]]:
    return [
        {"id": f"r{number}", "kind": "per_amount", "points": 1, "per_amount_minor": 100}
        for number in range(count)
    ]


def names(count: int) -> dict[str, str]:
    return {f"l{number:02}": "x" for number in range(count)}


def problem_of(text: str) -> DocumentProblem:
    with pytest.raises(DocumentInvalidError) as raised:
        read_document(text)
    assert len(raised.value.problems) == 1
    return raised.value.problems[0]


def test_a_valid_document_says_what_was_written() -> None:
    expected_rule = PerAmount(kind="per_amount", id="base", points=1, per_amount_minor=100, base="paid")

    document = read_document(VALID)

    assert (
        document.program_id,
        document.currency_code,
        document.time_zone,
    ) == ("demo", "GBP", "Europe/London")
    assert (expected_rule,) == document.earning.rules
    assert ExpiresAfterDays(days=365) == document.policies.expiry
    assert PendingDays(days=14) == document.policies.pending
    assert Refunds(on_shortfall="debt") == document.policies.refunds


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*RULE, "points"), 1),
        ((*RULE, "points"), 1_000_000),
        ((*RULE, "per_amount_minor"), 1),
        ((*RULE, "per_amount_minor"), 1_000_000_000_000_000),
        ((*RULE, "id"), "a"),
        ((*RULE, "id"), "a" * 64),
        ((*RULE, "id"), "9_.-z"),
        (("program_id",), "a"),
        (("program_id",), "é" * 128),
        (EXPIRY_DAYS, 15),
        (EXPIRY_DAYS, 3_660),
        (PENDING_DAYS, 1),
        (PENDING_DAYS, 364),
        (("earning", "rules"), []),
        (("earning", "rules"), rules(100)),
        (("display_names",), {}),
        (("display_names",), names(50)),
        (("display_names",), {"l" * 2: "x"}),
        (("display_names",), {"l" * 35: "演" * 128}),
    ],
)
def test_a_value_at_its_limit_is_taken(path: tuple[Step, ...], value: object) -> None:
    assert isinstance(read_document(with_value(path, value)), Document)


@pytest.mark.parametrize("days", [1, 366])
def test_points_wait_from_a_day_to_a_year_and_a_day(days: int) -> None:
    """Domain, Points 3; beside points that never expire, so that the two do not contradict each other."""
    text = with_value(("policies",), {"pending": {"kind": "days", "days": days}})

    assert PendingDays(days=days) == read_document(text).policies.pending


@pytest.mark.parametrize("days", [1, 3_660])
def test_points_are_good_from_a_day_to_ten_years(days: int) -> None:
    """Domain, Points 4; beside points that do not wait."""
    text = with_value(("policies",), {"expiry": {"kind": "days", "days": days}})

    assert ExpiresAfterDays(days=days) == read_document(text).policies.expiry


@pytest.mark.parametrize(
    ("path", "value", "limit"),
    [
        ((*RULE, "points"), 0, ">= 1"),
        ((*RULE, "points"), -1, ">= 1"),
        ((*RULE, "points"), 1_000_001, "<= 1000000"),
        ((*RULE, "points"), 2**63, "<= 1000000"),
        ((*RULE, "per_amount_minor"), 0, ">= 1"),
        ((*RULE, "per_amount_minor"), 1_000_000_000_000_001, "<= 1000000000000000"),
        ((*RULE, "id"), "", ">= 1"),
        ((*RULE, "id"), "a" * 65, "<= 64"),
        (("program_id",), "", ">= 1"),
        (("program_id",), "a" * 129, "<= 128"),
        (("time_zone",), "", ">= 1"),
        (("time_zone",), "a" * 65, "<= 64"),
        (EXPIRY_DAYS, 0, ">= 1"),
        (EXPIRY_DAYS, 3_661, "<= 3660"),
        (PENDING_DAYS, 0, ">= 1"),
        (PENDING_DAYS, 367, "<= 366"),
        (("earning", "rules"), rules(101), "<= 100"),
        (("display_names",), names(51), "<= 50"),
        (("schema_version",), 0, "0"),
        (("schema_version",), 2, "2"),
    ],
)
def test_a_value_beyond_its_limit_is_refused_with_the_limit(
    path: tuple[Step, ...], value: object, limit: str
) -> None:
    problem = problem_of(with_value(path, value))

    expected_path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]
    assert (expected_path, True) == (problem.path, limit in problem.message)
    assert problem.line > 1


@pytest.mark.parametrize(
    ("names", "limit"),
    [({"l": "x"}, ">= 2"), ({"l" * 36: "x"}, "<= 35"), ({"en": ""}, ">= 1"), ({"en": "x" * 129}, "<= 128")],
)
def test_a_name_or_language_beyond_its_limit_is_refused_with_the_limit(
    names: dict[str, str], limit: str
) -> None:
    problem = problem_of(with_value(("display_names",), names))

    assert ("display_names" in str(problem), limit in problem.message) == (True, True)


@pytest.mark.parametrize("points", [10**18, 10**19, 2**64, 10**30])
def test_a_number_of_any_length_is_refused_with_its_place(points: int) -> None:
    problem = problem_of(with_value((*RULE, "points"), points))

    assert (problem.path, problem.line, "`int`" in problem.message) == ("earning.rules[0].points", 17, True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*RULE, "points"), "1"),
        ((*RULE, "points"), 1.0),
        ((*RULE, "points"), 1.5),
        ((*RULE, "points"), True),
        ((*RULE, "points"), None),
        ((*RULE, "points"), [1]),
        ((*RULE, "per_amount_minor"), 100.0),
        ((*RULE, "kind"), "per_line"),
        ((*RULE, "base"), "gross"),
        ((*RULE, "id"), "Base"),
        ((*RULE, "id"), "-base"),
        ((*RULE, "id"), "the base"),
        ((*RULE, "id"), 1),
        (("program_id",), "the demo"),
        (("program_id",), "a\tb"),
        (("program_id",), "a\u0000b"),
        (("program_id",), 7),
        (("currency_code",), "gbp"),
        (("currency_code",), "GB"),
        (("currency_code",), "GBPX"),
        (("currency_code",), " GBP"),
        (("enrolment", "open"), False),
        (("enrolment", "open"), "true"),
        (("enrolment", "open"), 1),
        (("schema_version",), "1"),
        (("schema_version",), True),
        (("policies", "expiry", "kind"), "sometimes"),
        (("policies", "pending", "kind"), "some"),
        (("policies", "refunds", "on_shortfall"), "ignore"),
        (("display_names",), ["Demo"]),
        (("earning", "rules"), {}),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(path: tuple[Step, ...], value: object) -> None:
    """Integers only, and no guessing (domain, Points 1)."""
    assert problem_of(with_value(path, value)).line > 1


@pytest.mark.parametrize("shortfall", ["debt", "forgive", "reject"])
def test_a_refund_that_finds_too_little_does_one_of_three_things(shortfall: str) -> None:
    """Domain, Points 7: on_shortfall is debt, forgive or reject."""
    document = read_document(with_value(("policies", "refunds", "on_shortfall"), shortfall))

    assert shortfall == document.policies.refunds.on_shortfall


def test_what_a_document_does_not_say_is_the_plainest_policy() -> None:
    document = read_document(without(("policies",)))

    assert (NeverExpires(), NotPending(), Refunds(on_shortfall="debt")) == (
        document.policies.expiry,
        document.policies.pending,
        document.policies.refunds,
    )


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("enrolment",),
        ("earning",),
        RULE,
        ("policies",),
        ("policies", "expiry"),
        ("policies", "pending"),
        ("policies", "refunds"),
    ],
)
def test_an_unknown_field_is_an_error_wherever_it_stands(path: tuple[Step, ...]) -> None:
    """A rule that was misspelt must not be lost."""
    problem = problem_of(with_value((*path, "surprise"), 1))

    assert (problem.path.endswith("surprise"), "surprise" in problem.message) == (True, True)


@pytest.mark.parametrize("kind", ["never", "none"])
def test_a_policy_without_days_takes_none(kind: str) -> None:
    """Days beside "never" would be a rule that is lost."""
    name = "expiry" if kind == "never" else "pending"

    assert f"policies.{name}.days" == problem_of(with_value(("policies", name, "kind"), kind)).path


@pytest.mark.parametrize(
    "path",
    [
        ("schema_version",),
        ("program_id",),
        ("currency_code",),
        ("time_zone",),
        ("enrolment",),
        ("enrolment", "open"),
        ("earning",),
        ("earning", "rules"),
        (*RULE, "id"),
        (*RULE, "points"),
        (*RULE, "per_amount_minor"),
        EXPIRY_DAYS,
        PENDING_DAYS,
        ("policies", "expiry", "kind"),
    ],
)
def test_a_field_that_is_needed_is_named_when_it_is_missing(path: tuple[Step, ...]) -> None:
    assert str(path[-1]) in problem_of(without(path)).message


def test_a_rule_says_of_which_kind_it_is() -> None:
    """Once there are two kinds it must; a document in force today has to be readable then."""
    assert "kind" in problem_of(without((*RULE, "kind"))).message


@pytest.mark.parametrize(("expiry", "pending"), [(14, 14), (13, 14), (1, 366)])
def test_points_must_post_before_they_expire(expiry: int, pending: int) -> None:
    """They would never be spendable (domain, Points 3 and 4)."""
    policies = {"expiry": {"kind": "days", "days": expiry}, "pending": {"kind": "days", "days": pending}}

    problem = problem_of(with_value(("policies",), policies))

    assert problem.path == "policies.expiry.days"
    assert (str(expiry) in problem.message, str(pending) in problem.message) == (True, True)


def test_points_may_expire_the_day_after_they_post() -> None:
    policies = {"expiry": {"kind": "days", "days": 15}, "pending": {"kind": "days", "days": 14}}

    assert ExpiresAfterDays(days=15) == read_document(with_value(("policies",), policies)).policies.expiry


def test_a_rule_id_names_one_rule() -> None:
    """An entry names the rules that decided it, so an id must mean one of them."""
    same = [{"id": "base", "kind": "per_amount", "points": 1, "per_amount_minor": 100}] * 2

    problem = problem_of(with_value(("earning", "rules"), same))

    assert (problem.path, "'base'" in problem.message) == ("earning.rules[1].id", True)


@pytest.mark.parametrize("code", ["ZZZ", "DEM", "AAA", "XXX", "XTS", "XAU", "XAG", "XDR"])
def test_a_currency_must_be_one(code: str) -> None:
    """Gold, drawing rights and "no currency" have codes, and no minor units that an order could be in."""
    assert problem_of(with_value(("currency_code",), code)).path == "currency_code"


@pytest.mark.parametrize("code", ["GBP", "CNY", "JPY", "BHD"])
def test_a_currency_is_an_iso_4217_code(code: str) -> None:
    assert code == read_document(with_value(("currency_code",), code)).currency_code


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Londinium",
        "Europe",
        "Europe/",
        "europe/london",
        "../London",
        "/etc/localtime",
        "+05:00",
        "GMT+1",
        "é",
        "a\u0000b",
        "tzdata.zi",
        "__init__.py",
        ".",
        "localtime",
        "posixrules",
        "Factory",
    ],
)
def test_a_time_zone_must_be_one(zone: str) -> None:
    problem = problem_of(with_value(("time_zone",), zone))

    assert problem.path == "time_zone"


@pytest.mark.parametrize(
    "zone", ["Europe/London", "Asia/Shanghai", "America/Argentina/Buenos_Aires", "Etc/GMT-14", "UTC"]
)
def test_a_time_zone_is_an_iana_name(zone: str) -> None:
    assert zone == read_document(with_value(("time_zone",), zone)).time_zone


def test_every_contradiction_is_told_at_once() -> None:
    text = VALID.replace("GBP", "ZZZ").replace("Europe/London", "Nowhere").replace("365", "7")

    with pytest.raises(DocumentInvalidError) as raised:
        read_document(text)

    assert [problem.path for problem in raised.value.problems] == [
        "currency_code",
        "time_zone",
        "policies.expiry.days",
    ]

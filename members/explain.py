"""Why an entry is what it is, in words and numbers, from what the entry itself recorded."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, assert_never

from members.journal import (
    Adjusted,
    Captured,
    Change,
    Earned,
    Entry,
    Expired,
    Extended,
    Held,
    Joined,
    Posted,
    Refunding,
    Reinstated,
    Released,
    Restored,
    Spent,
    Suspended,
    TakenBack,
    TransferredIn,
    TransferredOut,
    Voided,
    decode_changes,
)
from members.sources import Source
from points.civil_time import day_of, moment_of
from points.ledger import Leg
from points.policies import NEVER
from programs.document import PerAmount
from programs.program import Program

Relation = Literal["settles", "refunds", "places_hold", "resolves_hold", "other_side"]


class RuleExplained(NamedTuple):
    """What one rule gave, and how the number came about or why there is none."""

    rule_id: str
    points: int
    base_amount_minor: int
    reason: str


class Related(NamedTuple):
    """An entry that has to do with the explained one."""

    member_id: str
    seq: int
    relation: Relation


class Explanation(NamedTuple):
    """Sentences for a person, and what they are made of."""

    sentences: tuple[str, ...]
    rules: tuple[RuleExplained, ...]
    sources: tuple[Source, ...]
    related: tuple[Related, ...]


def explain(
    entry: Entry, program: Program, sources: Sequence[Source], related: Sequence[Related]
) -> Explanation:
    """Explain an entry by the program version that decided it; `sources` is where its points came from."""
    changes = decode_changes(entry.changes_json)
    sentences = [_time_sentence(entry, program)]
    for change in changes:
        sentences += _sentences(change, program)
    if sources and entry.kind != "order_settled":
        sentences.append(f"The points came from {_listed(sources)}.")
    elif sources:
        sentences.append(f"The points that were spent came from {_listed(sources)}.")
    return Explanation(tuple(sentences), _rules(entry, changes, program), tuple(sources), tuple(related))


def _time_sentence(entry: Entry, program: Program) -> str:
    effective = moment_of(entry.effective_us).isoformat(timespec="seconds")
    text = f"Decided by version {entry.program_version} of program {program.program_id!r}, as of {effective}."
    if entry.back_dated:
        recorded = moment_of(entry.recorded_us).isoformat(timespec="seconds")
        text += (
            f" It became known at {recorded}, after something later had been booked;"
            " what had expired by then stays expired."
        )
    return text


def _rules(entry: Entry, changes: Sequence[Change], program: Program) -> tuple[RuleExplained, ...]:
    """Every rule of the version, those that gave nothing included."""
    if entry.kind != "order_settled":
        return ()
    gave = {change.rule_id: change for change in changes if isinstance(change, Earned)}
    explained: list[RuleExplained] = []
    for rule in program.document.earning.rules:
        earned = gave.get(rule.id)
        if earned is None:
            explained.append(RuleExplained(rule.id, 0, 0, "it did not apply"))
        else:
            explained.append(
                RuleExplained(rule.id, earned.points, earned.base_amount_minor, _reason(rule, earned))
            )
    return tuple(explained)


def _reason(rule: PerAmount, earned: Earned) -> str:
    base, per = earned.base_amount_minor, rule.per_amount_minor
    full = base * rule.points // per
    if earned.points == full:
        if full == 0:
            return f"{base} minor units paid are too few: {rule.points} × {base} ÷ {per}, rounded down, is 0"
        return f"{rule.points} × {base} ÷ {per}, rounded down: {base} minor units were paid"
    return f"the member was suspended, so the {full} points of {base} minor units paid were not given"


def _sentences(change: Change, program: Program) -> list[str]:  # noqa: PLR0912 - one case a kind of change
    match change:
        case Joined(condition="open"):
            return ["The person became a member: the program is open to everybody."]
        case Joined():
            return ["The person became a member by request."]
        case Earned(points=0, rule_id=rule_id):
            return [f"Rule {rule_id!r} gave nothing."]
        case Earned():
            return [f"Rule {change.rule_id!r} gave {change.points} points.", *_where(change.legs, program)]
        case Posted(points=points):
            return [f"The wait of {points} points is over.", *_where(change.legs, program)]
        case Expired(points=points):
            return [f"{points} points were not used in time and expired."]
        case Spent():
            worth = f", worth {change.worth_minor} minor units" if change.worth_minor else ""
            return [f"{change.points} points were spent{worth}, those that expire first first."]
        case Held():
            until = moment_of(change.deadline_us).isoformat(timespec="seconds")
            return [f"{change.points} points were reserved until {until}."]
        case Captured():
            worth = f", worth {change.worth_minor} minor units" if change.worth_minor else ""
            return [f"{change.points} points of hold {change.hold_id!r} were spent{worth}."]
        case Released():
            how = "ran out and gave" if change.timed_out else "gave"
            return [
                f"Hold {change.hold_id!r} {how} {change.points} points back.",
                *_where(change.legs, program),
            ]
        case Refunding():
            return [_refund_sentence(change)]
        case Restored(points=points):
            return [f"{points} points that had paid the order came back.", *_where(change.legs, program)]
        case TakenBack():
            return [_taken_sentence(change)]
        case Adjusted(delta=delta):
            verb = "gave" if delta > 0 else "took"
            return [f"Somebody {verb} {abs(delta)} points by hand.", *_where(change.legs, program)]
        case Voided(points=points):
            return [f"{points} points were taken away for good."]
        case TransferredOut(to_member_id=member_id, points=points):
            return [f"{points} points went to member {member_id!r}, with the expiry they have."]
        case TransferredIn(from_member_id=member_id, points=points):
            return [f"{points} points came from member {member_id!r}.", *_where(change.legs, program)]
        case Extended(end_us=end_us):
            return [f"With this activity, points live on until the end of {_last_day(end_us, program)}."]
        case Suspended():
            return ["The member was suspended."]
        case Reinstated():
            return ["The member's suspension ended."]
        case _:
            assert_never(change)


def _refund_sentence(change: Refunding) -> str:
    text = (
        f"Entry {change.settled_seq} is undone by {change.amount_minor} minor units; {change.refunded_minor}"
        f" of {change.paid_minor} have come back so far"
    )
    if change.lines:
        lines = ", ".join(f"{line.quantity} of line {line_id!r}" for line_id, line in change.lines.items())
        text += f" (this time {lines})"
    return text + (": the whole order." if change.whole else ".")


def _taken_sentence(change: TakenBack) -> str:
    names = {
        "pending": "that still waited",
        "available": "that were available",
        "expired": "that had expired already",
        "debt": "that are owed now",
    }
    parts: dict[str, int] = {}
    for leg in change.legs:
        parts[leg.source] = parts.get(leg.source, 0) + leg.points
    if change.forgiven_points:
        parts["forgiven"] = change.forgiven_points
        names["forgiven"] = "that were missing and let go"
    what = ", ".join(f"{points} {names[name]}" for name, points in parts.items())
    return f"{change.points} points of rule {change.rule_id!r} were taken back: {what}."


def _where(legs: Sequence[Leg], program: Program) -> list[str]:
    """What became of points that were given."""
    sentences: list[str] = []
    for leg in legs:
        match leg.target:
            case "available" if leg.source in {"issued", "pending", "transfer", "redeemed", "held"}:
                sentences.append(f"{leg.points} can be spent, {_until(leg.end_us, program)}.")
            case "pending":
                day = day_of(leg.posting_us, program.zone).isoformat()
                sentences.append(f"{leg.points} wait: they can be spent from {day} on.")
            case "debt":
                sentences.append(f"{leg.points} paid points that were owed.")
            case "expired":
                sentences.append(f"{leg.points} expired as they came: their last day was over.")
            case _:
                pass
    return sentences


def _until(end_us: int, program: Program) -> str:
    if end_us == NEVER:
        return "without end"
    if end_us < NEVER:
        return "as long as the member is active"
    return f"until the end of {_last_day(end_us, program)}"


def _last_day(end_us: int, program: Program) -> str:
    return day_of(end_us - 1, program.zone).isoformat()


def _listed(sources: Sequence[Source]) -> str:
    shown = [
        f"entry {source.seq}"
        + (f" (order {source.order_id!r})" if source.order_id else "")
        + f": {source.points}"
        for source in sources[:5]
    ]
    more = len(sources) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")

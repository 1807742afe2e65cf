"""A program's rules: applied version by version, and refused with the place of each mistake."""

import grpc
import pytest
from loyalty.client import LoyaltyClient
from loyalty.v1 import (
    program_service_pb2,
)

from tests.end_to_end.calls import (
    SECONDS_MAX,
    entries,
    order_of,
    refused,
    settle,
    settle_of,
)
from tests.running_service import DEMO, named_program


def apply(
    client: LoyaltyClient,
    document: str,
    expected_version: int,
    request_id: str,
    *,
    validate_only: bool = False,
) -> program_service_pb2.ApplyProgramResponse:
    request = program_service_pb2.ApplyProgramRequest(
        document=document,
        expected_version=expected_version,
        request_id=request_id,
        validate_only=validate_only,
    )
    return client.programs.ApplyProgram(request, timeout=SECONDS_MAX)


def live(client: LoyaltyClient, program_id: str) -> tuple[int, str]:
    request = program_service_pb2.GetProgramRequest(program_id=program_id)
    program = client.programs.GetProgram(request, timeout=SECONDS_MAX).program
    assert (program.program_id, program.currency_code, program.time_zone) == (
        program_id, "GBP", "Europe/London",
    )  # fmt: skip
    return program.version, program.document


def test_a_program_goes_from_version_to_version(client: LoyaltyClient) -> None:
    program_id, first = named_program("versions of a program")
    doubled, tripled = (first.replace("points: 1", f"points: {points}") for points in (2, 3))

    assert apply(client, first, 0, "try", validate_only=True).program.version == 1
    get = program_service_pb2.GetProgramRequest(program_id=program_id)
    assert refused(lambda: client.programs.GetProgram(get, timeout=SECONDS_MAX)).reason == "PROGRAM_NOT_FOUND"
    applied = apply(client, first, 0, "apply-1")
    assert (applied.changed, applied.program.version) == (True, 1)
    assert live(client, program_id) == (1, first)
    settle(client, settle_of(program_id, "17850", order_of("A1", 100)))

    for expected_version in (0, 2):
        refusal = refused(lambda version=expected_version: apply(client, doubled, version, "apply-2"))  # type: ignore[misc]
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "PROGRAM_VERSION_CHANGED")
        assert refusal.metadata == {"expected_version": str(expected_version), "live_version": "1"}
    assert live(client, program_id) == (1, first)

    assert apply(client, doubled, 1, "apply-2").program.version == 2
    assert apply(client, doubled, 1, "apply-2").changed is False
    assert apply(client, doubled, 0, "apply-3").changed is False
    reused = refused(lambda: apply(client, tripled, 2, "apply-2"))
    assert (reused.code, reused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    assert live(client, program_id) == (2, doubled)

    # The next order is decided by the new version, the old answer stays.
    assert settle(client, settle_of(program_id, "17850", order_of("A2", 100))).earned_points == 2
    assert settle(client, settle_of(program_id, "17850", order_of("A1", 100))).earned_points == 1
    assert [entry.program_version for entry in entries(client, program_id, "17850")] == [1, 2]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("points: 1", "points: 1.5", "line 21, column 7: earning.rules[0].points"),
        ("points: 1", "points: 0", "line 21, column 7: earning.rules[0].points"),
        ("points: 1", "pionts: 1", "line 21, column 7: earning.rules[0].pionts"),
        ("base: paid", "base: gross", "line 23, column 7: earning.rules[0].base"),
        ("currency_code: GBP", "currency_code: GBQ", "line 6, column 1: currency_code"),
        ("Europe/London", "Europe/Londinium", "line 7, column 1: time_zone"),
        ("schema_version: 1", "schema_version: 2", "line 4, column 1: schema_version"),
        ("open: true", "open: true\n  open: true", "line 15, column 3"),
        ("kind: never", "kind: days\n    days: 0", "line 36, column 5: policies.expiry.days"),
        ("kind: never", "kind: [", "line"),
    ],
)
def test_a_mistake_in_a_document_is_named_by_line_and_column(
    client: LoyaltyClient, old: str, new: str, place: str
) -> None:
    assert old in DEMO
    refusal = refused(lambda: apply(client, DEMO.replace(old, new, 1), 0, "mistake"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert place in refusal.fields["document"]

"""`loyalty member suspend` and `reinstate`."""

from loyalty.v1 import member_service_pb2 as messages

from service.command_line.connection import (
    CALL_SECONDS_MAX,
    PROGRAM_DEFAULT,
    SERVER_DEFAULT,
    JsonOption,
    ProgramOption,
    ServerOption,
)
from service.command_line.members import MemberArgument
from service.command_line.writing import DryRunOption, ReasonOption, RequestIdOption, call_of, carry_out


def suspend(
    member_id: MemberArgument,
    reason: ReasonOption,
    request_id: RequestIdOption = "",
    dry_run: DryRunOption = False,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Suspend a member, who then earns and spends nothing, and loses nothing.

    Example: loyalty member suspend 17850 --reason "Fraud check, case 4711"
    """
    call = call_of(member_id, program, request_id, dry_run=dry_run, server=server, as_json=as_json)
    request = call.addressed(messages.SuspendMemberRequest(reason=reason))
    carry_out(
        call,
        "Suspended",
        lambda client: client.members.SuspendMember(request, timeout=CALL_SECONDS_MAX),
    )


def reinstate(
    member_id: MemberArgument,
    reason: ReasonOption,
    request_id: RequestIdOption = "",
    dry_run: DryRunOption = False,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """End a member's suspension.

    Example: loyalty member reinstate 17850 --reason "Fraud check passed"
    """
    call = call_of(member_id, program, request_id, dry_run=dry_run, server=server, as_json=as_json)
    request = call.addressed(messages.ReinstateMemberRequest(reason=reason))
    carry_out(
        call,
        "Reinstated",
        lambda client: client.members.ReinstateMember(request, timeout=CALL_SECONDS_MAX),
    )

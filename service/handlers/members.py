"""MemberService."""

from loyalty.v1 import member_service_pb2 as messages

from service.application import Application
from service.calls.errors import member_not_found
from service.handlers.outcomes import carry_out
from service.translation import (
    enrol_member_of,
    enrol_member_response,
    member_message,
    reinstate_member_of,
    suspend_member_of,
)
from store.identity import display_name
from store.programs import live_program
from store.projection import known_balance


class MemberHandlers:
    """The RPCs about the people of a program."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def enrol_member(self, request: messages.EnrolMemberRequest) -> messages.EnrolMemberResponse:
        """Make a person a member."""
        entry = await carry_out(self._application, request, enrol_member_of(request))
        return enrol_member_response(entry, request.display_name)

    async def suspend_member(self, request: messages.SuspendMemberRequest) -> messages.SuspendMemberResponse:
        """Let a member earn and spend nothing."""
        entry = await carry_out(self._application, request, suspend_member_of(request))
        return messages.SuspendMemberResponse(seq=entry.seq)

    async def reinstate_member(
        self, request: messages.ReinstateMemberRequest
    ) -> messages.ReinstateMemberResponse:
        """End a suspension."""
        entry = await carry_out(self._application, request, reinstate_member_of(request))
        return messages.ReinstateMemberResponse(seq=entry.seq)

    async def get_member(self, request: messages.GetMemberRequest) -> messages.GetMemberResponse:
        """What is known of a person, from Postgres."""
        seen = await self._application.reads.account(request.program_id, request.member_id)
        if seen is None:
            await live_program(self._application.database, request.program_id)
            raise member_not_found(request.program_id, request.member_id)
        name = await display_name(self._application.database, request.program_id, request.member_id)
        return messages.GetMemberResponse(member=member_message(seen.account, known_balance(*seen), name))

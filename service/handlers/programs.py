"""ProgramService."""

import asyncio

from loyalty.v1 import program_service_pb2 as messages
from loyalty.v1.program_pb2 import Program

from programs.reading import read_document
from service.application import Application
from service.entry_messages import timestamp_of
from store.programs import ProgramVersion, apply_program, live_program


class ProgramHandlers:
    """The RPCs about rules."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def apply_program(self, request: messages.ApplyProgramRequest) -> messages.ApplyProgramResponse:
        """Make a document the next version."""
        # A large document takes a second to read: calls must not wait for it.
        document = await asyncio.to_thread(read_document, request.document)
        applied, changed = await apply_program(
            self._application.database,
            document.program_id,
            request.document,
            request.expected_version,
            request.request_id,
            validate_only=request.validate_only,
        )
        return messages.ApplyProgramResponse(program=_program_message(applied), changed=changed)

    async def get_program(self, request: messages.GetProgramRequest) -> messages.GetProgramResponse:
        """The live version."""
        live = await live_program(self._application.database, request.program_id)
        return messages.GetProgramResponse(program=_program_message(live))


def _program_message(version: ProgramVersion) -> Program:
    document = read_document(version.text)
    return Program(
        program_id=version.program_id,
        version=version.version,
        document=version.text,
        currency_code=document.currency_code,
        time_zone=document.time_zone,
        apply_time=timestamp_of(version.apply_us),
    )

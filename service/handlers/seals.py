"""Seals and receipts: what proves the ledger to those who do not trust its database."""

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.v1 import points_service_pb2 as messages
from loyalty.v1 import seal_pb2

from seals.receipt import encode_receipt
from service.application import Application
from service.calls.refusal import FieldViolation, invalid
from store.entries import EntryUnknownError
from store.programs import live_program
from store.receipts import receipt_of
from store.seals import NUMBER_MAX, SignedStatement, seals_below

PAGE_SIZE_DEFAULT: Final = 50


class SealHandlers:
    """The RPCs of seals."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def list_seals(self, request: messages.ListSealsRequest) -> messages.ListSealsResponse:
        """A page of seals. Its token is the number to go on below."""
        below = _read_page_token(request.page_token)
        page_size = request.page_size or PAGE_SIZE_DEFAULT
        seals = await seals_below(self._application.database, request.program_id, below, page_size)
        if not seals and not request.page_token:
            await live_program(self._application.database, request.program_id)
        found = [_seal_message(signed) for signed in seals]
        more = len(found) == page_size and found[-1].number > 1
        return messages.ListSealsResponse(seals=found, next_page_token=str(found[-1].number) if more else "")

    async def get_receipt(self, request: messages.GetReceiptRequest) -> messages.GetReceiptResponse:
        """The receipt of an entry under the first seal that covers it."""
        database = self._application.database
        try:
            receipt = await receipt_of(database, request.program_id, request.member_id, request.seq)
        except EntryUnknownError:
            await live_program(database, request.program_id)
            raise
        return messages.GetReceiptResponse(receipt=encode_receipt(receipt).decode())


def _seal_message(signed: SignedStatement) -> seal_pb2.Seal:
    statement = signed.read()
    time = Timestamp()
    time.FromMicroseconds(statement.time_us)
    return seal_pb2.Seal(
        program_id=statement.program_id,
        number=statement.number,
        root=statement.root,
        previous_root=statement.previous_root,
        members=statement.members,
        entries=statement.entries,
        seal_time=time,
        public_key=statement.public_key,
        signature=signed.signature,
        statement=signed.text,
    )


def _read_page_token(token: str) -> int:
    if not token:
        return NUMBER_MAX
    if not (token.isascii() and token.isdigit() and int(token) <= NUMBER_MAX):
        raise invalid([FieldViolation("page_token", "must be the next_page_token of an earlier answer")])
    return int(token)

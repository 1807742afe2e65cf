"""Watch: the journal as a stream, from wherever its caller has come to.

Between two pages nothing is held: no connection, no transaction, no lock. A caller that reads slowly stops
its own stream only, at the message that it does not take.
"""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Final

from loyalty.v1 import points_service_pb2 as messages

from service.application import Application
from service.calls.errors import too_many_watches
from service.calls.pipeline import CallsInFlight
from service.entry_messages import entry_message
from store.feed import FeedPage
from store.feed_reader import ProgramFeed
from store.programs import live_program

# Each keeps a stream open and asks for news twice a second.
WATCHES_MAX: Final = 64
ENTRIES_A_PAGE: Final = 500
# A client takes 4 MiB a message unless it was told otherwise. One entry may be larger; it goes alone.
MESSAGE_BYTES_MAX: Final = 1024 * 1024
POLL_SECONDS_MIN: Final = 0.05
POLL_SECONDS_MAX: Final = 0.5
# A caller without news gets a cursor this often, so that the one it keeps does not grow old.
CURSOR_SECONDS: Final = 10.0
# What had been begun when `until_now` was asked for is waited for this long; ordinary writes take less.
UNTIL_NOW_WAIT_SECONDS_MAX: Final = 2.0


class FeedHandlers:
    """The feed's RPC."""

    def __init__(self, application: Application, calls: CallsInFlight) -> None:
        self._application = application
        self._calls = calls
        self._watches = 0

    async def watch(self, request: messages.WatchRequest) -> AsyncGenerator[messages.WatchResponse, None]:
        """Entries as they are written, from the cursor on, until the caller goes or the server stops."""
        with self._counted():
            await live_program(self._application.database, request.program_id)
            feed = await self._application.feed.begin(request.program_id, request.cursor)
            follow = self._until_now(feed) if request.until_now else self._without_end(feed)
            async for response in follow:
                yield response
                self._calls.admit()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        if self._watches >= WATCHES_MAX:
            raise too_many_watches(WATCHES_MAX)
        self._watches += 1
        try:
            yield
        finally:
            self._watches -= 1

    async def _without_end(self, feed: ProgramFeed) -> AsyncGenerator[messages.WatchResponse, None]:
        pause_seconds = POLL_SECONDS_MIN
        cursor_due_seconds = 0.0  # the first page's is sent, entries or not
        while True:
            page = await feed.next_page(ENTRIES_A_PAGE)
            for response in responses(feed, page):
                yield response
            now_seconds = time.monotonic()
            if page.entries:
                pause_seconds = POLL_SECONDS_MIN
                cursor_due_seconds = now_seconds + CURSOR_SECONDS
            elif now_seconds >= cursor_due_seconds:
                yield messages.WatchResponse(cursor=feed.cursor(page.position))
                cursor_due_seconds = now_seconds + CURSOR_SECONDS
            if page.full:
                continue
            await self._calls.pause(pause_seconds)
            pause_seconds = min(POLL_SECONDS_MAX, pause_seconds * 2)

    async def _until_now(self, feed: ProgramFeed) -> AsyncGenerator[messages.WatchResponse, None]:
        """To the end of what had been committed when it was asked for, which what still runs may hide."""
        end_seconds = time.monotonic() + UNTIL_NOW_WAIT_SECONDS_MAX
        while True:
            page = await feed.next_page(ENTRIES_A_PAGE)
            for response in responses(feed, page):
                yield response
            if not page.full:
                if page.horizon_xid >= feed.begun_xid or time.monotonic() >= end_seconds:
                    break
                await self._calls.pause(POLL_SECONDS_MIN)
            elif page.position.feed_xid >= feed.begun_xid:
                break
        yield messages.WatchResponse(cursor=feed.cursor(page.position))


def responses(feed: ProgramFeed, page: FeedPage) -> Iterator[messages.WatchResponse]:
    """A page in messages of bounded size, each with the cursor behind its last entry."""
    response = messages.WatchResponse()
    size_bytes = 0
    for place, entry in enumerate(page.entries):
        watched = messages.WatchedEntry(member_id=entry.member_id, entry=entry_message(entry))
        entry_bytes = watched.ByteSize()
        if response.entries and size_bytes + entry_bytes > MESSAGE_BYTES_MAX:
            response.cursor = feed.cursor(page.positions[place - 1])
            yield response
            response, size_bytes = messages.WatchResponse(), 0
        response.entries.append(watched)
        size_bytes += entry_bytes
    if response.entries:
        response.cursor = feed.cursor(page.positions[-1])
        yield response

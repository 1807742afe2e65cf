"""Where the points of one entry came from, told from a whole journal in memory."""

from collections.abc import Iterable

from members.journal import Entry
from members.sources import Source, Tracing, joined_sources


def sources_of(entries: Iterable[Entry], seq: int) -> list[Source]:
    """Where the points that entry `seq` moved came from; `entries` is the journal from its first entry."""
    tracing = Tracing()
    for entry in entries:
        tracing.follow(entry)
        if entry.seq == seq:
            return joined_sources(tracing.moved)
    raise LookupError(f"there is no entry {seq}")

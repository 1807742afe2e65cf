"""A program in force: one version of a document, ready to decide by."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from programs.document import Document


@dataclass(frozen=True, slots=True)
class Program:
    """One version of a program. Every journal entry names the version that decided it."""

    program_id: str
    version: int
    document: Document
    zone: ZoneInfo


def put_in_force(document: Document, version: int) -> Program:
    """Make a document that was read without problems ready to decide by."""
    return Program(document.program_id, version, document, ZoneInfo(document.time_zone))

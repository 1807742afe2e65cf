"""Programs in Postgres: the live version for the lanes, and applying a new one."""

from functools import lru_cache
from typing import Final, NamedTuple

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from points.civil_time import instant_of
from programs.program import Program, put_in_force
from programs.reading import read_document
from store.database import Database
from store.tables import program, program_version
from store.tickets import ProgramUnknownError

PROGRAMS_KEPT_MAX: Final = 1_000
RULES_KEPT_MAX: Final = 100


class ProgramVersion(NamedTuple):
    """A version as it was applied; `apply_us` is microseconds since 1970, UTC."""

    program_id: str
    version: int
    text: str
    apply_us: int


class VersionChangedError(Exception):
    """The live version is not the one that the document was written against."""

    def __init__(self, expected: int, live: int) -> None:
        super().__init__(f"expected version {expected}, live is {live}")
        self.expected = expected
        self.live = live


class ApplyRequestReusedError(Exception):
    """The request id applied another document before."""

    def __init__(self, request_id: str, version: int) -> None:
        super().__init__(request_id)
        self.request_id = request_id
        self.version = version


class ProgramShelf:
    """Programs in force, each version read once: the live one of a transaction, older ones for refunds."""

    def __init__(self) -> None:
        self._programs: dict[tuple[str, int], Program] = {}

    async def get(self, connection: asyncpg.Connection, program_id: str, version: int) -> Program:
        """The program in this version."""
        kept = self._programs.get((program_id, version))
        if kept is not None:
            return kept
        text = await connection.fetchval(
            "SELECT document FROM program_version WHERE program_id = $1 AND version = $2", program_id, version
        )
        fresh = put_in_force(read_document(text), version)
        if len(self._programs) >= PROGRAMS_KEPT_MAX:
            self._programs.pop(next(iter(self._programs)))
        self._programs[program_id, version] = fresh
        return fresh


async def live_program(database: Database, program_id: str) -> ProgramVersion:
    """The live version. Raises ProgramUnknownError."""
    async with database.session() as session:
        row = (
            await session.execute(
                sa.select(program_version.c.version, program_version.c.document, program_version.c.apply_time)
                .join(
                    program,
                    (program.c.program_id == program_version.c.program_id)
                    & (program.c.live_version == program_version.c.version),
                )
                .where(program.c.program_id == program_id)
            )
        ).one_or_none()
    if row is None:
        raise ProgramUnknownError(program_id)
    return ProgramVersion(program_id, row.version, row.document, instant_of(row.apply_time))


async def live_rules(database: Database, program_id: str) -> Program:
    """The live version, ready to decide by. Raises ProgramUnknownError."""
    live = await live_program(database, program_id)
    return rules_of(program_id, live.version, live.text)


@lru_cache(maxsize=RULES_KEPT_MAX)
def rules_of(program_id: str, version: int, text: str) -> Program:
    """A version, ready to decide by. What a version says never changes, so it is read once."""
    program = put_in_force(read_document(text), version)
    if program.program_id != program_id:
        raise AssertionError(f"version {version} of {program_id!r} is a document of {program.program_id!r}")
    return program


async def count_programs(database: Database) -> int:
    """How many programs there are."""
    async with database.session() as session:
        return int((await session.execute(sa.select(sa.func.count()).select_from(program))).scalar_one())


async def apply_program(
    database: Database,
    program_id: str,
    text: str,
    expected_version: int,
    request_id: str,
    *,
    validate_only: bool = False,
) -> tuple[ProgramVersion, bool]:
    """Make a document, which was read without problems, the live version; answers it and whether it is new.

    The same text as the live version's changes nothing. Raises VersionChangedError, ApplyRequestReusedError.
    """
    async with database.session() as session:
        await session.execute(
            insert(program).values(program_id=program_id, live_version=0).on_conflict_do_nothing()
        )
        live = (
            await session.execute(
                sa.select(program.c.live_version).where(program.c.program_id == program_id).with_for_update()
            )
        ).scalar_one()
        versions = (
            await session.execute(
                sa.select(program_version).where(
                    program_version.c.program_id == program_id,
                    (program_version.c.version == live) | (program_version.c.request_id == request_id),
                )
            )
        ).all()
        for row in versions:
            if row.request_id == request_id and row.document != text:
                raise ApplyRequestReusedError(request_id, row.version)
            if row.document == text:
                return ProgramVersion(program_id, row.version, text, instant_of(row.apply_time)), False
        if expected_version != live:
            raise VersionChangedError(expected_version, live)
        now = (await session.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
        applied = ProgramVersion(program_id, live + 1, text, instant_of(now))
        if validate_only:
            await session.rollback()
            return applied, True
        await session.execute(
            insert(program_version).values(
                program_id=program_id,
                version=applied.version,
                document=text,
                request_id=request_id,
                apply_time=now,
            )
        )
        await session.execute(
            sa.update(program).where(program.c.program_id == program_id).values(live_version=applied.version)
        )
        return applied, True

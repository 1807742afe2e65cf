"""What is erasable of a member."""

import sqlalchemy as sa

from store.database import Database
from store.slots import slot_of
from store.tables import identity


async def display_name(database: Database, program_id: str, member_id: str) -> str:
    """What the person is called; empty where nothing is known."""
    async with database.session() as session:
        name = (
            await session.execute(
                sa.select(identity.c.display_name).where(
                    identity.c.slot == slot_of(program_id, member_id),
                    identity.c.program_id == program_id,
                    identity.c.member_id == member_id,
                )
            )
        ).scalar_one_or_none()
    return name or ""

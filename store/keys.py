"""Secrets that all processes of an installation share, made once and kept in Postgres."""

import secrets
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.database import Database
from store.tables import service_key

KEY_BYTES: Final = 32


async def shared_key(database: Database, name: str) -> bytes:
    """The installation's key of this name; made now where there is none yet."""
    async with database.session() as session:
        await session.execute(
            insert(service_key).values(name=name, key=secrets.token_bytes(KEY_BYTES)).on_conflict_do_nothing()
        )
        key = (
            await session.execute(sa.select(service_key.c.key).where(service_key.c.name == name))
        ).scalar_one()
    return bytes(key)

"""How Alembic changes the schema: on the connection it is given, each revision in its own transaction."""

import sqlalchemy as sa
from alembic import context

from store.migrations.locking import LOCK_TIMEOUT
from store.tables import metadata

STATEMENT_TIMEOUT = "10min"


def run(connection: sa.Connection) -> None:
    """Bring the schema to the revision that was asked for."""
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    connection.execute(sa.text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(sa.text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])

"""What Alembic runs to reach the database: always the connection that db.migrate hands in."""

from __future__ import annotations

from alembic import context

from imageferry.db.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter much; Alembic copies the table instead
    transactional_ddl=True,  # SQLite too, because the engine says BEGIN itself
)
with context.begin_transaction():
    context.run_migrations()

"""Alembic runs this: on the connection that `migrate` hands over, in its transaction."""

from alembic import context

from server.db.columns import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()

"""Run by Alembic: bring the database of the connection that it was given up to date, in that one's transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()

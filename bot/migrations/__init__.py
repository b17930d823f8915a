"""How the database came to its schema, a step a file, for Alembic. Its tables as they are now: bot/database.py."""

"""How the database came to its schema, a step a file, for Alembic. Its tables now: bot/records/database.py."""

"""Receipts. Databases from before Alembic have the table already."""

from alembic import op
from sqlalchemy import JSON, Column, Date, Float, String, inspect

revision = "0001"
down_revision = None


def upgrade() -> None:
    if inspect(op.get_bind()).has_table("receipts"):
        return
    op.create_table(
        "receipts",
        Column("answer_id", String, primary_key=True),
        Column("created", String, nullable=False),
        Column("as_of_day", Date),
        Column("question", String, nullable=False),
        Column("turns", JSON, nullable=False),
        Column("status", String, nullable=False),
        Column("language", String, nullable=False),
        Column("text", String, nullable=False),
        Column("citations", JSON, nullable=False),
        Column("suggestions", JSON, nullable=False),
        Column("hits", JSON, nullable=False),
        Column("confidence", Float),
        Column("timings", JSON, nullable=False),
        Column("snapshot_id", String),
        Column("generated", String),
    )

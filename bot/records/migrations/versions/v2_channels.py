"""What the channels need: conversations, messages, what was sent, thumbs, tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Integer, String, UniqueConstraint

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("receipts", Column("conversation_id", Integer))
    op.create_index("ix_receipts_conversation_id", "receipts", ["conversation_id"])
    op.create_table(
        "conversations",
        Column("id", Integer, primary_key=True),
        Column("channel", String, nullable=False),
        Column("account", String, nullable=False),
        Column("who", String, nullable=False),
        Column("memory", JSON, nullable=False),
        Column("waiting", Integer, nullable=False),
        Column("served", Float, nullable=False),
        Column("due", Float, nullable=False),
        Column("owner", String),
        Column("owned_until", Float, nullable=False),
        Column("minute", Float, nullable=False),
        Column("count", Integer, nullable=False),
        Column("doubtful", Boolean, nullable=False),
        UniqueConstraint("channel", "account", "who"),
    )
    waiting = sa.text("waiting > 0")
    op.create_index(
        "conversations_waiting", "conversations", ["served"], postgresql_where=waiting, sqlite_where=waiting
    )
    op.create_table(
        "inbox",
        Column("id", Integer, primary_key=True),
        Column("channel", String, nullable=False),
        Column("account", String, nullable=False),
        Column("key", String, nullable=False),
        Column("conversation_id", Integer, ForeignKey("conversations.id")),
        Column("state", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("text", String, nullable=False),
        Column("chat", String),
        Column("reply_to", String),
        Column("click", String),
        Column("sent", Float, nullable=False),
        Column("received", Float, nullable=False),
        Column("answer_id", String),
        UniqueConstraint("channel", "account", "key"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("inbox_waiting", "inbox", ["conversation_id", "id"], postgresql_where=waiting, sqlite_where=waiting)
    op.create_table(
        "sends",
        Column("inbox_id", Integer, ForeignKey("inbox.id", ondelete="CASCADE"), primary_key=True),
        Column("part", Integer, primary_key=True),
        Column("state", String, nullable=False),
        Column("body", JSON),
        Column("attempted", Float),
        Column("finished", Float),
        Column("message_id", String),
        Column("error", String),
    )
    op.create_table(
        "feedback",
        Column("answer_id", String, primary_key=True),
        Column("channel", String, nullable=False),
        Column("verdict", String, nullable=False),
        Column("reason", String),
        Column("created", Float, nullable=False),
        Column("conversation_id", Integer, index=True),
    )
    op.create_table(
        "tokens",
        Column("channel", String, primary_key=True),
        Column("account", String, primary_key=True),
        Column("access_token", String, nullable=False),
        Column("refresh_token", String, nullable=False),
        Column("expires", Float, nullable=False),
        Column("refreshed", Float, nullable=False),
        Column("refreshing_until", Float, nullable=False),
        Column("seed", String, nullable=False),
    )

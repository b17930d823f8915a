"""Files that admins send: where the platform keeps one, until it is read."""

from alembic import op
from sqlalchemy import JSON, Column

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("inbox", Column("file", JSON))

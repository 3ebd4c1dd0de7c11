"""What part of Telegram's overall limit each replica needs, and may use."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    for name in ("need", "share"):
        op.add_column("replicas", sa.Column(name, sa.Float(), nullable=False, server_default="0"))

"""What a conversation in Telegram needs: files, edits, buttons, consent, owners' chats, a pause."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.add_column("chats", sa.Column("consent", sa.String(16), nullable=True))
    op.add_column("chats", sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("chats", sa.Column("keyboard", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("chats", sa.Column("preview", sa.BigInteger(), nullable=True))
    op.add_column("chats", sa.Column("flood_told_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("chats", sa.Column("pause_told_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("attachments", sa.JSON(), nullable=True))
    op.add_column("leads", sa.Column("consent", sa.String(16), nullable=True))
    op.add_column("leads", sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "owners",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("paired_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_owners")),
    )
    op.create_table(
        "pairing",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_pairing")),
    )
    op.create_table(
        "state",
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_state")),
    )

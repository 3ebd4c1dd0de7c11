"""Several processes on one PostgreSQL: who lives, and the schema of what wakes them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "replicas",
        sa.Column("id", sa.String(8), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replicas")),
    )
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    from procrastinate.schema import SchemaManager

    op.execute("CREATE SCHEMA procrastinate")
    op.execute("SET LOCAL search_path TO procrastinate")
    with connection.connection.cursor() as cursor:  # several statements, and % signs that are meant
        cursor.execute(SchemaManager.get_schema())
    op.execute('SET LOCAL search_path TO "$user", public, procrastinate')

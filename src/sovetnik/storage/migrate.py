"""Bring the schema up to date. Alembic is imported only when there is something to do: it costs 0.2 s."""

from __future__ import annotations

from sqlalchemy import Engine, inspect, text

from sovetnik.core.errors import ConfigError

HEAD = "0004"
"""The newest revision in ``migrations/versions``; a test compares them."""

LOCK = 7_683_862_001
"""PostgreSQL's advisory lock around migrations."""


def upgrade(engine: Engine) -> None:
    """Run the migrations that the database lacks.

    Raises:
        ConfigError: a newer version wrote it.
    """
    if _revision(engine) == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "sovetnik.storage:migrations")
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # one of several replicas that start at the same time
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ConfigError(
                f"DATABASE_URL: the database is not of this version ({error}); install the newest sovetnik"
            ) from error


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

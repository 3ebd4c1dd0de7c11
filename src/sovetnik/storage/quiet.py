"""That no bot works on a database: what renumbers or copies everything needs it.

On SQLite the lock beside the file sees to it. On PostgreSQL a bot is a replica that shows signs of life: who
needs quiet sees that none does, and keeps the table of signs locked, so that a replica that starts meanwhile
waits with its first sign, before which it does nothing, until the transaction has ended.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from sovetnik.core.errors import ConfigError
from sovetnik.storage.replicas import living


def keep_quiet(connection: Connection) -> None:
    """Keep bots away until the transaction ends. To be called before anything is read in it.

    Raises:
        ConfigError: one runs.
    """
    if connection.dialect.name != "postgresql":
        return
    connection.execute(text("LOCK TABLE replicas IN SHARE ROW EXCLUSIVE MODE"))
    if count := living(connection):
        raise ConfigError(
            f"DATABASE_URL: the database is in use by `sovetnik run` (replicas: {count}); stop every one, "
            "or wait a quarter of a minute if they have just ended"
        )

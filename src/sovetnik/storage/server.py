"""What a PostgreSQL server has to be for us: its refusals in an owner's words, and its state for `doctor`."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from sovetnik.core.errors import ConfigError
from sovetnik.storage import postgres
from sovetnik.storage.replica import DUTY
from sovetnik.storage.replicas import SESSION, alive
from sovetnik.storage.tables import metadata

OLDEST = 13
"""Major version: what Procrastinate's schema asks for. Tried with 15 and 18."""

CONNECTIONS = 11
"""Of one `sovetnik run` at most: units of work, long reads, its sign of life, wake-ups."""

PATIENCE = 5
"""Seconds for a connection where somebody sits and waits."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a server and our database on it are.

    Attributes:
        name: The database's.
        version: The server's, e.g. ``18.1``.
        encoding: The database's.
        pooled: Whether our sessions' settings get lost on the way: a pooler stands in between.
        lacking: What the user may not do, each with the object's name; empty when all is well.
        revision: Of the schema; None where there is none yet.
        connected: Connections there are, and ``allowed``: how many there may be, for this user.
        living: Replicas that were seen lately.
        on_duty: Id of the one that polls and mails, or None.
        here: Whether one of them runs on this machine, as far as the server can tell.
    """

    name: str
    version: str
    encoding: str
    pooled: bool
    lacking: tuple[str, ...]
    revision: str | None
    connected: int
    allowed: int
    living: tuple[str, ...]
    on_duty: str | None
    here: bool

    @property
    def too_old(self) -> bool:
        """Whether the server's version is below the oldest that we work on."""
        return int(self.version.partition(".")[0]) < OLDEST

    @property
    def crowded(self) -> bool:
        """Whether one more `sovetnik run` might not get its connections."""
        return self.allowed - self.connected < CONNECTIONS


def look(url: str) -> Condition:
    """Connect once and look at everything; nothing is written.

    Raises:
        ConfigError: the URL is wrong or there is no way in.
    """
    check_url(url)
    engine = create_engine(
        postgres.driver_url(url),
        hide_parameters=True,
        poolclass=NullPool,
        connect_args={**postgres.CONNECT, "connect_timeout": PATIENCE, "application_name": "sovetnik doctor"},
    )
    try:
        with engine.connect() as connection:
            return _condition(connection)
    except DBAPIError as error:
        raise ConfigError(refusal(error)) from None
    finally:
        engine.dispose()


def check_url(url: str) -> None:
    """See that the driver understands the URL.

    Raises:
        ConfigError: it does not; nothing of the URL is shown, for a password may stand anywhere in it.
    """
    try:
        parsed = make_url(url)
        postgres.connection_string(url)
    except psycopg.ProgrammingError as error:
        problem = str(error).strip()
        raise ConfigError(f"DATABASE_URL: {problem}; see the options behind its question mark") from None
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or "@" in (parsed.host or ""):
        raise ConfigError(
            "DATABASE_URL: not a PostgreSQL URL; write postgresql://user:password@host:5432/database, and in "
            "the password %40 for @, %2F for /, %3A for :, %25 for %"
        )


def check(connection: Connection) -> None:
    """See that a server will do, before anything is made in it.

    Raises:
        ConfigError: it will not; the message says what to do.
    """
    version, encoding, pooled, _ = connection.execute(text(_SERVER)).one()
    if version // 10_000 < OLDEST:
        raise ConfigError(f"DATABASE_URL: PostgreSQL {version // 10_000} is too old; {OLDEST} is the oldest")
    if encoding != "UTF8":
        raise ConfigError(
            f"DATABASE_URL: the database's encoding is {encoding}; create it with ENCODING 'UTF8' "
            "TEMPLATE template0"
        )
    if pooled:
        raise ConfigError(POOLED)


POOLED = (
    "DATABASE_URL: what our sessions are told does not arrive: a pooler (PgBouncer) stands in between; "
    "name the server itself, usually port 5432"
)

_WAYS_OUT = {
    "42501": "make this user the database's owner: ALTER DATABASE … OWNER TO …",
    "25006": "this is a standby, or the database is read-only; name the primary",
    "3D000": "create it: CREATE DATABASE … OWNER … ENCODING 'UTF8' TEMPLATE template0",
    "53300": "raise max_connections, or run fewer replicas",
    "28P01": "check user and password (in DATABASE_URL, PGPASSWORD or ~/.pgpass)",
}
"""By SQLSTATE. A connection that is not made has none, so the words stand for it, where they are English."""

_WORDS = {
    "password": "28P01",
    "does not exist": "3D000",
    "too many": "53300",
    "remaining connection slots": "53300",
}


def refusal(error: DBAPIError) -> str:
    """What a server's refusal means and what to do about it; never a password or a customer's word."""
    said = postgres.words(error)
    if "unsupported startup parameter" in said:
        return POOLED
    code = getattr(error.orig, "sqlstate", None) or next(
        (code for words, code in _WORDS.items() if words in said), None
    )
    if code == "3D000" and "role" in said:
        code = "28P01"
    return f"DATABASE_URL: PostgreSQL refuses: {said}; {_WAYS_OUT.get(code or '', _ANY_WAY_OUT)}"


_ANY_WAY_OUT = "check host, port, database, user and password"

_SERVER = """
SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
current_setting('search_path') NOT LIKE '%procrastinate%', current_database()
"""

_TABLES = """
SELECT c.relname, has_table_privilege(c.oid, 'SELECT')
AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
AND has_table_privilege(c.oid, 'DELETE')
FROM pg_class c WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid) AND c.relname = ANY(:names)
"""

_MAKING = """
SELECT has_database_privilege(current_database(), 'CREATE'),
coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
"""

_ROOM = """
SELECT used, allowed FROM (
    SELECT count(*) AS used, current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int AS allowed
    FROM pg_stat_activity WHERE backend_type = 'client backend'
    UNION ALL
    SELECT count(a.pid), r.rolconnlimit FROM pg_roles r LEFT JOIN pg_stat_activity a ON a.usesysid = r.oid
    WHERE r.rolname = current_user AND r.rolconnlimit >= 0 GROUP BY r.rolconnlimit
    UNION ALL
    SELECT count(a.pid), d.datconnlimit FROM pg_database d LEFT JOIN pg_stat_activity a ON a.datid = d.oid
    WHERE d.datname = current_database() AND d.datconnlimit >= 0 GROUP BY d.datconnlimit
) AS rooms ORDER BY allowed - used LIMIT 1
"""

_ON_DUTY = """
SELECT right(a.application_name, 8) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
AND l.classid::bigint << 32 | l.objid::bigint = :duty
"""

_HERE = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
AND application_name LIKE :session AND client_addr IS NOT DISTINCT FROM inet_client_addr())
"""


def _condition(connection: Connection) -> Condition:
    number, encoding, pooled, name = connection.execute(text(_SERVER)).one()
    made = connection.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar_one()
    revision: str | None = None
    living: tuple[str, ...] = ()
    lacking = _lacking(connection, made=made)
    if made and not lacking:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if connection.execute(text("SELECT to_regclass('replicas') IS NOT NULL")).scalar_one():
            living = tuple(row.id for row in connection.execute(alive()))
    connected, allowed = connection.execute(text(_ROOM)).one()
    here = connection.execute(text(_HERE), {"session": f"{SESSION} %"}).scalar_one()
    return Condition(
        name=name,
        version=f"{number // 10_000}.{number % 10_000}",
        encoding=encoding,
        pooled=pooled,
        lacking=lacking,
        revision=revision,
        connected=connected,
        allowed=allowed,
        living=living,
        on_duty=connection.execute(text(_ON_DUTY), {"duty": DUTY}).scalars().first(),
        here=here,
    )


def _lacking(connection: Connection, *, made: bool) -> tuple[str, ...]:
    if connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on":
        return ("read-only",)
    if not made:
        database, schema = connection.execute(text(_MAKING)).one()
        rights = {"CREATE (database)": database, "CREATE (schema)": schema}
        return tuple(name for name, given in rights.items() if not given)
    names = [*metadata.tables, "alembic_version", "procrastinate_jobs"]
    found = connection.execute(text(_TABLES), {"names": names}).all()
    return tuple(sorted(name for name, given in found if not given))

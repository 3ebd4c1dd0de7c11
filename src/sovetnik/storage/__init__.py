"""All SQL: tables, units of work, the writer thread, migrations and the runners."""

from sovetnik.storage.store import SqlStore

__all__ = ["SqlStore"]

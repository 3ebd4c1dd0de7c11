"""Settings, folder, database and machine, each as it can be."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sovetnik.core.owner import Queue, Vitals
from sovetnik.doctor import database, folder, machine, waiting, words_here
from sovetnik.doctor.finding import Finding
from sovetnik.doctor.patient import Patient, mask, read_patient, within
from sovetnik.doctor.values import values
from sovetnik.library import open_library
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore, engine
from tests.storage import samples

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOTHING = Queue(0, None)


def patient(**settings) -> Patient:
    return Patient(Settings(**settings), clock=lambda: NOW)


def one(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def said(finding: Finding) -> str:
    assert finding.fact.ru
    return f"{finding.fact.en} → {finding.way_out.en if finding.way_out else ''}"


# settings


def test_wrong_settings_are_all_named_and_the_others_still_read(tmp_path):
    Path(".env").write_text("REPORT_TIME=nine\nSMTP_PORT=99999\nLEADS_TO=owner@shop.example\n")
    who, wrong = read_patient()
    assert set(wrong) == {"REPORT_TIME", "SMTP_PORT"}
    assert who.settings.leads_to == ("owner@shop.example",)
    found = values(who, wrong)
    assert [f.state for f in found if f.name == "settings"] == ["broken", "broken"]
    assert who.spoilt("SMTP_") is not None
    assert who.spoilt("TELEGRAM_") is None


def test_a_file_that_should_hold_a_secret_and_is_not_there(tmp_path):
    Path(".env").write_text("TELEGRAM_TOKEN_FILE=/nowhere/token\n")
    who, wrong = read_patient()
    assert who is None
    assert "cannot read /nowhere/token" in said(values(who, wrong)[0])


def test_misspelt_and_unknown_names_are_told_with_what_was_meant():
    Path(".env").write_text("TELEGRAM_TOKEM=1:a\nCOLOUR=red\n")
    who, wrong = read_patient()
    unknown = [f for f in values(who, wrong) if f.name == "unknown"]
    assert [f.state for f in unknown] == ["warning", "warning"]
    assert "COLOUR" in said(unknown[0])
    assert "write TELEGRAM_TOKEN" in said(unknown[1])


def test_a_file_that_others_can_read():
    Path(".env").write_text("LANGUAGE=ru\n")
    Path(".env").chmod(0o644)
    who, wrong = read_patient()
    assert "chmod 600 .env" in said(one(values(who, wrong), "env_file"))
    Path(".env").chmod(0o600)
    assert one(values(who, wrong), "env_file").state == "ok"


def test_secrets_are_masked_wherever_they_stand():
    token, key = "7000000001:AAF-loopback-only-token-of-the-tests", "sk-proj-abcdefghijklmnop1234"
    text = mask(f"{token} {key} and p4ss-word", [token, key, "p4ss-word"])
    assert text == "7000000001:*** sk-…1234 and ***"
    assert "abcdefgh" not in mask(f"never set: {key}", [])


# the consultant folder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    knowledge = tmp_path / "consultant" / "knowledge"
    knowledge.mkdir(parents=True)
    (knowledge / "prices.md").write_text("# Prices\n\nA bed costs 49,000.\n")
    (tmp_path / "consultant" / "instructions.md").write_text("You sell beds.")
    return tmp_path / "consultant"


async def sync(who: Patient) -> None:
    async with open_library(who.settings) as library:
        await library.index.sync(library.folder)


async def test_a_folder_that_is_in_order(shop):
    who = patient(knowledge_embeddings="off")
    await sync(who)
    found = await folder.documents(who)
    assert {f.name: f.state for f in found} == {
        "folder": "ok",
        "form": "ok",
        "documents": "ok",
        "index": "ok",
        "search": "ok",
    }
    assert "files: 1, passages: 1" in said(one(found, "index"))


async def test_no_folder_is_broken_only_where_one_was_named():
    assert one(await folder.documents(patient()), "folder").state == "warning"
    named = await folder.documents(patient(consultant_dir="shop"))
    assert [f.state for f in named] == ["broken", "skipped", "ok"]
    assert "sovetnik init" in said(named[0])


async def test_instructions_form_and_documents_are_missed(shop):
    (shop / "instructions.md").unlink()
    (shop / "contact_form.toml").write_text("[[fields]]\nname = 'Город'\n")
    (shop / "knowledge" / "prices.md").unlink()
    found = await folder.documents(patient())
    assert "instructions.md" in said(one(found, "folder"))
    assert one(found, "form").state == "broken"
    assert "contact_form.toml" in said(one(found, "form"))
    assert one(found, "documents").state == "warning"


async def test_documents_that_were_not_read_yet_or_cannot_be(shop):
    who = patient(knowledge_embeddings="off")
    assert "have not been read yet" in said(one(await folder.documents(who), "index"))
    await sync(who)
    (shop / "knowledge" / "new.md").write_text("New")
    assert "not read yet: new.md" in said(one(await folder.documents(who), "index"))
    (shop / "knowledge" / "broken.pdf").write_text("no pdf")
    await sync(who)
    index = one(await folder.documents(who), "index")
    assert index.state == "warning"
    assert "broken.pdf cannot be read" in said(index)


async def test_a_damaged_index_is_told_and_left_for_the_product_to_renew(shop, tmp_path):
    who = patient(knowledge_embeddings="off")
    await sync(who)
    index = tmp_path / "data" / "knowledge.db"
    index.write_bytes(b"no index " * 500)
    found = one(await folder.documents(who), "index")
    assert (found.state, "made again" in said(found)) == ("warning", True)
    assert index.read_bytes() == b"no index " * 500


async def test_a_folder_that_may_not_be_read(shop):
    (shop / "instructions.md").unlink()
    (shop / "instructions.md").mkdir()
    found = await folder.documents(patient())
    assert one(found, "folder").state == "broken"
    assert "instructions.md" in said(one(found, "folder"))


def test_search_by_a_service_needs_a_key():
    assert folder.check_search(Settings(knowledge_embeddings="text-embedding-3-small")).state == "broken"


# the database


async def test_before_the_first_start_nothing_is_made(tmp_path):
    found = await database.storage(patient())
    assert [f.state for f in found] == ["ok", "skipped", "skipped", "skipped"]
    assert list(tmp_path.iterdir()) == []


async def test_a_database_in_use_is_looked_into_without_disturbing(tmp_path):
    who = patient(database_url=samples.database(tmp_path, "sqlite"), owner_chats=(1,))
    async with SqlStore.open(who.settings.database_url.get_secret_value(), exclusive=True):
        found = await database.storage(who)
    assert [f.state for f in found] == ["ok", "ok", "ok", "ok"]
    assert f"process {os.getpid()}" in said(one(found, "queues"))
    after = await database.storage(who)
    assert "`run` does not run" in said(one(after, "queues"))


async def test_a_locked_and_a_damaged_database(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "LOCK_PATIENCE", 0.05)
    url = samples.database(tmp_path, "sqlite")
    path = engine.sqlite_file(url)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked = await database.storage(patient(database_url=url))
        other.execute("ROLLBACK")
    assert "locked by another program" in said(locked[0])
    assert [f.state for f in locked] == ["broken", "skipped", "skipped", "skipped"]
    path.write_bytes(b"this is no database at all, " * 200)
    assert "damaged" in said((await database.storage(patient(database_url=url)))[0])
    url = f"sqlite:///{tmp_path}"
    assert "cannot be written" in said((await database.storage(patient(database_url=url)))[0])


async def test_a_database_of_another_kind_is_named():
    found = await database.storage(patient(database_url="mysql://localhost/shop"))
    assert found[0].state == "broken"
    assert "sqlite:///" in said(found[0])


@pytest.mark.parametrize(("revision", "state"), [("0000", "warning"), ("9999", "broken")])
async def test_a_schema_of_another_version_is_left_alone(tmp_path, revision, state):
    url = samples.database(tmp_path, "sqlite")
    with closing(sqlite3.connect(engine.sqlite_file(url))) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    found = await database.storage(patient(database_url=url))
    assert one(found, "schema").state == state
    assert one(found, "queues").state == "skipped"
    with closing(sqlite3.connect(engine.sqlite_file(url))) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (revision,)


def queues(process: int | None, **changes) -> Finding:
    vitals = {"inbox": NOTHING, "answers": NOTHING, "mails": NOTHING, "last_report": None, "paused_at": None}
    by = words_here.PROCESS.format(process=process) if process else None
    return waiting.check_queues(patient(), Vitals(**{**vitals, **changes}), by)


def test_what_waits_is_told_with_its_age():
    old = Queue(3, NOW - timedelta(hours=5))
    fresh = Queue(1, NOW - timedelta(seconds=5))
    assert queues(1).state == "ok"
    assert queues(1, inbox=fresh).state == "ok"
    assert queues(1, mails=old).state == "warning"
    assert "mails: 3, the oldest 5 h" in said(queues(1, mails=old))
    assert "log of `run`" in said(queues(1, mails=old))
    stopped = queues(None, inbox=fresh)
    assert (stopped.state, "→ `sovetnik run`" in said(stopped)) == ("warning", True)
    assert "/resume" in said(queues(1, paused_at=NOW))


def test_nobody_owns_the_bot_yet():
    assert waiting.check_owner(0).state == "warning"
    assert waiting.check_owner(2).state == "ok"


# the machine


def test_disk_that_fills_up(tmp_path, monkeypatch):
    assert machine.check_disk(tmp_path).state in {"ok", "warning"}
    monkeypatch.setattr(machine, "FEW_FREE", 1e18)
    assert machine.check_disk(tmp_path).state == "warning"
    monkeypatch.setattr(machine, "LEAST_FREE", 1e17)
    assert machine.check_disk(tmp_path).state == "broken"


@pytest.mark.parametrize(
    ("skew", "state"), [(0.4, "ok"), (-45.0, "warning"), (3600.0, "broken"), (-3600.0, "broken")]
)
def test_the_clock_against_the_servers(skew, state):
    assert machine.check_clock({"api.telegram.org": 0.1, "api.openai.com": skew}).state == state


def test_the_next_report_and_whose_hour_it_is():
    who = patient(timezone="Asia/Vladivostok", report_time="09:00", report_to="a@b.example", smtp_host="mail")
    report = machine.check_report(who)
    assert (report.state, "23.11.2026 09:00, to a@b.example" in said(report)) == ("ok", True)
    assert machine.check_zone(who).state == "ok"
    assert "now 22:00" in said(machine.check_zone(who))
    nobody = patient(report_to="a@b.example")
    assert machine.check_report(nobody).state == "warning"
    assert machine.check_zone(nobody).state == "warning"


async def test_a_port_that_is_taken(telegram):
    _, url = telegram
    taken = machine.check_ports(patient(http_listen=url.removeprefix("http://")))
    assert taken.state == "broken"
    assert "HTTP_LISTEN" in said(taken)
    assert machine.check_ports(patient(http_listen="127.0.0.1:0")).state == "ok"
    assert machine.check_ports(patient()) is None


async def test_a_check_that_fails_in_itself_does_not_hide_the_others():
    async def broken() -> Finding:
        raise ZeroDivisionError("oops")

    found = await within("disk", broken())
    assert (found.state, "ZeroDivisionError: oops" in said(found)) == ("broken", True)

"""The load benchmark works: turns are counted right, figures come out. Speed is not tested."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from benchmarks.load.fill import fill
from benchmarks.load.measure import Load, measure
from benchmarks.load.model import Model, Pace
from benchmarks.load.programs import floor
from benchmarks.load.telegram import Telegram
from benchmarks.load.web import listen
from openai import AsyncOpenAI

from sovetnik.storage import SqlStore
from tests.docs.reading import ROOT


def test_one_command_measures_the_bot_and_prints_the_tables(tmp_path: Path) -> None:
    told = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.load", "--only", "sqlite-drafts", "--loads", "50"]
    ran = subprocess.run(
        [*command, "--unpinned", "--reps", "1", "--seconds", "0.2", "--json", str(told)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (run,) = json.loads(told.read_text())["runs"]
    figures = run["figures"]
    assert figures["turns"] >= 50, "each customer has asked"
    assert (figures["lost"], figures["doubled"]) == (0, 0)
    assert figures["turns_per_s"] > 0
    assert figures["overhead_p99_ms"] >= figures["overhead_p50_ms"] > 0
    assert figures["cpu_s_per_1000"] > 0
    assert figures["peak_rss_mib"] > 0
    row = next(line for line in ran.stdout.splitlines() if line.startswith("| Sovetnik, SQLite, `drafts` |"))
    assert f"| {figures['turns_per_s']:.0f} |" in row
    assert "lost 0, doubled 0" in ran.stdout


async def test_a_bare_program_is_measured_with_its_growing_answers() -> None:
    load = Load(4, Pace(first=0.05, rate=200.0), spread=0.1, once=True)
    figures = await measure(floor("ptb_edits.py", streams=True), load, 1.0, {}, pinned=False)
    assert "error" not in figures
    assert (figures["turns"], figures["measured"], figures["lost"], figures["doubled"]) == (4, 4, 0, 0)
    assert figures["first_text_p50_ms"] < figures["overhead_p50_ms"] + load.pace.whole * 1000
    assert figures["calls"]["editmessagetext"] >= 4


async def test_answers_are_counted_once_twice_or_as_lost() -> None:
    telegram = Telegram(2, spread=0.0, once=True)
    server, url = await listen(telegram)
    telegram.begin()
    async with httpx.AsyncClient(base_url=f"{url}/bot1:x") as bot:
        updates = []
        while len(updates) < 2:
            updates = (await bot.post("/getUpdates", json={"timeout": 1})).json()["result"]
        chat = updates[0]["message"]["chat"]["id"]
        assert updates[0]["message"]["text"].endswith(" ask-0")
        await bot.post("/sendMessageDraft", json={"chat_id": chat, "draft_id": 1, "text": "re-0: Да end-0."})
        assert telegram.turns[0].first
        assert not telegram.turns[0].answers, "a draft is no answer"
        whole = {"chat_id": chat, "text": "re-0: Да end-0."}
        sent = (await bot.post("/sendMessage", data=whole)).json()["result"]["message_id"]
        await bot.post("/editMessageText", json={**whole, "message_id": sent})
        assert telegram.turns[0].answers == 1, "an edit of the answer is the same answer"
        await bot.post("/sendMessage", json=whole)
        assert telegram.turns[0].answers == 2
        assert not telegram.turns[1].answers
        assert not telegram.idle.is_set(), "one customer still waits"
    server.close()


@pytest.mark.parametrize("pace", [Pace(), Pace(first=0.01, rate=6000.0)], ids=["instant", "growing"])
async def test_the_model_answers_the_last_question_in_every_way_alike(pace: Pace) -> None:
    server, url = await listen(Model(pace))
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:
        said = [{"role": "user", "content": "ask-3"}, {"role": "user", "content": "А цена? ask-14"}]
        whole = (await client.responses.create(model="m", input=said)).output_text
        stream = await client.responses.create(model="m", input=said, stream=True)
        events = [event async for event in stream]
        chat = await client.chat.completions.create(model="m", messages=said)
        chunks = await client.chat.completions.create(model="m", messages=said, stream=True)
        grown = [chunk.choices[0].delta.content or "" async for chunk in chunks]
    server.close()
    assert whole.startswith("re-14: ")
    assert whole.endswith(" end-14.")
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == whole
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == whole
    assert chat.choices[0].message.content == whole == "".join(grown)


async def test_a_filled_database_is_one_of_ours(tmp_path: Path) -> None:
    await asyncio.to_thread(fill, tmp_path / "filled.db", 2001)
    async with SqlStore.open(f"sqlite:///{tmp_path / 'filled.db'}", exclusive=True) as store:
        exported = [row async for row in store.export(None, None)]
        leads = [lead async for lead, _ in store.leads()]
        woken = await store.recover()
        report = await store.open_report(datetime.now(UTC).date())
    assert [row.message.role for row in exported] == 1000 * ["customer", "assistant"] + ["customer"]
    assert {row.message.chat_id for row in exported} == {row.chat.id for row in exported}
    assert len(leads) == 10
    assert not woken, "nobody waits for an answer"
    assert sum(len(dialogue.messages) for dialogue in report.dialogues) == 2001


def test_a_program_that_does_not_come_up_is_told_as_such(tmp_path: Path) -> None:
    command = floor("ptb_chat.py")
    broken = type(command)([sys.executable, "-c", "print('no such luck')"], {})
    figures = asyncio.run(measure(broken, Load(1), 0.1, {"folder": str(tmp_path)}))
    assert "no such luck" in figures["error"]

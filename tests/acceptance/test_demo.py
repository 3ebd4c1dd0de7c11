"""`sovetnik demo` as a stranger starts it: one command, a printed URL, the whole product behind it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.stage import PATIENCE


@asynccontextmanager
async def demo(folder: Path, *options: str, **environ: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A running demo; at the end it is interrupted as with Ctrl-C."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sovetnik",
        "demo",
        "--no-browser",
        *options,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "LANGUAGE": "ru",
            "KNOWLEDGE_EMBEDDINGS": "off",
            "JOIN_MESSAGES": "0",
            **environ,
        },
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            lines = [line.decode().strip() async for line in _until_url(process.stdout)]
        url = lines[-1]
        async with httpx.AsyncClient(base_url=url, headers={"Origin": url}, trust_env=False) as client:
            yield client
    finally:
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0


async def _until_url(stream: asyncio.StreamReader) -> AsyncGenerator[bytes]:
    async for line in stream:
        yield line
        if line.startswith(b"http://127.0.0.1:"):
            return


async def _state(client: httpx.AsyncClient, found: Any) -> dict[str, Any]:
    """The page's state, as soon as it shows what is looked for."""
    async with asyncio.timeout(PATIENCE):
        while True:
            state = (await client.get("/api/state")).json()
            if found(state):
                return state
            await asyncio.sleep(0.05)


def _texts(state: dict[str, Any]) -> list[str]:
    return [row["message"].get("text", "") for row in state["customers"][0]["messages"]]


async def test_ask_leave_a_contact_and_read_the_mail_and_the_report(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    async with demo(tmp_path, "--keep", str(keep)) as client:
        assert "<html" in (await client.get("/")).text
        state = await _state(client, lambda state: state["customers"])
        person = f"/api/customers/{state['customers'][0]['id']}"
        await client.post(f"{person}/say", json={"text": "Сколько стоит доставка в Суздаль?"})
        await _state(client, lambda state: any("2 200 ₽" in text for text in _texts(state)))
        await client.post(f"{person}/say", json={"text": "Меня зовут Мария, мой номер 8 912 345-67-89"})
        state = await _state(client, lambda state: state["mails"])
        assert "Мария" in state["mails"][0]["subject"]
        assert "Суздаль" in (await client.get("/api/report")).text
        assert state["customers"][0]["traces"][0]["passages"][0]["source"] == "delivery-and-assembly.md"
    async with demo(tmp_path, "--keep", str(keep)) as client:
        state = await _state(client, lambda state: state["mails"])
        assert any("2 200 ₽" in text for text in _texts(state))


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("ru", "А корм для рыбок у вас есть?", "не нашёл"),
        ("en", "Do you have fish food?", "have not found this"),
    ],
)
async def test_what_it_offers_as_asked_in_vain_is_not_in_the_documents(
    tmp_path: Path, language: str, question: str, answer: str
) -> None:
    async with demo(tmp_path, LANGUAGE=language) as client:
        assert f'unknown: "{question}"' in (await client.get("/static/words.js")).text
        state = await _state(client, lambda state: state["customers"])
        person = f"/api/customers/{state['customers'][0]['id']}"
        await client.post(f"{person}/say", json={"text": question})
        await _state(client, lambda state: any(answer in text for text in _texts(state)))
        assert question in (await client.get("/api/report")).text


async def test_a_foreign_site_reaches_nothing(tmp_path: Path) -> None:
    async with demo(tmp_path) as client:
        assert (await client.get("/api/state", headers={"Host": "evil.example"})).status_code == 403
        answer = await client.post("/api/customers", json={}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403


async def test_the_owners_database_telegram_and_mailbox_are_left_alone(tmp_path: Path) -> None:
    secret = tmp_path / "database"
    secret.write_text("postgresql://nobody@127.0.0.1:1/theirs", encoding="utf-8")
    theirs = {
        "DATABASE_URL_FILE": str(secret),
        "TELEGRAM_WEBHOOK_URL": "https://bot.example.com/hook",
        "SMTP_HOST": "mail.example.com",
    }
    async with demo(tmp_path, **theirs) as client:
        state = await _state(client, lambda state: state["customers"])
        person = f"/api/customers/{state['customers'][0]['id']}"
        await client.post(f"{person}/say", json={"text": "Сколько стоит доставка в Суздаль?"})
        await _state(client, lambda state: any("2 200 ₽" in text for text in _texts(state)))


async def test_a_port_or_a_folder_that_cannot_be_used_is_named_in_one_line(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.touch()
    for arguments in (("--port", "99999"), ("--keep", str(taken))):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sovetnik", "demo", "--no-browser", *arguments),
            cwd=tmp_path,
            stderr=asyncio.subprocess.PIPE,
        )
        _, told = await process.communicate()
        assert process.returncode == 1
        assert told.decode().startswith(f"sovetnik: {arguments[0]}: ")
        assert len(told.splitlines()) == 1

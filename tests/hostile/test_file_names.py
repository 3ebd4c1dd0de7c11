"""Names of customers' files: nothing is written where they say, nothing raises, everybody gets an answer."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st

from sovetnik.core.model import Attachment
from sovetnik.core.perception import Perceived
from sovetnik.demo.botapi import BotApi, Person
from sovetnik.demo.serving import serve
from sovetnik.knowledge.reading import Readers
from sovetnik.perceiving import Perceiver
from sovetnik.telegram_ui import BotSettings, make_bot
from sovetnik.telegram_ui.incoming import incoming_from
from tests.hostile.odd import texts, tries

TOKEN = "7000000001:AAF-loopback-only-token-of-the-tests"
NAMES = (
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\windows\\win.ini",
    "C:\\con.txt",
    "con",
    "nul.txt",
    ".",
    "..",
    "...",
    ".txt",
    ".env",
    "~/.ssh/id_rsa.txt",
    "$(touch pwned).txt",
    "-rf.txt",
    "a" * 300 + ".txt",
    "ж" * 300 + ".txt",
    "a." + "x" * 300,
    "a.x\ny",
    "a.x\x00.txt",
    "cv\u202efdp.exe",
    "cv\u202etxt.exe",
    "прайс.pdf.exe",
    "прайс.exe.txt",
    "прайс.TXT",
    "прайс. txt",
    "прайс",
    "a.txt/../../b",
    "a.b/c.txt",
    "\ud83d.txt",
    "\u200b.txt",
    "<script>.txt",
    "file://etc/passwd",
    "http://169.254.169.254/x.txt",
    "",
)
MIMES = ("text/plain", "application/pdf", "application/x-msdownload", "../../x", "text/../../x", "")


@dataclass
class Desk:
    """A perceiver whose temporary folder is the test's own.

    Attributes:
        opened: Every path that the readers were given.
    """

    telegram: BotApi
    anna: Person
    bot: telegram.Bot
    perceiver: Perceiver
    folder: Path
    opened: list[tuple[Path, str]]

    async def send(self, name: str, mime: str, data: bytes) -> Perceived:
        message = self.anna.send_document(data, name="x", mime_type="x")
        message.data["document"] |= {"file_name": name, "mime_type": mime}
        (found,) = [queued.update for queued in self.telegram.updates.queue]
        self.telegram.updates.queue.clear()
        incoming = incoming_from(telegram.Update.de_json(found | {"message": message.data}, self.bot))
        assert incoming is not None
        (attachment,) = incoming.attachments
        return await self.perceiver.take_in(attachment)


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Desk]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    api = BotApi(TOKEN)
    anna = api.person()
    anna.start()
    api.updates.queue.clear()
    opened: list[tuple[Path, str]] = []
    async with (
        serve(api.app) as url,
        Readers(patience=30.0) as readers,
        make_bot(BotSettings(TOKEN, url)) as bot,
    ):
        read: Callable[..., Any] = readers.read

        async def noted(path: Path, name: str) -> Any:
            opened.append((path, name))
            return await read(path, name)

        monkeypatch.setattr(readers, "read", noted)
        yield Desk(api, anna, bot, Perceiver(bot, readers, None, sees=False), tmp_path, opened)


def check_places(desk: Desk) -> None:
    """Each file lay in a folder of its own, under a name of ours, and is gone."""
    for path, name in desk.opened:
        assert path.parent.parent == desk.folder
        assert path.parent.name.startswith("sovetnik-")
        assert path.name == name
        assert name.startswith("document")
        assert not path.exists()
    assert [path.name for path in desk.folder.iterdir() if path.name.startswith("sovetnik-")] == []


@pytest.mark.parametrize("mime", MIMES)
async def test_names_lead_nowhere(desk: Desk, mime: str) -> None:
    for name in NAMES:
        seen = await desk.send(name, mime, "Кровать стоит 100 рублей".encode())
        assert seen.text == "Кровать стоит 100 рублей" or seen.problem, name
        check_places(desk)


@tries(40)
@given(name=texts, mime=st.sampled_from(MIMES) | texts, data=st.binary(max_size=60))
async def test_any_name_and_any_bytes(desk: Desk, name: str, mime: str, data: bytes) -> None:
    desk.opened.clear()
    await desk.send(name, mime, data)
    check_places(desk)


async def test_a_name_that_looks_like_a_text_is_read_as_what_it_ends_with(desk: Desk) -> None:
    assert (await desk.send("прайс.exe.txt", "application/x-msdownload", b"x")).text == "x"
    assert (await desk.send("cv\u202etxt.exe", "application/x-msdownload", b"x")).problem == "unreadable"


async def test_a_suffix_too_long_for_the_disk_is_told_to_be_unreadable(desk: Desk) -> None:
    assert (await desk.send("a." + "x" * 300, "", b"x")).problem == "unreadable"


async def test_what_is_said_to_be_a_file_and_is_not_there(desk: Desk) -> None:
    for identity in ("../../etc/passwd", "A" * 10_000, "\u202e", "?&file_id=1"):
        attachment = Attachment("document", identity, name="x.txt")
        assert (await desk.perceiver.take_in(attachment)).problem == "unreachable"

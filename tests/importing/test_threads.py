"""`import threads.jsonl`: threads become dialogues; what has no place is counted and named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sovetnik.core.errors import ConfigError
from sovetnik.importing.command import import_file
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore


def message(number: int, role: str, text: object, at: object = None) -> dict[str, Any]:
    """As the API gives it."""
    content = (
        [{"type": "text", "text": {"value": text, "annotations": []}}] if isinstance(text, str) else text
    )
    return {
        "id": f"msg_{number}",
        "object": "thread.message",
        "created_at": 1_740_000_000 + number * 60 if at is None else at,
        "role": role,
        "content": content,
        "metadata": {},
    }


def thread(name: str, *messages: dict[str, Any], **metadata: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "thread",
        "created_at": 1_740_000_000,
        "metadata": metadata,
        "messages": messages,
    }


class Desk:
    """Threads, and what is stored of them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.settings = Settings(database_url=SecretStr(f"sqlite:///{folder}/sovetnik.db"))
        self._capsys = capsys

    async def bring(self, *threads: object, **options: Any) -> str:
        path = self.folder / "threads.jsonl"
        path.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in threads), encoding="utf-8")
        self._capsys.readouterr()
        await import_file(self.settings, path, **options)
        return self._capsys.readouterr().out

    async def stored(self) -> list[tuple[int, str, str]]:
        url = self.settings.database_url.get_secret_value()
        async with SqlStore.open(url, exclusive=False) as store:
            rows = [row.message async for row in store.export(None, None)]
        return [(row.chat_id, row.role, row.text) for row in rows]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    monkeypatch.setenv("LANGUAGE", "en")
    return Desk(tmp_path, capsys)


async def test_a_thread_as_the_api_gives_it_is_stored_oldest_first_without_source_marks(desk: Desk) -> None:
    newest_first = [
        message(3, "user", "Спасибо"),
        message(2, "assistant", "Стоит 62 900 ₽【4:0†prices.pdf】."),
        message(1, "user", "Сколько стоит?"),
    ]
    out = await desk.bring(thread("thread_1", *newest_first, chat_id="777"))
    assert await desk.stored() == [
        (777, "customer", "Сколько стоит?"),
        (777, "assistant", "Стоит 62 900 ₽."),
        (777, "customer", "Спасибо"),
    ]
    assert "new messages: 3, in chats: 1" in out


async def test_other_shapes_of_messages_and_times_are_understood(desk: Desk) -> None:
    page = {
        "object": "list",
        "data": [
            message(1, "user", "строкой", "2025-02-20T10:00:00Z"),
            message(2, "assistant", [{"type": "output_text", "text": "частью"}], 1_740_050_000_000),
            message(
                3, "user", [{"type": "image_file", "image_file": {"file_id": "file-1"}}], 1_740_060_000.5
            ),
            message(4, "system", "не для людей", 1_740_060_001),
            {**message(5, "assistant", ""), "content": "просто так", "created_at": None},
        ],
    }
    await desk.bring({"thread": {"id": "t", "metadata": {"tg_id": "5"}}, "messages": page})
    assert [text for _, _, text in await desk.stored()] == ["строкой", "частью", "[photo]", "просто так"]


async def test_lines_without_a_place_are_counted_and_named_and_the_rest_is_stored(desk: Desk) -> None:
    out = await desk.bring(
        thread("thread_good", message(1, "user", "раз"), user_id="12"),
        thread("thread_nobody", message(2, "user", "два"), session="abc"),
        thread("thread_mute", chat_id="13"),
        {"id": "thread_bare"},
    )
    assert await desk.stored() == [(12, "customer", "раз")]
    assert "could not be placed: 3" in out
    for named in ("line 2 (thread_nobody)", "line 3 (thread_mute)", "line 4 (thread_bare)", "--chat-field"):
        assert named in out


async def test_the_owner_can_name_where_the_chat_id_stands(desk: Desk) -> None:
    await desk.bring(thread("t", message(1, "user", "раз"), peer="-100123", chat_id="9"), chat_field="peer")
    assert await desk.stored() == [(-100123, "customer", "раз")]


async def test_a_second_run_says_that_nothing_is_new(desk: Desk) -> None:
    good = thread("t", message(1, "user", "раз"), chat_id="9")
    await desk.bring(good)
    assert "nothing new" in await desk.bring(good)
    assert len(await desk.stored()) == 1


async def test_threads_of_one_customer_become_one_dialogue_by_time(desk: Desk) -> None:
    later = thread("t2", message(20, "user", "потом"), message(21, "assistant", "да"), chat_id="9")
    earlier = thread("t1", message(10, "user", "сначала"), message(11, "assistant", "да"), chat_id="9")
    await desk.bring(later, earlier)
    assert [text for _, _, text in await desk.stored()] == ["сначала", "да", "потом", "да"]


async def test_while_the_bot_runs_nothing_is_stored(desk: Desk) -> None:
    url = desk.settings.database_url.get_secret_value()
    async with SqlStore.open(url, exclusive=True):
        with pytest.raises(ConfigError, match="sovetnik run"):
            await desk.bring(thread("t", message(1, "user", "раз"), chat_id="9"))
    assert await desk.stored() == []


async def test_a_file_without_one_thread_that_has_a_place_is_an_error(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="no Telegram chat id"):
        await desk.bring(thread("t", message(1, "user", "раз")))
    assert not (desk.folder / "sovetnik.db").exists()


async def test_a_line_that_is_no_json_is_named(desk: Desk) -> None:
    path = desk.folder / "threads.jsonl"
    path.write_text('{"id": "t", "messages": []}\n{"id": ')
    with pytest.raises(ConfigError, match="line 2 is no JSON"):
        await import_file(desk.settings, path)

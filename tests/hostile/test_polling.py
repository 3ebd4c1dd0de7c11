"""Updates that nobody can read, over HTTP: they hold up neither the poller nor the customers behind them."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import telegram
from hypothesis import assume, given
from hypothesis import strategies as st

from sovetnik.core.model import Incoming
from sovetnik.core.texts import storable
from sovetnik.telegram_ui import Poller, polling
from sovetnik.telegram_ui.incoming import incoming_from
from tests.hostile.odd import tries
from tests.hostile.stage import Stage, stage
from tests.hostile.updates import ANNA, Json, broken_updates, one_of_each

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Stage]:
    monkeypatch.setattr(polling, "LONGEST_PAUSE", 0.02)
    async with stage(tmp_path) as made:
        made.telegram.person(ANNA).start()
        running = asyncio.create_task(Poller(made.bot, made.accept).run())
        await made.telegram.wait_for_messages(ANNA, 1)
        yield made
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def anna_is_answered_after(scene: Stage, *updates: Json) -> None:
    """Those updates come, then hers; only hers has to be answered."""
    anna, scene.asked = scene.telegram.person(ANNA), scene.asked + 1
    text = f"Обычный вопрос номер {scene.asked}"
    for update in updates:
        scene.telegram.push(update)
    anna.say(text)
    try:
        await scene.telegram.wait_until(lambda: any(text in it for it in scene.telegram.answers(ANNA)), 5)
    finally:
        scene.telegram.updates.queue.clear()


def changed(kind: str = "message", /, *path: str, to: Any = None, without: bool = False) -> Json:
    """Anna's update with one part changed or taken out."""
    update = {kind: copy.deepcopy(one_of_each(7)[kind])}
    place: Any = update
    for name in (kind, *path)[:-1]:
        place = place[name]
    if without:
        del place[(kind, *path)[-1]]
    else:
        place[(kind, *path)[-1]] = to
    return update


UNREADABLE: dict[str, Json] = {
    "a list": {"message": [1]},
    "a text": {"message": "?"},
    "nothing in it": {"message": {}},
    "no date": changed("message", "date", without=True),
    "no chat": changed("message", "chat", without=True),
    "no id": changed("message", "message_id", without=True),
    "no chat's id": changed("message", "chat", "id", without=True),
    "a moment far away": changed("message", "date", to=2**62),
    "a date in words": changed("message", "date", to="вчера"),
    "a person without a name": changed("message", "from", to={"id": ANNA, "is_bot": False}),
    "a voice without a length": changed("message", "voice", to={"file_id": "A", "file_unique_id": "B"}),
    "a number for a text": changed("message", "text", to=7),
    "a chat of no kind": changed("message", "chat", to={"id": ANNA}),
    "a press of nobody": changed("callback_query", "from", without=True),
    "a press without a button": changed("callback_query", "data", without=True),
    "a member of no kind": changed("my_chat_member", "new_chat_member", to={}),
}


async def test_an_unreadable_update_holds_up_nobody(scene: Stage) -> None:
    for update in UNREADABLE.values():
        await anna_is_answered_after(scene, update)


async def test_many_unreadable_updates_at_once(scene: Stage) -> None:
    await anna_is_answered_after(scene, *UNREADABLE.values(), *UNREADABLE.values())
    assert len(scene.telegram.answers(ANNA)) <= 2 + 2 * len(UNREADABLE)


REFUSED_BY_THE_DATABASE: dict[str, Json] = {
    "a chat's id of 80 bits": changed("message", "chat", "id", to=2**79),
    "a list for a chat's id": changed("message", "chat", "id", to=[1]),
    "half an emoji in a username": changed("message", "from", "username", to="anna\ud83d"),
    "half an emoji in a language": changed("message", "from", "language_code", to="\ud83d"),
    "no moment": changed("message", "date", to=None),
    "a group that becomes words": changed("message", "migrate_to_chat_id", to="?"),
}


def read(scene: Stage, update: Json) -> Incoming | None:
    """What the poller would make of it; None where it would skip it."""
    try:
        return incoming_from(telegram.Update.de_json({"update_id": 1, **update}, scene.bot), scene.bot.bot)
    except Exception:  # noqa: BLE001 - as the poller does
        return None


@pytest.mark.parametrize("name", REFUSED_BY_THE_DATABASE)
async def test_what_is_read_can_be_stored(scene: Stage, name: str) -> None:
    incoming = read(scene, REFUSED_BY_THE_DATABASE[name])
    await scene.accept([incoming] if incoming else [])


def is_refused_by_the_database(incoming: Incoming) -> bool:
    """The fault of the test above; to go with its mark."""
    words = (incoming.username, incoming.language_code)
    return (
        not isinstance(incoming.chat_id, int)
        or abs(incoming.chat_id) >= 2**63
        or incoming.sent_at is None
        or any(word is not None and (not isinstance(word, str) or word != storable(word)) for word in words)
        or (incoming.kind == "migrated" and not incoming.text.lstrip("-").isdecimal())
    )


def goes_over_the_wire(update: Json) -> bool:
    """Telegram's JSON holds neither NaN nor halves of emoji."""
    try:
        return bool(json.dumps(update, ensure_ascii=False, allow_nan=False).encode())
    except ValueError:
        return False


@tries(10)
@given(updates=st.lists(broken_updates().filter(goes_over_the_wire), min_size=1, max_size=5))
async def test_any_broken_updates_hold_up_nobody(scene: Stage, updates: list[Json]) -> None:
    found = [read(scene, update) for update in updates]
    assume(not any(incoming and is_refused_by_the_database(incoming) for incoming in found))
    await anna_is_answered_after(scene, *updates)

"""Pictures: shown to a model that can see, and no burden to one that cannot."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import pytest

from sovetnik.assistant import consultant
from sovetnik.core.errors import AssistantError
from sovetnik.demo.modelapi import Call, ModelRequest, Text, ToolCall, scripted
from tests.assistant.office import Office, office

JPEG = f"data:image/jpeg;base64,{base64.b64encode(bytes([0xFF, 0xD8, 0xFF, 0xE0]) + b'picture').decode()}"
BROKEN = f"data:image/jpeg;base64,{base64.b64encode(b'no picture').decode()}"
NOT_SEEN = "[you cannot see pictures: ask the customer to describe them]"


@pytest.fixture(params=["conversation", "history"])
async def desk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Office]:
    monkeypatch.setattr(consultant, "asyncio", SimpleNamespace(sleep=lambda _: asyncio.sleep(0)))
    async with office(request.param) as ready:
        yield ready


def has_picture(call: Call) -> bool:
    return "input_image" in str(call.body["input"])


def blind(desk: Office, **refusal: Any) -> None:
    given = {"status": 400, "message": "This model does not support image inputs.", **refusal}
    desk.api.faults.add(times=None, when=has_picture, **given)


def pictures_sent(desk: Office) -> list[bool]:
    return [has_picture(call) for call in desk.api.responses]


async def test_the_model_sees_words_and_pictures_together(desk: Office) -> None:
    seen: list[tuple[str, int]] = []

    def look(request: ModelRequest) -> Text:
        seen.append((request.last_user_text, str(request.items).count("input_image")))
        return Text("Это «Нерль»")

    desk.api.brain = look
    assert (await desk.ask("Что это?", images=(JPEG, JPEG))).text == "Это «Нерль»"
    assert seen == [("Что это?", 2)]


async def test_a_tool_call_after_a_picture_keeps_it(desk: Office) -> None:
    desk.api.brain = scripted([ToolCall("search_knowledge", {"query": "Нерль"}), Text("Да")])
    assert (await desk.ask("Что это?", images=(JPEG,))).text == "Да"
    assert pictures_sent(desk)[0] is True


@pytest.mark.parametrize(
    "refusal",
    [
        {},
        {"status": 404, "message": "No endpoints found that support image input"},
        {"status": 422, "message": "content must be a string"},
        {"status": 500, "message": "image input is not supported - you may need to provide the mmproj"},
    ],
    ids=lambda refusal: str(refusal.get("status", 400)),
)
async def test_a_model_that_refuses_pictures_answers_the_same_turn_without_them(
    desk: Office, refusal: dict[str, Any]
) -> None:
    blind(desk, **refusal)
    desk.api.brain = lambda request: Text(request.last_user_text)
    assert (await desk.ask("Что это?", images=(JPEG,))).text == f"Что это?\n{NOT_SEEN}"
    assert pictures_sent(desk) == [True, False]


async def test_a_model_that_cannot_see_is_soon_not_shown_pictures_any_more(desk: Office) -> None:
    blind(desk)
    desk.api.brain = lambda request: Text(request.last_user_text)
    for _ in range(4):
        assert NOT_SEEN in (await desk.ask("Что это?", images=(JPEG,))).text
    assert pictures_sent(desk) == [True, False, True, False, False, False]


async def test_one_odd_picture_does_not_blind_the_model(desk: Office) -> None:
    desk.api.brain = lambda request: Text(request.last_user_text)
    for image in (BROKEN, JPEG, BROKEN, JPEG):
        said = (await desk.ask("Что это?", images=(image,))).text
        assert (NOT_SEEN in said) == (image == BROKEN)


async def test_after_an_hour_the_model_is_shown_a_picture_again(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consultant, "BLIND_FOR", 0.0)
    blind(desk)
    for _ in range(3):
        await desk.ask("Что это?", images=(JPEG,))
    assert pictures_sent(desk) == [True, False] * 3


async def test_a_failure_that_has_nothing_to_do_with_pictures_does_not_blind(desk: Office) -> None:
    desk.api.faults.add(times=None, status=400, message="Unknown parameter: 'tools'.")
    for _ in range(2):
        with pytest.raises(AssistantError):
            await desk.ask("Что это?", images=(JPEG,))
    desk.api.faults.clear()
    await desk.ask("Что это?", images=(JPEG,))
    assert pictures_sent(desk) == [True, False, True, False, True]


async def test_a_passing_failure_is_mended_with_the_picture(desk: Office) -> None:
    desk.api.faults.bad_gateway()
    await desk.ask("Что это?", images=(JPEG,))
    assert pictures_sent(desk) == [True, True]

"""Erasing a conversation at the provider: all of its items, however often it takes."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from sovetnik.assistant import erase_conversation
from sovetnik.core.errors import AssistantError
from tests.assistant.office import Office, office

ITEMS = 230
"""More than two pages of a list."""


@pytest.fixture
async def desk() -> AsyncGenerator[Office]:
    async with office("conversation") as ready:
        yield ready


async def long_conversation(desk: Office, count: int = ITEMS) -> str:
    opened = await desk.client.conversations.create()
    for start in range(0, count, 20):
        some = range(start, min(start + 20, count))
        await desk.client.conversations.items.create(
            opened.id, items=[{"role": "user", "content": f"слово {n}"} for n in some]
        )
    return opened.id


async def test_every_item_goes_and_then_the_conversation(desk: Office) -> None:
    conversation = await long_conversation(desk)
    assert len(desk.api.store.items) == ITEMS
    await erase_conversation(desk.client, conversation)
    assert desk.api.store.items == {}
    await erase_conversation(desk.client, conversation)  # gone already: fine


async def test_an_erasing_that_was_cut_off_goes_on_where_it_was(desk: Office) -> None:
    conversation = await long_conversation(desk, 30)
    cut = lambda call: len(desk.api.store.items) == 12  # noqa: E731 - a predicate of one line
    desk.api.faults.add("/v1/conversations/*/items/*", method="DELETE", when=cut, status=500)
    with pytest.raises(AssistantError) as trouble:
        await erase_conversation(desk.client, conversation)
    assert trouble.value.kind == "server"
    assert len(desk.api.store.items) == 12
    await erase_conversation(desk.client, conversation)
    assert desk.api.store.items == {}


async def test_an_item_that_is_gone_already_does_not_save_the_others(desk: Office) -> None:
    conversation = await long_conversation(desk, 5)
    desk.api.faults.add("/v1/conversations/*/items/*", method="DELETE", status=404, message="No item found")
    await erase_conversation(desk.client, conversation)
    assert len(desk.api.store.items) == 1  # the one that the server said it did not have
    assert desk.api.requests[-1].method == "DELETE"  # and the conversation went as well
    assert desk.api.requests[-1].path == f"/v1/conversations/{conversation}"


@pytest.mark.parametrize(("status", "kind"), [(401, "auth"), (429, "rate_limit"), (503, "server")])
async def test_a_refusal_comes_in_our_words(desk: Office, status: int, kind: str) -> None:
    conversation = await long_conversation(desk, 1)
    desk.api.faults.add("/v1/conversations/*", times=None, status=status)
    with pytest.raises(AssistantError) as trouble:
        await erase_conversation(desk.client, conversation)
    assert trouble.value.kind == kind

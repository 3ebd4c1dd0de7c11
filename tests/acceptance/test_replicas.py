"""Several `sovetnik run` on one PostgreSQL: one dies, one freezes, and customers notice nothing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from itertools import count
from pathlib import Path

import pytest

from sovetnik.demo.botapi.people import Person
from sovetnik.demo.modelapi import Reply, Text, ToolCall
from sovetnik.demo.modelapi.faults import Fault
from tests import postgres
from tests.acceptance.stage import Bot, Stage, stage, until

TAKEOVER = 30.0


@pytest.fixture
async def scene(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Stage]:
    if request.config.getoption("--database") != "postgres":
        pytest.skip("several processes on PostgreSQL: run this file with --database=postgres")
    async with stage(tmp_path) as ready:
        ready.env["DATABASE_URL"] = postgres.fresh(migrated=False)
        yield ready


async def two(scene: Stage) -> tuple[Bot, Bot]:
    """Started at the same moment on an empty database; the one on duty first."""
    bots = [await scene.launch(), await scene.launch()]
    for bot in bots:
        await bot.logged("ready")
    await until(lambda: any(bot.events("on_duty") for bot in bots), "nobody is on duty")
    return (bots[0], bots[1]) if bots[0].events("on_duty") else (bots[1], bots[0])


async def somebody_whom_it_answers(scene: Stage, bot: Bot, held: Fault, text: str) -> Person:
    """People write, one after the other, until one lies with this replica; the model is held."""
    replica = bot.events("on_duty")[0]["replica"]
    for number in count(1):
        person = scene.telegram.person()
        person.say(text)
        await until(lambda: held.hits == number, "the model did not begin")  # noqa: B023 - waited for here
        query = f"SELECT owner FROM chats WHERE id = {person.id}"
        ((owner,),) = postgres.execute(query, scene.env["DATABASE_URL"])
        if owner.startswith(replica):
            return person
    raise AssertionError


async def test_a_replica_killed_in_the_middle_of_a_turn_is_replaced(scene: Stage) -> None:
    contact = ToolCall("save_contact", {"name": "Анна", "phone": "+79123456789", "order": "Нерль"})
    scene.model.brain = lambda request: Text("Записал") if request.tool_outputs else contact
    fault = scene.model.faults.add(hold_after=4, when=lambda call: "function_call_output" in str(call.body))
    first, second = await two(scene)
    anna = scene.telegram.person()
    anna.say("Анна, +79123456789")
    await until(lambda: fault.hits == 1, "the model was not asked again")
    await first.kill()
    fault.release()
    later = scene.telegram.person()
    later.say("есть кто?")
    await scene.telegram.wait_for_messages(later.id, 2, timeout=TAKEOVER)
    await scene.telegram.wait_for_messages(anna.id, 2, timeout=TAKEOVER)  # the consent, then the answer
    await scene.mailbox.wait_for(2)
    assert second.events("on_duty")
    assert scene.telegram.answers(anna.id)[1:] == ["Записал"]
    assert len(await scene.rows("leads")) == 2
    assert len({mail.message["Message-ID"] for mail in scene.mailbox.mails}) == 2
    assert await second.stop() == 0


async def test_a_replica_that_was_frozen_neither_sends_nor_writes_what_another_did(scene: Stage) -> None:
    scene.model.brain = lambda request: Text(" | ".join(request.user_texts))
    fault = scene.model.faults.add(hold_after=4, times=None)
    first, second = await two(scene)
    anna = await somebody_whom_it_answers(scene, first, fault, "первый")
    first.process.send_signal(signal.SIGSTOP)
    fault.release()
    await scene.telegram.wait_for_messages(anna.id, 1, timeout=TAKEOVER)
    first.process.send_signal(signal.SIGCONT)
    await first.logged("chat_taken_over")
    anna.say("второй")
    await scene.telegram.wait_for_messages(anna.id, 2)
    assert scene.telegram.answers(anna.id) == ["первый", "первый | второй"]
    assert second.events("on_duty")
    assert await first.stop() == 0


async def test_the_owner_hears_once_that_the_model_is_away(scene: Stage) -> None:
    scene.model.faults.quota(times=None)
    scene.env["MODEL_CONCURRENCY"] = "1"  # two chats at most for each: the third goes to the other
    bots = await two(scene)
    asked = 0
    while not all(bot.events("model_away") for bot in bots):
        people = [scene.telegram.person() for _ in range(8)]
        for person in people:
            person.say("Есть доставка?")
        for person in people:
            await scene.telegram.wait_for_messages(person.id, 1, timeout=TAKEOVER)
        asked += 1
        assert asked < 20, "one of them does everything"
    await scene.mailbox.wait_for(1)
    notices = "SELECT count(*) FROM outbox WHERE kind = 'notice'"
    assert postgres.execute(notices, scene.env["DATABASE_URL"]) == [(1,)]


async def test_replicas_share_a_crowd_and_keep_each_customers_order(scene: Stage) -> None:
    scene.model.brain = lambda request: Reply([Text(request.last_user_text)], first_token_delay=0.3)
    scene.env["MODEL_CONCURRENCY"] = "4"
    bots = await two(scene)
    people = [scene.telegram.person() for _ in range(30)]
    for number in range(3):
        for person in people:
            person.say(f"№{number}")
        await asyncio.sleep(0.2)

    def answered(chat_id: int) -> str:
        return "\n".join(scene.telegram.answers(chat_id))

    await until(lambda: all("№2" in answered(person.id) for person in people), "somebody waits", 60)
    for person in people:
        assert answered(person.id).split("\n") == ["№0", "№1", "№2"]
    assert all(bot.events("turn_done") for bot in bots), "one of them did nothing"
    assert [await bot.stop() for bot in bots] == [0, 0]

"""Several `sovetnik run` on one PostgreSQL: one dies, one freezes, and customers notice nothing."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sovetnik.demo.botapi.people import Person
from sovetnik.demo.modelapi import Reply, Text, ToolCall
from sovetnik.demo.modelapi.faults import Fault
from sovetnik.demo.serving import serve
from tests import postgres
from tests.acceptance.stage import Bot, Stage, stage, until

TAKEOVER = 30.0
SECRET = "x-telegram-bot-api-secret-token"


@pytest.fixture
async def scene(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Stage]:
    if request.config.getoption("--database") != "postgres":
        pytest.skip("several processes on PostgreSQL: run this file with --database=postgres")
    async with stage(tmp_path) as ready:
        ready.env["DATABASE_URL"] = postgres.fresh(migrated=False)
        yield ready


async def two(scene: Stage, **changes: str) -> tuple[Bot, Bot]:
    """Started at the same moment on an empty database; the one on duty first."""
    bots = [await scene.launch(**changes), await scene.launch(**changes)]
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


@dataclass
class Balancer:
    """What stands in front of the webhooks: hands each call to the next replica, or each to all of them."""

    listeners: list[str]
    http: httpx.AsyncClient
    to_all: bool = False
    statuses: list[int] = field(default_factory=list)
    _next: Iterator[int] = field(default_factory=count)

    async def hand_over(self, request: Request) -> Response:
        body = await request.body()
        chosen = self.listeners
        if not self.to_all:
            chosen = [self.listeners[next(self._next) % len(self.listeners)]]
        headers = {
            name: request.headers[name] for name in ("content-type", SECRET) if name in request.headers
        }
        posts = [
            self.http.post(f"http://{listener}/telegram", content=body, headers=headers)
            for listener in chosen
        ]
        answers = await asyncio.gather(*posts, return_exceptions=True)
        statuses = [one.status_code if isinstance(one, httpx.Response) else 502 for one in answers]
        self.statuses += statuses
        return Response(status_code=max(statuses))


@asynccontextmanager
async def behind_a_balancer(scene: Stage, **changes: str) -> AsyncGenerator[tuple[Balancer, list[Bot]]]:
    """Two replicas with webhooks; no proxy of ours stands between, so both are plain HTTP here."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(2)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        listeners = [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]
    http = httpx.AsyncClient(trust_env=False, verify=False, timeout=30)
    balancer = Balancer(listeners, http)
    route = Route("/telegram", balancer.hand_over, methods=["POST"])
    async with http, serve(Starlette(routes=[route])) as url:
        changes["TELEGRAM_WEBHOOK_URL"] = f"{url}/telegram"
        bots = [await scene.launch(TELEGRAM_WEBHOOK_LISTEN=one, **changes) for one in balancer.listeners]
        for bot in bots:
            await bot.logged("ready")
        yield balancer, bots


async def test_a_webhook_is_answered_by_whichever_replica_is_called(scene: Stage) -> None:
    async with behind_a_balancer(scene) as (balancer, bots):
        assert [call.status for call in scene.telegram.calls_of("setWebhook")] == [200, 200]
        assert not scene.telegram.calls_of("deleteWebhook")
        anna = scene.telegram.person()
        for number in range(1, 5):
            anna.say(f"№{number}")
            await scene.telegram.wait_for_messages(anna.id, number, timeout=TAKEOVER)
        assert all(bot.events("turn_done") for bot in bots)
        balancer.to_all = True
        anna.say("дважды")
        await scene.telegram.wait_for_messages(anna.id, 5, timeout=TAKEOVER)
        await until(lambda: len(balancer.statuses) == 6, "not both were called")
        anna.say("последний")
        await scene.telegram.wait_for_messages(anna.id, 6, timeout=TAKEOVER)
        assert set(balancer.statuses) == {200}
        heard = [row["text"] for row in await scene.rows("export") if row["role"] == "customer"]
        assert heard == ["№1", "№2", "№3", "№4", "дважды", "последний"]
        assert len(scene.telegram.answers(anna.id)) == 6
        assert [await bot.stop() for bot in bots] == [0, 0]


async def test_what_a_dead_replica_does_not_take_telegram_brings_to_the_other(scene: Stage) -> None:
    async with behind_a_balancer(scene) as (balancer, bots):
        await bots[0].kill()
        people = [scene.telegram.person() for _ in range(4)]
        for person in people:
            person.say("есть кто?")
        for person in people:
            await scene.telegram.wait_for_messages(person.id, 1, timeout=TAKEOVER)
        assert 502 in balancer.statuses
        assert scene.telegram.webhook.url  # the one that stops leaves it to the other
        assert await bots[1].stop() == 0
        assert scene.telegram.webhook.url


async def _talk(scene: Stage, person: Person) -> None:
    for number in count(1):
        person.say(f"№{number}")
        await scene.telegram.wait_for_messages(person.id, number, timeout=90)


async def _measured(scene: Stage, rate: int) -> tuple[int, int]:
    """Most messages in any five seconds, and in any ten when all is settled, by Telegram's clock."""
    talking = [asyncio.create_task(_talk(scene, scene.telegram.person())) for _ in range(5 * rate)]
    settled = time.time() + 10.0  # shares follow the need with a few signs of life

    def sent() -> list[float]:
        return [call.at for call in scene.telegram.calls_of("sendMessage")]

    await until(lambda: max(sent(), default=0.0) > settled + 15.0, "nobody sends", 90)
    for task in talking:
        task.cancel()
    await asyncio.gather(*talking, return_exceptions=True)
    at = sent()
    in_five = max(sum(begin <= one < begin + 5 for one in at) for begin in at)
    in_ten = max(sum(begin <= one < begin + 10 for one in at) for begin in at if begin > settled)
    return in_five, in_ten


async def test_replicas_with_even_load_keep_to_telegrams_overall_limit_and_use_it(scene: Stage) -> None:
    rate = 10
    async with behind_a_balancer(scene, TELEGRAM_RATE=str(rate)):
        in_five, in_ten = await _measured(scene, rate)
    assert in_five <= 5 * rate * 1.1
    assert in_ten >= 10 * rate * 0.9


async def test_a_replica_that_does_nearly_all_may_send_nearly_all(scene: Stage) -> None:
    rate = 10
    async with behind_a_balancer(scene, TELEGRAM_RATE=str(rate)) as (balancer, _):
        balancer.listeners = balancer.listeners[:1]
        in_five, in_ten = await _measured(scene, rate)
    assert in_five <= 5 * rate * 1.1
    assert in_ten >= 10 * rate * 0.8  # equal parts would leave it 0.5

"""Telegram under load, on a clock that leaps: answers arrive once, and nobody waits for another's 429."""

from __future__ import annotations

import asyncio
import random

from sovetnik.demo.botapi import TELEGRAM_LIMITS, Limits
from tests.telegram_ui.simulated import Stage, clock, play

LONG = "\n\n".join(f"Абзац {n}. " + "слово " * 150 for n in range(12))
PEOPLE = 30


def test_when_telegram_refuses_every_third_message_each_answer_arrives_once_and_in_order() -> None:
    pauses = random.Random(7)

    async def scenario(stage: Stage) -> None:
        for _ in range(PEOPLE * 4):
            stage.api.faults.add("sendMessage", status=200, times=2)
            stage.api.faults.add("sendMessage", status=429, retry_after=pauses.randint(1, 150))
        people = [stage.api.person() for _ in range(PEOPLE)]
        for person in people:
            person.start()

        async def talk(chat_id: int) -> None:
            for n in range(3):
                async with stage.composing(stage.turn(chat_id)) as show:
                    show(f"Ответ {n}")
                    await asyncio.sleep(1)
                await stage.answer(f"Ответ {n}", chat_id)

        await asyncio.gather(*(talk(person.id) for person in people))
        for person in people:
            assert stage.api.answers(person.id) == [f"Ответ {n}" for n in range(3)]
        assert sum(call.status == 429 for call in stage.api.calls) >= PEOPLE

    play(scenario, pace=(30, 1))


def test_long_answers_come_whole_through_a_storm() -> None:
    async def scenario(stage: Stage) -> None:
        for pause in (3, 150, 1, 40, 17, 9):
            stage.api.faults.add("sendMessage", status=200, times=2)
            stage.api.faults.add("sendMessage", status=429, retry_after=pause)
        await stage.answer(LONG)
        await stage.answer(LONG)
        assert "\n".join(stage.api.answers(stage.anna.id)).split() == LONG.split() * 2

    play(scenario, pace=(30, 1))


def test_a_chat_that_has_to_wait_holds_up_nobody_else() -> None:
    async def scenario(stage: Stage) -> None:
        boris = stage.api.person(first_name="Борис")
        boris.start()
        stage.api.faults.add("sendMessage", chat_id=stage.anna.id, retry_after=150)
        waiting = asyncio.create_task(stage.answer("Анне"))
        await asyncio.sleep(0)
        for n in range(5):
            await stage.answer(str(n), boris.id)
        assert clock() <= 6
        await waiting
        assert clock() >= 150
        assert stage.api.answers(stage.anna.id) == ["Анне"]

    play(scenario, pace=(30, 1))


def test_at_our_pace_telegram_refuses_nothing() -> None:
    async def scenario(stage: Stage) -> None:
        people = [stage.api.person() for _ in range(100)]
        for person in people:
            person.start()
        group = stage.api.group(stage.anna)

        async def talk(chat_id: int, answers: int) -> None:
            for _ in range(answers):
                await stage.answer("Да", chat_id)

        await asyncio.gather(talk(group.id, 45), *(talk(person.id, 3) for person in people))
        assert all(call.status == 200 for call in stage.api.calls)
        assert len(stage.api.answers(group.id)) == 45

    play(scenario, pace=(30, 1), limits=TELEGRAM_LIMITS)


def test_drafts_at_our_pace_are_not_refused_either() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            for n in range(100):
                show("слово " * n)
                await asyncio.sleep(0.2)
        assert stage.drafts()
        assert all(call.status == 200 for call in stage.api.calls)

    play(scenario, limits=Limits(drafts_per_second=1))

"""What customers see while an answer is in the making, on a clock that leaps instead of waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from structlog.testing import capture_logs

from sovetnik.core.errors import StorageError
from sovetnik.core.texts import EN, RU
from sovetnik.demo.botapi import TELEGRAM_LIMITS
from tests.telegram_ui.simulated import Stage, clock, play

GROUP = -4_000_001
SENTENCE = "Доставка по городу стоит 500 ₽ и занимает два дня."


async def speak(show: Callable[[str], None], text: str, seconds: float) -> None:
    """The text, word by word, within so many seconds."""
    words = text.split()
    for n in range(1, len(words) + 1):
        show(" ".join(words[:n]))
        await asyncio.sleep(seconds / len(words))


def spaced(at: list[float], least: float) -> bool:
    return all(later - earlier >= least - 0.001 for earlier, later in pairwise(at))


# drafts


def test_the_growing_text_is_shown_once_a_second_as_one_draft_with_the_newest_words() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            await asyncio.sleep(2)
            await speak(show, " ".join(f"слово{n}" for n in range(100)), 10)
        await stage.answer("готово")
        at = stage.at("sendMessageDraft")
        assert len(at) >= 9
        assert spaced(at, 1)
        for moment, text in zip(at, stage.drafts(), strict=True):
            assert len(text.split()) >= (moment - 2) * 10 - 1
        assert len({call.params["draft_id"] for call in stage.calls("sendMessageDraft")}) == 1
        assert stage.api.answers(stage.anna.id) == ["готово"]

    play(scenario)


@pytest.mark.parametrize("thinking", [0.05, 0.31, 3.99, 6.0])
def test_the_first_words_are_shown_at_once(thinking: float) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            await asyncio.sleep(thinking)
            show("**")
            await asyncio.sleep(0.01)
            show("**Да")
            await asyncio.sleep(0.1)
            assert stage.drafts() == ["Да"]

    play(scenario)


def test_an_answer_that_is_there_at_once_is_only_sent() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            await asyncio.sleep(0.1)
            show("Да")
            show("Да, есть")
        await stage.answer("Да, есть")
        assert stage.at("sendMessageDraft") == stage.at("sendChatAction") == []

    play(scenario)


def test_a_text_that_stands_still_is_shown_again_before_telegram_drops_it() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            show("Сейчас посмотрю.")
            for _ in range(100):
                await asyncio.sleep(1)
                assert stage.api.chat(stage.anna.id).draft is not None
        assert set(stage.drafts()) == {"Сейчас посмотрю."}
        assert len(stage.drafts()) <= 6

    play(scenario)


def test_a_turn_of_another_moment_begins_another_draft() -> None:
    async def scenario(stage: Stage) -> None:
        for text in ("раз", "два"):
            async with stage.composing() as show:
                show(text)
                await asyncio.sleep(1)
            await stage.answer(text)
        assert len({call.params["draft_id"] for call in stage.calls("sendMessageDraft")}) == 2

    play(scenario)


def test_without_streaming_only_typing_is_shown() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            await speak(show, SENTENCE, 7)
        await stage.answer(SENTENCE)
        assert stage.at("sendMessageDraft", refused=True) == []
        assert stage.at("sendMessage") == [7.0]
        assert stage.at("sendChatAction") == [0.3, 4.3]

    play(scenario, streaming="off")


# where drafts are refused


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 400, "description": "Bad Request: TEXTDRAFT_PEER_INVALID"},
        {"status": 404, "description": "Not Found"},
    ],
    ids=["peer", "unknown method"],
)
def test_where_drafts_are_refused_a_real_message_grows_and_goes(refusal: dict[str, Any]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.faults.add("sendMessageDraft", times=None, **refusal)
        async with stage.composing() as show:
            await asyncio.sleep(1)
            await speak(show, " ".join([SENTENCE] * 3), 9)
        edits = stage.at("editMessageText")
        assert len(stage.at("sendMessageDraft", refused=True)) == 1
        assert len(edits) >= 4
        assert spaced(edits, 1.5)
        (preview,) = stage.previews
        (shown,) = stage.api.chat(stage.anna.id).from_bot
        assert shown.id == preview
        assert stage.calls("sendMessage")[0].params["disable_notification"]
        await stage.answer("готово", preview=preview)
        assert stage.api.answers(stage.anna.id) == ["готово"]

    play(scenario)


def test_a_refused_draft_is_shown_as_a_message_without_waiting_for_more_words() -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.faults.add(
            "sendMessageDraft", status=400, description="Bad Request: TEXTDRAFT_PEER_INVALID"
        )
        async with stage.composing() as show:
            show(SENTENCE)
            await asyncio.sleep(0.5)
            assert stage.api.answers(stage.anna.id) == [SENTENCE]

    play(scenario)


def test_a_message_is_not_sent_for_a_word_or_two_but_as_soon_as_there_are_more() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            await asyncio.sleep(1)
            show("Да")
            await asyncio.sleep(0.5)
            assert stage.at("sendMessage") == []
            show(SENTENCE)
            await asyncio.sleep(0.05)
            assert stage.api.answers(stage.anna.id) == [SENTENCE]

    play(scenario, streaming="edits")


def test_a_preview_that_a_killed_process_left_is_gone_on_with() -> None:
    async def scenario(stage: Stage) -> None:
        left = await stage.bot.send_message(stage.anna.id, "Доставка по го")
        async with stage.composing(stage.turn(preview=left.message_id)) as show:
            show(SENTENCE)
            await asyncio.sleep(0.5)
            assert stage.api.answers(stage.anna.id) == [SENTENCE]
        assert stage.previews == []
        await stage.answer("готово", preview=left.message_id)
        assert stage.api.answers(stage.anna.id) == ["готово"]

    play(scenario, streaming="edits")


def test_a_preview_that_the_customer_deleted_is_made_anew() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            show(SENTENCE)
            await asyncio.sleep(0.5)
            (first,) = stage.api.chat(stage.anna.id).from_bot
            first.deleted = True
            show(SENTENCE + " Ещё")
            await asyncio.sleep(5)
        assert stage.api.answers(stage.anna.id) == [SENTENCE + " Ещё"]
        assert stage.previews[-1] == stage.api.chat(stage.anna.id).from_bot[-1].id

    play(scenario, streaming="edits")


def test_a_preview_that_cannot_be_noted_does_not_stay_in_the_chat() -> None:
    async def scenario(stage: Stage) -> None:
        stage.trouble = [StorageError("disk full")]
        async with stage.composing() as show:
            show(SENTENCE)
            await asyncio.sleep(0.5)
            assert stage.api.answers(stage.anna.id) == []
            await asyncio.sleep(2)
        assert len(stage.previews) == 1
        assert stage.api.answers(stage.anna.id) == [SENTENCE]

    play(scenario, streaming="edits")


def test_in_a_group_a_message_grows_in_place() -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.group(stage.anna, id=GROUP)
        async with stage.composing(stage.turn(GROUP)) as show:
            show(SENTENCE)
            await asyncio.sleep(2)
            show(SENTENCE + " Да.")
            await asyncio.sleep(2)
        assert stage.at("sendMessageDraft", refused=True) == []
        assert stage.api.answers(GROUP) == [SENTENCE + " Да."]
        await stage.answer("готово", GROUP, preview=stage.previews[0])
        assert stage.api.answers(GROUP) == ["готово"]

    play(scenario)


# what Telegram says to it


def test_a_slow_down_pauses_the_drafts_of_this_chat_and_never_the_answer() -> None:
    async def scenario(stage: Stage) -> None:
        boris = stage.api.person(first_name="Борис")
        boris.start()
        stage.api.faults.add("sendMessageDraft", chat_id=stage.anna.id, retry_after=7)
        async with stage.composing() as show, stage.composing(stage.turn(boris.id)) as other:
            await speak(show, SENTENCE, 2)
            await speak(other, SENTENCE, 4)
            assert stage.drafts() == []
            assert len(stage.drafts(boris.id)) >= 3
            began = clock()
            await stage.answer("готово")
            assert clock() == began
            await speak(show, SENTENCE + " И ещё несколько слов.", 5)
        assert stage.drafts() != []

    play(scenario)


def test_a_customer_who_blocked_the_bot_is_not_pestered() -> None:
    async def scenario(stage: Stage) -> None:
        stage.anna.block()
        async with stage.composing() as show:
            await speak(show, SENTENCE, 30)
        assert len(stage.at("sendMessageDraft", refused=True)) == 1
        assert len(stage.at("sendChatAction", refused=True)) <= 1

    play(scenario)


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 502, "body": "<html>"}], ids=str)
def test_trouble_on_the_way_is_tried_again(fault: dict[str, Any]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.faults.add("sendMessageDraft", times=2, **fault)
        async with stage.composing() as show:
            show(SENTENCE)
            await asyncio.sleep(6)
        assert stage.drafts() == [SENTENCE]

    play(scenario)


def test_a_preview_of_nothing_but_marks_is_not_sent() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            show("** ")
            await asyncio.sleep(3)
        assert stage.at("sendMessageDraft", refused=True) == []

    play(scenario)


# room for what is more important


def test_drafts_give_way_while_answers_need_the_line() -> None:
    async def scenario(stage: Stage) -> None:
        people = [stage.api.person() for _ in range(30)]
        for person in people:
            person.start()
        async with stage.composing() as show:
            show(SENTENCE)
            answers = asyncio.gather(*(stage.answer("Да", person.id) for person in people))
            await asyncio.sleep(0.5)
            assert stage.drafts() == []
            await answers
            await asyncio.sleep(2)
            assert stage.drafts() == [SENTENCE]

    play(scenario, pace=(10, 1))


def test_an_answer_never_waits_long_behind_drafts() -> None:
    async def scenario(stage: Stage) -> None:
        people = [stage.api.person() for _ in range(40)]
        for person in people:
            person.start()

        async def watch(chat_id: int) -> None:
            async with stage.composing(stage.turn(chat_id)) as show:
                await speak(show, " ".join([SENTENCE] * 5), 20)

        shows = asyncio.gather(*(watch(person.id) for person in people))
        await asyncio.sleep(10)
        began = clock()
        await asyncio.gather(*(stage.answer("Да", stage.anna.id) for _ in range(5)))
        assert clock() - began <= 1.1
        await shows
        at = stage.at("sendMessageDraft") + stage.at("sendMessage")
        assert max(sum(begin <= one < begin + 1 for one in at) for begin in at) <= 10

    play(scenario, pace=(10, 0))


def test_a_busy_machine_shows_no_drafts() -> None:
    async def scenario(stage: Stage) -> None:
        loop: Any = asyncio.get_running_loop()

        async def work_hard() -> None:
            while True:
                await asyncio.sleep(0.001)
                loop.now += 0.3

        async with stage.composing() as show:
            work = asyncio.create_task(work_hard())
            await speak(show, SENTENCE, 5)
            assert stage.drafts() == []
            work.cancel()
            await asyncio.sleep(2)
            assert stage.drafts() == [SENTENCE]

    play(scenario)


def test_edits_and_answers_together_keep_to_telegrams_limits() -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.group(stage.anna, id=GROUP)
        for _ in range(10):
            before = len(stage.previews)
            async with stage.composing(stage.turn(GROUP)) as show:
                await speak(show, " ".join([SENTENCE] * 3), 8)
            preview = stage.previews[-1] if len(stage.previews) > before else None
            began = clock()
            await stage.answer(SENTENCE, GROUP, preview=preview)
            assert clock() - began <= 1.1
        assert [call.status for call in stage.api.calls if call.status == 429] == []
        assert stage.api.answers(GROUP) == [SENTENCE] * 10

    play(scenario, pace=(30, 1), limits=TELEGRAM_LIMITS)


# typing and the honest line


def test_typing_goes_on_until_there_is_something_to_read() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            await asyncio.sleep(7)
            assert stage.at("sendChatAction") == [0.3, 4.3]
            await speak(show, SENTENCE, 10)
        assert stage.at("sendChatAction") == [0.3, 4.3]

    play(scenario)


def test_typing_that_hangs_holds_up_neither_the_words_nor_the_answer() -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.faults.add("sendChatAction", times=None, delay=60)
        async with stage.composing() as show:
            await asyncio.sleep(1)
            show(SENTENCE)
            await asyncio.sleep(0.1)
            assert stage.drafts() == [SENTENCE]
        assert clock() <= 1.7

    play(scenario)


@pytest.mark.parametrize(("language", "line"), [("ru", RU.thinking), ("en", EN.thinking)])
def test_after_eight_seconds_without_a_word_the_customer_is_told(language: Any, line: str) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing(stage.turn(language=language)) as show:
            await asyncio.sleep(7.9)
            assert stage.drafts() == []
            await asyncio.sleep(0.2)
            assert stage.drafts() == [line]
            await asyncio.sleep(60)
            assert stage.api.chat(stage.anna.id).draft is not None
            assert set(stage.drafts()) == {line}
            show(SENTENCE)
            await asyncio.sleep(1.1)
            assert stage.drafts()[-1] == SENTENCE
        await stage.answer(SENTENCE)
        assert stage.api.answers(stage.anna.id) == [SENTENCE]

    play(scenario)


def test_without_streaming_the_honest_line_is_a_draft_all_the_same() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            await asyncio.sleep(8.5)
            show(SENTENCE)
            await asyncio.sleep(3)
            assert stage.drafts() == [RU.thinking]
            assert stage.api.answers(stage.anna.id) == []

    play(scenario, streaming="off")


def test_where_there_are_no_drafts_the_honest_line_is_a_message_that_the_answer_replaces() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing():
            await asyncio.sleep(60)
            assert stage.api.answers(stage.anna.id) == [RU.thinking]
        (preview,) = stage.previews
        await stage.answer(SENTENCE, preview=preview)
        assert stage.api.answers(stage.anna.id) == [SENTENCE]

    play(scenario, streaming="edits")


def test_in_a_group_the_honest_line_grows_into_the_answer() -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.group(stage.anna, id=GROUP)
        async with stage.composing(stage.turn(GROUP)) as show:
            await asyncio.sleep(8.5)
            assert stage.api.answers(GROUP) == [RU.thinking]
            show(SENTENCE)
            await asyncio.sleep(1.6)
            assert stage.api.answers(GROUP) == [SENTENCE]
        assert len(stage.previews) == 1

    play(scenario)


def test_the_honest_line_is_not_forgotten_when_the_line_is_taken() -> None:
    async def scenario(stage: Stage) -> None:
        people = [stage.api.person() for _ in range(50)]
        for person in people:
            person.start()
        async with stage.composing():
            await asyncio.sleep(7)
            await asyncio.gather(*(stage.answer("Да", person.id) for person in people))
            await asyncio.sleep(3)
            assert stage.drafts() == [RU.thinking]

    play(scenario, pace=(10, 1))


def test_who_sees_words_is_not_told_to_wait() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            show("Сейчас посмотрю.")
            await asyncio.sleep(15)
        assert RU.thinking not in stage.drafts()

    play(scenario)


# the end


@pytest.mark.parametrize("streaming", ["drafts", "edits", "off"])
@pytest.mark.parametrize("ends", [0.0, 0.305, 1.02, 1.3, 4.32, 8.02, 8.4])
def test_nothing_of_the_show_arrives_after_the_answer(streaming: Any, ends: float) -> None:
    async def scenario(stage: Stage) -> None:
        for method in ("sendMessageDraft", "sendChatAction", "editMessageText"):
            stage.api.faults.add(method, times=None, status=200, delay=0.1)
        async with stage.composing() as show:
            speaking = asyncio.create_task(speak(show, SENTENCE, 9)) if ends < 8 else None
            await asyncio.sleep(ends)
        if speaking:
            speaking.cancel()
        await stage.answer("готово", preview=stage.previews[0] if stage.previews else None)
        await asyncio.sleep(40)
        arrived = [call.method for call in stage.api.calls if call.status is not None]
        assert arrived[-1] in {"sendMessage", "deleteMessage"}
        assert stage.api.answers(stage.anna.id) == ["готово"]
        assert stage.api.chat(stage.anna.id).shown_draft is None

    play(scenario, streaming=streaming)


def test_a_preview_on_its_way_is_waited_for_so_that_it_can_go() -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.faults.add("sendMessage", status=200, delay=2)
        async with stage.composing() as show:
            show(SENTENCE)
            await asyncio.sleep(0.5)
        assert len(stage.previews) == 1
        await stage.answer("готово", preview=stage.previews[0])
        assert stage.api.answers(stage.anna.id) == ["готово"]

    play(scenario, streaming="edits")


@pytest.mark.parametrize("cancelled", [0.1, 0.305, 0.7, 3.0])
def test_a_cancelled_turn_leaves_nothing_behind(cancelled: float) -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.faults.add("sendMessageDraft", times=None, delay=30)
        stage.api.faults.add("sendChatAction", times=None, delay=30)

        async def turn() -> None:
            async with stage.composing() as show:
                await asyncio.sleep(0.6)
                show(SENTENCE)
                await asyncio.sleep(60)

        task = asyncio.create_task(turn())
        await asyncio.sleep(cancelled)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # and whoever is in a hurry
        with pytest.raises(asyncio.CancelledError):
            await task
        assert clock() <= cancelled + 0.6
        await asyncio.sleep(0.001)

    play(scenario)  # which looks for tasks left over


def test_a_mistake_in_the_show_is_logged_and_costs_the_answer_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(text: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sovetnik.telegram_ui.composing.draft_piece", broken)

    async def scenario(stage: Stage) -> None:
        async with stage.composing() as show:
            show(SENTENCE)
            await asyncio.sleep(1)
        await stage.answer("готово")
        assert stage.api.answers(stage.anna.id) == ["готово"]

    with capture_logs() as logs:
        play(scenario)
    assert "show_broken" in [row["event"] for row in logs]

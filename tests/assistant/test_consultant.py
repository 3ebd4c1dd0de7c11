"""A turn with the model: the tool loop, and every way in which a provider fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from types import SimpleNamespace

import pytest

from sovetnik.assistant import consultant
from sovetnik.core.errors import AssistantError
from sovetnik.core.events import Restarted, TextDelta
from sovetnik.core.model import Found, Passage
from sovetnik.demo.modelapi import Incomplete, ModelRequest, Refusal, Text, ToolCall, scripted
from tests.assistant.office import CHAT, Office, dialogue, lead, message, office

CALL = ToolCall("save_contact", {"name": "Анна", "phone": "8 912 345-67-89", "order": "", "city": "Пермь"})


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none of them is made."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(consultant, "asyncio", SimpleNamespace(sleep=sleep))
    return asked


@pytest.fixture(params=["conversation", "history", "whole"])
async def desk(request: pytest.FixtureRequest, pauses: list[float]) -> AsyncGenerator[Office]:
    """``whole``: a dialogue sent along, answers not streamed."""
    whole = request.param == "whole"
    async with office("history" if whole else request.param, streamed=not whole) as ready:
        yield ready


@pytest.fixture
async def remote(pauses: list[float]) -> AsyncGenerator[Office]:
    async with office("conversation") as ready:
        yield ready


@pytest.fixture
async def stateless(pauses: list[float]) -> AsyncGenerator[Office]:
    async with office("history") as ready:
        yield ready


def said(request: ModelRequest) -> list[str]:
    """The dialogue that the model sees."""
    return [
        item["content"] if isinstance(item["content"], str) else item["content"][0]["text"]
        for item in request.items
        if item.get("role")
    ]


def answer_and_note(seen: list[list[str]], text: str = "Ответ") -> object:
    def brain(request: ModelRequest) -> Text:
        seen.append(said(request))
        return Text(text)

    return brain


# a good turn


async def test_the_customers_words_come_back_as_one_answer_in_growing_pieces(desk: Office) -> None:
    desk.api.brain = scripted([Text("Кровать «Нерль» стоит 62 900 рублей.")])
    done = await desk.ask("Сколько стоит?")
    assert done.text == "Кровать «Нерль» стоит 62 900 рублей."
    deltas = [event.text for event in desk.events if isinstance(event, TextDelta)]
    assert "".join(deltas) == done.text
    assert (len(deltas) > 1) is desk.bodies()[0]["stream"]


async def test_the_model_sees_the_dialogue_so_far_and_the_turns_messages_together(desk: Office) -> None:
    seen: list[list[str]] = []
    desk.api.brain = answer_and_note(seen)
    desk.before = dialogue(4)
    await desk.ask("раз", "два")
    assert seen == [["реплика 1", "реплика 2", "реплика 3", "реплика 4", "раз\nдва"]]


async def test_a_conversation_at_the_provider_is_continued_and_not_seeded_again(remote: Office) -> None:
    seen: list[list[str]] = []
    remote.api.brain = answer_and_note(seen)
    await remote.ask("раз")
    (conversation,) = remote.opened
    remote.before = [message(1, text="раз"), message(2, "assistant", "Ответ")]
    await remote.ask("два", conversation=conversation)
    assert seen[1] == ["раз", "Ответ", "два"]
    assert remote.opened == [conversation]


async def test_a_long_dialogue_is_seeded_whole_and_in_order(remote: Office) -> None:
    seen: list[list[str]] = []
    remote.api.brain = answer_and_note(seen)
    remote.before = dialogue(45)
    await remote.ask("вопрос")
    assert seen[0] == [m.text for m in remote.before] + ["вопрос"]
    roles = [item["role"] for item in remote.api.items_of(remote.opened[0])]
    assert roles[:3] == ["user", "assistant", "user"]


async def test_without_a_conversation_nothing_is_stored_at_the_provider(stateless: Office) -> None:
    stateless.before = dialogue(2)
    await stateless.ask("вопрос")
    assert [body["store"] for body in stateless.bodies()] == [False]
    assert {call.path for call in stateless.api.requests} == {"/v1/responses"}
    assert not stateless.opened


# tools


async def test_a_tools_result_reaches_the_model_and_the_answer_after_it_the_customer(desk: Office) -> None:
    outputs: list[str] = []

    def after(request: ModelRequest) -> Text:
        outputs.extend(output.output for output in request.tool_outputs)
        return Text("Передал менеджеру.")

    desk.api.brain = scripted([CALL, after])
    done = await desk.ask("Запишите меня")
    assert done.text == "Передал менеджеру."
    assert [json.loads(output) for output in outputs] == [{"told": "save_contact 1"}]
    ((name, arguments),) = desk.tool_calls
    assert (name, json.loads(arguments)["phone"]) == ("save_contact", "8 912 345-67-89")
    assert [used.name for used in desk.tools_used()] == ["save_contact"]


async def test_the_conversation_holds_each_step_of_the_tools_once(remote: Office) -> None:
    remote.api.brain = scripted([CALL, [Text("Ещё одно."), CALL], Text("Готово.")])
    await remote.ask("раз")
    items = remote.api.items_of(remote.opened[0])
    assert [item.get("role") or item["type"] for item in items] == [
        "user",
        "function_call",
        "function_call_output",
        "assistant",
        "function_call",
        "function_call_output",
        "assistant",
    ]


async def test_several_calls_at_once_are_each_answered_with_their_own_result(desk: Office) -> None:
    outputs: list[tuple[str, str]] = []

    def after(request: ModelRequest) -> Text:
        outputs.extend((output.arguments, output.output) for output in request.tool_outputs)
        return Text("Готово")

    first, second = (ToolCall("search_knowledge", {"query": word}) for word in ("доставка", "сборка"))
    desk.api.brain = scripted([[first, second], after])
    await desk.ask()
    assert [(json.loads(a)["query"], json.loads(o)["told"]) for a, o in outputs] == [
        ("доставка", "search_knowledge 1"),
        ("сборка", "search_knowledge 2"),
    ]


async def test_what_is_said_before_a_tool_call_is_part_of_the_answer(desk: Office) -> None:
    desk.api.brain = scripted([[Text("Сейчас запишу."), CALL], Text("Готово.")])
    done = await desk.ask()
    assert done.text == "Сейчас запишу.\n\nГотово."


async def test_broken_arguments_reach_the_tool_as_they_are(desk: Office) -> None:
    desk.api.brain = scripted([ToolCall("save_contact", '{"name": "Анна"'), Text("Повторите, пожалуйста.")])
    done = await desk.ask()
    assert desk.tool_calls == [("save_contact", '{"name": "Анна"')]
    assert done.text == "Повторите, пожалуйста."


async def test_a_model_that_never_stops_calling_tools_is_made_to_answer(desk: Office) -> None:
    def brain(request: ModelRequest) -> Text | ToolCall:
        return Text("Довольно.") if request.body["tool_choice"] == "none" else CALL

    desk.api.brain = brain
    assert (await desk.ask()).text == "Довольно."
    assert len(desk.bodies()) == consultant.STEPS
    assert len(desk.tool_calls) == consultant.STEPS - 1


async def test_what_a_turn_cost_is_summed_over_its_calls(remote: Office) -> None:
    remote.api.brain = scripted([CALL, CALL, Text("Готово.")])
    usage = (await remote.ask()).usage
    each = [kept.shown["usage"] for kept in remote.api.store.responses.values()]
    assert len(each) == usage.calls == 3
    assert usage.input_tokens == sum(cost["input_tokens"] for cost in each) > 0
    assert usage.output_tokens == sum(cost["output_tokens"] for cost in each) > 0
    assert usage.model == "gpt-6-luna"


async def test_tools_run_once_although_a_later_call_is_repeated(desk: Office) -> None:
    desk.api.brain = scripted([CALL, Text("пропало"), Text("Готово.")])
    desk.api.faults.add(when=lambda call: len(desk.api.responses) == 2, cut_after=3, keep=True)
    assert (await desk.ask()).text == "Готово."
    assert len(desk.tool_calls) == 1


# repairs


async def test_a_locked_conversation_is_waited_for(remote: Office) -> None:
    await remote.ask("раз")
    (conversation,) = remote.opened
    remote.api.store.conversation(conversation).busy = True
    asking = asyncio.create_task(remote.ask("два", conversation=conversation))
    await remote.api.wait_for(3)
    remote.api.store.conversation(conversation).busy = False
    assert (await asking).text == "два"
    assert remote.opened == [conversation]


async def test_a_conversation_locked_for_good_is_replaced(
    remote: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consultant, "LOCK_PATIENCE", 2.0)
    seen: list[list[str]] = []
    await remote.ask("раз")
    (conversation,) = remote.opened
    remote.api.store.conversation(conversation).busy = True
    remote.api.brain = answer_and_note(seen)
    remote.before = dialogue(2)
    await remote.ask("два", conversation=conversation)
    assert seen == [["реплика 1", "реплика 2", "два"]]
    assert len(remote.opened) == 2


async def test_a_conversation_with_an_unanswered_call_is_replaced_within_the_turn(remote: Office) -> None:
    remote.api.brain = scripted([CALL])
    with pytest.raises(AssistantError):  # the script is over at the second call: the output is never sent
        await remote.ask("раз")
    poisoned = remote.opened[0]
    seen: list[list[str]] = []
    remote.api.brain = answer_and_note(seen)
    remote.before = dialogue(2)
    assert (await remote.ask("два", conversation=poisoned)).text == "Ответ"
    assert seen == [["реплика 1", "реплика 2", "два"]]
    assert remote.opened[-1] != poisoned


async def test_a_lost_conversation_is_replaced_within_the_turn(remote: Office) -> None:
    seen: list[list[str]] = []
    remote.api.brain = answer_and_note(seen)
    remote.before = dialogue(2)
    await remote.ask("два", conversation="conv_that_nobody_knows")
    assert seen == [["реплика 1", "реплика 2", "два"]]
    assert len(remote.opened) == 1


async def test_after_a_cut_in_the_middle_of_the_tools_the_new_conversation_knows_their_results(
    remote: Office,
) -> None:
    outputs: list[str] = []

    def after(request: ModelRequest) -> Text:
        outputs.extend(output.output for output in request.tool_outputs)
        return Text("Готово.")

    remote.api.brain = scripted([CALL, after, after])
    remote.api.faults.add(when=lambda call: len(remote.api.responses) == 2, cut_after=2)
    remote.before = dialogue(2)
    assert (await remote.ask("три")).text == "Готово."
    assert len(outputs) == 2
    items = remote.api.items_of(remote.opened[-1])
    assert [item.get("role") or item["type"] for item in items] == [
        "user",
        "assistant",
        "user",
        "function_call",
        "function_call_output",
        "assistant",
    ]


# failures


@pytest.mark.parametrize(
    "fault",
    [
        {"cut_after": 4},
        {"cut_after": 4, "keep": True},
        {"cut_after": 0},
        {"reset_after": 4},
        {"reset_after": 0},
        {"failed": "server_error", "after": 4},
        {"failed": "rate_limit_exceeded"},
        {"error_event": "server_error", "after": 4},
        {"status": 500},
        {"status": 503},
        {"status": 429, "code": "rate_limit_exceeded"},
        {"status": 408},
    ],
    ids=str,
)
async def test_a_passing_failure_is_mended_by_another_try(desk: Office, fault: dict[str, object]) -> None:
    desk.api.faults.add(**fault)
    done = await desk.ask("вопрос")
    assert done.text == "вопрос"
    assert len(desk.bodies()) == 2
    shown = [event for event in desk.events if not isinstance(event, Restarted)]
    restarts = [n for n, event in enumerate(desk.events) if isinstance(event, Restarted)]
    begun = desk.events[restarts[-1] + 1 :] if restarts else shown
    assert "".join(event.text for event in begun if isinstance(event, TextDelta)) == "вопрос"


@pytest.mark.parametrize("fault", [{"cut_after": 4, "keep": True}, {"reset_after": 4, "keep": True}], ids=str)
async def test_the_customers_words_are_not_in_the_conversation_twice(
    remote: Office, fault: dict[str, object]
) -> None:
    remote.api.faults.add(**fault)
    await remote.ask("вопрос")
    items = remote.api.items_of(remote.opened[-1])
    assert [item["role"] for item in items] == ["user", "assistant"]


async def test_a_proxys_error_page_is_a_failing_server_told_in_one_line(desk: Office) -> None:
    desk.api.faults.bad_gateway(times=None)
    with pytest.raises(AssistantError) as failure:
        await desk.ask()
    assert failure.value.kind == "server"
    assert "502" in failure.value.detail
    assert "\n" not in failure.value.detail
    assert len(desk.bodies()) == consultant.TRIES


async def test_a_stalled_stream_is_given_up_and_tried_again(pauses: list[float]) -> None:
    async with office("conversation", timeout=0.3) as desk:
        desk.api.faults.add(stall_after=3)
        assert (await desk.ask("вопрос")).text == "вопрос"


async def test_a_model_that_always_stalls_is_a_timeout(pauses: list[float]) -> None:
    async with office("history", timeout=0.1) as desk:
        desk.api.faults.add(stall_after=1, times=None)
        with pytest.raises(AssistantError) as failure:
            await desk.ask()
        assert failure.value.kind == "timeout"


async def test_no_server_at_all_is_a_connection_failure(pauses: list[float]) -> None:
    async with office("history", base_url="http://127.0.0.1:1/v1") as desk:
        with pytest.raises(AssistantError) as failure:
            await desk.ask()
        assert failure.value.kind == "connection"


async def test_a_rate_limit_is_waited_for_as_long_as_asked(desk: Office, pauses: list[float]) -> None:
    desk.api.faults.rate_limit(retry_after=7)
    assert (await desk.ask("вопрос")).text == "вопрос"
    assert pauses == [7]


async def test_a_rate_limit_longer_than_a_customer_waits_is_told_at_once(
    desk: Office, pauses: list[float]
) -> None:
    desk.api.faults.rate_limit(retry_after=149)
    with pytest.raises(AssistantError) as failure:
        await desk.ask()
    assert failure.value.kind == "rate_limit"
    assert pauses == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 429, "code": "insufficient_quota"}, "quota"),
        ({"error_event": "insufficient_quota"}, "quota"),
        ({"status": 401, "code": "invalid_api_key"}, "auth"),
        ({"status": 403}, "auth"),
        ({"status": 400, "code": "invalid_value", "message": "Invalid 'tools'."}, "bad_request"),
    ],
    ids=str,
)
async def test_what_another_try_cannot_mend_is_not_tried_again(
    desk: Office, fault: dict[str, object], kind: str
) -> None:
    desk.api.faults.add(times=None, **fault)
    with pytest.raises(AssistantError) as failure:
        await desk.ask()
    assert failure.value.kind == kind
    assert len(desk.bodies()) == 1


async def test_a_lasting_outage_ends_after_a_few_tries_with_growing_pauses(
    desk: Office, pauses: list[float]
) -> None:
    desk.api.faults.add(times=None, status=500)
    with pytest.raises(AssistantError) as failure:
        await desk.ask()
    assert failure.value.kind == "server"
    assert len(pauses) == consultant.TRIES - 1
    assert pauses == sorted(pauses)


async def test_a_failure_says_nothing_of_the_customers_words(desk: Office) -> None:
    desk.api.faults.add(times=None, status=500)
    with pytest.raises(AssistantError) as failure:
        await desk.ask("мой телефон 8 912 345-67-89")
    assert "912" not in str(failure.value)


# odd answers


async def test_a_refusal_is_an_answer(desk: Office) -> None:
    desk.api.brain = scripted([Refusal("С этим помочь не могу.")])
    assert (await desk.ask()).text == "С этим помочь не могу."


async def test_an_answer_that_broke_off_is_shown_as_such(desk: Office) -> None:
    desk.api.brain = scripted([Incomplete("Доставка по Перми")])
    assert (await desk.ask()).text == "Доставка по Перми …"


async def test_an_answer_that_broke_off_before_its_first_word_is_tried_again(desk: Office) -> None:
    desk.api.brain = scripted([Incomplete(""), Text("Ответ")])
    assert (await desk.ask()).text == "Ответ"


async def test_an_answer_without_a_word_is_tried_again_and_then_a_failure(desk: Office) -> None:
    desk.api.brain = lambda request: Text("")
    with pytest.raises(AssistantError) as failure:
        await desk.ask()
    assert failure.value.kind == "empty"


async def test_the_providers_filter_is_not_argued_with(desk: Office) -> None:
    desk.api.brain = lambda request: Incomplete("", "content_filter")
    with pytest.raises(AssistantError):
        await desk.ask()
    assert len(desk.bodies()) == 1


# what the model is told


async def test_the_model_is_told_the_owners_words_date_hour_and_form(stateless: Office) -> None:
    await stateless.ask()
    (body,) = stateless.bodies()
    assert "Продаём кровати." in body["instructions"]
    assert "Monday, 2026-11-23, 02:30" in body["instructions"]  # 21:30 UTC of the day before
    assert "No contact has been saved" in body["instructions"]
    (tool,) = [tool for tool in body["tools"] if tool["name"] == "save_contact"]
    schema = tool["parameters"]
    assert schema["required"] == ["name", "phone", "order", "city"]
    assert schema["properties"]["call_time"]["enum"] == ["утром", "вечером"]
    assert "куда везти" in schema["properties"]["city"]["description"]


async def test_the_model_knows_the_contact_that_was_saved(stateless: Office) -> None:
    await stateless.ask(known=lead(city="Пермь"))
    (body,) = stateless.bodies()
    assert "+79123456789" in body["instructions"]
    assert "city: Пермь" in body["instructions"]
    assert "No contact has been saved" not in body["instructions"]


async def test_the_model_is_given_the_passages_and_told_when_they_hardly_fit(stateless: Office) -> None:
    passage = Passage("prices.md", "Кровати", "Нерль — 62 900 ₽", 0.9)
    stateless.found = Found((passage,), fits=True)
    await stateless.ask("Сколько стоит кровать «Нерль»?")
    stateless.found = Found((passage,), fits=False)
    await stateless.ask("Какая завтра погода в Перми?")
    stateless.found = Found()
    await stateless.ask("Какая завтра погода в Перми?")
    sure, weak, nothing = (body["instructions"] for body in stateless.bodies())
    assert "[prices.md: Кровати]\nНерль — 62 900 ₽" in sure
    assert "may not answer" not in sure
    assert "62 900" in weak
    assert "may not answer" in weak
    assert "62 900" not in nothing
    assert "Nothing in the documents fits" in nothing


async def test_a_short_question_is_looked_up_together_with_the_one_before(stateless: Office) -> None:
    stateless.before = [message(1, text="Сколько стоит кровать?"), message(2, "assistant", "62 900")]
    await stateless.ask("а доставка?")
    await stateless.ask("Сколько стоит доставка кровати в Пермь?")
    assert stateless.searched == [
        "а доставка?\nСколько стоит кровать?",
        "Сколько стоит доставка кровати в Пермь?",
    ]


async def test_openai_is_given_a_stand_in_for_the_customer_and_never_the_telegram_id(
    pauses: list[float],
) -> None:
    async with office("conversation", itself=True) as desk:
        await desk.ask("вопрос")
        (body,) = desk.bodies()
        assert 16 <= len(body["safety_identifier"]) <= 128
        for call in desk.api.requests:
            assert str(CHAT) not in json.dumps([call.body, call.headers, call.path])


async def test_other_providers_are_sent_nothing_that_only_openai_knows(desk: Office) -> None:
    await desk.ask("вопрос")
    (body,) = desk.bodies()
    assert not {"safety_identifier", "prompt_cache_key", "truncation", "stream_options"} & set(body)
    for call in desk.api.requests:
        assert str(CHAT) not in json.dumps([call.body, call.headers, call.path])


async def test_two_customers_at_once_never_see_each_others_words(desk: Office) -> None:
    seen: list[list[str]] = []
    desk.api.brain = answer_and_note(seen)
    await asyncio.gather(*(desk.ask(f"вопрос {n}") for n in range(10)))
    assert sorted(seen) == sorted([f"вопрос {n}"] for n in range(10))

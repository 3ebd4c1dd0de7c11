"""What customers and owners meet in Telegram: growing answers, files, edits, groups, commands, limits."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sovetnik.demo.modelapi import Text, ToolCall, scripted, spoken
from tests.acceptance.stage import Stage, until

JPEG = b"\xff\xd8\xff\xe0" + bytes(200)


@pytest.fixture
def scene(inside: Stage) -> Stage:
    return inside


def drafts(scene: Stage) -> list[dict[str, Any]]:
    return [call.params for call in scene.telegram.calls_of("sendMessageDraft")]


# growing answers


async def test_a_slow_answer_grows_before_the_customers_eyes_and_then_arrives(scene: Stage) -> None:
    scene.model.brain = lambda request: Text("Кровать **Нерль** стоит 62 900 ₽. " * 6)
    held = scene.model.faults.add(hold_after=5)
    await scene.run()
    anna = scene.telegram.person()
    anna.start()
    await scene.telegram.wait_for_messages(anna.id, 1)
    anna.say("Сколько стоит Нерль?")
    await until(lambda: bool(drafts(scene)), "a draft")
    assert scene.telegram.answers(anna.id)[1:] == []
    assert "Кровать" in drafts(scene)[0]["text"]
    held.release()
    await scene.telegram.wait_for_messages(anna.id, 2)
    assert scene.telegram.answers(anna.id)[1].startswith("Кровать Нерль стоит 62 900 ₽.")


async def test_where_drafts_are_refused_a_message_grows_and_makes_way_for_the_answer(scene: Stage) -> None:
    scene.telegram.faults.add(
        "sendMessageDraft", status=400, description="Bad Request: TEXTDRAFT_PEER_INVALID", times=None
    )
    scene.model.brain = lambda request: Text("Кровать Нерль стоит 62 900 ₽, доставка по городу 1 500 ₽. " * 4)
    held = scene.model.faults.add(hold_after=20)
    await scene.run()
    anna = scene.telegram.person()
    anna.say("Сколько стоит Нерль?")
    await scene.telegram.wait_for_messages(anna.id, 1)
    held.release()
    await until(lambda: bool(scene.telegram.calls_of("deleteMessage")), "the preview goes")
    (answer,) = scene.telegram.answers(anna.id)
    assert answer.count("62 900 ₽") == 4


async def test_streaming_off_sends_the_answer_alone(scene: Stage) -> None:
    held = scene.model.faults.add(hold_after=5)
    await scene.run(TELEGRAM_STREAMING="off")
    anna = scene.telegram.person()
    anna.say("Сколько стоит доставка до Кунгура и обратно?")
    await until(lambda: bool(scene.telegram.calls_of("sendChatAction")), "typing")
    held.release()
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert drafts(scene) == []
    assert scene.telegram.calls_of("editMessageText") == []


# files


async def test_a_voice_is_heard_and_answered_and_its_words_are_kept(scene: Stage) -> None:
    await scene.run(OPENAI_TRANSCRIPTION_MODEL="gpt-transcribe")
    anna = scene.telegram.person()
    anna.send_voice(spoken("Сколько стоит кровать Нерль?"), duration=4)
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert "Сколько стоит кровать Нерль?" in scene.telegram.answers(anna.id)[0]
    rows = await scene.rows("export")
    assert [row["text"] for row in rows if row["role"] == "customer"] == ["Сколько стоит кровать Нерль?"]


async def test_where_nobody_hears_a_voice_is_declined_politely(scene: Stage) -> None:
    await scene.run()
    anna = scene.telegram.person(language_code="ru")
    anna.send_voice(spoken("Алло"), duration=4)
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert "словами" in scene.telegram.answers(anna.id)[0]
    assert scene.model.responses == []


async def test_an_album_is_one_turn_and_the_model_sees_it(scene: Stage) -> None:
    seen: list[int] = []

    def look(request: Any) -> Text:
        seen.append(len(request.images))
        return Text("Красивая комната")

    scene.model.brain = look
    await scene.run()
    anna = scene.telegram.person()
    anna.send_album([("photo", JPEG), ("photo", JPEG), ("photo", JPEG)], caption="Подойдёт сюда Нерль?")
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert seen == [3]


async def test_a_document_is_read_for_this_conversation(scene: Stage) -> None:
    await scene.run()
    anna = scene.telegram.person()
    plan = "Комната 12 квадратных метров, окно на север".encode()
    anna.send_document(plan, name="план.txt", mime_type="text/plain", caption="Что сюда встанет?")
    await scene.telegram.wait_for_messages(anna.id, 1)
    given = str(scene.model.responses[0].body["input"])
    assert "окно на север" in given
    assert "Что сюда встанет?" in given


async def test_what_is_too_big_is_declined_politely(scene: Stage) -> None:
    await scene.run()
    anna = scene.telegram.person(language_code="en")
    anna.send_document(b"%PDF-1.4", name="all.pdf", size=30_000_000)
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert "too big" in scene.telegram.answers(anna.id)[0]


# edits, replies, forwards


async def test_an_edit_before_the_answer_replaces_the_question(scene: Stage) -> None:
    await scene.run(JOIN_MESSAGES="1")
    anna = scene.telegram.person()
    said = anna.say("Два стула")
    anna.edit(said.id, "Три стула")
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert "Три стула" in scene.telegram.answers(anna.id)[0]
    assert "Два стула" not in str(scene.model.responses[0].body["input"])


async def test_an_edit_after_the_answer_goes_with_the_next_message(scene: Stage) -> None:
    await scene.run()
    anna = scene.telegram.person()
    said = anna.say("Два стула")
    await scene.telegram.wait_for_messages(anna.id, 1)
    anna.edit(said.id, "Три стула")
    anna.say("И стол")
    await scene.telegram.wait_for_messages(anna.id, 2)
    given = str(scene.model.responses[1].body["input"])
    assert "Три стула" in given
    assert "И стол" in given
    assert len(scene.model.responses) == 2


async def test_a_reply_and_a_forward_bring_their_context(scene: Stage) -> None:
    await scene.run()
    anna, boris = scene.telegram.person(), scene.telegram.person(first_name="Борис")
    anna.say("Доставка есть?")
    await scene.telegram.wait_for_messages(anna.id, 1)
    answer = scene.telegram.chat(anna.id).from_bot[0]
    anna.say("А подробнее?", reply_to=answer.id)
    await scene.telegram.wait_for_messages(anna.id, 2)
    assert "Доставка есть?" in str(scene.model.responses[1].body["input"])
    anna.say("Бери дубовую", forwarded_from=boris)
    await scene.telegram.wait_for_messages(anna.id, 3)
    assert "Борис" in str(scene.model.responses[2].body["input"])


# the contact


async def test_the_button_shares_the_phone_once_consent_was_shown_and_goes_away(scene: Stage) -> None:
    save = ToolCall("save_contact", {"name": "Анна", "phone": "+79123456789", "order": "Нерль"})
    scene.model.brain = scripted(
        [ToolCall("offer_phone_button", {}), Text("Оставьте номер"), save, Text("Записал")]
    )
    await scene.run()
    anna = scene.telegram.person(first_name="Анна", phone="+79123456789")
    anna.say("Хочу заказать")
    (asked,) = await scene.telegram.wait_for_messages(anna.id, 1)
    assert "соглашаетесь" in asked.text
    keyboard = scene.telegram.chat(anna.id).keyboard
    assert keyboard is not None
    anna.press(keyboard["keyboard"][0][0]["text"])
    await scene.telegram.wait_for_messages(anna.id, 2)
    assert scene.telegram.chat(anna.id).keyboard is None
    assert scene.telegram.answers(anna.id)[1] == "Записал"
    (lead,) = await scene.rows("leads")
    assert lead["phone"] == "+79123456789"
    assert lead["consent"]
    assert lead["consent_at"]


async def test_consent_is_shown_before_a_phone_typed_at_once_is_stored(scene: Stage) -> None:
    save = ToolCall("save_contact", {"name": "Анна", "phone": "+79123456789", "order": "Нерль"})
    scene.model.brain = scripted([save, Text("Записал")])
    await scene.run()
    anna = scene.telegram.person(first_name="Анна")
    anna.say("Анна, +79123456789, хочу Нерль")
    await scene.telegram.wait_for_messages(anna.id, 2)
    consent, answer = scene.telegram.answers(anna.id)
    assert "соглашаетесь" in consent
    assert answer == "Записал"
    assert len(await scene.rows("leads")) == 1


async def test_somebody_elses_card_is_no_contact(scene: Stage) -> None:
    await scene.run()
    anna = scene.telegram.person(language_code="ru")
    anna.share_contact("+79990001122", user_id=42, first_name="Иван")
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert "не ваш контакт" in scene.telegram.answers(anna.id)[0]
    assert scene.model.responses == []


# commands


async def test_commands_answer_and_stand_in_the_menu_in_both_languages(scene: Stage) -> None:
    await scene.run()
    anna, john = scene.telegram.person(language_code="ru"), scene.telegram.person(language_code="en")
    await until(lambda: "Стереть" in str(anna.commands()), "menus")
    assert {c["command"] for c in anna.commands()} == {"start", "new", "contact", "privacy", "forget", "help"}
    assert "Erase" in str(john.commands())
    anna.start()
    anna.say("/help")
    anna.say("/privacy")
    anna.say("/contact")
    await scene.telegram.wait_for_messages(anna.id, 4)
    assert "соглашаетесь" in scene.telegram.answers(anna.id)[0]
    assert scene.telegram.chat(anna.id).keyboard is not None


async def test_forget_asks_and_then_erases_here_and_at_the_provider(scene: Stage) -> None:
    save = ToolCall("save_contact", {"name": "Анна", "phone": "+79123456789", "order": "Нерль"})
    scene.model.brain = scripted([save, Text("Записал")])
    await scene.run()
    anna, boris = scene.telegram.person(first_name="Анна"), scene.telegram.person(first_name="Борис")
    anna.start()
    await scene.telegram.wait_for_messages(anna.id, 1)
    anna.say("Анна, +79123456789, хочу Нерль")
    await scene.telegram.wait_for_messages(anna.id, 2)
    scene.model.brain = lambda request: Text("Да")
    boris.say("А доставка?")
    await scene.telegram.wait_for_messages(boris.id, 1)
    anna.say("/forget")
    await scene.telegram.wait_for_messages(anna.id, 3)
    assert len(await scene.rows("leads")) == 1
    anna.press("Да, стереть")
    await scene.telegram.wait_for_messages(anna.id, 4)
    assert "стёрты" in scene.telegram.answers(anna.id)[3]
    await until(lambda: len(scene.model.store.deleted) >= 1, "the provider erases")
    assert await scene.rows("leads") == []
    left = await scene.rows("export")
    assert {row["chat_id"] for row in left if row["role"] == "customer"} == {boris.id}
    for file in scene.folder.glob("data/sovetnik.db*"):
        assert b"79123456789" not in file.read_bytes()


async def test_the_owner_erases_a_customer_from_the_command_line(scene: Stage) -> None:
    bot = await scene.run()
    anna = scene.telegram.person()
    anna.say("Здравствуйте, есть доставка?")
    await scene.telegram.wait_for_messages(anna.id, 1)
    await bot.logged("turn_done")
    code, out, err = await scene.command("forget", str(anna.id))
    assert code == 0, err
    assert str(anna.id) in out
    assert await scene.rows("export") == []
    assert scene.model.store.deleted
    code, _, err = await scene.command("forget", str(anna.id))
    assert code == 1
    assert str(anna.id) in err


# the owner


async def test_a_pairing_code_makes_a_chat_the_owners_once(scene: Stage) -> None:
    bot = await scene.run()
    link = (await bot.logged("pair_owner"))["link"]
    payload = re.search(r"start=(.*)", link)
    assert payload
    owner, stranger = scene.telegram.person(language_code="ru"), scene.telegram.person(language_code="ru")
    owner.start(payload.group(1))
    await scene.telegram.wait_for_messages(owner.id, 1)
    stranger.start(payload.group(1))
    await scene.telegram.wait_for_messages(stranger.id, 1)
    assert "ваш" in scene.telegram.answers(owner.id)[0]
    assert "не подходит" in scene.telegram.answers(stranger.id)[0]
    owner.say("/status")
    stranger.say("/status")
    await scene.telegram.wait_for_messages(owner.id, 2)
    await scene.telegram.wait_for_messages(stranger.id, 2)
    assert "Работаю" in scene.telegram.answers(owner.id)[1]
    assert "/new" in scene.telegram.answers(stranger.id)[1]
    assert "report" in {c["command"] for c in owner.commands()}


async def test_a_pause_keeps_customers_messages_and_says_so_once(scene: Stage) -> None:
    owner, anna = scene.telegram.person(), scene.telegram.person(language_code="ru")
    await scene.run(OWNER_CHATS=str(owner.id))
    owner.say("/pause")
    await scene.telegram.wait_for_messages(owner.id, 1)
    anna.say("Есть доставка?")
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert "отдыхает" in scene.telegram.answers(anna.id)[0]
    anna.say("Ау?")
    owner.say("/report")
    await scene.telegram.wait_for_messages(owner.id, 2)
    owner.say("/resume")
    await scene.telegram.wait_for_messages(owner.id, 3)
    anna.say("А теперь?")
    await scene.telegram.wait_for_messages(anna.id, 2)
    assert len(scene.model.responses) == 1
    rows = await scene.rows("export")
    assert "Ау?" in [row["text"] for row in rows]


# groups


async def test_in_a_group_only_what_is_addressed_is_answered(scene: Stage) -> None:
    await scene.run()
    anna, boris = scene.telegram.person(first_name="Анна"), scene.telegram.person(first_name="Борис")
    group = scene.telegram.group(anna, boris, title="Семья")
    name = scene.telegram.world.bot["username"]
    anna.say("Борис, купи хлеба", group=group)
    anna.say(f"@{name} есть доставка?", group=group)
    await scene.telegram.wait_for_messages(group.chat.id, 1)
    assert len(scene.model.responses) == 1
    assert "Анна" in str(scene.model.responses[0].body["input"])
    supergroup = group.migrate()
    boris.say(f"@{name} а сборка?", group=supergroup)
    await until(lambda: len(scene.model.responses) == 2, "the supergroup is answered")


# limits


async def test_a_flood_is_told_so_once_and_answered_together_and_others_notice_nothing(scene: Stage) -> None:
    await scene.run(CHAT_RATE="5")
    anna, boris = scene.telegram.person(language_code="ru"), scene.telegram.person()
    for number in range(5):
        anna.say(f"вопрос {number}")
        await scene.telegram.wait_for_messages(anna.id, number + 1)
    for number in range(5, 30):
        anna.say(f"вопрос {number}")
    await scene.telegram.wait_for_messages(anna.id, 6)
    assert "через минуту" in scene.telegram.answers(anna.id)[5]
    boris.say("А мне?")
    await scene.telegram.wait_for_messages(boris.id, 1)
    assert len(scene.model.responses) == 6

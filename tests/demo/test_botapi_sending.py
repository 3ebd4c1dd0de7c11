"""Sending, editing, deleting, and every refusal in Telegram's words."""

import asyncio
import json

import pytest
from telegram import MessageEntity, ReplyKeyboardRemove, ReplyParameters
from telegram.error import ChatMigrated, Forbidden, RetryAfter
from test_botapi_support import TOKEN, desk

from sovetnik.demo.botapi import BotApi, Limits

JPEG = b"\xff\xd8\xff\xe0picture"


async def test_a_message_as_the_bot_gets_it_back_and_the_chat_shows_it():
    async with desk() as d:
        anna = d.api.person()
        asked = anna.say("сколько?")
        sent = await d.bot.send_message(
            anna.id,
            "  <b>Сто</b> рублей 👍 https://a.ru/x  ",
            parse_mode="HTML",
            reply_parameters=ReplyParameters(asked.id),
        )
        assert sent.text == "Сто рублей 👍 https://a.ru/x"
        assert [(e.type, sent.parse_entity(e)) for e in sent.entities] == [
            ("bold", "Сто"),
            ("url", "https://a.ru/x"),
        ]
        assert sent.reply_to_message.message_id == asked.id
        assert sent.from_user.is_bot
        assert sent.date.timestamp() == d.clock.now
        chat = d.api.chat(anna.id)
        assert [(m.from_bot, m.text) for m in chat.messages] == [(False, "сколько?"), (True, sent.text)]
        assert chat.messages[1].entities[0] == {"type": "bold", "offset": 0, "length": 3}
        assert d.api.answers(anna.id) == [sent.text]
        [waited] = await d.api.wait_for_messages(anna.id)
        assert waited.id == sent.message_id


async def test_explicit_entities_and_mentions():
    async with desk() as d:
        anna = d.api.person(first_name="Анна")
        anna.start()
        entities = [
            MessageEntity("bold", 0, 2),
            MessageEntity("text_link", 3, 4, url="https://a.ru"),
            MessageEntity("pre", 8, 3, language="py"),
        ]
        sent = await d.bot.send_message(anna.id, "👍 сайт x=1", entities=entities)
        assert [(e.type, e.url, e.language) for e in sent.entities] == [
            ("bold", None, None),
            ("text_link", "https://a.ru/", None),
            ("pre", None, "py"),
        ]
        text = f'<a href="tg://user?id={anna.id}">Анна</a> и <a href="tg://user?id=999">Чужой</a>'
        sent = await d.bot.send_message(anna.id, text, parse_mode="HTML")
        assert [e.user.first_name for e in sent.entities] == ["Анна"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"text": ""}, "message text is empty"),
        ({}, "message text is empty"),
        ({"text": " \n "}, "text must be non-empty"),
        ({"text": "👍" * 2049}, "message is too long"),
        ({"text": "a", "reply_parameters": {"message_id": "9x"}}, "message to be replied not found"),
        ({"text": "a", "chat_id": ""}, "chat_id is empty"),
        ({"text": "a", "chat_id": 404}, "chat not found"),
        ({"text": "a", "chat_id": "@nobody"}, "chat not found"),
        ({"text": "a", "chat_id": "anna"}, "chat not found"),
        ({"text": "a", "reply_to_message_id": 999}, "message to be replied not found"),
        ({"text": "a", "reply_parameters": {"message_id": 999}}, "message to be replied not found"),
        ({"text": "a", "message_thread_id": 3}, "message thread not found"),
        ({"text": "a", "business_connection_id": "x"}, "business connection not found"),
        (
            {"text": "a.", "parse_mode": "MarkdownV2"},
            ("can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'"),
        ),
        (
            {"text": "я *a", "parse_mode": "MarkdownV2"},
            ("can't parse entities: Can't find end of Bold entity at byte offset 3"),
        ),
        (
            {"text": "<x>", "parse_mode": "HTML"},
            'can\'t parse entities: Unsupported start tag "x" at byte offset 0',
        ),
        (
            {"text": "*a", "parse_mode": "Markdown"},
            ("can't parse entities: Can't find end of the entity starting at byte offset 0"),
        ),
        ({"text": "a", "parse_mode": "rtf"}, "unsupported parse_mode"),
        (
            {"text": "a", "entities": [{"type": "bold", "offset": 0, "length": 5}]},
            ("entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 5"),
        ),
        ({"text": "a", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"text": "a", "reply_markup": "[]"}, "object expected as reply markup"),
        (
            {"text": "a", "reply_markup": {"keyboard": "a"}},
            ('field "keyboard" of the ReplyKeyboardMarkup must be an Array'),
        ),
        (
            {"text": "a", "reply_markup": {"keyboard": ["a"]}},
            ('field "keyboard" of the ReplyKeyboardMarkup must be an Array of Arrays'),
        ),
        (
            {"text": "a", "reply_markup": {"keyboard": [[1]]}},
            ("can't parse keyboard button: KeyboardButton must be a String or an Object"),
        ),
        (
            {"text": "a", "reply_markup": {"keyboard": [[{}]]}},
            "can't parse keyboard button: Can't find field \"text\"",
        ),
        (
            {"text": "a", "reply_markup": {"remove_keyboard": 1}},
            ('field "remove_keyboard" of the ReplyKeyboardRemove must be of the type Boolean'),
        ),
        (
            {"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "b"}]]}},
            ("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        ),
        (
            {"text": "a", "reply_markup": {"inline_keyboard": [[{"callback_data": "b"}]]}},
            ("can't parse inline keyboard button: Can't find field \"text\""),
        ),
        (
            {"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "b", "callback_data": "я" * 33}]]}},
            "BUTTON_DATA_INVALID",
        ),
        (
            {"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "b", "url": "ftp://a.ru"}]]}},
            ("inline keyboard button URL 'ftp://a.ru' is invalid: Unsupported URL protocol"),
        ),
    ],
)
async def test_send_message_refusals(params, words):
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        assert await d.refused("sendMessage", **{"chat_id": anna.id, **params}) == (
            400,
            f"Bad Request: {words}",
        )
        assert d.api.answers(anna.id) == []
        assert d.api.calls[-1].status == 400


async def test_half_an_emoji_is_refused():
    async with desk() as d:
        d.api.person(11).start()
        response = await d.http.post(
            f"{d.url}/bot{TOKEN}/sendMessage",
            content=b'{"chat_id": 11, "text": "\\ud83d"}',
            headers={"Content-Type": "application/json"},
        )
        assert response.json()["description"] == "Bad Request: strings must be encoded in UTF-8"


async def test_lengths_are_counted_after_the_markup():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        text = "<b>" + "👍" * 2048 + "</b>"
        assert len((await d.bot.send_message(anna.id, text, parse_mode="HTML")).text) == 2048
        assert (await d.call("sendMessage", chat_id=anna.id, text=" " * 50 + "я" * 4096))["ok"]


async def test_who_may_be_written_to():
    async with desk() as d:
        anna = d.api.person()
        with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
            await d.bot.send_message(anna.id, "здравствуйте")
        team = d.api.group(anna)
        team.migrate()
        with pytest.raises(ChatMigrated):
            await d.bot.send_message(team.id, "а")


async def test_reply_to_what_is_gone_if_allowed():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        sent = await d.bot.send_message(
            anna.id, "а", reply_to_message_id=99, allow_sending_without_reply=True
        )
        assert sent.reply_to_message is None


async def test_the_bot_quotes():
    async with desk() as d:
        anna = d.api.person()
        asked = anna.say("👍 сколько стоит доставка?")
        reply = ReplyParameters(asked.id, quote="<b>доставка</b>", quote_parse_mode="HTML")
        sent = await d.bot.send_message(anna.id, "300", reply_parameters=reply)
        assert (sent.quote.text, sent.quote.position) == ("доставка", 17)
        assert sent.quote.entities[0].type == "bold"
        wrong = {"message_id": asked.id, "quote": "самовывоз"}
        refused = await d.refused("sendMessage", chat_id=anna.id, text="а", reply_parameters=wrong)
        assert refused == (400, "Bad Request: QUOTE_TEXT_INVALID")


async def test_keyboards():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        chat = d.api.chat(anna.id)
        keys = {
            "keyboard": [["Прайс"], [{"text": "Телефон", "request_contact": True}]],
            "resize_keyboard": True,
        }
        await d.bot.send_message(anna.id, "а", reply_markup=keys)
        assert chat.keyboard["keyboard"][0] == [{"text": "Прайс"}]
        sent = await d.bot.send_message(anna.id, "б", reply_markup={"inline_keyboard": [[]]})
        assert sent.reply_markup is None
        await d.bot.send_message(anna.id, "в", reply_markup=ReplyKeyboardRemove())
        assert chat.keyboard is None
        assert chat.messages[1].markup["resize_keyboard"] is True
        words = "Bad Request: phone number can be requested in private chats only"
        team = d.api.group(anna)
        assert await d.refused("sendMessage", chat_id=team.id, text="а", reply_markup=keys) == (400, words)


async def test_drafts_and_actions():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        chat = d.api.chat(anna.id)
        await d.bot.send_chat_action(anna.id, "typing")
        assert [(action.name, action.at) for action in chat.actions] == [("typing", d.clock.now)]
        d.clock.now += 5
        assert chat.action is None
        for text in ("", "Со", "Совет"):
            assert await d.bot.send_message_draft(anna.id, 7, text)
        assert (chat.draft.id, chat.draft.text) == (7, "Совет")
        d.clock.now += 30
        assert chat.draft is None
        await d.bot.send_message_draft(anna.id, 8, "*ж*", parse_mode="MarkdownV2")
        assert chat.draft.entities == [{"type": "bold", "offset": 0, "length": 1}]
        await d.bot.send_message(anna.id, "Советую")
        assert chat.draft is None
        assert [draft.text for draft in chat.drafts] == ["", "Со", "Совет", "ж"]
        assert d.api.answers(anna.id) == ["Советую"]
        team = d.api.group(anna)
        for params, words in (
            ({"chat_id": team.id, "draft_id": 1, "text": "а"}, "TEXTDRAFT_PEER_INVALID"),
            ({"chat_id": anna.id, "draft_id": 0, "text": "а"}, "draft_id must be non-zero"),
            ({"chat_id": anna.id, "draft_id": 1, "text": "а" * 4097}, "message is too long"),
        ):
            assert await d.refused("sendMessageDraft", **params) == (400, f"Bad Request: {words}")
        words = "Bad Request: wrong parameter action in request"
        assert await d.refused("sendChatAction", chat_id=anna.id, action="thinking") == (400, words)


async def test_limits():
    async with desk(limits=Limits(chat_per_second=1, overall=2, group_per_minute=20)) as d:
        anna, boris, vera = (d.api.person() for _ in range(3))
        for person in (anna, boris, vera):
            person.start()
        await d.bot.send_message(anna.id, "1")
        with pytest.raises(RetryAfter) as error:
            await d.bot.send_message(anna.id, "2")
        assert error.value.retry_after == 1
        await d.bot.send_chat_action(anna.id, "typing")
        await d.bot.send_message(boris.id, "1")
        body = await d.call("sendMessage", chat_id=vera.id, text="1")
        assert body["description"] == "Too Many Requests: retry after 1"
        assert body["parameters"] == {"retry_after": 1}
        d.clock.now += 1
        await d.bot.send_message(anna.id, "2")


async def test_limits_of_groups_and_drafts_switched_on_later():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        team = d.api.group(anna)
        for n in range(25):
            await d.bot.send_message(team.id, f"{n}")
        d.api.limiter.limits = Limits(group_per_minute=20, drafts_per_second=2)
        for n in range(20):
            await d.bot.send_message(team.id, f"{n}")
        body = await d.call("sendMessage", chat_id=team.id, text="21")
        assert (body["error_code"], body["parameters"]) == (429, {"retry_after": 3})
        d.clock.now += 3
        sent = await d.bot.send_message(team.id, "21")
        with pytest.raises(RetryAfter):
            await sent.edit_text("22")
        for text in ("а", "аб"):
            await d.bot.send_message_draft(anna.id, 1, text)
        assert (await d.call("sendMessageDraft", chat_id=anna.id, draft_id=1, text="абв"))[
            "error_code"
        ] == 429
        assert d.api.chat(anna.id).draft.text == "аб"
        await d.bot.send_message(anna.id, "абв")  # drafts do not hold up messages
        d.api.limiter.limits = Limits()
        await d.bot.send_message(team.id, "23")


async def test_telegram_may_refuse_drafts_to_anybody():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        words = "Bad Request: TEXTDRAFT_PEER_INVALID"
        d.api.faults.add("sendMessageDraft", status=400, description=words, times=None)
        assert await d.refused("sendMessageDraft", chat_id=anna.id, draft_id=1, text="а") == (400, words)
        assert d.api.chat(anna.id).draft is None
        assert (await d.bot.send_message(anna.id, "а")).text == "а"


async def test_calls_are_logged():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        await d.bot.send_photo(anna.id, JPEG, filename="вид.jpg")
        await d.bot.send_message(anna.id, "а", reply_markup={"keyboard": [["б"]]})
        photo, message = d.api.calls[-2:]
        assert photo.params["photo"] == "<вид.jpg>"
        assert message.params["reply_markup"] == {"keyboard": [["б"]]}
        assert (message.method, message.status, message.at) == ("sendMessage", 200, d.clock.now)
        assert message.client.startswith("127.0.0.1:")
        json.dumps([call.params for call in d.api.calls])


async def test_waiting_wakes_when_the_bot_writes():
    async with desk(BotApi(TOKEN)) as d:
        anna = d.api.person()
        anna.start()
        waiting = asyncio.create_task(d.api.wait_for_messages(anna.id, 2))
        await d.bot.send_message(anna.id, "1")
        await d.bot.send_message(anna.id, "2")
        assert [message.text for message in await waiting] == ["1", "2"]

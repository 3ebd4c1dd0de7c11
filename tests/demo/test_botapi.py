"""Receiving: updates, polling, what people do, and how a caller waits for it."""

import asyncio

import pytest
from telegram import Chat
from telegram.error import Conflict, EndPointNotFound
from telegram.ext import Application, MessageHandler, filters
from test_botapi_support import TOKEN, Clock, desk

from sovetnik.demo.botapi import BotApi

CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


async def updates(d, **params):
    return (await d.call("getUpdates", **params))["result"]


async def test_tokens_paths_and_methods():
    async with desk() as d:
        assert (await d.http.get(f"{d.url}/bot{TOKEN}/GETME")).json()["result"][
            "username"
        ] == "sovetnik_demo_bot"
        for path, code, words in (
            ("bot7000000001:other/getMe", 401, "Unauthorized"),
            ("botnonsense/getMe", 404, "Not Found"),
            (f"bot{TOKEN}/getNothing", 404, "Not Found"),
            ("", 404, "Not Found"),
            (f"file/bot{TOKEN}/nothing.jpg", 404, "Not Found"),
            ("file/bot7000000001:other/nothing.jpg", 401, "Unauthorized"),
        ):
            response = await d.http.get(f"{d.url}/{path}")
            assert response.json() == {"ok": False, "error_code": code, "description": words}
            assert response.status_code == code
        with pytest.raises(EndPointNotFound):
            await d.bot.do_api_request("getNothing")


async def test_parameters_come_in_four_ways():
    async with desk() as d:
        d.api.person(11).start()
        address = f"{d.url}/bot{TOKEN}/sendMessage"
        params = {"chat_id": "11", "text": "а&б"}
        for sent in (
            {"params": params},
            {"data": params},
            {"json": params},
            {"files": {name: (None, value) for name, value in params.items()}},
        ):
            response = await d.http.post(address, **sent)
            assert response.json()["result"]["text"] == "а&б"
        response = await d.http.post(address, content=b"{", headers={"Content-Type": "application/json"})
        assert response.json()["description"] == "Bad Request: can't parse JSON object"


async def test_offset_confirms_and_forgets():
    async with desk() as d:
        anna = d.api.person()
        first, second, third = (anna.say(text).update_id for text in "абв")
        assert [u["update_id"] for u in await updates(d)] == [first, second, third]
        assert [u["update_id"] for u in await updates(d, limit=2)] == [first, second]
        assert [u["update_id"] for u in await updates(d, offset=second)] == [second, third]
        assert [u["update_id"] for u in await updates(d)] == [second, third]
        assert [u["update_id"] for u in await updates(d, offset=-1)] == [third]
        assert [u["update_id"] for u in await updates(d)] == [third]
        assert await updates(d, offset=third + 1) == []
        assert (await d.call("getWebhookInfo"))["result"]["pending_update_count"] == 0


async def test_limit_is_at_most_a_hundred():
    async with desk() as d:
        anna = d.api.person()
        for n in range(120):
            anna.say(f"№{n}")
        assert len(await updates(d, limit=500)) == 100
        assert len(await updates(d, limit=0)) == 1


async def test_updates_older_than_a_day_are_gone():
    async with desk() as d:
        anna = d.api.person()
        anna.say("старое")
        d.clock.now += 3600
        anna.say("новое")
        d.clock.now += 23 * 3600
        assert [u["message"]["text"] for u in await updates(d)] == ["новое"]


async def test_a_pressed_button_waits_less_than_a_message():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        keys = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
        await d.call("sendMessage", chat_id=anna.id, text="Да?", reply_markup=keys)
        anna.press("Да")
        d.clock.now += 149
        *_, press = await updates(d)
        number = press["callback_query"]["id"]
        d.clock.now += 1
        assert [u["message"]["text"] for u in await updates(d)] == ["/start"]
        late = "Bad Request: query is too old and response timeout expired or query ID is invalid"
        assert await d.refused("answerCallbackQuery", callback_query_id=number) == (400, late)


async def test_an_offset_from_elsewhere_forgets_nothing():
    async with desk() as d:
        anna = d.api.person()
        said = anna.say("раз").update_id
        for offset in (said + 1000, said + 1000):
            assert [u["update_id"] for u in await updates(d, offset=offset)] == [said]
        assert await updates(d, offset=said + 5) == []  # a little ahead is an offset like any other
        assert anna.say("два").update_id == said + 1
        assert [u["update_id"] for u in await updates(d)] == [said + 1]


async def test_after_a_week_of_silence_the_ids_begin_anew():
    async with desk() as d:
        anna = d.api.person()
        before = anna.say("раз").update_id
        await updates(d, offset=before + 1)
        d.clock.now += 7 * 24 * 3600
        assert anna.say("два").update_id == before + 1
        await updates(d, offset=before + 2)
        d.clock.now += 7 * 24 * 3600 + 1
        after = anna.say("три").update_id
        assert after < before
        # The offset is from before the silence: Telegram hands out what there is all the same.
        assert [u["update_id"] for u in await updates(d, offset=before + 2)] == [after]
        assert await updates(d, offset=after + 1) == []
        assert anna.say("четыре").update_id == after + 1


async def test_long_poll_takes_what_is_said_together():
    async with desk() as d:
        anna = d.api.person()
        poll = asyncio.create_task(d.bot.get_updates(timeout=20))
        await d.api.wait_until(lambda: d.api.updates.polled)
        anna.say("раз")
        anna.say("два")
        assert [u.message.text for u in await poll] == ["раз", "два"]


async def test_second_poller_ends_the_first():
    async with desk() as d:
        poll = asyncio.create_task(d.bot.get_updates(timeout=20))
        await d.api.wait_until(lambda: d.api.updates.polled)
        assert await updates(d) == []
        with pytest.raises(Conflict) as error:
            await poll
        assert str(error.value) == CONFLICT
        assert [call.status for call in d.api.calls_of("getUpdates")] == [409, 200]
        assert d.api.calls_of("getUpdates")[0].description == CONFLICT


async def test_a_poller_that_hangs_up_takes_nothing():
    async with desk() as d:
        poll = asyncio.create_task(d.call("getUpdates", timeout=20))
        await d.api.wait_until(lambda: d.api.updates.polled)
        poll.cancel()
        await d.api.wait_until(lambda: not d.api.updates.polled)
        d.api.person().say("я тут")
        assert len(await updates(d)) == 1


async def test_allowed_updates_are_remembered():
    async with desk() as d:
        anna = d.api.person()
        message = anna.say("раз")
        assert len(await updates(d, allowed_updates=["message", "nonsense"])) == 1
        assert anna.edit(message.id, "два") is None
        assert anna.say("три").update_id is not None
        assert len(await updates(d)) == 2
        assert (await d.call("getWebhookInfo"))["result"]["allowed_updates"] == ["message"]
        await updates(d, allowed_updates=["Message", 1])  # no list of words: no change
        assert (await d.call("getWebhookInfo"))["result"]["allowed_updates"] == ["message"]
        await updates(d, allowed_updates=["Edited_Message"])
        assert (await d.call("getWebhookInfo"))["result"]["allowed_updates"] == ["edited_message"]
        await updates(d, allowed_updates=[])
        assert anna.edit(message.id, "четыре") is not None


async def test_the_same_update_twice():
    async with desk() as d:
        first = d.api.person().say("раз").update_id
        [update] = await updates(d)
        assert await updates(d, offset=first + 1) == []
        assert d.api.push(update) == first
        assert await updates(d, offset=first + 1) == [update]
        assert await updates(d, offset=first + 1) == []
        assert d.api.push({"message": update["message"]}) == first + 1


async def test_what_people_write():
    async with desk() as d:
        anna = d.api.person(first_name="Анна", last_name="К", username="anna", language_code="en")
        boris = d.api.person(first_name="Борис")
        assert anna.id != boris.id
        anna.start("promo")
        first = anna.say("цена?")
        anna.say("это", reply_to=first.id)
        anna.say("чужое", forwarded_from=boris)
        anna.say("скрытое", forwarded_from="Некто")
        anna.edit(first.id, "цена и срок?")
        got = await d.bot.get_updates()
        assert got[0].message.text == "/start promo"
        assert got[0].message.parse_entities() == {got[0].message.entities[0]: "/start"}
        assert got[0].effective_user.language_code == "en"
        assert got[0].effective_chat.type == Chat.PRIVATE
        assert got[1].message.text == "цена?"  # as it was then
        assert got[2].message.reply_to_message.message_id == first.id
        assert got[3].message.forward_origin.sender_user.id == boris.id
        assert got[4].message.forward_origin.sender_user_name == "Некто"
        assert got[5].edited_message.text == "цена и срок?"
        assert got[5].edited_message.edit_date is not None
        with pytest.raises(ValueError, match="4096"):
            anna.say("я" * 4097)
        with pytest.raises(ValueError, match="needs a text"):
            anna.say(" ")
        with pytest.raises(ValueError, match="to edit"):
            boris.edit(first.id, "не моё")
        with pytest.raises(ValueError, match="to reply to"):
            anna.say("на что?", reply_to=999)


async def test_contact_files_place():
    async with desk() as d:
        anna = d.api.person(phone="+79990001122")
        anna.share_contact()
        anna.share_contact("+70000000000", user_id=0, first_name="Друг")
        anna.send_photo(b"\xff\xd8\xff-picture", caption="вот https://a.ru")
        anna.send_voice(b"OggS", duration=7)
        anna.send_document(b"%PDF", name="счёт.pdf")
        anna.send_sticker()
        anna.send_location(55.75, 37.62)
        own, other, photo, voice, document, sticker, place = (u.message for u in await d.bot.get_updates())
        assert (own.contact.phone_number, own.contact.user_id) == ("+79990001122", anna.id)
        assert other.contact.user_id is None
        assert photo.caption_entities[0].type == "url"
        file = await d.bot.get_file(photo.photo[-1].file_id)
        assert file.file_size == 11
        assert await file.download_as_bytearray() == b"\xff\xd8\xff-picture"
        assert (voice.voice.duration, voice.voice.mime_type) == (7, "audio/ogg")
        assert bytes(await (await voice.voice.get_file(read_timeout=5)).download_as_bytearray()) == b"OggS"
        assert document.document.file_name == "счёт.pdf"
        assert sticker.sticker.emoji == "👍"
        assert place.location.latitude == 55.75
        assert await d.refused("getFile", file_id="nonsense") == (400, "Bad Request: invalid file_id")


async def test_block_and_unblock():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        anna.block()
        assert anna.block() is None
        with pytest.raises(ValueError, match="blocked"):
            anna.say("не выйдет")
        words = "Forbidden: bot was blocked by the user"
        assert await d.refused("sendMessage", chat_id=anna.id, text="а") == (403, words)
        assert await d.refused("sendChatAction", chat_id=anna.id, action="typing") == (403, words)
        anna.start()
        assert (await d.call("sendMessage", chat_id=anna.id, text="а"))["ok"]
        members = [u.my_chat_member for u in await d.bot.get_updates() if u.my_chat_member]
        assert [m.new_chat_member.status for m in members] == ["kicked", "member"]


async def test_buttons():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        inline = {
            "inline_keyboard": [[{"text": "Да", "callback_data": "yes"}, {"text": "Сайт", "url": "a.ru"}]]
        }
        old = (await d.call("sendMessage", chat_id=anna.id, text="1", reply_markup=inline))["result"][
            "message_id"
        ]
        await d.call("sendMessage", chat_id=anna.id, text="2", reply_markup=inline)
        keys = [["Прайс", {"text": "Телефон", "request_contact": True}]]
        await d.call("sendMessage", chat_id=anna.id, text="3", reply_markup={"keyboard": keys})
        await d.bot.get_updates(offset=-1)
        anna.press("yes")
        anna.press("Да", message_id=old)
        anna.press("Прайс")
        anna.press("Телефон")
        for wrong, words in (("Нет", "no button"), ("Сайт", "opens a page")):
            with pytest.raises(ValueError, match=words):
                anna.press(wrong)
        newest, older, said, card = (await d.bot.get_updates())[1:]
        assert newest.callback_query.data == "yes"
        assert newest.callback_query.message.text == "2"
        assert older.callback_query.message.message_id == old
        assert said.message.text == "Прайс"
        assert card.message.contact.user_id == anna.id
        assert card.message.reply_to_message.text == "3"
        assert await newest.callback_query.answer("Хорошо", show_alert=True)
        assert d.api.press_answers == [{"id": newest.callback_query.id, "text": "Хорошо", "show_alert": True}]
        late = "Bad Request: query is too old and response timeout expired or query ID is invalid"
        for number in (newest.callback_query.id, "nonsense"):
            assert await d.refused("answerCallbackQuery", callback_query_id=number) == (400, late)


async def test_waiting_tells_what_is_there():
    api = BotApi(TOKEN)
    anna = api.person()
    anna.start()
    with pytest.raises(TimeoutError, match=r"0 of 1 messages in chat \d+: \[\]"):
        await api.wait_for_messages(anna.id, timeout=0.01)


async def test_a_whole_application_polls_and_answers():
    async with desk() as d:
        application = Application.builder().bot(d.bot).build()

        async def echo(update, context):
            await update.message.reply_text(f"Вы: {update.message.text}", do_quote=True)

        application.add_handler(MessageHandler(filters.TEXT, echo))
        async with application:
            await application.updater.start_polling(allowed_updates=["message"])
            await application.start()
            anna = d.api.person()
            anna.start()
            anna.say("цена?")
            assert [m.text for m in await d.api.wait_for_messages(anna.id, 2)] == ["Вы: /start", "Вы: цена?"]
            await application.updater.stop()
            await application.stop()
        assert await updates(d) == []


async def test_events_for_a_page():
    async with desk() as d:
        events = d.api.subscribe()
        anna = d.api.person()
        anna.start()
        await d.bot.send_chat_action(anna.id, "typing")
        await d.bot.send_message_draft(anna.id, 1, "Пи")
        sent = await d.bot.send_message(anna.id, "Пишу", reply_markup={"keyboard": [["а"]]})
        await sent.edit_text("Пишу вам")
        await sent.delete()
        anna.block()
        events.close()
        seen = [event async for event in events]
        kinds = [event["event"] for event in seen]
        assert kinds == ["message", "action", "draft", "message", "keyboard", "edited", "deleted", "blocked"]
        assert [event["from_bot"] for event in seen if event["event"] == "message"] == [False, True]
        assert {event["chat_id"] for event in seen} == {anna.id}
        assert seen[3]["message"]["text"] == "Пишу"  # as it was then


async def test_dump_and_load():
    clock = Clock()
    api = BotApi(TOKEN, clock=clock, username="other_bot")
    anna = api.person(first_name="Анна")
    async with desk(api) as d:
        waiting = anna.send_photo(b"\xff\xd8\xff\x00")
        await d.bot.send_message(anna.id, "*жирно*", parse_mode="MarkdownV2")
        await d.bot.send_message_draft(anna.id, 5, "черн")
        await d.bot.set_my_commands([("help", "Помощь")])
        dumped = d.api.dump()
    again = BotApi.load(dumped, clock=clock)
    assert again.dump() == dumped
    async with desk(again) as d:
        assert (await d.bot.get_me()).username == "other_bot"
        assert [u.update_id for u in await d.bot.get_updates()] == [waiting.update_id]
        assert d.api.answers(anna.id) == ["жирно"]
        assert d.api.chat(anna.id).draft.text == "черн"
        assert (await d.bot.get_my_commands())[0].command == "help"
        assert d.api.person(anna.id).say("ещё").id == 3

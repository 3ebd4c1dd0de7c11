"""Editing, deleting, files, and what a bot says of itself."""

import pytest
from telegram.error import BadRequest
from test_botapi_support import desk

JPEG = b"\xff\xd8\xff\xe0picture"


async def test_editing():
    async with desk() as d:
        anna = d.api.person()
        asked = anna.say("а")
        keys = {"inline_keyboard": [[{"text": "Да", "callback_data": "y"}]]}
        sent = await d.bot.send_message(anna.id, "пишу", reply_markup=keys)
        d.clock.now += 2
        edited = await sent.edit_text("<b>готово</b>", parse_mode="HTML", reply_markup=keys)
        assert (edited.text, edited.edit_date.timestamp()) == ("готово", d.clock.now)
        assert edited.reply_markup.inline_keyboard[0][0].text == "Да"
        assert (await sent.edit_text("без кнопок")).reply_markup is None
        assert (await sent.edit_reply_markup(keys)).text == "без кнопок"
        assert d.api.answers(anna.id) == ["без кнопок"]
        same = (
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
        number = sent.message_id
        for method, params, words in (
            ("editMessageText", {"message_id": number, "text": " без кнопок ", "reply_markup": keys}, same),
            ("editMessageReplyMarkup", {"message_id": number, "reply_markup": keys}, same),
            ("editMessageText", {"message_id": 99, "text": "а"}, "message to edit not found"),
            ("editMessageText", {"text": "а"}, "message identifier is not specified"),
            ("editMessageText", {"message_id": asked.id, "text": "а"}, "message can't be edited"),
            ("editMessageText", {"message_id": number, "text": ""}, "message text is empty"),
            ("editMessageText", {"message_id": number, "text": "а" * 4097}, "MESSAGE_TOO_LONG"),
            ("editMessageText", {"inline_message_id": "x", "text": "а"}, "MESSAGE_ID_INVALID"),
            (
                "editMessageText",
                {"message_id": number, "text": "а", "reply_markup": {"keyboard": [["a"]]}},
                "inline keyboard expected",
            ),
            (
                "editMessageCaption",
                {"message_id": number, "caption": "а"},
                "there is no caption in the message to edit",
            ),
        ):
            refused = await d.refused(method, **{"chat_id": anna.id, **params})
            assert refused == (400, f"Bad Request: {words}")


async def test_deleting():
    async with desk() as d:
        anna = d.api.person()
        asked = anna.say("секрет")
        first, second, third = [await d.bot.send_message(anna.id, text) for text in "абв"]
        assert await first.delete()
        assert await d.bot.delete_message(anna.id, asked.id)
        assert [m.deleted for m in d.api.chat(anna.id).messages] == [True, True, False, False]
        assert d.api.answers(anna.id) == ["б", "в"]
        gone = "Bad Request: message to delete not found"
        assert await d.refused("deleteMessage", chat_id=anna.id, message_id=first.message_id) == (400, gone)
        assert await d.bot.delete_messages(anna.id, [first.message_id, second.message_id])
        d.clock.now += 49 * 3600
        late = "Bad Request: message can't be deleted for everyone"
        assert await d.refused("deleteMessage", chat_id=anna.id, message_id=third.message_id) == (400, late)
        for numbers, words in (([], "are not specified"), (list(range(101)), "too many")):
            refused = await d.refused("deleteMessages", chat_id=anna.id, message_ids=numbers)
            assert words in refused[1]
        team = d.api.group(anna)
        said = anna.say("/id", group=team)
        assert (await d.refused("deleteMessage", chat_id=team.id, message_id=said.id))[1] == late


async def test_files():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        photo = await d.bot.send_photo(anna.id, JPEG, caption="*Вид*", parse_mode="MarkdownV2")
        assert photo.caption == "Вид"
        assert photo.caption_entities[0].type == "bold"
        again = await d.bot.send_photo(anna.id, photo.photo[0].file_id)
        assert again.photo[0].file_unique_id == photo.photo[0].file_unique_id
        document = await d.bot.send_document(anna.id, b"\r\n--x\r\n\x00", filename="прайс.csv")
        file = await d.bot.get_file(document.document.file_id)
        assert await file.download_as_bytearray() == b"\r\n--x\r\n\x00"
        assert document.document.file_name == "прайс.csv"
        assert (await d.bot.send_voice(anna.id, b"OggS", duration=4)).voice.duration == 4
        edited = await d.bot.edit_message_caption(anna.id, photo.message_id, caption="Вид сверху")
        assert edited.caption == "Вид сверху"
        for method, params, words in (
            ("sendPhoto", {"caption": "а" * 1025, "photo": "x"}, "message caption is too long"),
            (
                "editMessageCaption",
                {"message_id": photo.message_id, "caption": "а" * 1025},
                "MEDIA_CAPTION_TOO_LONG",
            ),
            ("sendPhoto", {}, "there is no photo in the request"),
            ("sendVoice", {"voice": "nonsense"}, "wrong file identifier/HTTP URL specified"),
            ("sendDocument", {"document": "https://a.ru/x.pdf"}, "failed to get HTTP URL content"),
            (
                "editMessageText",
                {"message_id": photo.message_id, "text": "а"},
                "there is no text in the message to edit",
            ),
        ):
            assert await d.refused(method, chat_id=anna.id, **params) == (400, f"Bad Request: {words}")
        for data, words in ((b"", "File must be non-empty"), (b"no picture", "Image_process_failed")):
            with pytest.raises(BadRequest, match=words):
                await d.bot.send_photo(anna.id, data)


async def test_profile():
    async with desk() as d:
        assert await d.bot.get_my_commands() == ()
        await d.bot.set_my_commands([("start", "Начать"), ("help", "Помощь")])
        await d.bot.set_my_commands([("aide", "Aide")], language_code="fr")
        private = {"type": "all_private_chats"}
        await d.call("setMyCommands", commands=[{"command": "x", "description": "y"}], scope=private)
        assert [c.command for c in await d.bot.get_my_commands()] == ["start", "help"]
        assert [c.command for c in await d.bot.get_my_commands(language_code="fr")] == ["aide"]
        await d.bot.delete_my_commands(language_code="fr")
        assert await d.bot.get_my_commands(language_code="fr") == ()
        for params, words in (
            ({"commands": [{"command": "Start", "description": "а"}]}, "BOT_COMMAND_INVALID"),
            ({"commands": [{"command": "a", "description": ""}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
            ({"commands": [{"command": "a"}]}, "can't parse BotCommand: Can't find field \"description\""),
            ({"commands": "x"}, "can't parse commands JSON object"),
            (
                {"commands": [], "scope": {"type": "x"}},
                "can't parse BotCommandScope: Unsupported type specified",
            ),
            ({"commands": [], "language_code": "russian"}, "invalid language code specified"),
        ):
            assert await d.refused("setMyCommands", **params) == (400, f"Bad Request: {words}")
        await d.bot.set_my_name("Советник", language_code="ru")
        assert (await d.bot.get_my_name(language_code="ru")).name == "Советник"
        assert (await d.bot.get_my_name()).name == "Советник"
        await d.bot.set_my_description("Отвечаю")
        await d.bot.set_my_short_description("Коротко")
        assert (await d.bot.get_my_description()).description == "Отвечаю"
        assert (await d.bot.get_my_short_description(language_code="en")).short_description == "Коротко"
        assert await d.refused("setMyName", name="а" * 65) == (400, "Bad Request: name is too long")
        anna = d.api.person(first_name="Анна")
        chat = await d.bot.get_chat(anna.id)
        assert (chat.type, chat.first_name) == ("private", "Анна")
        assert (await d.bot.get_chat_member(anna.id, d.bot.id)).status == "member"
        assert await d.refused("getChatMember", chat_id=anna.id, user_id=1) == (
            400,
            "Bad Request: PARTICIPANT_ID_INVALID",
        )
        assert await d.bot.log_out()
        assert await d.bot.close()

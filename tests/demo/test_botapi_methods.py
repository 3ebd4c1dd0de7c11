"""Every method the server claims, called by python-telegram-bot's own functions."""

import pytest
from telegram import BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup
from test_botapi_support import desk

from sovetnik.demo.botapi.methods import METHODS

JPEG = b"\xff\xd8\xff\xe0picture"
YES = InlineKeyboardMarkup([[InlineKeyboardButton("Да", callback_data="yes")]])
ADDRESS = "http://127.0.0.1:9/hook"


async def answered(d, anna):
    await d.bot.send_message(anna.id, "Да?", reply_markup=YES)
    anna.press("Да")
    query = (await d.bot.get_updates(offset=-1))[0].callback_query
    return await query.answer()


async def after(first, then):
    """Two calls; the second one's answer."""
    await first
    return await then


async def edited(d, anna):
    sent = await d.bot.send_message(anna.id, "а")
    return await d.bot.edit_message_text("б", anna.id, sent.message_id)


async def captioned(d, anna):
    sent = await d.bot.send_document(anna.id, b"1", caption="а", filename="a.txt")
    return await d.bot.edit_message_caption(anna.id, sent.message_id, caption="б")


async def with_keys(d, anna):
    sent = await d.bot.send_message(anna.id, "а")
    return await d.bot.edit_message_reply_markup(anna.id, sent.message_id, reply_markup=YES)


async def commands(d, anna):
    where = {"scope": BotCommandScopeChat(anna.id), "language_code": "ru"}
    await d.bot.set_my_commands([("help", "Помощь")], **where)
    assert [c["command"] for c in anna.commands()] == ["help"]
    [command] = await d.bot.get_my_commands(**where)
    assert await d.bot.delete_my_commands(**where)
    assert anna.commands() == []
    return command.description


# What each method is called with, and what of its answer is looked at.
EXERCISES = {
    "getMe": lambda d, a: (d.bot.get_me(), lambda me: me.id, 7000000001),
    "getUpdates": lambda d, a: (d.bot.get_updates(), lambda got: got[0].message.text, "/start"),
    "setWebhook": lambda d, a: (d.bot.set_webhook(ADDRESS), bool, True),
    "deleteWebhook": lambda d, a: (d.bot.delete_webhook(), bool, True),
    "getWebhookInfo": lambda d, a: (
        after(d.bot.set_webhook(ADDRESS), d.bot.get_webhook_info()),
        lambda info: info.url,
        ADDRESS,
    ),
    "sendMessage": lambda d, a: (d.bot.send_message(a.id, "а"), lambda m: m.text, "а"),
    "sendMessageDraft": lambda d, a: (d.bot.send_message_draft(a.id, 1, "а"), bool, True),
    "sendChatAction": lambda d, a: (d.bot.send_chat_action(a.id, "typing"), bool, True),
    "sendPhoto": lambda d, a: (d.bot.send_photo(a.id, JPEG), lambda m: len(m.photo), 1),
    "sendVoice": lambda d, a: (d.bot.send_voice(a.id, b"OggS"), lambda m: m.voice.file_size, 4),
    "sendDocument": lambda d, a: (d.bot.send_document(a.id, b"1"), lambda m: m.document.file_size, 1),
    "getFile": lambda d, a: (
        d.bot.get_file(a.send_photo(JPEG).data["photo"][0]["file_id"]),
        lambda file: file.file_size,
        len(JPEG),
    ),
    "editMessageText": lambda d, a: (edited(d, a), lambda m: m.text, "б"),
    "editMessageCaption": lambda d, a: (captioned(d, a), lambda m: m.caption, "б"),
    "editMessageReplyMarkup": lambda d, a: (with_keys(d, a), lambda m: m.reply_markup, YES),
    "deleteMessage": lambda d, a: (d.bot.delete_message(a.id, a.say("а").id), bool, True),
    "deleteMessages": lambda d, a: (d.bot.delete_messages(a.id, [a.say("а").id, 999]), bool, True),
    "answerCallbackQuery": lambda d, a: (answered(d, a), bool, True),
    "setMyCommands": lambda d, a: (commands(d, a), str, "Помощь"),
    "getMyCommands": lambda d, a: (commands(d, a), str, "Помощь"),
    "deleteMyCommands": lambda d, a: (commands(d, a), str, "Помощь"),
    "setMyName": lambda d, a: (d.bot.set_my_name("Имя"), bool, True),
    "getMyName": lambda d, a: (d.bot.get_my_name(), lambda name: name.name, "Советник"),
    "setMyDescription": lambda d, a: (d.bot.set_my_description("а"), bool, True),
    "getMyDescription": lambda d, a: (
        after(d.bot.set_my_description("а"), d.bot.get_my_description()),
        lambda found: found.description,
        "а",
    ),
    "setMyShortDescription": lambda d, a: (d.bot.set_my_short_description("а"), bool, True),
    "getMyShortDescription": lambda d, a: (
        after(d.bot.set_my_short_description("а"), d.bot.get_my_short_description("ru")),
        lambda found: found.short_description,
        "а",
    ),
    "getChat": lambda d, a: (d.bot.get_chat(a.id), lambda chat: chat.first_name, "Анна"),
    "getChatMember": lambda d, a: (d.bot.get_chat_member(a.id, a.id), lambda m: m.user.id, 5000000001),
    "logOut": lambda d, a: (d.bot.log_out(), bool, True),
    "close": lambda d, a: (d.bot.close(), bool, True),
}


@pytest.mark.parametrize("method", METHODS)
async def test_every_method(method):
    async with desk() as d:
        anna = d.api.person(first_name="Анна")
        anna.start()
        call, look, wanted = EXERCISES[method](d, anna)
        assert look(await call) == wanted
        assert d.api.calls_of(method)[0].status == 200


def test_no_method_is_left_out():
    assert set(EXERCISES) == set(METHODS)

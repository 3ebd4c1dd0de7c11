"""Drive the demo's Bot API server with aiogram: every method it claims, then polling, then a webhook.

The server is only as good as the clients that accept it, and python-telegram-bot is not the only one. aiogram
wants an older pydantic than this project, so it stays out of the lock; the script runs with an interpreter of
its own, which needs aiogram, what the server itself imports, and the project without its dependencies:

    python3 -m venv /tmp/aiogram
    /tmp/aiogram/bin/pip install aiogram starlette uvicorn httpx
    /tmp/aiogram/bin/pip install --no-deps --editable .
    /tmp/aiogram/bin/python scripts/botapi_with_aiogram.py

Prints a line for each method and each kind of update; exit code 1 if anything went wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from aiogram import Bot, Dispatcher, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)
from aiogram.methods import SendMessage
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from sovetnik.demo.botapi import BotApi, Channel, Group, Limits, Person
from sovetnik.demo.botapi.methods import METHODS
from sovetnik.demo.serving import serve

TOKEN = "7000000001:aiogram-on-loopback"
Error = TypeVar("Error", bound=Exception)
JPEG = b"\xff\xd8\xff\xe0picture"
PATIENCE = 10.0
Handler = Callable[[types.Update, dict[str, object]], Awaitable[object]]


@dataclass
class Stage:
    """A server, aiogram's bot in front of it, a person who has pressed Start, and a group."""

    api: BotApi
    bot: Bot
    anna: Person
    team: Group
    failed: list[str] = field(default_factory=list)

    async def try_(self, name: str, exercise: Callable[[Stage], Awaitable[object]]) -> None:
        """Print how the exercise went."""
        try:
            async with asyncio.timeout(PATIENCE):
                await exercise(self)
        except Exception:  # noqa: BLE001 - the table goes on
            self.failed.append(name)
            print(f"{name:32} FAILED\n{traceback.format_exc()}")
        else:
            print(f"{name:32} ok")

    async def message(self, reply_markup: types.ReplyMarkupUnion | None = None) -> types.Message:
        """A new message of the bot to Anna."""
        return await self.bot.send_message(self.anna.id, "текст", reply_markup=reply_markup)


@contextlib.asynccontextmanager
async def stage() -> AsyncGenerator[Stage]:
    """Everything new."""
    api = BotApi(TOKEN)
    async with serve(api.app) as url:
        bot = Bot(TOKEN, AiohttpSession(api=TelegramAPIServer.from_base(url)))
        anna = api.person(first_name="Анна", username="anna")
        anna.start()
        async with bot:
            yield Stage(api, bot, anna, api.group(anna))


def same(found: object, wanted: object) -> None:
    """Fail with both."""
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")


async def refused(kind: type[Error], call: Awaitable[object]) -> Error:
    """The exception that the call must end with."""
    try:
        await call
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


# One exercise for each method.


async def get_me(s: Stage) -> None:
    same((await s.bot.get_me()).username, "sovetnik_demo_bot")


async def get_updates(s: Stage) -> None:
    same((await s.bot.get_updates())[0].message.text, "/start")
    first = asyncio.create_task(s.bot.get_updates(offset=-1, timeout=0))
    await first
    [last] = first.result()
    poll = asyncio.create_task(s.bot.get_updates(offset=last.update_id + 1, timeout=30))
    await s.api.wait_until(lambda: s.api.updates.polled)
    same(await s.bot.get_updates(offset=last.update_id + 1), [])
    await refused(TelegramConflictError, poll)


async def webhook(s: Stage) -> None:
    same(await s.bot.set_webhook("http://127.0.0.1:9/hook", secret_token="s", max_connections=3), True)
    info = await s.bot.get_webhook_info()
    same((info.url, info.max_connections), ("http://127.0.0.1:9/hook", 3))
    await refused(TelegramConflictError, s.bot.get_updates())
    same(await s.bot.delete_webhook(drop_pending_updates=True), True)
    same((await s.bot.get_webhook_info()).pending_update_count, 0)


async def send_message(s: Stage) -> None:
    asked = s.anna.say("сколько?")
    keys = types.ReplyKeyboardMarkup(
        keyboard=[[types.KeyboardButton(text="Телефон", request_contact=True)]], resize_keyboard=True
    )
    sent = await s.bot.send_message(
        s.anna.id,
        "<b>Сто</b> рублей 👍",
        parse_mode="HTML",
        reply_markup=keys,
        reply_parameters=types.ReplyParameters(message_id=asked.id),
        link_preview_options=types.LinkPreviewOptions(is_disabled=True),
    )
    same(
        (sent.text, sent.entities[0].type, sent.html_text), ("Сто рублей 👍", "bold", "<b>Сто</b> рублей 👍")
    )
    same(sent.reply_to_message.message_id, asked.id)
    same(s.api.chat(s.anna.id).keyboard["keyboard"][0][0]["request_contact"], True)
    await s.message(reply_markup=types.ReplyKeyboardRemove())
    same(s.api.chat(s.anna.id).keyboard, None)
    error = await refused(TelegramBadRequest, s.bot.send_message(s.anna.id, "я" * 4097))
    same(error.message, "Bad Request: message is too long")
    error = await refused(TelegramBadRequest, s.bot.send_message(s.anna.id, "<b>", parse_mode="HTML"))
    same(error.message.startswith("Bad Request: can't parse entities"), True)
    s.api.limiter.limits = Limits(chat_per_second=0.001)
    await s.message()
    same((await refused(TelegramRetryAfter, s.message())).retry_after > 1, True)
    s.api.limiter.limits = Limits()
    s.anna.block()
    await refused(TelegramForbiddenError, s.message())
    s.anna.unblock()
    bigger = s.team.migrate()
    same(
        (await refused(TelegramMigrateToChat, s.bot.send_message(s.team.id, "а"))).migrate_to_chat_id,
        bigger.id,
    )
    same((await s.bot.send_message(bigger.id, "а")).chat.type, "supergroup")


async def send_message_draft(s: Stage) -> None:
    for text in ("Со", "Совет"):
        same(await s.bot.send_message_draft(s.anna.id, draft_id=7, text=text), True)
    same(s.api.chat(s.anna.id).draft.text, "Совет")
    await s.message()
    same(s.api.chat(s.anna.id).draft, None)
    error = await refused(TelegramBadRequest, s.bot.send_message_draft(s.team.id, draft_id=7, text="а"))
    same(error.message, "Bad Request: TEXTDRAFT_PEER_INVALID")


async def send_chat_action(s: Stage) -> None:
    same(await s.bot.send_chat_action(s.anna.id, "typing"), True)
    same(s.api.chat(s.anna.id).action.name, "typing")


async def send_photo(s: Stage) -> None:
    sent = await s.bot.send_photo(s.anna.id, types.BufferedInputFile(JPEG, "вид.jpg"), caption="вид")
    same((sent.content_type, sent.caption), ("photo", "вид"))
    same((await s.bot.send_photo(s.anna.id, sent.photo[-1].file_id)).photo, sent.photo)


async def send_voice(s: Stage) -> None:
    same(
        (
            await s.bot.send_voice(s.anna.id, types.BufferedInputFile(b"OggS", "a.oga"), duration=4)
        ).voice.duration,
        4,
    )


async def send_document(s: Stage) -> None:
    sent = await s.bot.send_document(s.anna.id, types.BufferedInputFile(b"\r\n--x\r\n", "прайс.csv"))
    same(sent.document.file_name, "прайс.csv")
    same((await s.bot.download(sent.document)).read(), b"\r\n--x\r\n")


async def get_file(s: Stage) -> None:
    voice = s.anna.send_voice(b"OggS", size=21 * 1024 * 1024)
    file_id = voice.data["voice"]["file_id"]
    same((await refused(TelegramBadRequest, s.bot.get_file(file_id))).message, "Bad Request: file is too big")
    photo = s.anna.send_photo(JPEG).data["photo"][-1]["file_id"]
    file = await s.bot.get_file(photo)
    same((await s.bot.download_file(file.file_path)).read(), JPEG)


def yes_key(name: str = "Да") -> types.InlineKeyboardMarkup:
    """A button under a message."""
    return types.InlineKeyboardMarkup(
        inline_keyboard=[[types.InlineKeyboardButton(text=name, callback_data="yes")]]
    )


async def edit_message_text(s: Stage) -> None:
    sent = await s.message()
    same((await sent.edit_text("_другой_", parse_mode="MarkdownV2")).text, "другой")
    same((await sent.edit_text("другой")).entities, None)  # another message: it had been italic
    error = await refused(TelegramBadRequest, sent.edit_text("другой"))
    same("message is not modified" in error.message, True)


async def edit_message_caption(s: Stage) -> None:
    sent = await s.bot.send_document(s.anna.id, types.BufferedInputFile(b"1", "a.txt"), caption="а")
    same((await sent.edit_caption(caption="б")).caption, "б")


async def edit_message_reply_markup(s: Stage) -> None:
    sent = await s.message(reply_markup=yes_key())
    edited = await sent.edit_reply_markup(reply_markup=yes_key("Ок"))
    same(edited.reply_markup.inline_keyboard[0][0].text, "Ок")


async def delete_message(s: Stage) -> None:
    sent = await s.message()
    same(await sent.delete(), True)
    await refused(TelegramBadRequest, sent.delete())


async def delete_messages(s: Stage) -> None:
    sent = [await s.message(), await s.message()]
    same(await s.bot.delete_messages(s.anna.id, [m.message_id for m in sent]), True)


async def answer_callback_query(s: Stage) -> None:
    await s.message(reply_markup=yes_key())
    s.anna.press("yes")
    query = (await s.bot.get_updates(offset=-1))[0].callback_query
    same(query.data, "yes")
    same(await query.answer("Хорошо", show_alert=True), True)
    await refused(TelegramBadRequest, query.answer())


async def commands(s: Stage) -> None:
    here = types.BotCommandScopeChat(chat_id=s.anna.id)
    help_ = types.BotCommand(command="help", description="Помощь")
    same(await s.bot.set_my_commands([help_], scope=here, language_code="ru"), True)
    [found] = await s.bot.get_my_commands(scope=here, language_code="ru")
    same((found.command, found.description), ("help", "Помощь"))
    same(s.anna.commands()[0]["command"], "help")
    same(await s.bot.delete_my_commands(scope=here, language_code="ru"), True)
    same(await s.bot.get_my_commands(scope=here, language_code="ru"), [])


async def name(s: Stage) -> None:
    same(await s.bot.set_my_name("Советник", language_code="ru"), True)
    same((await s.bot.get_my_name(language_code="ru")).name, "Советник")


async def description(s: Stage) -> None:
    same(await s.bot.set_my_description("Отвечаю"), True)
    same((await s.bot.get_my_description()).description, "Отвечаю")


async def short_description(s: Stage) -> None:
    same(await s.bot.set_my_short_description("Коротко"), True)
    same((await s.bot.get_my_short_description()).short_description, "Коротко")


async def get_chat(s: Stage) -> None:
    same((await s.bot.get_chat(s.anna.id)).first_name, "Анна")
    same((await s.bot.get_chat(s.team.id)).title, "Команда")


async def get_chat_member(s: Stage) -> None:
    same((await s.bot.get_chat_member(s.team.id, s.anna.id)).status, "member")


async def log_out(s: Stage) -> None:
    same(await s.bot.log_out(), True)


async def close(s: Stage) -> None:
    same(await s.bot.close(), True)


EXERCISES: dict[str, Callable[[Stage], Awaitable[object]]] = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": webhook,
    "deleteWebhook": webhook,
    "getWebhookInfo": webhook,
    "sendMessage": send_message,
    "sendMessageDraft": send_message_draft,
    "sendChatAction": send_chat_action,
    "sendPhoto": send_photo,
    "sendVoice": send_voice,
    "sendDocument": send_document,
    "getFile": get_file,
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "answerCallbackQuery": answer_callback_query,
    "setMyCommands": commands,
    "getMyCommands": commands,
    "deleteMyCommands": commands,
    "setMyName": name,
    "getMyName": name,
    "setMyDescription": description,
    "getMyDescription": description,
    "setMyShortDescription": short_description,
    "getMyShortDescription": short_description,
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "logOut": log_out,
    "close": close,
}


async def all_methods() -> list[str]:
    """Every method on a stage of its own; gives what failed."""
    failed: list[str] = []
    for method in METHODS:
        async with stage() as s:
            if method in EXERCISES:
                await s.try_(method, EXERCISES[method])
                if not s.api.calls_of(method):
                    s.failed.append(f"{method} was not called")
            else:
                s.failed.append(f"{method} has no exercise")
            failed += s.failed
    return failed


# What people do, each with the content type that aiogram must see in it.
ACTS: dict[str, Callable[[Stage], object]] = {
    "text": lambda s: s.anna.say("цена? /help https://a.ru"),
    "photo": lambda s: s.anna.send_album([("photo", JPEG), ("photo", JPEG)], caption="альбом"),
    "voice": lambda s: s.anna.send_voice(b"OggS"),
    "document": lambda s: s.anna.send_document(b"%PDF"),
    "audio": lambda s: s.anna.send_audio(b"mp3"),
    "video": lambda s: s.anna.send_video(b"mp4", caption="смотрите"),
    "video_note": lambda s: s.anna.send_video_note(b"mp4"),
    "animation": lambda s: s.anna.send_animation(b"gif"),
    "sticker": lambda s: s.anna.send_sticker(),
    "dice": lambda s: s.anna.send_dice(),
    "poll": lambda s: s.anna.send_poll("Когда?", ["завтра", "никогда"]),
    "venue": lambda s: s.anna.send_venue(55.7, 37.6, "Склад", "Лесная, 5"),
    "location": lambda s: s.anna.send_location(55.7, 37.6),
    "story": lambda s: s.anna.send_story(),
    "contact": lambda s: s.anna.share_contact(vcard="BEGIN:VCARD\nEND:VCARD"),
    "migrate_to_chat_id": lambda s: s.team.migrate(),
    "new_chat_members": lambda s: s.team.invite(s.api.person(), by=s.anna),
    "left_chat_member": lambda s: s.team.leave(s.anna),
    "new_chat_title": lambda s: s.team.rename("Отдел", by=s.anna),
}


async def polling(s: Stage) -> None:
    """Aiogram's dispatcher polls and answers; every kind of update arrives as what it is."""
    dispatcher, seen = Dispatcher(), list[types.Update]()
    groups = itertools.count(5_000_001)

    @dispatcher.update.outer_middleware()
    async def keep(handler: Handler, update: types.Update, data: dict[str, object]) -> object:
        seen.append(update)
        return await handler(update, data)

    @dispatcher.message()
    async def answer(message: types.Message) -> None:
        if message.text and message.chat.type == "private":
            await message.reply(f"Вы: {message.text}")

    kinds = ["message", "edited_message", "my_chat_member"]
    task = asyncio.create_task(
        dispatcher.start_polling(s.bot, handle_signals=False, close_bot_session=False, allowed_updates=kinds)
    )
    try:
        await s.api.wait_for_messages(s.anna.id)
        for kind, act in ACTS.items():
            seen.clear()
            s.team = s.api.group(s.anna, id=-next(groups))
            act(s)
            await s.api.wait_until(lambda: bool(seen) and not s.api.updates.queue)
            same(seen[0].message.content_type, kind)
        await several_more(s, seen)
    finally:
        await dispatcher.stop_polling()
        await task


async def several_more(s: Stage, seen: list[types.Update]) -> None:
    """What is no new message, and forwards and quotes."""
    seen.clear()
    said = s.anna.say("цена?")
    s.anna.edit(said.id, "цена и срок?")
    photo = s.anna.send_photo(JPEG, caption="вид")
    s.anna.edit(photo.id, "вид сверху")
    s.anna.say("это?", reply_to=said.id, quote="срок")
    for origin in (s.anna, "Скрытый", s.team, Channel("Новости", username="news")):
        s.anna.say("смотрите", forwarded_from=origin)
    s.team.remove_bot(s.anna)
    s.team.add_bot(s.anna)
    s.anna.block()
    s.anna.unblock()
    await s.api.wait_until(lambda: not s.api.updates.queue)
    kinds = [update.event_type for update in seen]
    same(kinds.count("edited_message"), 2)
    same(kinds.count("my_chat_member"), 4)
    origins = [u.message.forward_origin.type for u in seen if u.message and u.message.forward_origin]
    same(origins, ["user", "hidden_user", "chat", "channel"])
    [quote] = [u.message.quote for u in seen if u.message and u.message.quote]
    same((quote.text, quote.position), ("срок", 7))


async def by_webhook(s: Stage) -> None:
    """Aiogram's webhook handler takes updates, and answers one with a method in the response."""
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def answer(message: types.Message) -> SendMessage:
        return SendMessage(chat_id=message.chat.id, text=f"Вы: {message.text}")

    application = web.Application()
    SimpleRequestHandler(dispatcher, s.bot, handle_in_background=False, secret_token="s-1").register(
        application, "/hook"
    )
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        await s.bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token="s-1")
        s.anna.say("цена?")
        await s.api.wait_for_messages(s.anna.id, 2)
        same(s.api.answers(s.anna.id), ["Вы: /start", "Вы: цена?"])
    finally:
        await s.bot.delete_webhook()
        await runner.cleanup()


async def main() -> int:
    """Everything; the exit code."""
    failed = await all_methods()
    async with stage() as s:
        await s.try_("aiogram's dispatcher, polling", polling)
        failed += s.failed
    async with stage() as s:
        await s.try_("aiogram's webhook handler", by_webhook)
        failed += s.failed
    print("everything passed" if not failed else f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

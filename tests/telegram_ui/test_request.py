"""PTB on aiohttp: the same calls as on httpx, and trouble as PTB names it."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import telegram
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import BaseRequest, HTTPXRequest

from sovetnik.demo.botapi import BotApi
from sovetnik.demo.serving import serve
from sovetnik.telegram_ui.request import AiohttpRequest, ask
from tests.telegram_ui.simulated import TOKEN

Do = Callable[[telegram.Bot, int], Awaitable[Any]]


def fast(pool: int = 8, read_timeout: float = 5.0) -> AiohttpRequest:
    return AiohttpRequest(None, ssl.create_default_context(), pool=pool, read_timeout=read_timeout)


def slow() -> HTTPXRequest:
    return HTTPXRequest(8, read_timeout=5.0, httpx_kwargs={"trust_env": False})


@asynccontextmanager
async def bot_of(url: str, request: BaseRequest) -> AsyncGenerator[telegram.Bot]:
    bot = telegram.Bot(
        TOKEN,
        f"{url}/bot",
        f"{url}/file/bot",
        request=request,
        get_updates_request=slow() if isinstance(request, HTTPXRequest) else fast(),
    )
    async with bot:
        yield bot


MARKS = [
    telegram.MessageEntity("bold", 0, 5),
    telegram.MessageEntity("text_link", 6, 2, url="https://a.example/?q=1&b=%20ы"),
]
KEYS = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("Да ✅", callback_data="forget:yes")]])
PHONE = telegram.ReplyKeyboardMarkup(
    [[telegram.KeyboardButton("📱", request_contact=True)]], resize_keyboard=True
)

CALLS: dict[str, Do] = {
    "marks": lambda bot, chat: bot.send_message(chat, 'Привет 😀 "&=+\\ %41\n\u2028', entities=MARKS),
    "keys": lambda bot, chat: bot.send_message(chat, "1", reply_markup=KEYS, disable_notification=True),
    "phone": lambda bot, chat: bot.send_message(chat, "True", reply_markup=PHONE, protect_content=False),
    "typing": lambda bot, chat: bot.send_chat_action(chat, "typing"),
    "commands": lambda bot, chat: bot.set_my_commands(
        [("start", "Начать"), ("forget", "Стереть")], language_code="ru"
    ),
    "updates": lambda bot, chat: bot.get_updates(timeout=0, allowed_updates=["message", "callback_query"]),
    "file": lambda bot, chat: bot.send_document(
        chat, b"\x00\xff" * 500, filename="цены.pdf", caption="Прайс 😀"
    ),
    "webhook": lambda bot, chat: bot.delete_webhook(drop_pending_updates=False),
    "until": lambda bot, chat: bot.send_poll(
        chat, "Когда?", ["утром", "днём"], close_date=datetime(2030, 1, 1, tzinfo=UTC)
    ),
}


async def outcome(request: BaseRequest, do: Do) -> tuple[object, object]:
    """What Telegram heard, and what the caller got."""
    api = BotApi(TOKEN, clock=lambda: 1_800_000_000.0)
    anna = api.person()
    anna.start()
    async with serve(api.app) as url, bot_of(url, request) as bot:
        try:
            result = await do(bot, anna.id)
        except TelegramError as error:
            result = (type(error), error.message)
        if isinstance(result, telegram.TelegramObject):
            result = result.to_dict()
        call = api.calls[-1]
        heard = {name: _as_json(value) for name, value in call.params.items()}
        return (call.method, heard), result


def _as_json(value: object) -> object:
    """A form holds JSON in its fields, and texts as they are; both mean the same to Telegram."""
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("do", CALLS.values(), ids=CALLS.keys())
async def test_telegram_hears_and_says_the_same_as_over_httpx(do: Do) -> None:
    assert await outcome(fast(), do) == await outcome(slow(), do)


async def test_refusals_are_those_of_ptb() -> None:
    api = BotApi(TOKEN)
    anna = api.person()
    anna.start()
    async with serve(api.app) as url, bot_of(url, fast()) as bot:
        with pytest.raises(BadRequest, match="empty"):
            await bot.send_message(anna.id, " ")
        api.faults.add("sendMessage", status=429, retry_after=7)
        with pytest.raises(RetryAfter) as later:
            await bot.send_message(anna.id, "раз")
        assert later.value.retry_after == 7


@asynccontextmanager
async def server(answer: bytes | None, *, reset: bool = False) -> AsyncGenerator[tuple[str, list[int]]]:
    """Answers each request with the same bytes, or never; also the ports that connections came from."""
    ports: list[int] = []
    writers: list[asyncio.StreamWriter] = []

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports.append(writer.get_extra_info("peername")[1])
        writers.append(writer)
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            await reader.readexactly(length)
            if answer is not None:
                writer.write(answer)
            if reset:
                writer.transport.abort()
                return

    listening = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/bot{TOKEN}/getMe", ports
    finally:
        for writer in writers:
            writer.close()
        listening.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n" + b'{"ok": true, "result": "a"}'


async def test_silence_is_a_time_out() -> None:
    async with server(None) as (url, _), fast(read_timeout=0.1) as request:
        with pytest.raises(TimedOut):
            await request.post(url)
        with pytest.raises(TimedOut):
            await request.post(url, read_timeout=0.05)


@pytest.mark.parametrize(
    "answer", [b"nonsense\r\n\r\n", OK[:-3] + b"", b""], ids=["nonsense", "cut", "silent"]
)
async def test_what_breaks_is_a_network_error_without_the_token(answer: bytes) -> None:
    async with server(answer, reset=not answer) as (url, _), fast(read_timeout=0.3) as request:
        with pytest.raises(NetworkError) as failure:
            await request.post(url)
    assert TOKEN not in str(failure.value)


async def test_a_connection_that_telegram_has_left_is_told_without_the_token() -> None:
    async with server(OK, reset=True) as (url, _), fast() as request:

        async def ten_times() -> None:
            for _ in range(10):
                await ask(request, url, {"text": "Привет"})

        with pytest.raises(NetworkError) as failure:
            await ten_times()
    assert TOKEN not in str(failure.value)


async def test_nobody_there_is_a_network_error_and_no_time_out() -> None:
    async with fast() as request:
        with pytest.raises(NetworkError) as failure:
            await request.post("http://127.0.0.1:1/")
    assert not isinstance(failure.value, TimedOut)


async def test_calls_share_connections_up_to_the_pools_limit() -> None:
    async with server(OK) as (url, ports), fast(pool=2) as request:
        for _ in range(3):
            await request.post(url)
        assert len(ports) == 1
        await asyncio.gather(*(request.post(url) for _ in range(20)))
        assert len(ports) == 2


async def test_after_the_end_nothing_is_sent_until_a_new_beginning() -> None:
    async with server(OK) as (url, ports):
        request = fast()
        assert await request.post(url) == "a"
        await request.shutdown()
        with pytest.raises(NetworkError):
            await request.post(url)
        await request.initialize()
        assert await request.post(url) == "a"
        assert len(ports) == 2
        await request.shutdown()

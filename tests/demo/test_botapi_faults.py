"""Webhook, planned faults, and serving itself."""

import asyncio
import socket
import ssl
import threading
import time

import httpx
import pytest
import trustme
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from telegram.error import BadRequest, NetworkError, RetryAfter, TimedOut
from telegram.ext import Application, MessageHandler, filters
from test_botapi_support import TOKEN, desk

from sovetnik.demo.botapi import BotApi
from sovetnik.demo.serving import serve


class Receiver:
    """A bot's webhook: keeps what comes, answers what it is told."""

    def __init__(self):
        self.got = []
        self.secrets = []
        self.answers = []
        self.app = Starlette(routes=[Route("/hook", self.take, methods=["POST"])])

    async def take(self, request):
        self.secrets.append(request.headers.get("x-telegram-bot-api-secret-token"))
        self.got.append(await request.json())
        return self.answers.pop(0) if self.answers else Response()

    def texts(self):
        return [update["message"]["text"] for update in self.got]


async def test_webhook_brings_updates_with_the_secret():
    receiver = Receiver()
    async with desk() as d, serve(receiver.app) as hook:
        anna = d.api.person()
        anna.say("до")
        assert await d.bot.set_webhook(f"{hook}/hook", secret_token="s-E_1", allowed_updates=["message"])
        await d.api.wait_until(lambda: not d.api.updates.queue)
        anna.say("раз")
        anna.say("два")
        await d.api.wait_until(lambda: not d.api.updates.queue)
        assert receiver.texts() == ["до", "раз", "два"]
        assert set(receiver.secrets) == {"s-E_1"}
        info = await d.bot.get_webhook_info()
        assert (info.url, info.pending_update_count, info.max_connections) == (f"{hook}/hook", 0, 40)
        assert info.allowed_updates == ("message",)
        active = "can't use getUpdates method while webhook is active"
        words = f"Conflict: {active}; use deleteWebhook to delete the webhook first"
        assert await d.refused("getUpdates") == (409, words)
        assert (await d.call("setWebhook", url=f"{hook}/hook", secret_token="s-E_1"))["description"] == (
            "Webhook is already set"
        )
        assert (await d.call("deleteWebhook"))["description"] == "Webhook was deleted"
        assert (await d.call("deleteWebhook"))["description"] == "Webhook is already deleted"
        anna.say("три")
        assert len(await d.bot.get_updates()) == 1
        await d.bot.delete_webhook(drop_pending_updates=True)
        assert await d.bot.get_updates() == ()


async def test_webhook_tries_again_and_keeps_the_order():
    receiver = Receiver()
    receiver.answers = [Response(status_code=500), Response(status_code=403)]
    async with desk(retry_pause=0.001) as d, serve(receiver.app) as hook:
        await d.bot.set_webhook(f"{hook}/hook")
        anna = d.api.person()
        anna.say("раз")
        anna.say("два")
        await d.api.wait_until(lambda: not d.api.updates.queue)
        assert receiver.texts() == ["раз", "раз", "раз", "два"]
        info = await d.bot.get_webhook_info()
        assert info.last_error_message == "Wrong response from the webhook: 403 Forbidden"


async def test_a_slow_chat_does_not_hold_up_the_others():
    receiver = Receiver()
    receiver.answers = [Response(status_code=500)]
    async with desk(retry_pause=60) as d, serve(receiver.app) as hook:
        await d.bot.set_webhook(f"{hook}/hook")
        anna, boris = d.api.person(), d.api.person()
        anna.say("раз")
        await d.api.wait_until(lambda: d.api.webhook.last_error != "")
        anna.say("два")
        boris.say("три")
        await d.api.wait_until(lambda: len(d.api.updates.queue) == 2)
        assert receiver.texts() == ["раз", "три"]


async def test_a_press_does_not_wait_for_messages():
    receiver = Receiver()
    receiver.answers = [Response(status_code=500)]
    async with desk(retry_pause=60) as d, serve(receiver.app) as hook:
        anna = d.api.person()
        anna.start()
        [start] = await d.bot.get_updates()
        await d.bot.get_updates(offset=start.update_id + 1)
        keys = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
        await d.bot.send_message(anna.id, "Да?", reply_markup=keys)
        await d.bot.set_webhook(f"{hook}/hook")
        anna.say("раз")
        await d.api.wait_until(lambda: d.api.webhook.last_error != "")
        anna.press("Да")
        await d.api.wait_until(lambda: len(d.api.updates.queue) == 1)
        assert [set(update) - {"update_id"} for update in receiver.got] == [{"message"}, {"callback_query"}]


async def test_webhook_answer_can_carry_a_method():
    receiver = Receiver()
    async with desk() as d, serve(receiver.app) as hook:
        anna = d.api.person()
        receiver.answers = [JSONResponse({"method": "sendMessage", "chat_id": anna.id, "text": "сразу"})]
        await d.bot.set_webhook(f"{hook}/hook")
        anna.say("вопрос")
        await d.api.wait_for_messages(anna.id)
        assert d.api.answers(anna.id) == ["сразу"]
        assert d.api.calls_of("sendMessage")[0].client == ""


async def test_a_whole_application_behind_a_webhook():
    async with desk() as d:
        application = Application.builder().bot(d.bot).build()

        async def echo(update, context):
            await update.message.reply_text(f"Вы: {update.message.text}")

        application.add_handler(MessageHandler(filters.TEXT, echo))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        async with application:
            await application.start()
            await application.updater.start_webhook(
                "127.0.0.1", port, "hook", webhook_url=f"http://127.0.0.1:{port}/hook", secret_token="s"
            )
            anna = d.api.person()
            anna.start()
            assert [m.text for m in await d.api.wait_for_messages(anna.id)] == ["Вы: /start"]
            await d.bot.delete_webhook()
            await application.updater.stop()
            await application.stop()


async def test_webhook_refusals():
    async with desk() as d:
        for params, words in (
            ({"url": "http://example.com/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"),
            ({"url": "http://["}, "invalid webhook URL specified"),
            ({"url": "nonsense"}, "invalid webhook URL specified"),
            (
                {"url": "https://a.ru", "secret_token": "no spaces"},
                "secret token contains unallowed characters",
            ),
            ({"url": "https://a.ru", "secret_token": "a" * 257}, "secret token is too long"),
        ):
            assert await d.refused("setWebhook", **params) == (400, f"Bad Request: {words}")
        poll = asyncio.create_task(d.refused("getUpdates", timeout=20))
        await d.api.wait_until(lambda: d.api.updates.polled)
        await d.call("setWebhook", url="http://127.0.0.1:1/hook")
        assert await poll == (409, "Conflict: terminated by setWebhook request")
        assert (await d.call("setWebhook", url=""))["description"] == "Webhook was deleted"


async def test_setting_a_webhook_again():
    receiver = Receiver()
    async with desk() as d, serve(receiver.app) as hook:
        url = f"{hook}/hook"

        async def words(**params):
            return (await d.call("setWebhook", url=url, **params))["description"]

        d.api.person().say("до")
        assert await words(allowed_updates=["message"]) == "Webhook was set"
        await d.api.wait_until(lambda: not d.api.updates.queue)
        assert await words(allowed_updates=["message", "callback_query"]) == "Webhook is already set"
        assert d.api.updates.allowed == ["message", "callback_query"]
        assert await words(max_connections=5) == "Webhook was set"
        assert await words(max_connections=5, drop_pending_updates=True) == "Webhook was set"
        assert (await d.bot.get_webhook_info()).max_connections == 5
        assert (await d.refused("setWebhook", url="nonsense"))[0] == 400
        assert (await d.bot.get_webhook_info()).url == ""  # a wrong new one removes the old


async def test_errors_before_the_call():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        flood = d.api.faults.add("sendMessage", retry_after=7)
        d.api.faults.add("sendMessage", status=500, times=2)
        d.api.faults.add("sendMessage", status=502, body="<html><center>cloudflare</center></html>")
        d.api.faults.add(
            "sendMessage", chat_id=anna.id, status=400, description="Bad Request: CHAT_RESTRICTED"
        )
        with pytest.raises(RetryAfter) as error:
            await d.bot.send_message(anna.id, "а")
        assert error.value.retry_after == 7
        assert flood.used == 1
        for _ in range(2):
            with pytest.raises(NetworkError, match="Internal Server Error"):
                await d.bot.send_message(anna.id, "а")
        page = await d.http.post(f"{d.url}/bot{TOKEN}/sendMessage")
        assert (page.status_code, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
        assert await d.bot.send_chat_action(anna.id, "typing")
        with pytest.raises(BadRequest, match="Chat_restricted"):
            await d.bot.send_message(anna.id, "а")
        assert d.api.answers(anna.id) == []
        await d.bot.send_message(anna.id, "а")
        sends = d.api.calls_of("sendMessage")
        assert [call.status for call in sends] == [429, 500, 500, 502, 400, 200]
        assert [call.fault for call in sends] == [True] * 5 + [False]


async def test_delivered_but_never_answered():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        d.api.faults.add("sendMessage", after_delivery=True)
        d.api.faults.add("sendMessage", after_delivery=True, drop=True)
        d.api.faults.add("sendMessage", drop=True)
        with pytest.raises(TimedOut):
            await d.bot.send_message(anna.id, "завис", read_timeout=0.05)
        await d.api.wait_for_messages(anna.id)
        with pytest.raises(NetworkError):
            await d.bot.send_message(anna.id, "оборван")
        with pytest.raises(NetworkError):
            await d.bot.send_message(anna.id, "не дошёл")
        assert d.api.answers(anna.id) == ["завис", "оборван"]
        assert [call.status for call in d.api.calls_of("sendMessage")] == [None, None, None]


async def test_hanging_poll_and_slow_answers():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        d.api.faults.add("getUpdates", hang=True)
        d.api.faults.add("sendMessage", status=200, delay=0.01)
        hung = asyncio.create_task(d.bot.get_updates(timeout=20))
        await d.api.wait_until(lambda: any(call.fault for call in d.api.calls))
        hung.cancel()
        started = time.monotonic()
        await d.bot.send_message(anna.id, "медленно")
        assert time.monotonic() - started >= 0.01
        assert len(await d.bot.get_updates()) == 1
        d.api.faults.add(times=None, status=500)
        assert await d.refused("getMe") == (500, "Internal Server Error")
        d.api.faults.clear()
        assert (await d.call("getMe"))["ok"]


async def test_serving_stops_at_once_and_answers_open_polls():
    api = BotApi(TOKEN)
    api.faults.add("getMe", hang=True)
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
        async with serve(api.app) as url:
            poll = asyncio.create_task(http.get(f"{url}/bot{TOKEN}/getUpdates?timeout=30"))
            hung = asyncio.create_task(http.get(f"{url}/bot{TOKEN}/getMe"))
            await api.wait_until(lambda: api.updates.polled and len(api.calls) == 2)
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 0.5
        assert (await poll).json() == {"ok": True, "result": []}
        with pytest.raises(httpx.TransportError):
            await hung
        async with serve(api.app) as url:  # the same state, once more
            assert (await http.get(f"{url}/bot{TOKEN}/getMe")).json()["ok"]


async def test_serving_names_a_taken_port():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        async with serve(BotApi(TOKEN).app, port=taken.getsockname()[1]):
            pass


async def test_an_application_that_does_not_start():
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(RuntimeError, match="did not start"):
        async with serve(app):
            pass


async def test_serving_https_and_ipv6():
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    async with serve(BotApi(TOKEN).app, ssl=server) as url:
        assert url.startswith("https://127.0.0.1:")
        async with httpx.AsyncClient(trust_env=False, verify=client) as http:
            assert (await http.get(f"{url}/bot{TOKEN}/getMe")).json()["ok"]
    if socket.has_ipv6:
        async with serve(BotApi(TOKEN).app, host="::1") as url, httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(f"{url}/bot{TOKEN}/getMe")).json()["ok"]


def test_serving_in_another_thread():
    ready, stop = threading.Event(), threading.Event()
    found = []

    async def main():
        async with serve(BotApi(TOKEN).app) as url:
            found.append(url)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    try:
        assert ready.wait(5)
        assert httpx.get(f"{found[0]}/bot{TOKEN}/getMe", trust_env=False).json()["ok"]
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()

"""The webhook: updates are posted to the bot, in order within a chat, until each is accepted."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import httpx

from sovetnik.demo.botapi.params import read_params
from sovetnik.demo.botapi.refusal import JsonDict, Refusal, bad_request, conflict

if TYPE_CHECKING:
    from sovetnik.demo.botapi.api import BotApi
    from sovetnik.demo.botapi.params import Params
    from sovetnik.demo.botapi.updates import Queued

LONGEST_PAUSE = 60.0  # seconds between two attempts
ANSWER_SECONDS = 60.0  # how long the bot may take to answer


_WEBHOOK_IS_SET = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


@dataclass
class Webhook:
    """Where the updates go; no ``url``, no webhook."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    has_certificate: bool = False
    last_error_at: int = 0
    last_error: str = ""
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def info(self, allowed: list[str], pending: int) -> JsonDict:
        """``WebhookInfo``."""
        info: JsonDict = {
            "url": self.url,
            "has_custom_certificate": self.has_certificate,
            "pending_update_count": pending,
        }
        if self.url:
            info["max_connections"] = self.max_connections
        if self.last_error:
            info |= {"last_error_date": self.last_error_at, "last_error_message": self.last_error}
        return info | ({"allowed_updates": allowed} if allowed else {})

    def stop(self) -> None:
        """Post no more."""
        if self.task is not None:
            self.task.cancel()
            self.task = None


def checked_webhook(params: Params) -> Webhook:
    """The webhook that setWebhook asks for.

    Raises:
        Refusal: address or secret is wrong.
    """
    url = params.text("url").strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    secret = params.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    return Webhook(url, secret, _connections(params), bool(params.files))


def is_loopback(host: str) -> bool:
    """Whether the address is this machine: there plain HTTP and any certificate will do."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Deliverer:
    """Posts what waits in the queue: chats side by side, each chat's messages one after the other.

    Only messages wait for messages: a pressed button may overtake what was written before it.
    """

    def __init__(self, api: BotApi, webhook: Webhook) -> None:
        self.api = api
        self.webhook = webhook
        self._slots = asyncio.Semaphore(webhook.max_connections)
        self._busy: set[str] = set()
        self._new = asyncio.Event()

    async def run(self) -> None:
        """Post until cancelled."""
        verify = not is_loopback(urlsplit(self.webhook.url).hostname or "")
        self.api.updates.on_add.append(self._new.set)
        try:
            # No proxy from the environment: the receiver is usually on this machine.
            async with (
                httpx.AsyncClient(verify=verify, trust_env=False, timeout=ANSWER_SECONDS) as client,
                asyncio.TaskGroup() as tasks,
            ):
                while True:
                    self._new.clear()
                    for queued in list(self.api.updates.pending()):
                        self._start(queued, client, tasks)
                    await self._new.wait()
        finally:
            self.api.updates.on_add.remove(self._new.set)

    def _start(self, queued: Queued, client: httpx.AsyncClient, tasks: asyncio.TaskGroup) -> None:
        chat = chat_key(queued.update)
        if chat not in self._busy:
            self._busy.add(chat)
            tasks.create_task(self._deliver(queued, chat, client))

    async def _deliver(self, queued: Queued, chat: str, client: httpx.AsyncClient) -> None:
        try:
            pause = self.api.retry_pause
            while queued in self.api.updates.pending() and not await self._accepted(queued, client):
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            if queued in self.api.updates.queue:
                self.api.updates.queue.remove(queued)
                self.api.feed.wake()
        finally:
            self._busy.discard(chat)
            self._new.set()

    async def _accepted(self, queued: Queued, client: httpx.AsyncClient) -> bool:
        headers = {"Content-Type": "application/json"}
        if self.webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.webhook.secret
        content = json.dumps(queued.update, ensure_ascii=False).encode()
        async with self._slots:
            try:
                answer = await client.post(self.webhook.url, content=content, headers=headers)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                self._failed(str(error) or type(error).__name__)
                return False
        if not answer.is_success:
            reason = f"{answer.status_code} {answer.reason_phrase}"
            self._failed(f"Wrong response from the webhook: {reason}")
            return False
        await self._execute(answer)
        return True

    def _failed(self, words: str) -> None:
        self.webhook.last_error = words
        self.webhook.last_error_at = int(self.api.clock())
        self.api.feed.wake()

    async def _execute(self, answer: httpx.Response) -> None:
        """Do what the answer asks for; nobody hears of the result, as with Telegram."""
        try:
            params = read_params({}, answer.headers.get("content-type", ""), answer.content)
        except Refusal:
            return  # many bots answer "ok", which is no call
        method = params.values.pop("method", "")
        if isinstance(method, str) and method:
            await self.api.execute(method, params)


def chat_key(update: JsonDict) -> str:
    """What must stay in order: a chat's messages, a person's presses, and so on for each kind."""
    for kind, content in update.items():
        if isinstance(content, dict):
            found = cast("JsonDict", content)
            owner: JsonDict = found.get("chat") or found.get("from") or {}
            return f"{kind.removeprefix('edited_')} {owner.get('id', '')}"
    return ""


async def get_updates(api: BotApi, params: Params) -> list[JsonDict]:
    """``getUpdates``."""
    if api.webhook.url:
        raise conflict(_WEBHOOK_IS_SET)
    api.updates.allow(params.json("allowed_updates"))
    limit = min(100, max(1, params.integer("limit", 100)))
    return await api.updates.poll(params.integer("offset"), limit, params.integer("timeout"))


def set_webhook(api: BotApi, params: Params) -> str:
    """``setWebhook``; the answer's description is what it returns."""
    if not params.text("url"):
        return delete_webhook(api, params)
    if _is_set_already(api, params):
        api.updates.allow(params.json("allowed_updates"))
        return "Webhook is already set"
    # Before anything is checked the old one is gone, and so is who polls.
    api.updates.end_poll(conflict("terminated by setWebhook request"))
    api.webhook.stop()
    api.webhook = Webhook()
    _drop_pending(api, params)
    api.webhook = checked_webhook(params)
    api.updates.allow(params.json("allowed_updates"))
    api.start_webhook()
    return "Webhook was set"


def _is_set_already(api: BotApi, params: Params) -> bool:
    if params.flag("drop_pending_updates") or params.files or api.webhook.has_certificate:
        return False
    asked = (params.text("url").strip(), params.text("secret_token"), _connections(params))
    return asked == (api.webhook.url, api.webhook.secret, api.webhook.max_connections)


def _connections(params: Params) -> int:
    return min(100, max(1, params.integer("max_connections", 40)))


def delete_webhook(api: BotApi, params: Params) -> str:
    """``deleteWebhook``; the answer's description is what it returns."""
    was_set = bool(api.webhook.url)
    api.webhook.stop()
    api.webhook = Webhook()
    _drop_pending(api, params)
    return "Webhook was deleted" if was_set else "Webhook is already deleted"


def get_webhook_info(api: BotApi, params: Params) -> JsonDict:
    """``getWebhookInfo``."""
    del params
    return api.webhook.info(api.updates.allowed, len(api.updates.pending()))


def _drop_pending(api: BotApi, params: Params) -> None:
    if params.flag("drop_pending_updates"):
        api.updates.queue.clear()

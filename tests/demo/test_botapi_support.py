"""A server, the real python-telegram-bot against it, and plain HTTP for exact words."""

import contextlib
from dataclasses import dataclass, field

import httpx
from telegram import Bot
from telegram.request import HTTPXRequest

from sovetnik.connecting import trusted
from sovetnik.demo.botapi import BotApi
from sovetnik.demo.serving import serve

TOKEN = "7000000001:loopback-only_secret"


@dataclass
class Clock:
    """A time that stands still until it is moved."""

    now: float = 1_800_000_000.0

    def __call__(self):
        return self.now


@dataclass
class Desk:
    api: BotApi
    url: str
    bot: Bot
    http: httpx.AsyncClient
    clock: Clock = field(default_factory=Clock)

    async def call(self, method, **params):
        """The JSON of one call, sent as JSON."""
        response = await self.http.post(f"{self.url}/bot{TOKEN}/{method}", json=params)
        body = response.json()
        assert body["ok"] is (response.status_code == 200)
        assert body.get("error_code", 200) == response.status_code
        return body

    async def refused(self, method, **params):
        """Code and words of the refusal."""
        body = await self.call(method, **params)
        return body["error_code"], body["description"]


@contextlib.asynccontextmanager
async def desk(api=None, **settings):
    clock = Clock()
    api = api or BotApi(TOKEN, clock=clock, **settings)
    async with serve(api.app) as url:
        options = {"trust_env": False, "verify": trusted()}  # which was read before: 17 ms a client
        request = HTTPXRequest(connection_pool_size=8, read_timeout=5, httpx_kwargs=options)
        polls = HTTPXRequest(connection_pool_size=8, httpx_kwargs=options)
        bot = Bot(
            TOKEN,
            base_url=f"{url}/bot",
            base_file_url=f"{url}/file/bot",
            request=request,
            get_updates_request=polls,
        )
        async with httpx.AsyncClient(timeout=5, **options) as http, bot:
            yield Desk(api, url, bot, http, clock)


def test_a_bot_gets_to_know_itself():
    """Keeps this file honest: everything in it is used by the others."""
    assert TOKEN.partition(":")[0].isdigit()

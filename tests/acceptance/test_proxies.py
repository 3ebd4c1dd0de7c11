"""Proxies that are the only way out: the names exist only there."""

from __future__ import annotations

import pytest

from sovetnik.demo.modelapi import Text, ToolCall, scripted
from tests.acceptance.stage import Stage
from tests.servers.socks5 import HttpProxy, Socks5Proxy


@pytest.fixture
def scene(inside: Stage) -> Stage:
    return inside


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def _names(scene: Stage) -> dict[str, tuple[str, int]]:
    return {
        "telegram.invalid": ("127.0.0.1", _port(scene.telegram_url)),
        "model.invalid": ("127.0.0.1", _port(scene.model_url)),
        "mail.invalid": ("127.0.0.1", scene.mailbox.port),
    }


@pytest.mark.parametrize("login", [None, ("shop", "p@ss:w/rd %")], ids=["open", "with password"])
@pytest.mark.parametrize("context", ["conversation"])
async def test_everything_goes_through_socks5_by_name(
    scene: Stage, login: tuple[str, str] | None, context: str
) -> None:
    contact = ToolCall("save_contact", {"name": "Анна", "phone": "+79123456789", "order": "Нерль"})
    scene.model.brain = scripted([contact, Text("Записал")])
    name, password = login or (None, None)
    async with Socks5Proxy(names=_names(scene), username=name, password=password) as proxy:
        await scene.run(
            TELEGRAM_BASE_URL="http://telegram.invalid",
            OPENAI_BASE_URL="http://model.invalid/v1",
            OPENAI_CONTEXT=context,
            SMTP_HOST="mail.invalid",
            SMTP_PORT="25",
            TELEGRAM_PROXY=proxy.url,
            OPENAI_PROXY=proxy.url,
            SMTP_PROXY=proxy.url,
        )
        anna = scene.telegram.person()
        anna.say("Анна, +79123456789")
        await scene.telegram.wait_for_messages(anna.id, 1)
        await scene.mailbox.wait_for(1)
        reached = {connection.host for connection in proxy.connections}
        assert reached == {"telegram.invalid", "model.invalid", "mail.invalid"}
        assert all(connection.by_name for connection in proxy.connections)
        for bot in scene.bots:
            await bot.stop()


async def test_telegram_and_model_go_through_an_http_proxy(scene: Stage) -> None:
    async with HttpProxy(names=_names(scene), username="shop", password="secret") as proxy:
        bot = await scene.run(
            TELEGRAM_BASE_URL="http://telegram.invalid",
            OPENAI_BASE_URL="http://model.invalid/v1",
            TELEGRAM_PROXY=proxy.url,
            OPENAI_PROXY=proxy.url,
        )
        anna = scene.telegram.person()
        anna.say("привет")
        await scene.telegram.wait_for_messages(anna.id, 1)
        assert {connection.host for connection in proxy.connections} >= {"telegram.invalid", "model.invalid"}
        await bot.stop()


async def test_the_environments_proxies_are_not_ours(scene: Stage) -> None:
    scene.env |= {"ALL_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    await scene.run()
    anna = scene.telegram.person()
    anna.say("привет")
    await scene.telegram.wait_for_messages(anna.id, 1)


async def test_a_dead_telegram_proxy_is_named_with_the_way_out(scene: Stage) -> None:
    bot = await scene.launch(TELEGRAM_PROXY="socks5://user:hidden@127.0.0.1:9")
    assert await bot.ended() == 1
    said = bot.raw[-1]
    assert said.startswith("sovetnik: TELEGRAM_PROXY:")
    assert "127.0.0.1:9" in said
    assert "hidden" not in "\n".join(bot.raw)


async def test_a_dead_model_proxy_is_named_and_the_bot_starts(inside: Stage) -> None:
    bot = await inside.run(OPENAI_PROXY="socks5://127.0.0.1:9")
    row = await bot.logged("model_unreachable")
    assert "OPENAI_PROXY" in row["way_out"]

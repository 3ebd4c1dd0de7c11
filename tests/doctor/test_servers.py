"""Telegram, the model, mail and the proxies, each as it can be."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote

import pytest

from sovetnik.demo.mailbox import Mailbox
from sovetnik.demo.modelapi import KEY
from sovetnik.doctor import bot, machine, post
from sovetnik.doctor import model as brain
from sovetnik.doctor.bot import check_token, check_updates
from sovetnik.doctor.finding import Finding
from sovetnik.doctor.patient import Patient, within
from sovetnik.settings import Settings
from sovetnik.telegram_ui import BotSettings
from tests.acceptance.stage import TOKEN
from tests.servers.socks5 import Fault, HttpProxy, Socks5Proxy

CLOSED = "http://127.0.0.1:9"


def patient(**settings) -> Patient:
    return Patient(Settings(**settings))


def one(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def said(finding: Finding) -> str:
    assert finding.fact.ru
    assert finding.fact.en
    return f"{finding.fact.en} → {finding.way_out.en if finding.way_out else ''}"


# Telegram


async def test_a_good_token_shows_whose_it_is_and_no_update_is_touched(telegram):
    api, url = telegram
    api.person().say("Здравствуйте")
    found = await bot.telegram(patient(telegram_token=TOKEN, telegram_base_url=url))
    assert [f.state for f in found] == ["ok", "ok"]
    assert "@sovetnik_demo_bot (Советник)" in said(one(found, "token"))
    assert "waiting at Telegram: 1" in said(one(found, "updates"))
    assert {call.method for call in api.calls} == {"getMe", "getWebhookInfo"}


async def test_no_token_names_the_way_to_one():
    found = await bot.telegram(patient())
    assert [f.state for f in found] == ["broken", "skipped"]
    assert "sovetnik init" in said(found[0])
    assert "TELEGRAM_TOKEN is not set" in said(found[1])


async def test_a_refused_token_is_named_without_its_secret(telegram):
    _, url = telegram
    found = await bot.telegram(patient(telegram_token=TOKEN + "x", telegram_base_url=url))
    assert [f.state for f in found] == ["broken", "skipped"]
    assert "7000000001:***" in said(found[0])
    assert "@BotFather" in said(found[0])
    assert TOKEN not in said(found[0])


async def test_telegram_out_of_reach_asks_for_a_proxy():
    found = await bot.telegram(patient(telegram_token=TOKEN, telegram_base_url=CLOSED))
    assert found[0].state == "broken"
    assert "TELEGRAM_PROXY=socks5://" in said(found[0])


async def test_a_page_of_somebody_else_is_not_taken_for_telegram(telegram):
    api, url = telegram
    api.faults.add("getMe", status=502, body="<html>Bad gateway</html>")
    found = await bot.telegram(patient(telegram_token=TOKEN, telegram_base_url=url))
    assert "does not answer as Telegram does (HTTP 502)" in said(found[0])


async def test_a_flood_limit_is_no_fault_of_the_token(telegram):
    api, url = telegram
    api.faults.add("getMe", status=429, retry_after=5)
    found = await bot.telegram(patient(telegram_token=TOKEN, telegram_base_url=url))
    assert found[0].state == "warning"


async def test_a_server_that_says_nothing_does_not_hold_the_doctor_up(telegram):
    api, url = telegram
    api.faults.add("getMe", hang=True)
    who = patient(telegram_token=TOKEN, telegram_base_url=url)
    found = await within("token", check_token(who, BotSettings(TOKEN, url)), seconds=0.3)
    assert found.state == "broken"
    assert "no answer within" in said(found)


async def test_a_webhook_that_takes_the_updates_of_a_polling_bot_is_found(telegram):
    api, url = telegram
    api.webhook.url = "https://other.example/secret-path"
    found = await bot.telegram(patient(telegram_token=TOKEN, telegram_base_url=url))
    updates = one(found, "updates")
    assert updates.state == "warning"
    assert "other.example" in said(updates)
    assert "secret-path" not in said(updates)


@pytest.mark.parametrize(
    ("at_telegram", "error", "state", "words"),
    [
        ("", "", "warning", "no webhook is set at Telegram yet"),
        ("https://old.example/bot", "", "warning", "old.example"),
        ("https://shop.example/bot", "Connection refused", "broken", "Connection refused"),
        ("https://shop.example/bot", "", "ok", "shop.example"),
    ],
)
async def test_our_own_webhook_is_compared_with_what_telegram_has(telegram, at_telegram, error, state, words):
    api, url = telegram
    api.person().say("Здравствуйте")
    api.webhook.url, api.webhook.last_error = at_telegram, error
    who = patient(
        telegram_token=TOKEN, telegram_base_url=url, telegram_webhook_url="https://shop.example/bot"
    )
    found = await within("updates", check_updates(who, BotSettings(TOKEN, url)))
    assert (found.state, words in said(found)) == (state, True), said(found)


async def test_a_wrong_clock_is_told_by_the_servers_answer():
    body = b'{"ok": true, "result": {"username": "shop_bot", "first_name": "Shop"}}'
    past = format_datetime(datetime.now(UTC) - timedelta(hours=3), usegmt=True)

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            f"HTTP/1.1 200 OK\r\ndate: {past}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
        )
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        who = patient(
            telegram_token=TOKEN,
            telegram_base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
        )
        await bot.check_token(who, bot.bot_settings(who))
    clock = machine.check_clock(who.skews)
    assert clock.state == "broken"
    assert "3 h" in said(clock)
    assert "timedatectl" in said(clock)


# proxies


async def test_a_proxy_is_asked_for_the_server_by_name(telegram):
    _, url = telegram
    port = int(url.rpartition(":")[2])
    async with Socks5Proxy(names={"api.shop.invalid": ("127.0.0.1", port)}) as proxy:
        who = patient(
            telegram_token=TOKEN, telegram_base_url="http://api.shop.invalid", telegram_proxy=proxy.url
        )
        found = await bot.telegram(who)
    assert [f.state for f in found] == ["ok", "ok", "ok"]
    assert "by name" in said(found[0])


@pytest.mark.parametrize(
    ("kind", "options", "url", "words"),
    [
        (Socks5Proxy, {}, "socks5://127.0.0.1:9", "nothing listens there"),
        (
            Socks5Proxy,
            {"username": "u", "password": "right"},
            "socks5://u:hidden-one@{place}",
            "refuses the name",
        ),
        (Socks5Proxy, {"username": "u", "password": "right"}, "socks5://{place}", "refuses the name"),
        (
            HttpProxy,
            {"username": "u", "password": "right"},
            "http://u:hidden-one@{place}",
            "refuses the name",
        ),
        (Socks5Proxy, {}, "socks5h://{place}", "does not resolve the name localhost"),
        (Socks5Proxy, {"fault": Fault.REFUSE}, "socks5://{place}", "does not reach localhost"),
    ],
)
async def test_each_failure_of_a_proxy_has_its_own_words(telegram, kind, options, url, words):
    _, api_url = telegram
    async with kind(**options) as proxy:
        given = url.format(place=f"127.0.0.1:{proxy.port}")
        base = api_url.replace("127.0.0.1", "localhost")
        found = await bot.telegram(
            patient(telegram_token=TOKEN, telegram_base_url=base, telegram_proxy=given)
        )
    assert [f.state for f in found] == ["broken", "skipped", "skipped"]
    assert words in said(found[0])
    assert "TELEGRAM_PROXY" in said(found[0])
    assert "hidden-one" not in "".join(map(said, found))
    assert "the proxy does not work" in said(found[1])


@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy])
@pytest.mark.parametrize(("username", "password"), [("магазин", "пароль №1"), ("k3y", "")])
async def test_a_login_that_run_sends_is_sent_here_too(telegram, kind, username, password):
    _, api_url = telegram
    async with kind(username=username, password=password) as proxy:
        login = f"{quote(username)}:{quote(password)}@"
        given = proxy.url.replace(proxy.url.split("://")[1], f"{login}127.0.0.1:{proxy.port}")
        found = await bot.telegram(
            patient(telegram_token=TOKEN, telegram_base_url=api_url, telegram_proxy=given)
        )
    assert [f.state for f in found] == ["ok", "ok", "ok"], [said(f) for f in found]


async def test_model_and_mail_have_proxies_of_their_own(model):
    _, url = model
    async with Socks5Proxy() as proxy, Mailbox() as box:
        model_found = await brain.model(
            patient(openai_api_key=KEY, openai_base_url=url, openai_proxy=proxy.url)
        )
        mail_found = await post.mail(
            patient(smtp_host="127.0.0.1", smtp_port=box.port, smtp_security="none", smtp_proxy=proxy.url)
        )
    assert (one(model_found, "model_proxy").state, one(model_found, "model").state) == ("ok", "ok")
    assert (one(mail_found, "mail_proxy").state, one(mail_found, "mail").state) == ("ok", "ok")


# the model


async def test_the_model_is_really_asked(model):
    api, url = model
    found = await brain.model(patient(openai_api_key=KEY, openai_base_url=url))
    assert [f.state for f in found] == ["ok"]
    assert "gpt-6-luna" in said(found[0])
    assert [call.body["store"] for call in api.responses] == [False]


async def test_without_a_key_the_documents_answer():
    found = await brain.model(patient())
    assert found[0].state == "warning"
    assert "OPENAI_API_KEY" in said(found[0])


async def test_a_refused_key_is_not_shown(model):
    _, url = model
    found = await brain.model(patient(openai_api_key="sk-wrong-0000000000000000001", openai_base_url=url))
    assert found[0].state == "broken"
    assert "HTTP 401" in said(found[0])
    assert "sk-wrong-0000" not in said(found[0])


async def test_a_dead_model_brings_one_that_is_alive(model):
    _, url = model
    found = await brain.model(patient(openai_api_key=KEY, openai_base_url=url, openai_model="gpt-6-lunar"))
    assert found[0].state == "broken"
    assert "OPENAI_MODEL=gpt-6-luna" in said(found[0])


async def test_an_empty_account_is_told_from_a_wrong_key(model):
    api, url = model
    api.faults.quota()
    found = await brain.model(patient(openai_api_key=KEY, openai_base_url=url))
    assert found[0].state == "broken"
    assert "no money left" in said(found[0])


async def test_an_outage_at_the_provider_is_only_a_warning(model):
    api, url = model
    api.faults.bad_gateway()
    found = await brain.model(patient(openai_api_key=KEY, openai_base_url=url))
    assert found[0].state == "warning"
    assert "trouble just now" in said(found[0])


async def test_a_country_that_is_not_served_needs_a_proxy(model):
    api, url = model
    api.faults.add(status=403, code="unsupported_country_region_territory")
    found = await brain.model(patient(openai_api_key=KEY, openai_base_url=url))
    assert "OPENAI_PROXY=" in said(found[0])


async def test_a_provider_out_of_reach():
    found = await brain.model(patient(openai_api_key=KEY, openai_base_url=f"{CLOSED}/v1"))
    assert found[0].state == "broken"
    assert "127.0.0.1:9 cannot be reached: nothing listens there" in said(found[0])
    assert "OPENAI_BASE_URL" in said(found[0])
    found = await brain.model(patient(openai_api_key=KEY, openai_base_url="http://shop.invalid/v1"))
    assert "there is no server of this name" in said(found[0])


async def test_a_vector_store_is_counted_or_missed(model):
    api, url = model
    store = api.library.add_store("shop", None, None)
    good = await brain.model(patient(openai_api_key=KEY, openai_base_url=url, openai_vector_store=store.id))
    bad = await brain.model(patient(openai_api_key=KEY, openai_base_url=url, openai_vector_store="vs_gone"))
    unasked = await brain.model(
        patient(openai_api_key="sk-x", openai_base_url=url, openai_vector_store="vs_1")
    )
    assert one(good, "vector_store").state == "ok"
    assert "there is no vector store vs_gone" in said(one(bad, "vector_store"))
    assert one(unasked, "vector_store").state == "skipped"


# mail


async def test_mail_logs_in():
    async with Mailbox(username="bot@shop.example", password="s3cret-pass") as box:
        mail = {"smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_security": "none"}
        good = await post.mail(
            patient(
                **mail,
                smtp_username="bot@shop.example",
                smtp_password="s3cret-pass",
                leads_to="a@b.example",
                report_to="a@b.example",
            )
        )
        bad = await post.mail(patient(**mail, smtp_username="bot@shop.example", smtp_password="wrong-pass"))
        assert box.mails == []
    assert [f.state for f in good] == ["ok", "ok"]
    assert one(bad, "mail").state == "broken"
    assert "app password" in said(one(bad, "mail"))
    assert "wrong-pass" not in said(one(bad, "mail"))
    assert "LEADS_TO=…, REPORT_TO=" in said(one(bad, "recipients"))


async def test_no_mail_server_and_a_closed_port():
    none = await post.mail(patient())
    closed = await post.mail(patient(smtp_host="127.0.0.1", smtp_port=9, smtp_security="none"))
    assert one(none, "mail").state == "warning"
    assert one(closed, "mail").state == "broken"
    assert "SMTP_PROXY" in said(one(closed, "mail"))


async def test_a_mail_server_that_says_nothing_does_not_hold_the_doctor_up():
    async with Mailbox() as box:
        box.hang_at_banner()
        settings = Settings(smtp_host="127.0.0.1", smtp_port=box.port, smtp_security="none")
        found = await within("mail", post.check_login(settings, seconds=0.3))
    assert "does not answer" in said(found)
    assert "SMTP_PROXY" in said(found)

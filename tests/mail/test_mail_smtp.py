"""The mailer against a real SMTP server, with TLS, logins, refusals and proxies (failure 16)."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import replace
from urllib.parse import quote

import pytest
from mail_samples import NOON, RU, busy_report, dossier
from mail_servers import PASSWORD, USER, smtp_server, socks_proxy

from sovetnik.core.errors import ConfigError, MailError
from sovetnik.core.owner import Notice
from sovetnik.core.ports import Mailer
from sovetnik.mail import MailSettings, SmtpMailer, SmtpServer
from sovetnik.mail.replies import explain

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

OWNER, SECOND = "owner@shop.example", "second@shop.example"
SETTINGS = MailSettings("bot@shop.example", (OWNER, SECOND), (OWNER,), RU)


def mailer(port: int, **more: object) -> SmtpMailer:
    server = SmtpServer("127.0.0.1", port, "none", timeout=5)
    return SmtpMailer(replace(server, **more), SETTINGS)  # type: ignore[arg-type]


@pytest.mark.parametrize("security", ["starttls", "ssl", "none"])
@pytest.mark.parametrize("login", [True, False])
async def test_delivery(
    security: str, login: bool, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    async with smtp_server(security, server_tls, login=login) as box:
        who = {"username": USER, "password": PASSWORD} if login else {}
        post: Mailer = mailer(box.port, security=security, tls=client_tls, **who)
        assert await post.send_lead(dossier(), ()) == (OWNER, SECOND)
        assert await post.send_report(busy_report(), ()) == (OWNER,)
        await post.check_login()  # type: ignore[attr-defined]
    (lead_to, lead), (report_to, report) = box.mails
    assert (lead_to, report_to) == ([OWNER, SECOND], [OWNER])
    assert lead["Subject"] == "Новая заявка: Иван Петров"
    assert report["Message-ID"].startswith("<report-2026-11-21.")
    assert box.logins == (3 if login else 0)


async def test_nothing_is_sent_without_server_or_recipients() -> None:
    unset = SmtpMailer(SmtpServer(), SETTINGS)
    assert await unset.send_lead(dossier(), ()) is None
    with pytest.raises(MailError, match="SMTP_HOST"):
        await unset.check_login()
    nobody = SmtpMailer(SmtpServer("127.0.0.1", 1), MailSettings("a@b.example"))
    assert await nobody.send_report(busy_report(), ()) is None


@pytest.mark.parametrize(
    ("leads_to", "report_to", "expected"),
    [((OWNER, SECOND), ("third@shop.example",), [OWNER, SECOND]), ((), (SECOND,), [SECOND])],
)
async def test_notices_go_to_the_leads_recipients_or_else_to_the_reports(
    leads_to: tuple[str, ...], report_to: tuple[str, ...], expected: list[str]
) -> None:
    async with smtp_server() as box:
        server = SmtpServer("127.0.0.1", box.port, "none", timeout=5)
        post: Mailer = SmtpMailer(server, MailSettings("bot@shop.example", leads_to, report_to, RU))
        notice = Notice("model_down", "auth: 401", "K7Q2ZD")
        assert await post.send_notice(notice, NOON, ()) == tuple(expected)
        assert await post.send_notice(notice, NOON, tuple(expected)) == tuple(expected)
    ((to, mail),) = box.mails
    assert to == expected
    assert mail["To"] == ", ".join(expected)
    assert mail["Subject"] == "Модель не отвечает"


async def test_a_notice_waits_without_recipients() -> None:
    nobody = SmtpMailer(SmtpServer("127.0.0.1", 1), MailSettings("a@b.example"))
    assert await nobody.send_notice(Notice("model_back"), NOON, ()) is None


async def test_a_refused_notice_says_who_has_it() -> None:
    async with smtp_server() as box:
        box.refused = {SECOND: "450 4.2.1 busy"}
        with pytest.raises(MailError) as caught:
            await mailer(box.port).send_notice(Notice("budget_spent"), NOON, ())
    assert caught.value.accepted == (OWNER,)


async def test_those_who_have_it_are_left_out() -> None:
    async with smtp_server() as box:
        assert await mailer(box.port).send_lead(dossier(), (OWNER,)) == (OWNER, SECOND)
        assert await mailer(box.port).send_lead(dossier(), (OWNER, SECOND)) == (OWNER, SECOND)
    assert [to for to, _ in box.mails] == [[SECOND]]
    assert box.mails[0][1]["To"] == f"{OWNER}, {SECOND}"


async def test_one_refused_recipient_is_tried_alone_afterwards() -> None:
    async with smtp_server() as box:
        box.refused = {SECOND: "450 4.2.1 mailbox of +7 916 555-01-27 is busy"}
        with pytest.raises(MailError) as caught:
            await mailer(box.port).send_lead(dossier(), ())
        assert caught.value.accepted == (OWNER,)
        words = str(caught.value)
        assert f"{SECOND}: 127.0.0.1:{box.port}: recipient: 450 4.2.1 mailbox of <number> is busy" in words
        box.refused = {}
        assert await mailer(box.port).send_lead(dossier(), caught.value.accepted) == (OWNER, SECOND)
    assert [to for to, _ in box.mails] == [[OWNER], [SECOND]]
    assert box.mails[0][1]["Message-ID"] == box.mails[1][1]["Message-ID"]


async def test_all_recipients_refused() -> None:
    async with smtp_server() as box:
        box.refused = {OWNER: "550 5.1.1 no such user", SECOND: "550 5.1.1 no such user"}
        with pytest.raises(MailError, match=r"recipient: 550 5.1.1 no such user") as caught:
            await mailer(box.port).send_lead(dossier(), ())
    assert caught.value.accepted == ()
    assert box.mails == []


async def test_refused_data_keeps_customers_data_out_of_the_error() -> None:
    async with smtp_server() as box:
        box.data_reply = "554 5.7.1 spam from <ivan@example.com> +79165550127"
        with pytest.raises(MailError, match=r"data: 554 5.7.1 spam from <<address>> <number>") as caught:
            await mailer(box.port).send_lead(dossier(), ("third@shop.example",))
    assert caught.value.accepted == ("third@shop.example",)
    assert caught.value.__cause__ is None


async def test_a_server_that_dies_after_data_gets_the_same_mail_again() -> None:
    async with smtp_server() as box:
        box.die = "data"
        with pytest.raises(MailError, match="delivery: "):
            await mailer(box.port).send_lead(dossier(), ())
        box.die = "quit"
        assert await mailer(box.port).send_lead(dossier(), ()) == (OWNER, SECOND)
    assert len({mail.as_bytes() for _, mail in box.mails}) == 1


@pytest.mark.parametrize("security", ["starttls", "ssl", "none"])
async def test_wrong_password(security: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    async with smtp_server(security, server_tls, login=True) as box:
        post = mailer(box.port, security=security, tls=client_tls, username=USER, password="wrong-secret")
        with pytest.raises(MailError, match=r"127.0.0.1:\d+: login: 535 5.7.8") as caught:
            await post.check_login()
    assert "wrong-secret" not in repr(caught.value)


async def test_password_outside_ascii_is_explained_not_quoted() -> None:
    async with smtp_server(login=True) as box:
        with pytest.raises(MailError, match="outside ASCII") as caught:
            await mailer(box.port, username=USER, password="пароль").check_login()
    assert "п" not in str(caught.value)


def test_the_tls_port_without_tls_names_the_way_out() -> None:
    server = SmtpServer("h", 465, "starttls")
    error = smtplib.SMTPServerDisconnected("Connection unexpectedly closed: timed out")
    assert explain(server, "connect", error) == (
        "h:465: connect: no reply within 30 s; this port wants TLS from the start: try SMTP_SECURITY=ssl"
    )


async def test_starttls_never_falls_back(client_tls: ssl.SSLContext) -> None:
    async with smtp_server() as box:
        with pytest.raises(MailError, match="TLS: the server offers no STARTTLS"):
            await mailer(box.port, security="starttls", tls=client_tls).send_lead(dossier(), ())
    assert box.mails == []


@pytest.mark.parametrize("security", ["starttls", "ssl"])
async def test_unknown_authority(security: str, server_tls: ssl.SSLContext) -> None:
    async with smtp_server(security, server_tls) as box:
        with pytest.raises(MailError, match="TLS: the server's certificate was not accepted"):
            await mailer(box.port, security=security).check_login()


async def test_ssl_on_a_plain_port_names_the_way_out(client_tls: ssl.SSLContext) -> None:
    async with smtp_server() as box:
        with pytest.raises(MailError, match="try SMTP_SECURITY=starttls"):
            await mailer(box.port, security="ssl", tls=client_tls).check_login()


async def test_login_where_none_is_offered() -> None:
    async with smtp_server() as box:
        with pytest.raises(MailError, match="login: the server offers no login"):
            await mailer(box.port, username=USER, password=PASSWORD).check_login()


async def test_nothing_listens_and_nothing_answers() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    with pytest.raises(MailError, match=rf"127.0.0.1:{port}: connect: no reply within 0.2 s"):
        await mailer(port, timeout=0.2).check_login()
    silent.close()
    await silent.wait_closed()
    with pytest.raises(MailError, match=rf"127.0.0.1:{port}: connect: connection refused"):
        await mailer(port).check_login()


async def test_unusable_host_name() -> None:
    with pytest.raises(MailError, match="connect: "):
        await mailer(25, host="a" * 70 + ".example").check_login()


@pytest.mark.parametrize("login", [None, ("me", "p@ss:word")])
@pytest.mark.parametrize("security", ["starttls", "ssl", "none"])
async def test_through_socks5_names_are_resolved_there(
    security: str,
    login: tuple[str, str] | None,
    server_tls: ssl.SSLContext,
    client_tls: ssl.SSLContext,
) -> None:
    async with smtp_server(security, server_tls) as box, socks_proxy(login) as socks:
        proxy = f"socks5h://{'me:p%40ss%3Aword@' if login else ''}127.0.0.1:{socks.port}"
        post = mailer(box.port, host="mail.test", security=security, tls=client_tls, proxy=proxy)
        assert await post.send_lead(dossier(), ()) == (OWNER, SECOND)
        assert socks.asked == [(3, "mail.test", box.port)]
    assert len(box.mails) == 1


async def test_a_proxys_password_may_be_russian() -> None:
    async with smtp_server("none") as box, socks_proxy(("магазин", "пароль")) as socks:
        login = quote("магазин") + ":" + quote("пароль")
        post = mailer(
            box.port, host="mail.test", security="none", proxy=f"socks5://{login}@127.0.0.1:{socks.port}"
        )
        assert await post.send_lead(dossier(), ()) == (OWNER, SECOND)
    assert len(box.mails) == 1


@pytest.mark.parametrize("user", ["me:wrong-secret@", ""])
async def test_proxy_that_wants_another_password(user: str) -> None:
    async with socks_proxy(("me", "secret")) as socks:
        proxy = f"socks5://{user}127.0.0.1:{socks.port}"
        with pytest.raises(
            MailError, match=r"mail.test:25 through the proxy 127.0.0.1:\d+: connect: "
        ) as caught:
            await mailer(25, host="mail.test", proxy=proxy).check_login()
    assert "secret" not in str(caught.value)


async def test_proxy_that_cannot_reach_the_server_and_dead_proxy() -> None:
    async with socks_proxy(reply=4) as socks:
        proxy = f"socks5://127.0.0.1:{socks.port}"
        with pytest.raises(MailError, match=r"the proxy could not connect: .*unreachable"):
            await mailer(25, proxy=proxy).check_login()
    with pytest.raises(MailError, match="connect: "):
        await mailer(25, proxy=proxy).check_login()


@pytest.mark.parametrize(
    "proxy", ["nonsense", "ftp://me:secret@h:1", "socks5://me:secret@h", "socks5://h:99999"]
)
def test_unreadable_proxy(proxy: str) -> None:
    with pytest.raises(ConfigError, match="SMTP_PROXY") as caught:
        mailer(25, proxy=proxy)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (MailSettings("nobody"), "SMTP_FROM"),
        (MailSettings(None, ("owner",)), "LEADS_TO"),
        (MailSettings(None, (), ("a b@c.example",)), "REPORT_TO"),
        (MailSettings(None, (f"a@{'b' * 70}.example",)), "LEADS_TO"),
    ],
)
def test_unreadable_addresses(settings: MailSettings, name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        SmtpMailer(SmtpServer("h"), settings)


@pytest.mark.parametrize(
    ("username", "sender"),
    [("shop@mail.example", "shop@mail.example"), ("apikey", "sovetnik@"), (None, "sovetnik@")],
)
async def test_default_sender(username: str | None, sender: str) -> None:
    async with smtp_server() as box:
        post = SmtpMailer(
            SmtpServer("127.0.0.1", box.port, "none", username=username),
            MailSettings(None, (" Me <me@x.example>",)),
        )
        if username:
            with pytest.raises(MailError):
                await post.check_login()
        else:
            assert await post.send_lead(dossier(), ()) == ("me@x.example",)
    assert post._bare_sender.startswith(sender)


def test_secrets_are_not_shown() -> None:
    server = SmtpServer("h", username="u", password="hidden-1", proxy="socks5://u:hidden-2@p:1")
    assert "hidden" not in repr(server)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("ssl", 465), ("none", 25)])
def test_default_ports(security: str, port: int) -> None:
    assert SmtpServer("h", security=security).address == ("h", port)  # type: ignore[arg-type]

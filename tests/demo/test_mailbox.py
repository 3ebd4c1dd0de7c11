"""The mailbox against smtplib, which knows nothing of it."""

import asyncio
import base64
import smtplib
import ssl
from email.message import EmailMessage

import pytest
import trustme

from sovetnik.demo.mailbox import Mailbox

CA = trustme.CA()


def server_context():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    CA.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


def client_context():
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


def mailbox_of(security, **options):
    return Mailbox(security=security, tls_context=None if security == "none" else server_context(), **options)


def a_mail(subject="Заявка: Анна", to="owner@example.com"):
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "bot@example.com", to
    message.set_content("Телефон: +79990001122\n")
    message.add_alternative("<b>+79990001122</b>\n", subtype="html")
    return message


def connected(box, timeout=5):
    if box.security == "ssl":
        return smtplib.SMTP_SSL("127.0.0.1", box.port, timeout=timeout, context=client_context())
    client = smtplib.SMTP("127.0.0.1", box.port, timeout=timeout)
    if box.security == "starttls":
        client.starttls(context=client_context())
    return client


async def send(box, message=None, login=None, to=None):
    def blocking():
        with connected(box) as client:
            if login:
                client.login(*login)
            return client.send_message(message or a_mail(), to_addrs=to)

    return await asyncio.to_thread(blocking)


@pytest.mark.parametrize("security", ["none", "starttls", "ssl"])
@pytest.mark.parametrize("login", [None, ("bot", "пароль")])
async def test_a_mail_arrives(security, login):
    user, password = login or (None, None)
    async with mailbox_of(security, username=user, password=password) as box:
        assert await send(box, login=None) == {} if login is None else await refused_without_login(box)
        if login:
            await asyncio.to_thread(plain_login_and_send, box, login)
        (mail,) = await box.wait_for(1)
    assert (mail.mail_from, mail.rcpt_to) == ("bot@example.com", ["owner@example.com"])
    assert mail.subject == "Заявка: Анна"
    assert mail.text == "Телефон: +79990001122\n"
    assert mail.html == "<b>+79990001122</b>\n"
    assert mail.message["To"] == "owner@example.com"
    assert mail.tls is (security != "none")
    assert mail.user == user
    assert mail.received_at.tzinfo is not None


async def refused_without_login(box):
    with pytest.raises(smtplib.SMTPSenderRefused) as error:
        await send(box)
    assert error.value.smtp_code == 530
    return True


def plain_login_and_send(box, login):
    with connected(box) as client:
        client.ehlo()
        # smtplib encodes passwords as ASCII; the server takes UTF-8, as its own clients send it.
        client.user, client.password = login
        initial = client.auth_plain()
        code, _ = client.docmd("AUTH", "PLAIN " + base64.b64encode(initial.encode()).decode())
        assert code == 235
        client.send_message(a_mail())


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_both_mechanisms_and_a_wrong_password(mechanism):
    def attempt(box, password):
        with connected(box) as client:
            client.ehlo()
            client.user, client.password = "bot", password
            method = client.auth_plain if mechanism == "PLAIN" else client.auth_login
            return client.auth(mechanism, method)

    async with mailbox_of("starttls", username="bot", password="right") as box:
        code, _ = await asyncio.to_thread(attempt, box, "right")
        assert code == 235
        with pytest.raises(smtplib.SMTPAuthenticationError) as error:
            await asyncio.to_thread(attempt, box, "wrong")
    assert error.value.smtp_code == 535


async def test_starttls_comes_before_mail_and_login():
    def unsafe(box):
        with smtplib.SMTP("127.0.0.1", box.port, timeout=5) as client:
            client.ehlo()
            assert "auth" not in client.esmtp_features
            return client.docmd("MAIL", "FROM:<a@b.c>")[0], client.docmd("AUTH", "PLAIN AGEAYg==")[0]

    async with mailbox_of("starttls", username="a", password="b") as box:
        assert await asyncio.to_thread(unsafe, box) == (530, 530)


async def test_an_untrusted_certificate_is_the_clients_to_refuse():
    async with mailbox_of("ssl") as box:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.to_thread(
                smtplib.SMTP_SSL, "127.0.0.1", box.port, context=ssl.create_default_context()
            )


async def test_refused_recipients_some_and_all():
    async with Mailbox() as box:
        box.refuse("a@example.com", 550)
        box.refuse("b@example.com", 451, times=1)
        partly = await send(box, to=["A@example.com", "b@example.com", "c@example.com"])
        assert {address: code for address, (code, _) in partly.items()} == {
            "A@example.com": 550,
            "b@example.com": 451,
        }
        assert await send(box, to=["b@example.com"]) == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await send(box, to=["a@example.com"])
        box.heal()
        await send(box, to=["a@example.com"])
    assert [mail.rcpt_to for mail in box.mails] == [["c@example.com"], ["b@example.com"], ["a@example.com"]]


async def test_refused_data_then_accepted():
    async with Mailbox() as box:
        box.refuse_data(452)
        with pytest.raises(smtplib.SMTPDataError) as error:
            await send(box)
        assert error.value.smtp_code == 452
        await send(box)
    assert len(box.mails) == 1


@pytest.mark.parametrize("security", ["none", "starttls", "ssl"])
async def test_a_mail_taken_without_a_reply(security):
    async with mailbox_of(security) as box:
        box.vanish_after_data()
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError, ssl.SSLError)):
            await send(box)
        assert len(box.mails) == 1
        await send(box)
    assert len(box.mails) == 2


async def test_no_banner():
    async with Mailbox() as box:
        box.hang_at_banner()
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            await asyncio.to_thread(connected, box, 0.2)
        await send(box)
    assert (box.connections, len(box.mails)) == (2, 1)


async def test_addresses_and_headers_in_utf8():
    async with Mailbox() as box:
        await send(box, a_mail("Дела", to="почта@пример.рф"))
    assert box.mails[0].rcpt_to == ["почта@пример.рф"]
    assert box.mails[0].subject == "Дела"


async def test_waiting_and_following():
    async with Mailbox() as box:
        live = asyncio.ensure_future(anext(box.subscribe()))
        waiting = asyncio.ensure_future(box.wait_for(1, predicate=lambda mail: mail.subject == "b"))
        await send(box, a_mail("a"))
        assert (await live).subject == "a"
        assert not waiting.done()
        await send(box, a_mail("b"))
        assert [mail.subject for mail in await waiting] == ["b"]
        everything = box.subscribe(from_start=True)
        assert [(await anext(everything)).subject for _ in range(2)] == ["a", "b"]
        with pytest.raises(TimeoutError, match="no 3 such mails"):
            await box.wait_for(3, timeout=0.01)


async def test_stopping_drops_open_connections_and_keeps_the_port_known():
    box = Mailbox()
    await box.start()
    client = await asyncio.to_thread(connected, box)
    await box.stop()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await asyncio.to_thread(client.noop)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.to_thread(connected, box)


def test_tls_needs_a_context_and_plain_has_none():
    with pytest.raises(ValueError, match="tls_context"):
        Mailbox(security="ssl")

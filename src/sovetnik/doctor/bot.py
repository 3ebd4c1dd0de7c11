"""What Telegram says of the bot: asked plainly over HTTP, for the server's clock is in the answer too."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx

from sovetnik.connecting import trusted
from sovetnik.doctor import words
from sovetnik.doctor.causes import cause
from sovetnik.doctor.finding import PATIENCE, Finding, Said, Trouble, same
from sovetnik.doctor.patient import Patient, literal, mask, place, shortened, skipped, within
from sovetnik.doctor.proxy import check_proxy, server_of
from sovetnik.telegram_ui import BotSettings


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of Telegram's.

    Attributes:
        result: Of the method.
        skew: Seconds that our clock is ahead of Telegram's; None where it does not tell.
    """

    result: dict[str, Any]
    skew: float | None


async def ask_telegram(how: BotSettings, method: str) -> Told:
    """Call a method that takes nothing and changes nothing.

    Never ``getUpdates``: it would cut off the bot that polls with this token (409), and take its updates.

    Raises:
        Trouble: the token is refused, or Telegram cannot be reached.
    """
    host = place(how.base_url)
    try:
        async with httpx.AsyncClient(
            proxy=how.proxy,
            trust_env=False,
            verify=trusted(),
            timeout=PATIENCE - 0.5,
            follow_redirects=False,
        ) as client:
            began = time.time()
            response = await client.get(f"{how.base_url.rstrip('/')}/bot{how.token}/{method}")
            middle = (began + time.time()) / 2
    except Exception as error:  # noqa: BLE001 - httpx's errors, and raw ones of the SOCKS library
        if isinstance(error, httpx.InvalidURL):
            raise _refused(how.token) from None
        fact = words.TELEGRAM_AWAY.format(host=host, error=_cause(error, how))
        out = words.PROXY_DOWN_OUT.format(setting="TELEGRAM_PROXY") if how.proxy else words.TELEGRAM_AWAY_OUT
        raise Trouble(fact, out, "unreachable") from None
    return Told(_result(response, how, host), skew_of(response.headers.get("date"), middle))


def skew_of(date: str | None, now: float) -> float | None:
    """Seconds that our clock is ahead of a server's.

    Args:
        date: Its Date header; whole seconds, so half of one is added.
        now: Our Unix time at the middle of the request.
    """
    if not date:
        return None
    try:
        return now - parsedate_to_datetime(date).timestamp() - 0.5
    except ValueError:
        return None


def _result(response: httpx.Response, how: BotSettings, host: str) -> dict[str, Any]:
    try:
        body: Any = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "ok" not in body:
        fact = words.TELEGRAM_ODD.format(host=host, status=response.status_code)
        raise Trouble(fact, words.TELEGRAM_ODD_OUT, "unreachable")
    answer = cast("dict[str, Any]", body)
    if answer["ok"]:
        return cast("dict[str, Any]", answer["result"])
    if response.status_code in {401, 404}:
        raise _refused(how.token)
    said = same(f"{response.status_code} {answer.get('description', '')}")
    raise Trouble(words.TELEGRAM_SAYS.format(words=said), words.TELEGRAM_SAYS_OUT, "passing")


def _refused(token: str) -> Trouble:
    return Trouble(words.TOKEN_REFUSED.format(token=shortened(token)), words.TOKEN_REFUSED_OUT, "refused")


def _cause(error: Exception, how: BotSettings) -> Said:
    if isinstance(error, httpx.TimeoutException):
        return words.TOO_SLOW.format(seconds=round(PATIENCE))
    return cause(mask(literal(error).en, [how.token]))


def bot_settings(patient: Patient) -> BotSettings:
    """How Telegram is reached."""
    settings = patient.settings
    proxy = settings.telegram_proxy
    return BotSettings(
        settings.token, settings.telegram_base_url, proxy.get_secret_value() if proxy else None
    )


async def telegram(patient: Patient) -> list[Finding]:
    """Proxy, token, and how updates come."""
    why = patient.spoilt("TELEGRAM_")
    if why is None and patient.settings.telegram_token is None:
        missing = Finding("token", "broken", words.TOKEN_MISSING, words.TOKEN_MISSING_OUT)
        return [missing, skipped("updates", words.TOKEN_MISSING)]
    if why:
        return [skipped("token", why), skipped("updates", why)]
    how = bot_settings(patient)
    findings: list[Finding] = []
    if how.proxy:
        host, port = server_of(how.base_url)
        way = await within(
            "telegram_proxy", check_proxy("telegram_proxy", "TELEGRAM_PROXY", how.proxy, host, port)
        )
        findings.append(way)
        if way.state == "broken":
            return [*findings, *(skipped(name, words.PROXY_FAILS) for name in ("token", "updates"))]
    findings.append(await within("token", check_token(patient, how)))
    if findings[-1].state != "ok":
        return [*findings, skipped("updates", words.NO_TOKEN)]
    return [*findings, await within("updates", check_updates(patient, how))]


async def check_token(patient: Patient, how: BotSettings) -> Finding:
    """GetMe."""
    told = await ask_telegram(how, "getMe")
    if told.skew is not None:
        patient.skews[place(how.base_url)] = told.skew
    me = told.result
    return Finding(
        "token", "ok", words.TOKEN_GOOD.format(username=me.get("username"), name=me.get("first_name"))
    )


async def check_updates(patient: Patient, how: BotSettings) -> Finding:
    """GetWebhookInfo against what is set here."""
    info = (await ask_telegram(how, "getWebhookInfo")).result
    url, count = str(info.get("url") or ""), info.get("pending_update_count", 0)
    ours = patient.settings.telegram_webhook_url
    if ours is None:
        if not url:
            return Finding("updates", "ok", words.POLLING_NOTE.format(count=count))
        fact = words.WEBHOOK_IN_THE_WAY.format(url=place(url), count=count)
        return Finding("updates", "warning", fact, words.WEBHOOK_IN_THE_WAY_OUT)
    if not url:
        return Finding("updates", "warning", words.WEBHOOK_NONE, words.WEBHOOK_SET_OUT)
    if url.rstrip("/") != ours:
        fact = words.WEBHOOK_OTHER.format(url=place(url), ours=place(ours))
        return Finding("updates", "warning", fact, words.WEBHOOK_SET_OUT)
    if count and info.get("last_error_message"):
        fact = words.WEBHOOK_ERROR.format(url=place(url), error=info["last_error_message"], count=count)
        return Finding("updates", "broken", fact, words.WEBHOOK_ERROR_OUT)
    return Finding("updates", "ok", words.WEBHOOK_GOOD.format(url=place(url), count=count))

"""Logs: readable in both formats, and no secret in them whatever is logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from urllib.parse import quote

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ops.capture import logs_captured

TOKEN = "7000000001:AAF-loopback-only-token-of-the-tests"
KEY = "sk-proj-abcdefghijklmnop1234567890"
STYLES = pytest.mark.parametrize("style", ["console", "json"])


def logged(style: str, secrets: list[str], write: Callable[[], None], level: str = "INFO") -> str:
    with logs_captured() as (set_up, written):
        set_up(level, style, secrets)
        write()
        return written()


def fail(words: str) -> None:
    try:
        raise ValueError(words)
    except ValueError:
        structlog.get_logger("test").exception("failed", url=words)


@STYLES
def test_a_secret_is_nowhere_in_an_event_or_its_traceback(style: str) -> None:
    told = logged(style, ["hunter2-password"], lambda: fail("login with hunter2-password refused"))
    assert "hunter2" not in told
    assert "ValueError" in told
    assert "***" in told


@STYLES
def test_a_percent_encoded_secret_is_taken_out_too(style: str) -> None:
    told = logged(style, ["p@ss/word:1"], lambda: fail(f"socks5://user:{quote('p@ss/word:1', safe='')}@host"))
    assert "p%40ss" not in told


@STYLES
@pytest.mark.parametrize("secret", ['quote"and\\backslash', "пароль-с-буквами", "line'quote'"])
def test_a_secret_with_odd_letters_is_taken_out_as_well(style: str, secret: str) -> None:
    told = logged(style, [secret], lambda: structlog.get_logger("test").info("login", password=secret))
    if style == "json":
        assert json.loads(told)["password"] == "***"
    assert secret not in told
    assert repr(secret)[1:-1] not in told
    assert "***" in told


@STYLES
@pytest.mark.parametrize(
    "words",
    [
        f"POST https://api.telegram.org/bot{TOKEN}/getMe",
        f"token={TOKEN}",
        f"Authorization: Bearer {KEY}",
        KEY,
    ],
)
def test_tokens_and_keys_are_known_by_their_looks(style: str, words: str) -> None:
    told = logged(style, [], lambda: fail(words))
    assert "***" in told
    assert "AAF-" not in told
    assert "abcdefgh" not in told


@STYLES
def test_what_libraries_log_is_cleaned_too(style: str) -> None:
    def write() -> None:
        logging.getLogger("some.library").warning("GET /bot%s/getMe", TOKEN)
        logging.getLogger("httpx").info("GET everything")
        logging.getLogger("telegram.Bot").debug("token %s", TOKEN)

    told = logged(style, [TOKEN], write)
    assert "getMe" in told
    assert TOKEN not in told
    assert "GET everything" not in told


@STYLES
@pytest.mark.parametrize("logger", ["telegram.Bot", "telegram.request.BaseRequest"])
def test_libraries_that_quote_whole_updates_are_silent(style: str, logger: str) -> None:
    def write() -> None:
        logging.getLogger(logger).critical("cannot read %s", '{"text": "слова покупателя"}')

    assert logged(style, [], write, level="DEBUG") == ""


def test_json_lines_are_json_with_the_event_its_level_and_its_time() -> None:
    def write() -> None:
        structlog.get_logger("sovetnik.test").info("ready", chat=42, note="строка\nвторая")
        fail("why")

    rows = [json.loads(line) for line in logged("json", [], write).splitlines()]
    assert [row["event"] for row in rows] == ["ready", "failed"]
    assert (rows[0]["chat"], rows[0]["level"], rows[0]["note"]) == (42, "info", "строка\nвторая")
    assert rows[0]["timestamp"].endswith("Z")
    assert "ValueError: why" in rows[1]["exception"]


@STYLES
def test_a_traceback_shows_no_variables(style: str) -> None:
    def write() -> None:
        phone = "+79123456789"
        try:
            raise ValueError(len(phone))
        except ValueError:
            structlog.get_logger("test").exception("failed")

    assert "+79123456789" not in logged(style, [], write)


def test_the_level_is_kept() -> None:
    def write() -> None:
        structlog.get_logger("test").info("quiet")
        structlog.get_logger("test").warning("loud")

    told = logged("console", [], write, level="WARNING")
    assert "quiet" not in told
    assert "loud" in told


def test_short_words_are_no_secrets() -> None:
    assert "a report is made" in logged(
        "console", ["a", ""], lambda: structlog.get_logger("test").info("a report is made")
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    secret=st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=8, max_size=30),
    style=st.sampled_from(["console", "json"]),
)
def test_no_printable_secret_is_ever_seen_in_a_line(secret: str, style: str) -> None:
    secret = secret.strip().rjust(8, "x")
    told = logged(
        style, [secret], lambda: logging.getLogger("some.library").warning("with %s inside", secret)
    )
    text = json.loads(told)["event"] if style == "json" else told
    assert secret not in text
    assert "***" in text

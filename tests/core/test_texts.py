"""The customer's language, and what we ourselves say."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sovetnik.core.texts import EN, RU, language_of, trouble


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Сколько стоит доставка?", "ru"),
        ("How much is delivery?", "en"),
        ("Есть ли iPhone 17 Pro?", "ru"),
        ("сколько стоит https://example.com/bed", "ru"),
        ("да", "ru"),
    ],
)
def test_the_language_is_that_of_the_words(text: str, language: str) -> None:
    assert language_of(text, "de", "en" if language == "ru" else "ru") == language


@pytest.mark.parametrize("text", ["", "ok", "👍", "8 912 345-67-89", "?", "iPad"])
def test_too_short_a_text_changes_nothing(text: str) -> None:
    assert language_of(text, "de", "ru") == "ru"
    assert language_of(text, "ru", "en") == "en"


@pytest.mark.parametrize(
    ("code", "language"),
    [("ru", "ru"), ("RU-ru", "ru"), ("uk", "ru"), ("kk", "ru"), ("en-GB", "en"), ("de", "en"), (None, None)],
)
def test_telegrams_setting_counts_where_nothing_else_is_known(code: str | None, language: str | None) -> None:
    assert language_of("👍", code) == language


@given(text=st.text(), code=st.none() | st.text())
def test_any_text_and_any_setting_give_a_language_or_none(text: str, code: str | None) -> None:
    assert language_of(text, code) in {"ru", "en", None}
    assert language_of(text, code, "en") in {"ru", "en"}


@pytest.mark.parametrize("kind", ["timeout", "rate_limit", "quota", "auth", "bad_request", "server", "else"])
def test_every_apology_shows_its_code_and_hides_its_kind(kind: str) -> None:
    for language in ("ru", "en"):
        told = trouble(language, kind, "ABC234")
        assert "ABC234" in told
        assert kind not in told
        assert "{" not in told


def test_both_languages_fill_in_the_same_things() -> None:
    for field in dataclasses.fields(RU):
        ours, theirs = getattr(RU, field.name), getattr(EN, field.name)
        assert ours.strip()
        assert theirs.strip()
        named = [{part.partition("}")[0] for part in text.split("{")[1:]} for text in (ours, theirs)]
        assert named[0] == named[1], field.name

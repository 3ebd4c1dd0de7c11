"""`check --from-leads`: cases out of real dialogues, with nobody in them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from pydantic import SecretStr

from sovetnik.core.model import Answer
from sovetnik.golden.command import suggest
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore
from tests import postgres
from tests.golden.shop import Shop
from tests.storage.samples import answer_turn, contact, converse, database, incoming, take_turn


@pytest.fixture
def settings(shop: Shop) -> Settings:
    return Settings(database_url=SecretStr(database(shop.folder)), phone_region="RU")


async def suggested(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> tuple[str, list[dict[str, Any]]]:
    capsys.readouterr()
    await suggest(settings)
    out, _ = capsys.readouterr()
    return out, tomllib.loads(out).get("question", [])


async def lead_in(store: SqlStore, update_id: int, chat_id: int, text: str) -> None:
    """A message that brings the phone, and the lead."""
    await store.accept([incoming(update_id, text, chat_id)])
    turn = await take_turn(store, chat_id)
    await store.save_lead(chat_id, turn.token, contact(name="Марина Петрова"), 0)
    await store.answered(turn, Answer("Записал."))


async def test_a_dialogue_that_led_to_a_lead_becomes_a_case_without_the_person(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    url = settings.database_url.get_secret_value()
    async with SqlStore.open(url, exclusive=True) as store:
        await converse(store, 1, "Меня зовут Марина Петрова, сколько стоит «Нерль»?", "62 900 ₽, Марина", 5)
        await converse(store, 2, "Спасибо", "Пожалуйста", 5)
        await converse(store, 3, "А доставка? Пишите на m.petrova@mail.example или @marina_p", "2 200 ₽", 5)
        await lead_in(store, 4, 5, "8 912 345-67-89, Марина")
        await converse(store, 6, "Сколько стоит комод?", "19 900 ₽", 6)
    out, (case,) = await suggested(settings, capsys)
    assert case == {
        "ask": ["[name], сколько стоит «Нерль»?", "А доставка? Пишите на [mail] или [name]"],
        "must": [],
    }
    assert "# Answered then: 2 200 ₽" in out
    for private in ("Марин", "Петров", "912", "m.petrova", "@marina"):
        assert private not in out


async def test_a_question_that_the_documents_did_not_answer_is_suggested_once(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    url = settings.database_url.get_secret_value()
    async with SqlStore.open(url, exclusive=True) as store:
        for number, chat in ((1, 5), (2, 6)):
            await store.accept([incoming(number, "Есть дрон?", chat)])
            await answer_turn(store, "Не знаю", chat, unanswered="Есть ли доставка дроном? +7 912 345-67-89")
    out, (case,) = await suggested(settings, capsys)
    assert case["ask"] == "Есть ли доставка дроном? [phone]"
    assert "did not answer" in out


async def test_the_database_is_only_read(
    settings: Settings, capsys: pytest.CaptureFixture[str], shop: Shop
) -> None:
    def content() -> object:
        url = settings.database_url.get_secret_value()
        return (
            (shop.folder / "sovetnik.db").read_bytes()
            if url.startswith("sqlite")
            else postgres.everything(url)
        )

    before = content()
    await suggested(settings, capsys)
    assert content() == before


async def test_no_dialogues_are_told(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await suggest(settings)
    assert "no dialogues with a lead" in capsys.readouterr().err

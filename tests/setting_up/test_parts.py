"""The parts of `sovetnik init`: .env, drafts, guesses."""

from __future__ import annotations

import stat
from datetime import time
from pathlib import Path

import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.demo.modelapi import MODELS
from sovetnik.doctor.finding import Trouble
from sovetnik.knowledge.form import read_form
from sovetnik.setting_up import drafts
from sovetnik.setting_up.drafts import Business
from sovetnik.setting_up.envfile import EnvFile
from sovetnik.setting_up.mailhosts import guess, is_here, parse
from sovetnik.setting_up.providers import candidates, provider_of
from sovetnik.setting_up.zones import find_time, find_zone

# .env


def test_only_the_changed_lines_change(tmp_path):
    path = tmp_path / ".env"
    path.write_text(
        "# mine\r\nLANGUAGE=ru # here\r\nexport LEADS_TO=a@b.example\r\n\r\n#SMTP_HOST=\r\nSMTP_PORT=25"
    )
    path.chmod(0o644)
    env = EnvFile(path)
    env.change({"LEADS_TO": "c@d.example", "TELEGRAM_TOKEN": "1:a", "SMTP_PORT": None})
    assert path.read_bytes().decode() == (
        "# mine\r\nLANGUAGE=ru # here\r\nLEADS_TO=c@d.example\r\n\r\n#SMTP_HOST=\r\nTELEGRAM_TOKEN=1:a\r\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize(
    "value", ['it\'s # "odd" \\ $HOME', "пароль с пробелами", "a=b", "'", "\\'", "#x", "p$1"]
)
def test_any_value_comes_back_as_it_was(tmp_path, value):
    env = EnvFile(tmp_path / ".env")
    env.change({"SMTP_PASSWORD": value, "LANGUAGE": "en"})
    assert env.values() == {"SMTP_PASSWORD": value, "LANGUAGE": "en"}


def test_what_such_a_file_cannot_hold_is_refused_and_nothing_is_written(tmp_path):
    env = EnvFile(tmp_path / ".env")
    env.change({"LANGUAGE": "en"})
    with pytest.raises(Trouble, match="cannot hold"):
        env.change({"SMTP_PASSWORD": "${LANGUAGE}", "REPORT_TIME": "10:00"})
    assert (tmp_path / ".env").read_text() == "LANGUAGE=en\n"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_name_that_stands_twice_is_set_once(tmp_path):
    (tmp_path / ".env").write_text("LANGUAGE=ru\nREPORT_TIME=09:00\nLANGUAGE=en\n")
    EnvFile(tmp_path / ".env").change({"LANGUAGE": "ru"})
    assert (tmp_path / ".env").read_text() == "REPORT_TIME=09:00\nLANGUAGE=ru\n"


def test_a_file_that_others_could_read_is_closed_and_a_link_stays_one(tmp_path):
    (tmp_path / "kept").write_text("LANGUAGE=en\n")
    (tmp_path / "kept").chmod(0o644)
    (tmp_path / ".env").symlink_to("kept")
    env = EnvFile(tmp_path / ".env")
    env.change({"LANGUAGE": "en"})
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o600
    env.change({"LANGUAGE": "ru"})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "kept").read_text() == "LANGUAGE=ru\n"


def test_a_place_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot write"):
        EnvFile(tmp_path / "file" / ".env").change({"LANGUAGE": "ru"})


# drafts


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("tone", ["friendly", "formal", "brief"])
def test_drafts_can_be_used_as_they_are(tmp_path, language, tone):
    labels = ("Город доставки", "e-mail", "Дата визита", "e-mail", "2-й телефон", "phone", 'The "best" time')
    texts = drafts.draft(Business("Тихий дом", "мебель из массива.", tone, labels), language)
    assert set(texts) == set(drafts.NAMES)
    written, kept = drafts.write(tmp_path, texts, anew=False)
    assert (set(written), kept) == (set(drafts.NAMES), [])
    form = read_form(tmp_path / "contact_form.toml", "RU")
    assert [field.label[:5] for field in form.fields] == [
        "Город",
        "E-mai",
        "Дата ",
        "E-mai",
        "2-й т",
        "Phone",
        'The "',
    ]
    assert [field.type for field in form.fields][:3] == ["text", "email", "date"]
    for text in texts.values():
        assert "{" not in text
        assert "\n\n\n" not in text
    assert "Мебель из массива." in texts["instructions.md"]
    assert "Тихий дом" in texts["greeting.md"]
    assert "/privacy" in texts["consent.md"]


def test_texts_that_are_there_are_kept_or_put_aside(tmp_path):
    (tmp_path / "greeting.md").write_text("mine")
    texts = drafts.draft(Business("Shop", "", "brief", ()), "en")
    written, kept = drafts.write(tmp_path, texts, anew=False)
    assert kept == ["greeting.md"]
    assert "greeting.md" not in written
    assert (tmp_path / "greeting.md").read_text() == "mine"
    drafts.write(tmp_path, texts, anew=True)
    drafts.write(tmp_path, texts, anew=True)
    assert (tmp_path / "greeting.md.old").read_text() == "mine"
    assert (tmp_path / "greeting.md.old2").read_text() == texts["greeting.md"]


# guesses


@pytest.mark.parametrize(
    ("address", "server", "security"),
    [
        ("me@gmail.com", "smtp.gmail.com:587", "starttls"),
        ("me@YA.ru", "smtp.yandex.ru:465", "ssl"),
        ("me@bk.ru", "smtp.mail.ru:465", "ssl"),
        ("me@hotmail.com", "smtp-mail.outlook.com:587", "starttls"),
        ("me@icloud.com", "smtp.mail.me.com:587", "starttls"),
        ("me@rambler.ru", "smtp.rambler.ru:465", "ssl"),
        ("me@shop.invalid", "smtp.shop.invalid:587", "starttls"),
    ],
)
def test_the_mail_server_is_guessed_from_the_address(address, server, security):
    found = guess(address)
    assert (found.shown, found.security) == (server, security)
    assert parse(found.shown, found) is found


def test_a_server_that_the_owner_types():
    usual = guess("me@gmail.com")
    assert parse("mail.shop.example:465", usual).security == "ssl"
    assert parse("mail.shop.example", usual).shown == "mail.shop.example:587"
    for wrong in ("mail.shop.example:port", "two words", "host:99999"):
        with pytest.raises(Trouble):
            parse(wrong, usual)
    assert is_here("192.168.1.5")
    assert not is_here("smtp.gmail.com")


def test_a_model_is_suggested_that_can_talk():
    assert candidates("openai", [*MODELS, "whisper-1", "text-embedding-3-small"], None)[0] == "gpt-6-luna"
    assert candidates("openai", MODELS, "gpt-6-sol")[0] == "gpt-6-sol"
    yandex = ["emb://f/text-search-doc/latest", "gpt://f/yandexgpt-lite/latest", "gpt://f/yandexgpt/latest"]
    assert candidates("yandex", yandex, None)[0] == "gpt://f/yandexgpt/latest"
    assert candidates("ollama", ["nomic-embed-text", "mistral:7b"], None) == ["mistral:7b"]
    assert candidates("own", [], None) == []
    assert provider_of("https://openrouter.ai/api/v1/") == "openrouter"
    assert provider_of("https://llm.shop.example/v1") == "own"
    assert provider_of(None) == "openai"


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Moscow", "Europe/Moscow"),
        ("москва", "Europe/Moscow"),
        ("london", "Europe/London"),
        ("New York", "America/New_York"),
        ("UTC", "UTC"),
    ],
)
def test_a_zone_is_found_by_name_or_city(text, zone):
    assert find_zone(text).key == zone


def test_what_is_no_zone_and_no_hour():
    assert find_time("9") == time(9)
    assert find_time("21.30") == time(21, 30)
    for wrong in ("noon", "25:00"):
        with pytest.raises(Trouble):
            find_time(wrong)
    with pytest.raises(Trouble):
        find_zone("Atlantis")


def test_drafts_name_fields_for_programs():
    assert drafts.field_name("Город доставки") == "gorod_dostavki"
    assert drafts.field_name("2 дня") == "field_2_dnya"
    assert Path(drafts.field_name("…")).name == "field"

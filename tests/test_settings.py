"""Settings: what is read from where, and what an owner is told of a wrong one."""

from __future__ import annotations

import os
from datetime import time
from pathlib import Path

import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.settings import Settings, load_settings, unknown_names

SECRET = "hunter2-do-not-show"


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and an environment without anything of ours."""
    monkeypatch.chdir(tmp_path)
    ours = {name.upper() for name in Settings.model_fields}
    for name in list(os.environ):
        if name.upper() in ours or name.upper().removesuffix("_FILE") in ours:
            monkeypatch.delenv(name)


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    return str(caught.value)


# wrong values


@pytest.mark.parametrize(
    ("name", "value", "way_out"),
    [
        ("TELEGRAM_BASE_URL", "api.telegram.org", "https://"),
        ("TELEGRAM_PROXY", f"user:{SECRET}@proxy:1080", "socks5://user:password@host:port"),
        ("TELEGRAM_PROXY", f"socks4://user:{SECRET}@proxy:1080", "socks5"),
        ("TELEGRAM_PROXY", f"socks5://user:{SECRET}@proxy:99999", "65535"),
        ("TELEGRAM_PROXY", f"socks5://user:{SECRET}@proxy:port", "65535"),
        ("TELEGRAM_WEBHOOK_URL", "bot.example.com", "https://"),
        ("TELEGRAM_WEBHOOK_LISTEN", "8443", "127.0.0.1:8080"),
        ("TELEGRAM_WEBHOOK_SECRET", f"{SECRET} with spaces", "Latin letters"),
        ("TELEGRAM_STREAMING", "yes", "drafts"),
        ("TELEGRAM_RATE", "-1", "0"),
        ("TELEGRAM_RATE", "many", "number"),
        ("TELEGRAM_RATE", "nan", "0"),
        ("OPENAI_BASE_URL", "localhost:8080", "https://"),
        ("OPENAI_PROXY", f"http:/user:{SECRET}@proxy", "socks5://user:password@host:port"),
        ("OPENAI_TIMEOUT", "0", "0"),
        ("OPENAI_CONTEXT", "thread", "conversation"),
        ("SMTP_PORT", "70000", "65535"),
        ("SMTP_SECURITY", "tls", "starttls"),
        ("SMTP_PROXY", f"https://user:{SECRET}@proxy", "socks5"),
        ("LEADS_TO", "owner", "name@example.com"),
        ("LEADS_TO", "Анна <a@example.com>", "name@example.com"),
        ("REPORT_TO", "a@example.com; b@example.com", "name@example.com"),
        ("REPORT_TIME", "9am", "09:00"),
        ("REPORT_TIME", "24:00", "09:00"),
        ("TIMEZONE", "MSK", "Europe/Moscow"),
        ("TIMEZONE", "../../etc/passwd", "Europe/Moscow"),
        ("PHONE_REGION", "Russia", "pattern"),
        ("LANGUAGE", "de", "ru or en"),
        ("OWNER_CHATS", "anna", "integer"),
        ("HTTP_LISTEN", "localhost", "host:port"),
        ("JOIN_MESSAGES", "-1", "0"),
        ("CHAT_RATE", "1.5", "integer"),
        ("MODEL_CONCURRENCY", "0", "1"),
        ("LOG_LEVEL", "LOUD", "DEBUG"),
        ("LOG_FORMAT", "xml", "json"),
    ],
)
def test_a_wrong_value_is_named_with_the_way_out_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, way_out: str
) -> None:
    told = refusal(monkeypatch, **{name: value})
    assert told.startswith(f"{name}: ")
    assert way_out in told
    assert SECRET not in told
    assert "\n" not in told


def test_a_password_in_fullwidth_letters_is_not_shown_either(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, TELEGRAM_PROXY=f"socks5://user:{SECRET}\uff03@proxy:1080")
    assert told.startswith("TELEGRAM_PROXY: ")
    assert SECRET not in told


def test_every_wrong_value_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, SMTP_PORT="x", TIMEZONE="y", REPORT_TIME="z")
    assert [line.partition(":")[0] for line in told.splitlines()] == ["SMTP_PORT", "REPORT_TIME", "TIMEZONE"]


def test_a_missing_token_is_named_only_when_it_is_needed() -> None:
    settings = load_settings()
    with pytest.raises(ConfigError, match=r"TELEGRAM_TOKEN.*BotFather"):
        _ = settings.token


# good values


def test_values_are_read_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LEADS_TO": " a@example.com , b@example.com,",
        "REPORT_TIME": "7:05",
        "TIMEZONE": "Europe/Moscow",
        "LOG_LEVEL": "debug",
        "OWNER_CHATS": "1, -100",
        "TELEGRAM_BASE_URL": "http://localhost:8081/",
        "HTTP_LISTEN": "[::1]:8080",
        "SMTP_HOST": "",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.leads_to == ("a@example.com", "b@example.com")
    assert settings.report_time == time(7, 5)
    assert settings.timezone.key == "Europe/Moscow"
    assert settings.log_level == "DEBUG"
    assert settings.owner_chats == (1, -100)
    assert settings.telegram_base_url == "http://localhost:8081"
    assert settings.http_listen == "[::1]:8080"
    assert settings.smtp_host is None


@pytest.mark.parametrize(
    ("value", "language"),
    [
        ("ru", "ru"),
        ("EN", "en"),
        ("ru_RU:en", "ru"),
        ("en_GB.UTF-8", "en"),
        ("de:en_US:ru", "en"),
        ("", "ru"),
    ],
)
def test_the_language_is_read_also_as_shells_write_it(
    monkeypatch: pytest.MonkeyPatch, value: str, language: str
) -> None:
    monkeypatch.setenv("LANGUAGE", value)
    assert load_settings().language == language


def test_the_dialogue_is_kept_at_openai_and_nowhere_else_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().context == "conversation"
    monkeypatch.setenv("OPENAI_BASE_URL", "https://other.example.com/v1")
    assert load_settings().context == "history"
    monkeypatch.setenv("OPENAI_CONTEXT", "conversation")
    assert load_settings().context == "conversation"


# .env and files


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SMTP_HOST=from-file\nSMTP_USERNAME='Анна # 1'\n# SMTP_FROM=a@b.ru\n", "utf-8")
    monkeypatch.setenv("SMTP_HOST", "from-environment")
    settings = load_settings()
    assert settings.smtp_host == "from-environment"
    assert settings.smtp_username == "Анна # 1"
    assert settings.smtp_from is None


def test_the_owners_language_is_that_of_the_file_whatever_the_desktop_sets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("LANGUAGE=ru\n", "utf-8")
    monkeypatch.setenv("LANGUAGE", "en_US:en")
    assert load_settings().language == "ru"


def test_files_that_notepad_saved_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SMTP_HOST=host\n", "utf-8-sig")
    Path("secret").write_text(SECRET, "utf-8-sig")
    monkeypatch.setenv("SMTP_PASSWORD_FILE", "secret")
    settings = load_settings()
    assert settings.smtp_host == "host"
    assert settings.smtp_password is not None
    assert settings.smtp_password.get_secret_value() == SECRET
    assert unknown_names() == []


def test_a_file_that_is_no_text_is_named() -> None:
    Path(".env").write_bytes("SMTP_USERNAME=Анна".encode("cp1251"))
    with pytest.raises(ConfigError, match=r"\.env.*UTF-8"):
        load_settings()


@pytest.mark.parametrize("name", ["TELEGRAM_TOKEN", "OPENAI_API_KEY", "SMTP_PASSWORD", "SMTP_PROXY"])
def test_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value = "socks5://user:pass@host:1080" if name.endswith("PROXY") else SECRET
    Path("secret").write_text(f"{value}\n", "utf-8")
    monkeypatch.setenv(f"{name}_FILE", "secret")
    settings = load_settings()
    assert getattr(settings, name.lower()).get_secret_value() == value
    assert unknown_names() == []


def test_a_secrets_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, OPENAI_API_KEY_FILE="/run/secrets/none")
    assert told.startswith("OPENAI_API_KEY_FILE: ")
    assert "/run/secrets/none" in told


def test_a_wrong_value_in_a_secrets_file_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret").write_text(f"ftp://user:{SECRET}@host", "utf-8")
    told = refusal(monkeypatch, TELEGRAM_PROXY_FILE="secret")
    assert "TELEGRAM_PROXY" in told
    assert SECRET not in told


def test_a_secrets_file_named_in_dotenv_is_read() -> None:
    Path("secret").write_text(SECRET, "utf-8")
    Path(".env").write_text("SMTP_PASSWORD_FILE=secret\n", "utf-8")
    password = load_settings().smtp_password
    assert password is not None
    assert password.get_secret_value() == SECRET


# unknown names


@pytest.mark.parametrize(
    ("name", "meant"),
    [("SMTP_PASWORD", "SMTP_PASSWORD"), ("OPENAI_KEY", None), ("TELEGRAM_TOKN", "TELEGRAM_TOKEN")],
)
def test_a_slip_of_the_pen_is_told_with_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str | None
) -> None:
    monkeypatch.setenv(name, SECRET)
    (line,) = unknown_names()
    assert line.startswith(f"{name}: unknown setting")
    assert meant is None or f"did you mean {meant}?" in line
    assert SECRET not in line


def test_in_dotenv_every_unknown_name_is_told() -> None:
    Path(".env").write_text(f"TIMEZON=UTC\nexport LEADS=a@example.com\nSMTP_HOST=h\n# X={SECRET}\n", "utf-8")
    assert [line.partition(":")[0] for line in unknown_names()] == ["LEADS", "TIMEZON"]


def test_names_of_other_programs_are_none_of_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "x")
    monkeypatch.setenv("DATABASE", "x")
    assert unknown_names() == []


# what must never be shown


def test_all_secrets_are_known_to_whoever_has_to_hide_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "TELEGRAM_TOKEN": "7:token",
        "TELEGRAM_WEBHOOK_SECRET": "webhook-secret",
        "TELEGRAM_PROXY": "socks5://user:telegram-proxy@host:1080",
        "OPENAI_API_KEY": "sk-key",
        "OPENAI_PROXY": "http://user:openai-proxy@host:3128",
        "SMTP_PASSWORD": "smtp-password",
        "SMTP_PROXY": "socks5://user:smtp-proxy@host:1080",
        "DATABASE_URL": "postgresql://user:database-password@host/db",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert set(settings.secrets()) >= {
        "7:token",
        "webhook-secret",
        "telegram-proxy",
        "sk-key",
        "openai-proxy",
        "smtp-password",
        "smtp-proxy",
        "database-password",
    }
    shown = repr(settings) + str(settings)
    assert not [secret for secret in settings.secrets() if secret in shown]


def test_a_proxys_password_is_hidden_as_it_is_written_and_as_it_is_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TELEGRAM_PROXY", "socks5://user:p%40ss%3Aword@host:1080")
    assert {"p%40ss%3Aword", "p@ss:word"} <= set(load_settings().secrets())


def test_an_empty_secret_file_is_a_secret_that_is_not_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("\n", "utf-8")
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(tmp_path / "secret"))
    assert load_settings().openai_api_key is None

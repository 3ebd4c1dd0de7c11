"""What the owner sees: mails, reports, exports, and messages about what is wrong."""

from __future__ import annotations

import csv
import io
import stat
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sovetnik.demo.modelapi import Text, ToolCall, scripted
from tests.acceptance.stage import Stage, stage


def _contact(**changes: str) -> ToolCall:
    return ToolCall(
        "save_contact", {"name": "Анна", "phone": "+79123456789", "order": "Нерль 160", **changes}
    )


async def _say(scene: Stage, *texts: str) -> int:
    anna = scene.telegram.person(first_name="Анна", username="anna")
    for number, text in enumerate(texts, start=1):
        anna.say(text)
        await scene.telegram.wait_for_messages(anna.id, number)
    return anna.id


async def test_a_corrected_contact_updates_the_lead_and_says_so(inside: Stage) -> None:
    inside.model.brain = scripted(
        [_contact(), Text("Записал"), _contact(phone="8 999 111-22-33"), Text("Исправил")]
    )
    await inside.run()
    await _say(inside, "Анна, +79123456789", "Ой, другой номер: 8 999 111-22-33")
    first, second = await inside.mailbox.wait_for(2)
    assert first.message["Message-ID"] == second.message["In-Reply-To"]
    assert "обновлена" in second.subject.lower()
    assert "+79991112233" in second.html
    (lead,) = await inside.rows("leads")
    assert lead["phone"] == "+79991112233"
    told = [call.body["input"][0]["output"] for call in inside.model.responses if "output" in str(call.body)]
    assert "updated" in told[1]


async def test_a_bad_phone_goes_back_to_the_model_and_no_lead_is_stored(inside: Stage) -> None:
    inside.model.brain = scripted([_contact(phone="12345"), Text("Проверьте номер")])
    await inside.run()
    await _say(inside, "Анна, 12345")
    (output,) = [
        item["output"]
        for call in inside.model.responses
        for item in call.body["input"]
        if item.get("type") == "function_call_output"
    ]
    assert '"saved": false' in output
    assert "phone" in output
    assert await inside.rows("leads") == []


async def test_the_start_payload_is_kept_as_the_customers_source(inside: Stage) -> None:
    inside.model.brain = scripted([_contact(), Text("Записал")])
    await inside.run()
    anna = inside.telegram.person()
    anna.start("vk-may")
    await inside.telegram.wait_for_messages(anna.id, 1)
    assert "Тихий дом" in inside.telegram.answers(anna.id)[0]
    anna.say("Анна, +79123456789")
    (mail,) = await inside.mailbox.wait_for(1)
    assert "vk-may" in mail.html
    (lead,) = await inside.rows("leads")
    assert lead["source"] == "vk-may"


@pytest.mark.parametrize("context", ["conversation", "history"])
async def test_new_begins_a_fresh_conversation(inside: Stage, context: str) -> None:
    inside.model.brain = lambda request: Text(" | ".join(request.user_texts))
    await inside.run(OPENAI_CONTEXT=context)
    chat = await _say(inside, "раз", "/new", "два")
    assert inside.telegram.answers(chat)[2] == "два"


async def test_the_model_is_given_the_owners_instructions_documents_and_form(inside: Stage) -> None:
    await inside.run()
    await _say(inside, "Сколько стоит доставка в Суздаль?")
    body = inside.model.responses[0].body
    assert "2 200 ₽" in body["instructions"]
    assert "Europe/Moscow" in body["instructions"]
    tool = next(tool for tool in body["tools"] if tool["name"] == "save_contact")
    assert set(tool["parameters"]["properties"]) == {
        "name",
        "phone",
        "order",
        "city",
        "call_time",
        "visit_date",
    }


async def test_mails_wait_for_a_mail_server_that_is_down(inside: Stage) -> None:
    inside.model.brain = scripted([_contact(), Text("Записал")])
    port = inside.mailbox.port
    await inside.mailbox.stop()
    bot = await inside.run()
    unreachable = await bot.logged("mail_unreachable")
    assert "SMTP_" in unreachable["way_out"]
    await _say(inside, "Анна, +79123456789")
    await bot.logged("mail_put_off")
    inside.mailbox.port = port
    await inside.mailbox.start()
    await inside.mailbox.wait_for(1, timeout=30)
    await bot.logged("mail_sent")
    assert len(inside.mailbox.mails) == 1


async def test_without_a_mail_server_mails_wait_until_one_is_set(inside: Stage) -> None:
    inside.model.brain = scripted([_contact(), Text("Записал")])
    bot = await inside.run(SMTP_HOST=None)
    await _say(inside, "Анна, +79123456789")
    await bot.logged("mail_waits")
    await bot.stop()
    await inside.run()
    await inside.mailbox.wait_for(1)


async def test_the_daily_report_comes_at_the_owners_hour_and_after_down_time(inside: Stage) -> None:
    zone = ZoneInfo("Europe/Moscow")
    now = datetime.now(zone)
    inside.env["REPORT_TIME"] = f"{now + timedelta(minutes=5):%H:%M}"  # not due yet on the first start
    bot = await inside.run()
    await _say(inside, "Сколько стоит Нерль?", "А доставка?")
    await bot.stop()
    inside.env["REPORT_TIME"] = f"{now - timedelta(minutes=1):%H:%M}"  # due by now
    bot = await inside.run()
    if (now.hour == 23 and now.minute >= 55) or (now.hour == 0 and now.minute < 1):
        pytest.skip("the trick with the clock does not work around midnight")
    (mail,) = await inside.mailbox.wait_for(1, predicate=lambda mail: "report" in mail.message["Message-ID"])
    assert mail.rcpt_to == ["owner@shop.example"]
    await bot.stop()


async def test_the_report_on_demand_shows_the_dialogues(scene: Stage) -> None:
    scene.model.brain = scripted([_contact(), Text("Записал"), Text("**Лух** стоит 54 000 ₽")])
    await scene.run()
    await _say(scene, "Анна, +79123456789", "А Лух?")
    code, out, err = await scene.command("report", "--html", "report.html")
    assert (code, err) == (0, ""), err
    page = (scene.folder / "report.html").read_text(encoding="utf-8")
    assert "А Лух?" in page
    assert "<b>Лух</b>" in page or "<strong>Лух</strong>" in page or "Лух" in page
    assert "+7 912 345-67-89" in page
    assert "report.html" in out
    today = datetime.now(ZoneInfo("Europe/Moscow")).date().isoformat()
    code, text, _ = await scene.command("report", "--date", today)
    assert code == 0
    assert "А Лух?" in text
    code, text, _ = await scene.command("report", "--date", "2020-01-01")
    assert code == 0
    assert "А Лух?" not in text
    await scene.command("report", "--send")
    await scene.mailbox.wait_for(2)


async def test_exports_in_both_formats(inside: Stage) -> None:
    await inside.run()
    chat = await _say(inside, 'первая; "строка"\nвторая', "ещё")
    code, out, _ = await inside.command("export", "--format", "csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["role"] for row in rows] == ["customer", "assistant"] * 2
    assert rows[0]["text"] == 'первая; "строка"\nвторая'
    assert int(rows[0]["chat_id"]) == chat
    assert datetime.fromisoformat(rows[0]["time"]).utcoffset() == timedelta(0)
    assert await inside.rows("export", "--to", "2020-01-01") == []
    assert len(await inside.rows("export", "--from", "2020-01-01")) == 4


async def test_files_are_for_their_owner_only(scene: Stage) -> None:
    await scene.run()
    await _say(scene, "привет")
    for file in (scene.folder / "data").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


@pytest.mark.parametrize(
    ("changes", "named", "way_out"),
    [
        ({"TELEGRAM_TOKEN": None}, "TELEGRAM_TOKEN", "BotFather"),
        ({"TELEGRAM_TOKEN": "7000000001:wrong"}, "TELEGRAM_TOKEN", "BotFather"),
        ({"OPENAI_API_KEY": "sk-wrong-key-000000000000"}, "OPENAI_API_KEY", "new key"),
        ({"CONSULTANT_DIR": "nowhere"}, "CONSULTANT_DIR", "instructions.md"),
        ({"DATABASE_URL": "sqlite:////proc/nowhere/a.db"}, "DATABASE_URL", "another file"),
        ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL", "sqlite:///"),
        ({"REPORT_TIME": "soon"}, "REPORT_TIME", "09:00"),
        ({"TIMEZONE": "Moscow"}, "TIMEZONE", "Europe/Moscow"),
        ({"TELEGRAM_BASE_URL": "http://127.0.0.1:9"}, "TELEGRAM_BASE_URL", "TELEGRAM_PROXY"),
        ({"HTTP_LISTEN": "8080"}, "HTTP_LISTEN", "127.0.0.1:8080"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_a_bad_setting_is_named_with_the_way_out(
    scene: Stage, changes: dict[str, str | None], named: str, way_out: str
) -> None:
    bot = await scene.launch(**changes)
    assert await bot.ended() == 1
    said = [line for line in bot.raw if line.startswith("sovetnik: ")]
    assert len(said) == 1, bot.raw
    assert named in said[0]
    assert way_out in said[0]
    assert "Traceback" not in "\n".join(bot.raw)
    assert "sk-wrong" not in "\n".join(bot.raw)


@pytest.mark.parametrize(
    ("form", "named"),
    [
        ("[[fields]\nname = 1", "line 1"),
        ('[[fields]]\nname = "Город"\nlabel = "Город"', "Latin"),
        ('[[fields]]\nname = "phone"\nlabel = "Телефон"', "phone"),
        ('[[fields]]\nname = "city"', "label"),
        ('[[fields]]\nname = "city"\nlabel = "Город"\ntype = "town"', "choice"),
    ],
)
async def test_a_broken_contact_form_is_named(scene: Stage, form: str, named: str) -> None:
    folder = scene.folder / "consultant"
    folder.mkdir()
    (folder / "contact_form.toml").write_text(form, encoding="utf-8")
    bot = await scene.launch(CONSULTANT_DIR=str(folder))
    assert await bot.ended() == 1
    assert "contact_form.toml" in bot.raw[-1]
    assert named in bot.raw[-1]


async def test_a_model_that_the_server_does_not_list_is_reported(inside: Stage) -> None:
    bot = await inside.run(OPENAI_MODEL="gpt-6-lunar")
    row = await bot.logged("model_unknown")
    assert "OPENAI_MODEL" in row["problem"]
    assert "gpt-6-luna" in row["problem"]


async def test_a_misspelt_setting_is_reported(scene: Stage) -> None:
    bot = await scene.run(SMTP_HOTS="mail.example")
    row = await bot.logged("unknown_setting")
    assert "SMTP_HOTS" in row["problem"]
    assert "SMTP_HOST" in row["problem"]


async def test_settings_come_from_dotenv_and_secrets_from_files(scene: Stage) -> None:
    token = scene.settings()["TELEGRAM_TOKEN"]
    (scene.folder / "token").write_text(f"{token}\n", encoding="utf-8")
    (scene.folder / ".env").write_text("LANGUAGE=en\n# a comment\n", encoding="utf-8")
    scene.model.brain = scripted([_contact(), Text("Saved")])
    await scene.run(TELEGRAM_TOKEN=None, TELEGRAM_TOKEN_FILE=str(scene.folder / "token"))
    await _say(scene, "Анна, +79123456789")
    (mail,) = await scene.mailbox.wait_for(1)
    assert "lead" in mail.subject.lower()


async def test_webhook_instead_of_polling(inside: Stage, unused_tcp_port: int) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    bot = await inside.run(TELEGRAM_WEBHOOK_URL=f"http://{address}/hook", TELEGRAM_WEBHOOK_LISTEN=address)
    await _say(inside, "привет", "и ещё")
    assert await bot.stop() == 0


async def test_healthz(inside: Stage, unused_tcp_port: int) -> None:
    import httpx

    await inside.run(HTTP_LISTEN=f"127.0.0.1:{unused_tcp_port}")
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{unused_tcp_port}/healthz")
    assert answer.status_code == 200


async def test_help_in_both_languages(scene: Stage) -> None:
    _, english, _ = await scene.command("--help", LANGUAGE="en")
    _, russian, _ = await scene.command("--help", LANGUAGE="ru")
    assert "Run the bot" in english
    assert "Запустить бота" in russian


async def test_mail_with_tls_and_login(tmp_path: Path) -> None:
    import ssl

    import trustme

    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    login = {"username": "bot@shop.example", "password": "пароль-secret"[7:]}
    async with stage(tmp_path, security="ssl", tls_context=context, **login) as scene:
        scene.model.brain = scripted([_contact(), Text("Записал")])
        await scene.run(
            SMTP_HOST="localhost",
            SMTP_SECURITY="ssl",
            SMTP_USERNAME=login["username"],
            SMTP_PASSWORD=login["password"],
            SSL_CERT_FILE=str(tmp_path / "ca.pem"),
        )
        await _say(scene, "Анна, +79123456789")
        (mail,) = await scene.mailbox.wait_for(1)
        assert mail.user == login["username"]

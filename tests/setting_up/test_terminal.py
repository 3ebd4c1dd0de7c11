"""`sovetnik init` as an owner meets it: in a real terminal, with the mistakes that owners make."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from sovetnik.demo.modelapi import KEY, consultant_brain
from tests.acceptance.stage import EXAMPLES, TOKEN, Stage, stage
from tests.doctor.terminal import Terminal
from tests.servers.socks5 import Socks5Proxy

PASSWORD = "s3cret-p4ss'word"


def clean(scene: Stage, **more: str) -> dict[str, str]:
    """The environment of somebody who has set nothing, but for the loopback Telegram."""
    kept = {name: value for name, value in scene.settings().items() if name in {"PATH", "HOME", "PYTHONPATH"}}
    return {
        **kept,
        "TELEGRAM_BASE_URL": scene.telegram_url,
        "KNOWLEDGE_EMBEDDINGS": "off",
        "PYTHONIOENCODING": "utf-8",
        **more,
    }


def settings_in(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


async def test_the_whole_way_with_a_mistake_at_every_question(tmp_path):
    async with stage(tmp_path, consultant_brain, username="owner@shop.example", password=PASSWORD) as scene:
        env = clean(scene, LANG="en_US.UTF-8")
        terminal = Terminal("init", "shop", cwd=tmp_path, env=env)
        await terminal.answer("Language", "de")
        await terminal.answer("ru", "ru")

        await terminal.answer("Токен бота", "привет")
        await terminal.expect("не похоже на токен")
        await terminal.answer("Токен бота", TOKEN + "x")
        await terminal.expect("не знает токен")
        await terminal.answer("Токен бота", TOKEN)
        await terminal.expect("@sovetnik_demo_bot (Советник)")

        await terminal.answer("Чья модель", "7")
        await terminal.answer("номер от 1 до 6", "5")
        await terminal.answer("Адрес его API", "models")
        await terminal.answer("Адрес его API", f"{scene.model_url}/v1")
        await terminal.answer("Ключ", "sk-wrong-abcdefghijklmnop1234")
        await terminal.expect("не принимает ключ")
        await terminal.answer("Ключ (", KEY)
        await terminal.expect("моделей на выбор: 11")
        await terminal.answer("Модель [gpt-6-luna]", "gpt-6-lunar")
        await terminal.expect("нет модели gpt-6-lunar")
        await terminal.answer("Модель [gpt-6-luna]", "")
        await terminal.expect("gpt-6-luna отвечает за")

        await terminal.answer("Адреса для заявок", "owner at shop")
        await terminal.answer("Адреса для заявок", "owner@shop.example")
        await terminal.answer("С какого ящика", "")
        await terminal.answer("почтовый сервер", "127.0.0.1:9")
        await terminal.answer("Пароль от owner@shop.example", "wrong")
        await terminal.expect("connection refused")
        await terminal.answer("Что дальше", "2")
        await terminal.answer("почтовый сервер", f"127.0.0.1:{scene.mailbox.port}")
        await terminal.expect("535")
        await terminal.answer("Что дальше", "")
        await terminal.answer("Пароль от", PASSWORD)
        await terminal.expect("пробное письмо ушло")

        await terminal.answer("Папка с документами", "../nowhere")
        await terminal.expect("нет")
        await terminal.answer("Папка с документами", str(EXAMPLES / "ru" / "knowledge"))
        await terminal.expect("скопировано: 12")

        await terminal.answer("Как называется", "Тихий дом")
        await terminal.answer("Чем занимается", "мебель для спальни из массива")
        await terminal.answer("Какой тон", "3")
        await terminal.answer("Что спрашивать кроме", "Город доставки, e-mail")
        await terminal.expect("contact_form.toml")

        await terminal.answer("Часовой пояс", "Атлантида")
        await terminal.answer("Часовой пояс", "екатеринбург")
        await terminal.answer("Час [09:00]", "вечером")
        await terminal.answer("Час [09:00]", "10")
        await terminal.expect("Asia/Yekaterinburg")

        await terminal.answer("как покупатель", "Сколько стоит кровать Нерль из ясеня?")
        await terminal.expect("Откуда")
        await terminal.expect("start=pair-")
        assert await terminal.end() == 0
        check = Terminal("doctor", cwd=tmp_path / "shop", env=env)
        assert await check.end() == 0, check.screen
        drafted = (tmp_path / "shop" / "consultant" / "instructions.md").read_text()
        again = await _keep_everything(tmp_path / "shop", env)
        mails = [(mail.subject, mail.user) for mail in scene.mailbox.mails]

    shown = terminal.seen + again.seen
    for secret in (TOKEN.partition(":")[2], KEY[8:], PASSWORD, "abcdefghijklmnop"):
        assert secret not in shown
    assert mails == [("Советник: пробное письмо", "owner@shop.example")] * 2
    env_file = tmp_path / "shop" / ".env"
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    kept = settings_in(env_file)
    assert kept["TELEGRAM_TOKEN"] == TOKEN
    assert kept["OPENAI_API_KEY"] == KEY
    assert (kept["TIMEZONE"], kept["REPORT_TIME"]) == ("Asia/Yekaterinburg", "10:00")
    assert kept["LEADS_TO"] == kept["REPORT_TO"] == "owner@shop.example"
    folder = tmp_path / "shop" / "consultant"
    assert "от имени «Тихий дом». Мебель для спальни" in drafted
    assert "e_mail" in (folder / "contact_form.toml").read_text()
    assert len(list((folder / "knowledge").iterdir())) == 12
    assert max(len(line) for line in terminal.screen.splitlines() if "https://t.me/" not in line) <= 80


async def _keep_everything(folder: Path, env: dict[str, str]) -> Terminal:
    """Run it again with Enter alone; the owner's own lines and texts stay as they are."""
    with (folder / ".env").open("a") as file:
        file.write("# my own remark\nLOG_LEVEL=WARNING\n")
    (folder / "consultant" / "instructions.md").write_text("Мои слова")
    before = settings_in(folder / ".env")
    terminal = Terminal("init", cwd=folder, env=env)
    for question in (
        "Токен бота [Enter — прежний]",
        "Чья модель",
        "Адрес его API",
        "Ключ [Enter — прежний]",
        "Модель [gpt-6-luna]",
        "Адреса для заявок и отчётов, через запятую [owner@shop.example]",
        "С какого ящика",
        "почтовый сервер",
        "[Enter — прежний]",
        "Папка с документами",
        "Составить заново",
        "Часовой пояс или город [Asia/Yekaterinburg]",
        "Час [10:00]",
    ):
        await terminal.answer(question, "")
    await terminal.answer("как покупатель", "-")
    assert await terminal.end() == 0
    assert settings_in(folder / ".env") == before
    assert "# my own remark" in (folder / ".env").read_text()
    assert (folder / "consultant" / "instructions.md").read_text() == "Мои слова"
    return terminal


async def test_where_telegram_and_the_model_are_blocked_a_proxy_is_asked_for_and_ctrl_c_loses_nothing(
    tmp_path,
):
    async with stage(tmp_path) as scene:
        names = {
            "api.shop.invalid": ("127.0.0.1", int(scene.telegram_url.rpartition(":")[2])),
            "models.shop.invalid": ("127.0.0.1", int(scene.model_url.rpartition(":")[2])),
        }
        async with Socks5Proxy(names=names, username="me", password="my-proxy-word") as proxy:
            env = clean(scene, LANGUAGE="en", TELEGRAM_BASE_URL="http://api.shop.invalid")
            terminal = Terminal("init", cwd=tmp_path, env=env)
            await terminal.answer("Language", "")
            await terminal.answer("The bot's token", TOKEN)
            await terminal.expect("cannot be reached")
            await terminal.answer("Proxy, as socks5://", "my proxy")
            await terminal.expect("this is no proxy address")
            await terminal.answer("Proxy, as socks5://", "socks5://127.0.0.1:9")
            await terminal.expect("cannot be reached")
            await terminal.answer("Proxy, as socks5://", proxy.url)
            await terminal.expect("@sovetnik_demo_bot")

            await terminal.answer("Whose model", "own")
            await terminal.answer("Address of its API", "http://models.shop.invalid/v1")
            await terminal.answer("Key (", KEY)
            await terminal.expect("models.shop.invalid cannot be reached")
            await terminal.answer("Proxy, as socks5://", "")  # Enter: the one that Telegram goes through
            await terminal.answer("Model [gpt-6-luna]", "")
            await terminal.expect("gpt-6-luna answers")
            await terminal.expect("Addresses for leads")
            await terminal.expect("› ")
            terminal.interrupt()
            assert await terminal.end() == 130
            kept = settings_in(tmp_path / ".env")

            again = Terminal("init", cwd=tmp_path, env=env)
            await again.answer("The bot's token [Enter: the one that is set]", "")
            await again.expect("@sovetnik_demo_bot")
            again.interrupt()
            assert await again.end() == 130
    assert "go on with: sovetnik init" in " ".join(terminal.screen.split())
    assert kept["TELEGRAM_PROXY"] == kept["OPENAI_PROXY"] == proxy.url
    assert kept["OPENAI_MODEL"] == "gpt-6-luna"
    assert "my-proxy-word" not in terminal.screen.replace(proxy.url, "")
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert "Traceback" not in terminal.screen + again.screen


async def test_a_server_that_wants_a_key_after_all_is_given_one_and_a_wrong_address_on_the_line_is_corrected(
    tmp_path,
):
    async with stage(tmp_path) as scene:
        flags = ("--token", TOKEN, "--provider", "own", "--model-url", "http://127.0.0.1:9/v1")
        terminal = Terminal("init", *flags, cwd=tmp_path, env=clean(scene, LANGUAGE="en"))
        await terminal.answer("Language", "")
        await terminal.answer("Key (", "")
        await terminal.answer("Proxy, as socks5://", "")
        await terminal.answer("Address of its API", f"{scene.model_url}/v1")
        await terminal.expect("refuses the key")
        await terminal.answer("Key (", KEY)
        await terminal.answer("Model [gpt-6-luna]", "")
        await terminal.expect("Addresses for leads")
        terminal.interrupt()
        assert await terminal.end() == 130
    kept = settings_in(tmp_path / ".env")
    assert (kept["OPENAI_API_KEY"], kept["OPENAI_BASE_URL"]) == (KEY, f"{scene.model_url}/v1")


async def test_where_nobody_answers_flags_do_and_the_bot_runs_with_them(tmp_path):
    async with stage(tmp_path, consultant_brain) as scene:
        values = dict.fromkeys(scene.settings()) | clean(scene)
        code, out, err = await scene.command(
            *("init", "--language", "en", "--token", TOKEN),
            *("--provider", "own", "--model-url", f"{scene.model_url}/v1", "--key", KEY),
            *("--mail-to", "owner@shop.example", "--mail-server", f"127.0.0.1:{scene.mailbox.port}"),
            *("--business", "Quiet Home", "--documents", str(EXAMPLES / "en" / "knowledge")),
            *("--timezone", "London", "--report-time", "8:30", "--question", "How much is the Nerl bed?"),
            **values,
        )
        assert (code, err) == (0, ""), out
        assert "start=pair-" in out
        assert len(await scene.mailbox.wait_for(1)) == 1
        bot = await scene.run(**values | {"LOG_FORMAT": "json", "JOIN_MESSAGES": "0"})
        owner = scene.telegram.person(language_code="en")
        link = next(word for word in out.split() if "start=pair-" in word)
        owner.start(link.partition("start=")[2])
        await scene.telegram.wait_for_messages(owner.id, 1)
        code, report, _ = await scene.command("doctor", "--json", **values)
        await bot.stop()
    states = {check["name"]: check["state"] for check in json.loads(report)["checks"]}
    assert code == 0, report
    assert states["owner"] == "ok"
    assert set(states.values()) <= {"ok"}, report

"""`sovetnik doctor` as an owner calls it."""

from __future__ import annotations

import json

from tests.acceptance.stage import TOKEN, stage
from tests.doctor.terminal import Terminal


async def test_beside_a_running_bot_all_is_in_order_and_the_bot_goes_on(tmp_path):
    async with stage(tmp_path) as scene:
        bot = await scene.run()
        code, out, err = await scene.command("doctor", "--json", LANGUAGE="ru")
        anna = scene.telegram.person()
        anna.say("Сколько стоит доставка?")
        await scene.telegram.wait_for_messages(anna.id, 1)
        assert await bot.stop() == 0
        conflicts = [line for line in bot.raw if "another program polls" in line]
    told = json.loads(out)
    states = {check["name"]: check["state"] for check in told["checks"]}
    assert (code, told["ok"], err) == (0, True, "")
    assert {name for name, state in states.items() if state == "broken"} == set()
    assert states | {"database": "ok", "schema": "ok", "token": "ok", "model": "ok", "mail": "ok"} == states
    by = f"процесс {bot.process.pid}" if scene.database.startswith("sqlite") else "реплик: 1"
    assert by in next(check["fact"] for check in told["checks"] if check["name"] == "queues")
    assert conflicts == []


async def test_what_is_broken_is_told_in_plain_lines_without_secrets(tmp_path):
    async with stage(tmp_path) as scene:
        changes = {
            "TELEGRAM_TOKEN": "7000000001:AAE-another-token-that-nobody-knows",
            "OPENAI_API_KEY": "sk-wrong-abcdefghijklmnop1234",
            "SMTP_PORT": "9",
            "SMTP_USERNAME": "bot@shop.example",
            "SMTP_PASSWORD": "p4ssword-of-mine",
            "LEADS_T": "owner@shop.example",
            "REPORT_TIME": "nine",
            "LANGUAGE": "en",
        }
        code, out, _ = await scene.command("doctor", **changes)
        as_json = (await scene.command("doctor", "--json", **changes))[1]
    lines = out.splitlines()
    assert code == 1
    assert "\x1b" not in out
    broken = [line for line in lines if line.startswith("✗")]
    assert {line.split(":")[0] for line in broken} == {
        "✗ Settings, values",
        "✗ Telegram, token",
        "✗ Model, model",
        "✗ Mail, server",
    }
    assert all("→" in line for line in broken)
    assert any(line.startswith("! Settings, names: LEADS_T:") and "write LEADS_TO" in line for line in lines)
    for secret in ("another-token", "abcdefghij", "p4ssword"):
        assert secret not in out + as_json
    assert json.loads(as_json)["ok"] is False


async def test_on_a_terminal_it_is_coloured_and_fits_80_columns(tmp_path):
    async with stage(tmp_path) as scene:
        env = scene.settings(LANGUAGE="ru", TELEGRAM_TOKEN=TOKEN + "x")
        terminal = Terminal("doctor", cwd=tmp_path, env={**env, "PYTHONIOENCODING": "utf-8"})
        code = await terminal.end()
    assert code == 1
    assert "\x1b[" in terminal.seen
    assert "✗" in terminal.screen
    assert "✓" in terminal.screen
    assert "Сломано: 1" in terminal.screen
    assert max(len(line) for line in terminal.screen.splitlines()) <= 80
    assert "Traceback" not in terminal.screen

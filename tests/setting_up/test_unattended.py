"""`sovetnik init` where nobody answers: each wrong flag ends it and is named."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.demo.modelapi import KEY, ModelApi
from sovetnik.demo.serving import serve
from sovetnik.setting_up.given import Given
from sovetnik.setting_up.wizard import init
from sovetnik.settings import PREFIXES, Settings
from tests.acceptance.stage import TOKEN, Stage, stage
from tests.servers.socks5 import Socks5Proxy
from tests.setting_up.test_crawl import Site, page


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(PREFIXES) or name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


async def run(scene: Stage, monkeypatch, **given) -> int:
    monkeypatch.setenv("TELEGRAM_BASE_URL", given.pop("telegram", scene.telegram_url))
    own = {"provider": "own", "model_url": f"{scene.model_url}/v1", "key": KEY}
    base = {"token": TOKEN, "unattended": True, "language": "en", "mail_to": "-", **own}
    answers = {**base, **given}
    return await asyncio.to_thread(init, Path(), Given(**answers), "en")


async def test_a_token_alone_is_enough(tmp_path, monkeypatch, capsys):
    async with stage(tmp_path) as scene:
        code = await run(scene, monkeypatch, provider=None, model_url=None, key=None)
    assert code == 0
    kept = (tmp_path / ".env").read_text()
    assert f"TELEGRAM_TOKEN={TOKEN}" in kept
    assert "OPENAI" not in kept
    assert "Советник" in (tmp_path / "consultant" / "instructions.md").read_text()
    assert "start=pair-" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flag", "given", "words"),
    [
        ("--token", {"token": None}, "an answer is needed"),
        ("--token", {"token": TOKEN + "x"}, "does not know the token"),
        ("--token", {"telegram": "http://127.0.0.1:9"}, "TELEGRAM_PROXY"),
        ("--proxy", {"telegram": "http://127.0.0.1:9", "proxy": "socks5://127.0.0.1:9"}, "cannot be reached"),
        ("--model-url", {"model_url": "nowhere"}, "no address"),
        ("--key", {"key": "sk-wrong-abcdefghijklmnop1234"}, "refuses the key"),
        ("--key", {"model_url": "http://127.0.0.1:9/v1"}, "OPENAI_PROXY"),
        ("--model", {"model": "gpt-3"}, "no model gpt-3"),
        ("--mail-to", {"mail_to": "owner"}, "no e-mail address"),
        ("--mail-server", {"mail_to": "a@b.example", "mail_server": "127.0.0.1:9"}, "connection refused"),
        ("--documents", {"documents": "nowhere"}, "there is no folder"),
        ("--documents", {"documents": "http://127.0.0.1:9/"}, "cannot be reached"),
        ("--timezone", {"timezone": "Atlantis"}, "not known"),
        ("--report-time", {"report_time": "noon"}, "no time of day"),
    ],
)
async def test_a_wrong_answer_ends_it_and_is_named(tmp_path, monkeypatch, flag, given, words):
    async with stage(tmp_path) as scene:
        with pytest.raises(ConfigError) as problem:
            await run(scene, monkeypatch, **given)
    assert str(problem.value).startswith(f"{flag}: ")
    assert words in str(problem.value)
    assert "abcdefghijkl" not in str(problem.value)


async def test_a_key_in_the_environment_is_for_the_provider_that_is_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_PROJECT", "b1gexample")
    async with stage(tmp_path) as scene:
        assert await run(scene, monkeypatch, key=None) == 0
        assert await run(scene, monkeypatch, provider="yandex", key=None) == 0
        assert {call.headers.get("openai-project") for call in scene.model.requests[-2:]} == {"b1gexample"}
    assert f"OPENAI_API_KEY={KEY}" in (tmp_path / ".env").read_text()


async def test_a_server_that_wants_a_key_and_gets_none_is_not_taken_for_a_wrong_address(
    tmp_path, monkeypatch
):
    async with stage(tmp_path) as scene:
        with pytest.raises(ConfigError, match=r"^--key: .* refuses the key"):
            await run(scene, monkeypatch, key=None)


async def test_an_empty_account_is_an_error_too(tmp_path, monkeypatch):
    async with stage(tmp_path) as scene:
        scene.model.faults.add(times=None, status=429, code="insufficient_quota")
        with pytest.raises(ConfigError, match="no money left"):
            await run(scene, monkeypatch)


async def test_a_dead_model_in_front_of_the_list_is_passed_over(tmp_path, monkeypatch):
    async with stage(tmp_path) as scene:
        scene.model.faults.add(
            when=lambda call: call.body["model"] == "gpt-6-luna",
            times=None,
            status=404,
            code="model_not_found",
        )
        assert await run(scene, monkeypatch) == 0
    assert "OPENAI_MODEL=gpt-5.6-luna\n" in (tmp_path / ".env").read_text()


async def test_proxies_are_used_where_the_direct_way_fails_and_only_there(tmp_path, monkeypatch):
    async with stage(tmp_path) as scene:
        names = {"models.invalid": ("127.0.0.1", int(scene.model_url.rpartition(":")[2]))}
        async with Socks5Proxy(names=names) as proxy:
            url = "http://models.invalid/v1"
            await run(scene, monkeypatch, proxy=proxy.url, model_proxy=proxy.url, model_url=url)
    kept = (tmp_path / ".env").read_text()
    assert "TELEGRAM_PROXY" not in kept
    assert f"OPENAI_PROXY={proxy.url}" in kept


async def test_a_model_of_this_machine_needs_no_key(tmp_path, monkeypatch):
    local = ModelApi(key="unused", models=("nomic-embed-text", "qwen3:8b"))
    async with stage(tmp_path) as scene, serve(local.app) as url:
        await run(scene, monkeypatch, provider="ollama", model_url=f"{url}/v1", key=None)
    kept = (tmp_path / ".env").read_text()
    assert "OPENAI_MODEL=qwen3:8b" in kept
    assert "OPENAI_API_KEY" not in kept


async def test_yandex_needs_its_folder_and_gets_it_with_every_call(tmp_path, monkeypatch):
    async with stage(tmp_path) as scene:
        with pytest.raises(ConfigError, match="--project"):
            await run(scene, monkeypatch, provider="yandex")
        await run(scene, monkeypatch, provider="yandex", project="b1gexample")
        assert {call.headers.get("openai-project") for call in scene.model.requests} == {"b1gexample"}
    assert "OPENAI_PROJECT=b1gexample" in (tmp_path / ".env").read_text()


async def test_taking_the_model_out_again(tmp_path, monkeypatch):
    async with stage(tmp_path) as scene:
        await run(scene, monkeypatch)
        await run(scene, monkeypatch, provider="none", model_url=None, key=None)
    assert "OPENAI_" not in (tmp_path / ".env").read_text()


async def test_mail_goes_through_a_proxy_where_the_port_is_closed(tmp_path, monkeypatch):
    async with stage(tmp_path) as scene:
        async with Socks5Proxy(names={"127.0.0.2": ("127.0.0.1", scene.mailbox.port)}) as proxy:
            mail = {"mail_to": "a@b.example, c@d.example", "mail_server": "127.0.0.2:2525"}
            await run(scene, monkeypatch, **mail, mail_proxy=proxy.url)
        assert [mail.rcpt_to for mail in scene.mailbox.mails] == [["a@b.example", "c@d.example"]]
    assert f"SMTP_PROXY={proxy.url}" in (tmp_path / ".env").read_text()


async def test_the_pages_of_a_site_become_documents(tmp_path, monkeypatch, capsys):
    site = Site()
    site.pages = {"/": page("Shop", "<h1>Beds</h1><p>The Nerl bed costs 49,000.</p>")}
    async with stage(tmp_path) as scene, serve(site.app) as url:
        await run(scene, monkeypatch, provider="none", documents=url, question="How much is the Nerl bed?")
    knowledge = tmp_path / "consultant" / "knowledge"
    assert [path.name for path in knowledge.rglob("*.md")] == ["index.md"]
    out = capsys.readouterr().out
    assert "49,000" in out
    assert "From: " in out


async def test_documents_are_never_overwritten(tmp_path, monkeypatch, capsys):
    source, knowledge = tmp_path / "docs", tmp_path / "consultant" / "knowledge"
    (source / "more").mkdir(parents=True)
    knowledge.mkdir(parents=True)
    (source / "prices.md").write_text("new prices")
    (source / "more" / "terms.md").write_text("terms")
    (source / "picture.png").write_bytes(b"png")
    (knowledge / "prices.md").write_text("my prices")
    async with stage(tmp_path) as scene:
        assert await run(scene, monkeypatch, documents="docs") == 0
    assert (knowledge / "prices.md").read_text() == "my prices"
    assert (knowledge / "more" / "terms.md").read_text() == "terms"
    assert not (knowledge / "picture.png").exists()
    assert "another one of that name is there: prices.md" in capsys.readouterr().out


async def test_customers_numbers_are_read_as_those_of_the_owners_country(tmp_path, monkeypatch):
    async with stage(tmp_path) as scene:
        await run(scene, monkeypatch, timezone="London")
        assert "PHONE_REGION=GB\n" in (tmp_path / ".env").read_text()
        await run(scene, monkeypatch, timezone="Berlin")
    assert "PHONE_REGION=GB\n" in (tmp_path / ".env").read_text()  # what is set stays


async def test_what_the_environment_overrides_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TIMEZONE", "Asia/Omsk")
    monkeypatch.setenv("LANGUAGE", "de_DE:en")
    async with stage(tmp_path) as scene:
        await run(scene, monkeypatch, timezone="London")
    out = capsys.readouterr().out
    assert "TIMEZONE is also set in the environment" in out
    assert "LANGUAGE is also" not in out


async def test_a_secret_that_comes_from_a_file_stays_there(tmp_path, monkeypatch):
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / ".env").write_text("TELEGRAM_TOKEN_FILE=token\n")
    async with stage(tmp_path) as scene:
        assert await run(scene, monkeypatch, token=None) == 0
    assert TOKEN not in (tmp_path / ".env").read_text()

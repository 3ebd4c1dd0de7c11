"""What the owner is told of a wrong key, model or proxy before a customer meets it."""

from __future__ import annotations

import dataclasses

import pytest
from structlog.testing import capture_logs

from sovetnik.assistant import ModelSettings, check_model, make_client
from sovetnik.core.errors import ConfigError
from tests.assistant.office import office


async def test_a_good_key_and_model_are_silent() -> None:
    async with office("history") as desk:
        with capture_logs() as logs:
            await check_model(desk.client, desk.settings)
        assert logs == []


async def test_a_wrong_key_is_named_and_not_shown() -> None:
    async with office("history", api_key="sk-wrong-key-0000000000") as desk:
        with pytest.raises(ConfigError, match="OPENAI_API_KEY") as refusal:
            await check_model(desk.client, desk.settings)
        assert "sk-wrong" not in str(refusal.value)


async def test_an_unknown_model_is_named_with_one_that_is_alive() -> None:
    async with office("history", model="gpt-6-lunar") as desk:
        openai_itself = dataclasses.replace(desk.settings, base_url=None)
        with pytest.raises(ConfigError, match=r"OPENAI_MODEL.*gpt-6-lunar.*gpt-6-luna\b"):
            await check_model(desk.client, openai_itself)


async def test_a_model_that_a_gateway_does_not_list_is_told_and_tried() -> None:
    async with office("history", model="gpt-6-lunar") as desk:
        with capture_logs() as logs:
            await check_model(desk.client, desk.settings)
        assert [row["log_level"] for row in logs] == ["error"]
        assert "gpt-6-lunar" in str(logs[0])


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"status": 502, "html": "<html>"}])
async def test_an_outage_does_not_keep_the_bot_from_starting(fault: dict[str, object]) -> None:
    async with office("history") as desk:
        desk.api.faults.add("/v1/models/*", times=None, **fault)
        with capture_logs() as logs:
            await check_model(desk.client, desk.settings)
        assert [row["log_level"] for row in logs] == ["error"]
        assert "OPENAI" in str(logs[0])


@pytest.mark.parametrize("proxy", ["socks4://user:hunter2@host:1080", "ftp://user:hunter2@host"])
def test_a_proxy_of_a_wrong_kind_is_named_without_its_password(proxy: str) -> None:
    settings = ModelSettings(api_key="k", model="m", context="history", proxy=proxy)
    with pytest.raises(ConfigError, match="OPENAI_PROXY") as refusal:
        make_client(settings)
    assert "hunter2" not in str(refusal.value)

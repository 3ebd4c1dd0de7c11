"""A clean place for settings: no environment of the machine, an empty folder."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from sovetnik.demo.botapi import BotApi
from sovetnik.demo.modelapi import ModelApi
from sovetnik.demo.serving import serve
from sovetnik.settings import PREFIXES, Settings
from tests.acceptance.stage import TOKEN


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(PREFIXES) or name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def telegram() -> AsyncGenerator[tuple[BotApi, str]]:
    api = BotApi(TOKEN)
    async with serve(api.app) as url:
        yield api, url


@pytest.fixture
async def model() -> AsyncGenerator[tuple[ModelApi, str]]:
    api = ModelApi()
    async with serve(api.app) as url:
        yield api, f"{url}/v1"

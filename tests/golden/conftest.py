"""A shop with a consultant, in English."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.golden.shop import Shop


@pytest.fixture
def shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Generator[Shop]:
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "120")
    with capture_logs():  # or they would stand among what is printed
        yield Shop(tmp_path, capsys)

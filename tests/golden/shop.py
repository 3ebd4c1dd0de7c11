"""A small consultant folder, and settings that reach no one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sovetnik.golden.command import check
from sovetnik.settings import Settings

PRICES = """# Prices

## Beds

The oak bed Nerl costs $1,200. The pine bed Peksha costs $400.

## Delivery

Delivery to Springfield costs $50 and takes 3 days.
"""


class Shop:
    """An owner's folder with questions, and what `check` says of them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        consultant = folder / "consultant"
        (consultant / "knowledge").mkdir(parents=True)
        (consultant / "instructions.md").write_text("You sell beds.")
        (consultant / "knowledge" / "prices.md").write_text(PRICES)
        self.settings: dict[str, Any] = {
            "consultant_dir": consultant,
            "database_url": f"sqlite:///{folder}/data/sovetnik.db",
            "knowledge_embeddings": "off",
            "openai_api_key": None,
            "phone_region": "GB",
        }

    def ask(self, *questions: str) -> None:
        """Write check.toml."""
        text = "\n\n".join(f"[[question]]\n{question}" for question in questions)
        (self.folder / "consultant" / "check.toml").write_text(text, encoding="utf-8")

    async def check(self, **options: Any) -> tuple[bool, str, str]:
        """Whether all is green, standard output, standard error."""
        self._capsys.readouterr()
        green = await check(Settings(**self.settings), None, **options)
        out, err = self._capsys.readouterr()
        return green, out, err

    async def results(self, **options: Any) -> dict[str, Any]:
        """The JSON."""
        _, out, _ = await self.check(json=True, **options)
        return json.loads(out)

    async def problems(self, *questions: str, **options: Any) -> list[list[str]]:
        """What each question's answer lacks."""
        self.ask(*questions)
        found = await self.results(**options)
        return [question["problems"] for question in found["questions"]]

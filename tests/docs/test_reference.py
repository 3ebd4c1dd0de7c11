"""The reference is what the code says, and both languages hold the same."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.docs.reading import ROOT, blocks, prose
from tests.docs.shell import commands

RUSSIAN = ROOT / "docs" / "ru"
PAIRS = [("README.md", "README.ru.md")] + [
    (f"docs/{page.relative_to(RUSSIAN)}", f"docs/ru/{page.relative_to(RUSSIAN)}")
    for page in sorted(RUSSIAN.rglob("*.md"))
    if page.name != "index.md"
]


def test_the_reference_is_up_to_date() -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference_docs.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(("english", "russian"), PAIRS)
def test_a_page_says_the_same_in_both_languages(english: str, russian: str) -> None:
    assert _outline(english) == _outline(russian)


def _outline(page: str) -> dict[str, object]:
    """What does not depend on the language: headings' levels, rows of tables, our commands, settings."""
    path = ROOT / page
    text = prose(path)
    return {
        "headings": re.findall(r"^#+", text, re.MULTILINE),
        "table rows": len(re.findall(r"^\|", text, re.MULTILINE)),
        "commands": [
            command.words[:2] for b in blocks(path, "sh") for command in commands(b.text) if command.words
        ],
        "settings": sorted(set(re.findall(r"`([A-Z]+_[A-Z_]+)`", text))),
    }

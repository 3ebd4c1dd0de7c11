"""The site is built from the same pages, without a warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.reading import ROOT

pytest.importorskip("material", reason="mkdocs-material is not installed")


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    page = (tmp_path / "ru" / "how-to" / "documents.html").read_text(encoding="utf-8")
    assert "https://github.com/sovetnik/sovetnik/blob/main/examples/README.md" in page
    assert 'href="contacts.html#согласие"' in page

"""Links inside the repository lead somewhere; nothing is asked of the network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.reading import PAGES, ROOT, anchors, links, name

OURS = re.compile(r"https://github\.com/sovetnik/sovetnik/(?:blob|tree)/main/(?P<path>.*)")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_and_anchors_lead_somewhere(page: Path) -> None:
    assert list(_broken(page)) == []


def _broken(page: Path) -> Iterator[str]:
    for link in links(page):
        ours = OURS.fullmatch(link)
        if ours is None and re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = (ours["path"] if ours else link).partition("#")
        base = ROOT if ours else page.parent
        target = (base / unquote(path)).resolve() if path else page
        if not target.exists():
            yield f"{link}: there is no {target}"
        elif anchor and target.suffix == ".md" and unquote(anchor) not in anchors(target):
            yield f"{link}: no such heading there"

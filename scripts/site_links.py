"""Links of the documentation that lead out of docs/, or to a folder: on the site they lead to the repository.

A hook of mkdocs, named in mkdocs.yml. In the repository the same links are relative, so that they can be
followed in a checkout.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

_LINK = re.compile(r"\]\((?P<to>[^()\s:#]+)(?P<anchor>#[^()\s]*)?\)")


def on_page_markdown(markdown: str, page: Any, config: Any, **_: object) -> str:  # noqa: ANN401 - mkdocs' own
    """The page with such links turned round."""
    folder = (DOCS / page.file.src_uri).parent

    def turned(link: re.Match[str]) -> str:
        target = (folder / link["to"]).resolve()
        if not target.is_relative_to(ROOT) or (target.is_relative_to(DOCS) and target.is_file()):
            return link[0]
        kind = "tree" if target.is_dir() else "blob"
        address = f"{config.repo_url.rstrip('/')}/{kind}/main/{target.relative_to(ROOT).as_posix()}"
        return f"]({address}{link['anchor'] or ''})"

    return _LINK.sub(turned, markdown)

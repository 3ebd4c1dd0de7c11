"""Pages of lists: `after`, `before`, `order`, `limit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import checks, errors
from .errors import Json


def limit_of(given: str, most: int = 100) -> int:
    """The page size of a query, checked."""
    value: Any = int(given) if given.lstrip("-").isdigit() else given
    checks.number(least=1, most=most, whole=True)(value, "limit")
    return int(value)


def page(kept: Sequence[Json], *, has_more: bool) -> Json:
    """A page as the API shows it."""
    # An empty page has empty ids: the SDK's model wants strings.
    first, last = (kept[0]["id"], kept[-1]["id"]) if kept else ("", "")
    return {
        "object": "list",
        "data": list(kept),
        "first_id": first,
        "last_id": last,
        "has_more": has_more,
    }


def page_of(entries: Sequence[Json], query: Mapping[str, str], *, size: int = 20, most: int = 100) -> Json:
    """The page that a query asks for.

    Args:
        entries: All of them, oldest first.
        query: The request's `order`, `after`, `before` and `limit`.
        size: How many entries a page has by default.
        most: How many it may have.
    """
    order = query.get("order", "desc")
    checks.one_of("asc", "desc")(order, "order")
    kept = list(entries) if order == "asc" else list(reversed(entries))
    if "after" in query:
        kept = kept[_place(kept, query["after"], "after") + 1 :]
    if "before" in query:
        kept = kept[: _place(kept, query["before"], "before")]
    limit = limit_of(query.get("limit", str(size)), most)
    return page(kept[:limit], has_more=len(kept) > limit)


def _place(kept: Sequence[Json], cursor: str, name: str) -> int:
    for at, entry in enumerate(kept):
        if entry["id"] == cursor:
            return at
    raise errors.bad_request(f"Invalid '{name}': no object with id '{cursor}'.", name, "invalid_value")

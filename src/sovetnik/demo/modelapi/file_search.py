"""The `file_search` tool of a response: what it finds, its output item, and the citations in the answer."""

from __future__ import annotations

from .errors import Json
from .items import new_id, text_of
from .library import Library
from .passages import Found, words_of

_BY_DEFAULT = 20
_QUOTED = 3
"""An answer that shares so many words with a passage (or all its own) counts as drawn from it."""


def search_files(library: Library, body: Json, tools: list[Json], context: list[Json]) -> list[Found] | None:
    """What the model finds for the user's latest text; None where it does not search.

    The service's model decides when to search. This one does whenever it may and the user spoke last.

    Raises:
        ApiError: a vector store does not exist.
    """
    tool = next((tool for tool in tools if tool["type"] == "file_search"), None)
    if tool is None:
        return None
    stores = [library.store(store_id) for store_id in tool["vector_store_ids"]]
    asked = context[-1] if context else {}
    if body.get("tool_choice") == "none" or asked.get("role") != "user":
        return None
    ranking: Json = tool.get("ranking_options") or {}
    return library.search(
        stores,
        text_of(asked["content"]),
        tool.get("max_num_results", _BY_DEFAULT),
        condition=tool.get("filters"),
        threshold=ranking.get("score_threshold", 0.0),
    )


def search_item(query: str, found: list[Found], *, shown: bool) -> Json:
    """The output item of a finished search; its results only for those who asked for them."""
    return {
        "id": new_id("fs"),
        "type": "file_search_call",
        "status": "completed",
        "queries": [query],
        "results": [passage.as_result() for passage in found] if shown else None,
    }


def cited(item: Json, found: list[Found]) -> Json:
    """The output item with citations of the files its text draws on."""
    if item["type"] != "message" or item["content"][0]["type"] != "output_text":
        return item
    part: Json = item["content"][0]
    said = words_of(part["text"])
    files = {
        passage.file_id: passage.filename
        for passage in found
        if said and len(said & words_of(passage.text)) >= min(_QUOTED, len(said))
    }
    annotations = [
        {
            "type": "file_citation",
            "file_id": file_id,
            "filename": name,
            "index": max(0, len(part["text"]) - 1),
        }
        for file_id, name in files.items()
    ]
    return {**item, "content": [{**part, "annotations": annotations}]}

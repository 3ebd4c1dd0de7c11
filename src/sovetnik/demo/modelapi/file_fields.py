"""The bodies of the requests about files and vector stores, and the filters of a search."""

from __future__ import annotations

from typing import cast

from . import checks, errors
from .errors import Json

UPLOADABLE = frozenset(
    {"c", "cpp", "css", "csv", "docx", "gif", "go", "html", "java", "jpeg", "jpg", "js", "json", "md", "pdf"}
    | {"php", "pkl", "png", "pptx", "py", "rb", "tar", "tex", "ts", "txt", "webp", "xlsx", "xml", "zip"}
)
_COMPARISON = checks.record(
    {
        "type": checks.one_of("eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"),
        "key": checks.string(),
        "value": checks.anything,
    },
    required=("type", "key", "value"),
)


def attributes(value: object, at: str) -> None:
    """At most 16 pairs; keys up to 64 characters, values strings up to 512, numbers or booleans."""
    if not isinstance(value, dict):
        raise checks.wrong_type(value, at, "an object")
    pairs = cast("Json", value)
    texts = {key: entry if isinstance(entry, str) else "" for key, entry in pairs.items()}
    checks.metadata(texts, at)
    for key, entry in pairs.items():
        if not isinstance(entry, str | int | float):
            raise checks.wrong_type(entry, f"{at}.{key}", "one of a string, number, or boolean")


def condition(value: object, at: str) -> None:
    """A filter: a comparison, or several of them with `and` or `or`."""
    compound = isinstance(value, dict) and cast("Json", value).get("type") in ("and", "or")
    (_COMPOUND if compound else _COMPARISON)(cast("object", value), at)


_COMPOUND = checks.record(
    {"type": checks.string(), "filters": checks.array(condition)}, required=("type", "filters")
)


_RANKING = checks.record(
    {
        "ranker": checks.one_of("none", "auto", "default-2024-11-15"),
        "score_threshold": checks.number(least=0, most=1),
        "hybrid_search": checks.anything,
    }
)
_STATIC = checks.record(
    {
        "max_chunk_size_tokens": checks.number(least=100, most=4096, whole=True),
        "chunk_overlap_tokens": checks.number(least=0, whole=True),
    },
    required=("max_chunk_size_tokens", "chunk_overlap_tokens"),
)


def chunking(value: object, at: str) -> None:
    """`auto`, or `static` with sizes: the overlap is at most half of a chunk."""
    checks.record({"type": checks.one_of("auto", "static"), "static": _STATIC}, required=("type",))(value, at)
    strategy = cast("Json", value)
    if (strategy["type"] == "static") != ("static" in strategy):
        raise errors.missing(f"{at}.static") if "static" not in strategy else errors.unknown(f"{at}.static")
    sizes = strategy.get("static") or {"max_chunk_size_tokens": 2, "chunk_overlap_tokens": 1}
    if sizes["chunk_overlap_tokens"] * 2 > sizes["max_chunk_size_tokens"]:
        message = "chunk_overlap_tokens must be less than or equal to max_chunk_size_tokens / 2"
        raise errors.bad_request(message, f"{at}.static", "invalid_value")


_IDS = checks.array(checks.string(), most=500)
NEW_FILE = checks.record(
    {
        "file": checks.anything,
        "purpose": checks.one_of("assistants", "vision", "user_data"),
        "expires_after[anchor]": checks.one_of("created_at"),
        "expires_after[seconds]": checks.string(pattern=r"\d+"),
    },
    required=("file", "purpose"),
)
_EXPIRY = checks.record(
    {"anchor": checks.one_of("last_active_at"), "days": checks.number(least=1, most=365, whole=True)},
    required=("anchor", "days"),
)
NEW_STORE = checks.record(
    {
        "name": checks.string(),
        "description": checks.string(),
        "metadata": checks.nullable(checks.metadata),
        "file_ids": _IDS,
        "expires_after": _EXPIRY,
        "chunking_strategy": chunking,
    }
)
NEW_ATTACHMENT = checks.record(
    {
        "file_id": checks.string(),
        "attributes": checks.nullable(attributes),
        "chunking_strategy": chunking,
    },
    required=("file_id",),
)
NEW_ATTRIBUTES = checks.record({"attributes": checks.nullable(attributes)}, required=("attributes",))


def _query(value: object, at: str) -> None:
    if isinstance(value, list):
        checks.array(checks.string())(cast("list[object]", value), at)
    else:
        checks.string(most=4096)(value, at)


SEARCH = checks.record(
    {
        "query": _query,
        "max_num_results": checks.number(least=1, most=50, whole=True),
        "filters": checks.nullable(condition),
        "ranking_options": _RANKING,
        "rewrite_query": checks.boolean,
    },
    required=("query",),
)
FILE_SEARCH = checks.record(
    {
        "type": checks.string(),
        "vector_store_ids": checks.array(checks.string()),
        "max_num_results": checks.number(least=1, most=50, whole=True),
        "filters": checks.nullable(condition),
        "ranking_options": _RANKING,
    },
    required=("vector_store_ids",),
)


def check_extension(filename: str, purpose: str) -> None:
    """Files for `assistants` are of known kinds; `user_data` takes anything."""
    extension = filename.rpartition(".")[2].lower()
    if purpose == "assistants" and extension not in UPLOADABLE:
        known = ", ".join(f'"{name}"' for name in sorted(UPLOADABLE))
        raise errors.bad_request(f"Invalid extension {extension}. Supported formats: {known}", "file")

"""Input items: what the service accepts, and how it keeps them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, cast

from . import checks, errors, media
from .checks import Check, kind_of
from .errors import Json

ROLES = ("user", "assistant", "system", "developer")
PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
    "file_search_call": "fs",
}
_STATUS = checks.one_of("in_progress", "completed", "incomplete")
_TEXT = checks.string(most=10_485_760)
_CALL_ID = checks.string(most=64)


def new_id(prefix: str) -> str:
    """An id of the service's shape: the prefix and 48 hexadecimal digits."""
    return f"{prefix}_{secrets.token_hex(24)}"


def _part(kinds: dict[str, Check]) -> Check:
    def check(value: object, at: str) -> None:
        if not isinstance(value, dict):
            raise checks.wrong_type(value, at, "an object")
        part = cast("Json", value)
        if "type" not in part:
            raise errors.missing(f"{at}.type")
        kind = part["type"]
        if not isinstance(kind, str) or kind not in kinds:
            raise checks.unsupported(kind, tuple(kinds), f"{at}.type")
        kinds[kind](part, at)

    return check


def _input_text() -> Check:
    return checks.record(
        {"type": checks.string(), "text": _TEXT, "prompt_cache_breakpoint": checks.anything},
        required=("text",),
    )


_USER_PART = _part(
    {"input_text": _input_text(), "input_image": media.INPUT_IMAGE, "input_file": media.input_file}
)
_ASSISTANT_PART = _part(
    {
        "output_text": checks.record(
            {
                "type": checks.string(),
                "text": _TEXT,
                "annotations": checks.array(checks.anything),
                "logprobs": checks.array(checks.anything),
            },
            required=("text",),
        ),
        "refusal": checks.record({"type": checks.string(), "refusal": _TEXT}, required=("refusal",)),
    }
)


def _content(part: Check) -> Check:
    several = checks.array(part)

    def check(value: object, at: str) -> None:
        if isinstance(value, str):
            _TEXT(value, at)
        elif kind_of(value) == "an array":
            several(value, at)
        else:
            raise checks.wrong_type(value, at, "one of an array of objects or string")

    return check


def _item_id(prefix: str) -> Check:
    def check(value: object, at: str) -> None:
        checks.string(most=64)(value, at)
        if not str(value).startswith(prefix):
            message = f"Invalid '{at}': '{value}'. Expected an ID that begins with '{prefix}'."
            raise errors.bad_request(message, at, "invalid_value")

    return check


def _message(value: object, at: str) -> None:
    role = cast("Json", value).get("role")
    if role is None:
        raise errors.missing(f"{at}.role")
    checks.one_of(*ROLES)(role, f"{at}.role")
    part = _ASSISTANT_PART if role == "assistant" else _USER_PART
    checks.record(
        {
            "type": checks.string(),
            "id": _item_id("msg"),
            "role": checks.string(),
            "content": _content(part),
            "status": _STATUS,
            "phase": checks.nullable(checks.one_of("commentary", "final_answer")),
        },
        required=("content",),
    )(value, at)
    _check_image_role(cast("Json", value), at)


def _check_image_role(message: Json, at: str) -> None:
    role = message["role"]
    if role in ("system", "developer") and any(
        media.parts_of([{"type": "message", **message}], "input_image")
    ):
        refusal = (
            f"Invalid '{at}'. Image URLs are only allowed for messages with role 'user', but this message "
            f"with role '{role}' contains an image URL."
        )
        raise errors.bad_request(refusal, at, "invalid_value")


_FUNCTION_CALL = checks.record(
    {
        "type": checks.string(),
        "id": _item_id("fc"),
        "call_id": _CALL_ID,
        "name": checks.string(most=128, pattern="[a-zA-Z0-9_-]+"),
        "arguments": _TEXT,
        "status": _STATUS,
    },
    required=("call_id", "name", "arguments"),
)
_FUNCTION_CALL_OUTPUT = checks.record(
    {
        "type": checks.string(),
        "id": checks.nullable(_item_id("fc")),
        "call_id": _CALL_ID,
        "output": _content(_USER_PART),
        "status": checks.nullable(_STATUS),
    },
    required=("call_id", "output"),
)
_REASONING = checks.record(
    {
        "type": checks.string(),
        "id": _item_id("rs"),
        "summary": checks.array(checks.record({"type": checks.one_of("summary_text"), "text": _TEXT})),
        "content": checks.nullable(checks.array(checks.anything)),
        "encrypted_content": checks.nullable(checks.string()),
        "status": checks.nullable(_STATUS),
    },
    required=("summary",),
)
_FILE_SEARCH_CALL = checks.record(
    {
        "type": checks.string(),
        "id": _item_id("fs"),
        "queries": checks.array(checks.string()),
        "status": checks.one_of("in_progress", "searching", "completed", "incomplete", "failed"),
        "results": checks.nullable(checks.array(checks.anything)),
    },
    required=("id", "queries", "status"),
)
_DEFAULTS: dict[str, Json] = {
    # What the service adds to a content part of these types when it keeps it.
    "output_text": {"annotations": [], "logprobs": []},
    "input_image": {"detail": "auto", "file_id": None, "image_url": None},
}
_REFERENCE = checks.record({"type": checks.string(), "id": checks.string()}, required=("id",))

KINDS: dict[str, Check] = {
    "message": _message,
    "function_call": _FUNCTION_CALL,
    "function_call_output": _FUNCTION_CALL_OUTPUT,
    "reasoning": _REASONING,
    "file_search_call": _FILE_SEARCH_CALL,
    "item_reference": _REFERENCE,
}


def check_item(value: object, at: str) -> None:
    """One input item, as the service would take it."""
    if not isinstance(value, dict):
        raise checks.wrong_type(value, at, "an object")
    item = cast("Json", value)
    # A message may leave its type out ("easy" form); nothing else may.
    kind = item.get("type", "message" if "role" in item else None)
    if kind is None:
        raise errors.missing(f"{at}.type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise checks.unsupported(kind, tuple(KINDS), f"{at}.type")
    KINDS[kind](item, at)


def stored(item: Json) -> Json:
    """The item as the service keeps and lists it: with an id, a status and content parts."""
    kind = str(item.get("type", "message"))
    kept: Json = {**item, "type": kind, "id": item.get("id") or new_id(PREFIXES[kind])}
    if kind == "message":
        kept["content"] = _parts(str(item["role"]), item["content"])
    if kind != "reasoning":
        kept["status"] = item.get("status") or "completed"
    return kept


def _parts(role: str, content: object) -> list[Json]:
    if isinstance(content, str):
        kind = "output_text" if role == "assistant" else "input_text"
        content = [{"type": kind, "text": content}]
    parts = cast("list[Json]", content)
    return [{**_DEFAULTS.get(part["type"], {}), **part} for part in parts]


def resolve(raw: object, find: Callable[[str], Json | None], *, at: str = "input") -> list[Json]:
    """Input (text or items) checked and in stored form; references looked up with `find`."""
    if isinstance(raw, str):
        return [stored({"role": "user", "content": raw})]
    if not isinstance(raw, list):
        raise checks.wrong_type(raw, at, "one of an array of objects or string")
    given = cast("list[Any]", raw)
    for index, item in enumerate(given):
        check_item(item, f"{at}[{index}]")
    return [_resolved(item, find, at) for item in given]


def _resolved(item: Json, find: Callable[[str], Json | None], at: str) -> Json:
    kind = item.get("type", "message")
    if kind == "item_reference":
        found = find(str(item["id"]))
        if found is None:
            raise errors.not_found(f"Item with id '{item['id']}' not found.", at)
        return found
    if kind == "reasoning" and not item.get("encrypted_content") and find(str(item.get("id"))) is None:
        message = (
            f"Item with id '{item.get('id')}' not found. Items are not persisted when `store` is set to "
            "false. Try again with `store` set to true, or remove this item from your input."
        )
        raise errors.not_found(message, at)
    return stored(item)


def check_calls(context: list[Json]) -> None:
    """Every function call has its output after it, every output its call before it."""
    called: set[str] = set()
    answered: set[str] = set()
    for item in context:
        if item["type"] == "function_call":
            called.add(str(item["call_id"]))
        elif item["type"] == "function_call_output":
            call_id = str(item["call_id"])
            if call_id not in called:
                message = f"No tool call found for function call output with call_id {call_id}."
                raise errors.bad_request(message, "input")
            answered.add(call_id)
    for item in context:
        if item["type"] == "function_call" and item["call_id"] not in answered:
            message = f"No tool output found for function call {item['call_id']}."
            raise errors.bad_request(message, "input")


def text_of(content: object) -> str:
    """The plain text of a message's content or of a tool's output."""
    if isinstance(content, str):
        return content
    parts = cast("list[Json]", content)
    return "".join(str(part.get("text") or part.get("refusal") or "") for part in parts)

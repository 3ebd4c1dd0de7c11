"""Function tools: their names, their JSON schemas, and the strict mode's demands."""

from __future__ import annotations

from typing import Any, cast

from . import checks, errors, file_fields
from .errors import Json

_NAME = checks.string(most=128, pattern="[a-zA-Z0-9_-]+")
_FUNCTION = checks.record(
    {
        "type": checks.string(),
        "name": _NAME,
        "description": checks.nullable(checks.string()),
        "parameters": checks.nullable(checks.anything),
        "strict": checks.nullable(checks.boolean),
        "defer_loading": checks.boolean,
        "output_schema": checks.anything,
    },
    required=("name",),
)
_KINDS = {"function": _FUNCTION, "file_search": file_fields.FILE_SEARCH, "web_search": checks.anything}
_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_HOSTED_CHOICE = checks.record({"type": checks.string()})
_FUNCTION_CHOICE = checks.record(
    {"type": checks.one_of("function"), "name": _NAME}, required=("type", "name")
)
_CHOICES = ("none", "auto", "required")


def check_tools(value: object, at: str) -> None:
    """The `tools` of a request."""
    checks.array(_check_tool, most=128)(value, at)


def _check_tool(value: object, at: str) -> None:
    if not isinstance(value, dict):
        raise checks.wrong_type(value, at, "an object")
    tool = cast("Json", value)
    kind = tool.get("type")
    if kind is None:
        raise errors.missing(f"{at}.type")
    if kind not in _KINDS:
        raise checks.unsupported(kind, tuple(_KINDS), f"{at}.type")
    _KINDS[kind](tool, at)
    if kind == "function":
        _check_parameters(tool, at)


def _check_parameters(tool: Json, at: str) -> None:
    schema = tool.get("parameters")
    # An absent `strict` means "strict if the schema happens to fit", so only an explicit true refuses.
    strict = tool.get("strict") is True
    if schema is None and not strict:
        return
    refusal = _flaw(schema, (), strict=strict, top=True)
    if refusal:
        message = f"Invalid schema for function '{tool['name']}': {refusal}"
        raise errors.bad_request(message, f"{at}.parameters", "invalid_function_parameters")


def _flaw(schema: object, path: tuple[str, ...], *, strict: bool, top: bool = False) -> str:
    """What is wrong with a schema in the service's words, or nothing."""
    if not isinstance(schema, dict):
        shown = "None" if schema is None else repr(schema)
        return f"{shown} is not of type 'object', 'boolean'."
    node = cast("Json", schema)
    kinds = node.get("type")
    names: list[Any] = cast("list[Any]", kinds) if isinstance(kinds, list) else [kinds]
    if top and kinds != "object":
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kinds}\"'."
    for name in names:
        if name is not None and name not in _TYPES:
            return f"In context={path}, '{name}' is not valid under any of the given schemas."
    if "object" in names or "properties" in node:
        refusal = _object_flaw(node, path) if strict else ""
        if refusal:
            return refusal
    return _nested_flaw(node, path, strict=strict)


def _object_flaw(node: Json, path: tuple[str, ...]) -> str:
    if node.get("additionalProperties") is not False:
        return f"In context={path}, 'additionalProperties' is required to be supplied and to be false."
    names = list(cast("Json", node.get("properties") or {}))
    required = cast("list[str]", node.get("required") or [])
    lacking = [name for name in names if name not in required]
    extra = [name for name in required if name not in names]
    lead = (
        f"In context={path}, 'required' is required to be supplied and to be an array "
        "including every key in properties."
    )
    if lacking:
        return f"{lead} Missing '{lacking[0]}'."
    if extra:
        return f"{lead} Extra required key '{extra[0]}' supplied."
    return ""


def _nested_flaw(node: Json, path: tuple[str, ...], *, strict: bool) -> str:
    inner: list[tuple[tuple[str, ...], Any]] = [
        ((*path, "properties", name), value)
        for name, value in cast("Json", node.get("properties") or {}).items()
    ]
    if "items" in node:
        inner.append(((*path, "items"), node["items"]))
    elif node.get("type") == "array":
        return f"In context={path}, array schema missing items."
    inner += [
        ((*path, "anyOf", str(index)), value)
        for index, value in enumerate(cast("list[Any]", node.get("anyOf") or []))
    ]
    return next((flaw for at, value in inner if (flaw := _flaw(value, at, strict=strict))), "")


def check_choice(value: object, at: str) -> None:
    """`none`, `auto`, `required`, one function, or the search in files."""
    if isinstance(value, str):
        if value not in _CHOICES:
            raise checks.unsupported(value, _CHOICES, at)
        return
    hosted = isinstance(value, dict) and cast("Json", value).get("type") == "file_search"
    (_HOSTED_CHOICE if hosted else _FUNCTION_CHOICE)(cast("object", value), at)


def check_choice_is_offered(body: Json) -> None:
    """A forced tool must be among the tools."""
    choice = body.get("tool_choice")
    offered = [tool.get("name") or tool["type"] for tool in cast("list[Json]", body.get("tools") or [])]
    if isinstance(choice, dict):
        forced = cast("Json", choice)
        name = str(forced.get("name", "file_search"))
        if name not in offered:
            message = f"Tool choice '{forced['type']}' not found in 'tools' parameter: '{name}'."
            raise errors.bad_request(message, "tool_choice")
    elif choice == "required" and not offered:
        raise errors.bad_request(
            "Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice"
        )

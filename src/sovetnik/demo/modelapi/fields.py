"""The top-level fields of each request body."""

from __future__ import annotations

from typing import cast

from . import checks, errors, tools
from .checks import Check
from .errors import Json

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_SUMMARIES = ("auto", "concise", "detailed")
_INCLUDABLE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)


def _conversation(value: object, at: str) -> None:
    if isinstance(value, dict):
        value = cast("Json", value)
        checks.record({"id": checks.string()}, required=("id",))(value, at)
        value = value["id"]
        at = f"{at}.id"
    if not isinstance(value, str):
        raise checks.wrong_type(value, at, "one of an object or string")
    if not value.startswith("conv"):
        message = f"Invalid '{at}': '{value}'. Expected an ID that begins with 'conv'."
        raise errors.bad_request(message, at, "invalid_value")


def _foreground(value: object, at: str) -> None:
    checks.boolean(value, at)
    if value:
        raise errors.bad_request("Background responses are not served here.", at, "unsupported_value")


def _removed_prompt(value: object, at: str) -> None:
    del value
    message = "The 'prompt' parameter has been removed: reusable prompts were shut down on 2026-11-30."
    raise errors.bad_request(message, at, "unsupported_parameter")


RESPONSE: dict[str, Check] = {
    "access_programs": checks.anything,
    "background": checks.nullable(_foreground),
    "background_options": checks.anything,
    "context_management": checks.nullable(
        checks.array(
            checks.record(
                {
                    "type": checks.one_of("compaction"),
                    "compact_threshold": checks.nullable(checks.number(least=1000, whole=True)),
                },
                required=("type",),
            )
        )
    ),
    "conversation": checks.nullable(_conversation),
    "image": checks.anything,
    "include": checks.nullable(checks.array(checks.one_of(*_INCLUDABLE))),
    "input": checks.anything,  # the items have a module of their own
    "instructions": checks.nullable(checks.string()),
    "max_output_tokens": checks.nullable(checks.number(least=16, whole=True)),
    "max_tool_calls": checks.nullable(checks.number(least=1, whole=True)),
    "metadata": checks.nullable(checks.metadata),
    "model": checks.string(),
    "moderation": checks.anything,
    "parallel_tool_calls": checks.nullable(checks.boolean),
    "previous_response_id": checks.nullable(checks.string()),
    "prompt": _removed_prompt,
    "prompt_cache_key": checks.nullable(checks.string(most=64)),
    "prompt_cache_options": checks.anything,
    "prompt_cache_retention": checks.nullable(checks.one_of("in_memory", "24h")),
    "reasoning": checks.nullable(
        checks.record(
            {
                "context": checks.nullable(checks.one_of("auto", "current_turn", "all_turns")),
                "effort": checks.nullable(checks.one_of(*_EFFORTS)),
                "generate_summary": checks.nullable(checks.one_of(*_SUMMARIES)),
                "mode": checks.nullable(checks.string()),
                "summary": checks.nullable(checks.one_of(*_SUMMARIES)),
            }
        )
    ),
    "safety_identifier": checks.nullable(checks.string(most=128)),
    "service_tier": checks.nullable(checks.one_of("auto", "default", "flex", "scale", "priority")),
    "store": checks.nullable(checks.boolean),
    "stream": checks.nullable(checks.boolean),
    "stream_options": checks.nullable(checks.record({"include_obfuscation": checks.boolean})),
    "temperature": checks.nullable(checks.number(least=0, most=2)),
    "text": checks.record(
        {
            "format": checks.anything,
            "verbosity": checks.nullable(checks.one_of("low", "medium", "high")),
        }
    ),
    "tool_choice": tools.check_choice,
    "tools": tools.check_tools,
    "top_logprobs": checks.nullable(checks.number(least=0, most=20, whole=True)),
    "top_p": checks.nullable(checks.number(least=0, most=1)),
    "truncation": checks.nullable(checks.one_of("auto", "disabled")),
    "user": checks.string(most=512),
}
_CHECK_RESPONSE = checks.record(RESPONSE, required=("model",))
_CHECK_NEW_CONVERSATION = checks.record(
    {"items": checks.nullable(checks.anything), "metadata": checks.nullable(checks.metadata)}
)
_CHECK_UPDATE = checks.record({"metadata": checks.nullable(checks.metadata)}, required=("metadata",))
_CHECK_NEW_ITEMS = checks.record({"items": checks.anything}, required=("items",))


def check_response(body: Json) -> None:
    """`POST /responses`, all but its input items."""
    _CHECK_RESPONSE(body, "")
    if body.get("conversation") is not None and body.get("previous_response_id") is not None:
        raise errors.mutually_exclusive("previous_response_id", "conversation")
    if body.get("stream_options") is not None and not body.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise errors.bad_request(message, "stream_options")
    if body.get("input") is None and not (body.get("conversation") or body.get("previous_response_id")):
        message = (
            "One of 'input' or 'previous_response_id' or 'prompt' or 'conversation_id' must be provided."
        )
        raise errors.bad_request(message, "input", "missing_required_parameter")
    tools.check_choice_is_offered(body)


def check_new_conversation(body: Json) -> None:
    """`POST /conversations`."""
    _CHECK_NEW_CONVERSATION(body, "")
    check_item_count(body.get("items") or [])


def check_update(body: Json) -> None:
    """`POST /conversations/{id}`."""
    _CHECK_UPDATE(body, "")


def check_new_items(body: Json) -> None:
    """`POST /conversations/{id}/items`."""
    _CHECK_NEW_ITEMS(body, "")
    check_item_count(body["items"])


def check_item_count(given: object) -> None:
    """At most 20 items a call."""
    checks.array(checks.anything, most=20)(given, "items")

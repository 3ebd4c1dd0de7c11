"""Telegram's refusals: an HTTP status, the words of the description, sometimes parameters."""

from __future__ import annotations

from typing import Any

Json = Any  # whatever JSON can be
JsonDict = dict[str, Any]


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault of this program
    """A method's answer that is not ok.

    Attributes:
        code: HTTP status, which Telegram repeats as ``error_code``.
        description: Telegram's words, with the prefix ("Bad Request: …").
        parameters: ``retry_after`` or ``migrate_to_chat_id``, where Telegram gives them.
    """

    def __init__(self, code: int, description: str, parameters: JsonDict | None = None) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> JsonDict:
        """The JSON that Telegram sends."""
        body: JsonDict = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(words: str) -> Refusal:
    """400, with the first letter lowered the way Telegram does it (``MESSAGE_ID_INVALID`` stays)."""
    if len(words) > 1 and not (words[1].isupper() or words[1] == "_"):
        words = words[0].lower() + words[1:]
    return Refusal(400, f"Bad Request: {words}")


def forbidden(words: str) -> Refusal:
    """403: the bot may not write there."""
    return Refusal(403, f"Forbidden: {words}")


def conflict(words: str) -> Refusal:
    """409: two consumers of the same updates."""
    return Refusal(409, f"Conflict: {words}")


def too_many_requests(retry_after: int) -> Refusal:
    """429 with the seconds to wait."""
    words = f"Too Many Requests: retry after {retry_after}"
    return Refusal(429, words, {"retry_after": retry_after})

"""Refusals in the body and, where they are known, the words of the real service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """A request refused: carries the HTTP status and OpenAI's error object."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.headers = dict(headers or {})

    def body(self) -> Json:
        """The JSON body: `{"error": {message, type, param, code}}`."""
        fields = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": fields}


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """A 400."""
    return ApiError(400, message, param=param, code=code)


def not_found(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """A 404."""
    return ApiError(404, message, param=param, code=code)


def missing(at: str) -> ApiError:
    """A required field is absent."""
    return bad_request(f"Missing required parameter: '{at}'.", at, "missing_required_parameter")


def unknown(at: str) -> ApiError:
    """A field that the endpoint does not have."""
    return bad_request(f"Unknown parameter: '{at}'.", at, "unknown_parameter")


def mutually_exclusive(one: str, other: str) -> ApiError:
    """Two fields that may not come together."""
    message = (
        f"Mutually exclusive parameters: '{one}' and '{other}'. "
        f"Ensure you are only providing one of: '{one}' or '{other}'."
    )
    return bad_request(message, one, "mutually_exclusive_parameters")


def wrong_key(given: str | None) -> ApiError:
    """No key, or not ours. The key is masked as the service masks it."""
    if given is None:
        message = (
            "You didn't provide an API key. You need to provide your API key in an Authorization header "
            "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
        )
        return ApiError(401, message)
    masked = given[:3] + "*" * max(3, len(given) - 7) + given[-4:]
    message = (
        f"Incorrect API key provided: {masked}. "
        "You can find your API key at https://platform.openai.com/account/api-keys."
    )
    return ApiError(401, message, code="invalid_api_key")


def locked() -> ApiError:
    """Another response is running on the same conversation."""
    message = "Another process is currently operating on this conversation. Please retry in a few seconds."
    return bad_request(message, "conversation", "conversation_locked")

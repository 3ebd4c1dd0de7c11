"""A call's parameters, however they came: query, urlencoded, JSON or multipart."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from sovetnik.demo.botapi.refusal import Json, JsonDict, bad_request

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Upload:
    """A file that came in the request."""

    name: str
    data: bytes
    content_type: str


@dataclass
class Params:
    """The parameters of one call, read the lenient way Telegram reads them."""

    values: JsonDict = field(default_factory=dict[str, Any])
    files: dict[str, Upload] = field(default_factory=dict[str, Upload])

    def has(self, name: str) -> bool:
        """Whether the parameter was given and is not empty."""
        return self.values.get(name) not in (None, "")

    def text(self, name: str) -> str:
        """The parameter as text; empty when absent."""
        value = self.values.get(name)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """The parameter as a number; ``default`` when absent."""
        return integer(self.text(name)) if self.has(name) else default

    def flag(self, name: str) -> bool:
        """True for ``true``, ``yes`` and ``1``."""
        return self.text(name).strip().lower() in {"true", "yes", "1"}

    def json(self, name: str, refusal: str | None = None) -> Json:
        """The parameter decoded; None when absent, or when it is no JSON and no ``refusal`` is given.

        Raises:
            Refusal: 400 with the words of ``refusal``.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            if refusal is None:
                return None
            raise bad_request(refusal) from None

    def loggable(self) -> JsonDict:
        """What the call log keeps: files by their names, JSON fields decoded where they are JSON."""
        values = {name: self._decoded(name) for name in self.values}
        return values | {name: f"<{upload.name}>" for name, upload in self.files.items()}

    def _decoded(self, name: str) -> Json:
        value = self.values[name]
        if isinstance(value, str) and value[:1] in ("{", "["):
            decoded = self.json(name)
            return value if decoded is None else decoded
        return value


def integer(value: Json) -> int:
    """The leading digits as a number, as Telegram reads them; 0 without any."""
    match = re.match(r"\s*-?\d+", str(value))
    return int(match.group()) if match else 0


def read_params(query: Mapping[str, str], content_type: str, body: bytes) -> Params:
    """Merge the query with the body, whose form the content type names.

    Raises:
        Refusal: 400 for a JSON body that is none.
    """
    params = Params(dict(query))
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" and body:
        params.values.update(_json_body(body))
    elif kind == "application/x-www-form-urlencoded":
        params.values.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif kind == "multipart/form-data":
        _read_multipart(params, content_type, body)
    return params


def _json_body(body: bytes) -> JsonDict:
    try:
        value = json.loads(body)
    except ValueError:
        raise bad_request("Can't parse JSON object") from None
    if not isinstance(value, dict):
        raise bad_request("Can't parse JSON object")
    return cast("JsonDict", value)


def _read_multipart(params: Params, content_type: str, body: bytes) -> None:
    # Starlette reads multipart with a library that the product has no other use for.
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None:
        return
    boundary = b"--" + match.group(1).encode()
    for part in (b"\r\n" + body).split(b"\r\n" + boundary)[1:]:
        head, blank, data = part.partition(b"\r\n\r\n")
        if blank:
            _add_part(params, head.decode("utf-8", "replace"), data)


def _add_part(params: Params, head: str, data: bytes) -> None:
    name = _header_field(head, "name")
    filename = _header_field(head, "filename")
    if name is None:
        return
    if filename is None:
        params.values[name] = data.decode("utf-8", "replace")
        return
    kind = re.search(r"(?im)^content-type:\s*(.+?)\s*$", head)
    params.files[name] = Upload(filename, data, kind.group(1) if kind else "application/octet-stream")


def _header_field(head: str, name: str) -> str | None:
    match = re.search(rf'(?i)[;\s]{name}="([^"]*)"', head)
    return match.group(1) if match else None

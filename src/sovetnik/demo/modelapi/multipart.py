"""Multipart bodies. Starlette reads them with a library that the product has no other use for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import Json


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a multipart body."""

    filename: str
    data: bytes


def read_multipart(content_type: str, body: bytes) -> tuple[Json, dict[str, Upload]]:
    """The fields of a multipart body and its files, both by name.

    A file stands among the fields too, as its name and size, so that the journal shows it. A field whose
    name ends in `[]` is a list.
    """
    fields: Json = {}
    files: dict[str, Upload] = {}
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    if boundary is None:
        return fields, files
    mark = b"\r\n--" + boundary[1].encode()
    for part in (b"\r\n" + body).split(mark)[1:]:
        head, blank, data = part.partition(b"\r\n\r\n")
        name = _attribute(head, "name")
        if not blank or name is None:
            continue
        filename = _attribute(head, "filename")
        if filename is None and name.endswith("[]"):
            fields.setdefault(name, []).append(data.decode("utf-8", "replace"))
        elif filename is None:
            fields[name] = data.decode("utf-8", "replace")
        else:
            files[name] = Upload(filename, data)
            fields[name] = {"filename": filename, "bytes": len(data)}
    return fields, files


def _attribute(head: bytes, name: str) -> str | None:
    found = re.search(rf'(?i)[;\s]{name}="([^"]*)"', head.decode("utf-8", "replace"))
    return found[1] if found else None

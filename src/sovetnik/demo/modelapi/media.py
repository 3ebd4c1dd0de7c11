"""Images and files in a message: what the service accepts of them, and how a brain sees them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from . import checks, errors
from .checks import Check
from .errors import Json

MOST_IMAGE_BYTES = 20 * 1024 * 1024
"""The service's bound for one image."""
MOST_IMAGES = 500
"""And for the number of them in a request."""
_DATA_URL = re.compile(r"data:(?P<type>[^;,]*)(?:;[^;,]+)*?;base64,(?P<data>.*)", re.DOTALL)
_WEB_URL = re.compile(r"https?://[^\s/?#]+\S*")
_IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BREAKPOINT = {"prompt_cache_breakpoint": checks.anything}


def _known_image(data: bytes) -> bool:
    starts = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
    return data.startswith(starts) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _decoded(at: str, url: str, wanted: str, allowed: Callable[[str], bool]) -> bytes:
    """The bytes of a data URL, or a refusal that says what was wanted instead."""
    lead = f"Invalid '{at}'. Expected a base64-encoded data URL with {wanted}, but got"
    found = _DATA_URL.fullmatch(url)
    if found is None:
        raise errors.bad_request(f"{lead} a value without the 'base64' scheme.", at, "invalid_value")
    if not allowed(found["type"].lower()):
        raise errors.bad_request(f"{lead} unsupported MIME type '{found['type']}'.", at, "invalid_value")
    try:
        data = base64.b64decode(found["data"], validate=True)
    except binascii.Error:
        message = f"{lead} an invalid base64-encoded value."
        raise errors.bad_request(message, at, "invalid_value") from None
    if not data:
        raise errors.bad_request(f"{lead} empty base64-encoded bytes.", at, "invalid_value")
    return data


def _image_url(value: object, at: str) -> None:
    checks.string()(value, at)
    url = str(value)
    if not url.startswith("data:"):
        if not _WEB_URL.fullmatch(url):
            message = f"Invalid '{at}'. Expected a valid URL, but got a value with an invalid format."
            raise errors.bad_request(message, at, "invalid_value")
        return
    wanted = "an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')"
    data = _decoded(at, url, wanted, lambda kind: kind in (*_IMAGE_TYPES, "image/jpg"))
    if len(data) > MOST_IMAGE_BYTES:
        message = (
            "You uploaded an unsupported image. Please make sure your image is below 20 MB in size and is of "
            "one the following formats: ['png', 'jpeg', 'gif', 'webp']."
        )
        raise errors.bad_request(message, at, "image_too_large")
    if not _known_image(data):
        message = (
            "The image data you provided does not represent a valid image. Please check your input and try "
            "again with one of the supported image formats: "
            "['image/jpeg', 'image/png', 'image/gif', 'image/webp']."
        )
        raise errors.bad_request(message, "input", "invalid_value")


def _file_data(value: object, at: str) -> None:
    checks.string()(value, at)
    wanted = "an application/pdf MIME type (e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ==')"
    _decoded(at, str(value), wanted, lambda kind: kind.startswith(("application/", "text/")))


def _web_url(value: object, at: str) -> None:
    checks.string()(value, at)
    if not _WEB_URL.fullmatch(str(value)):
        message = f"Invalid '{at}'. Expected a valid URL, but got a value with an invalid format."
        raise errors.bad_request(message, at, "invalid_value")


def _one_source(fields: Check, *names: str) -> Check:
    """The fields, with exactly one of the named ones given."""

    def check(value: object, at: str) -> None:
        fields(value, at)
        given = [name for name in names if cast("Json", value).get(name) is not None]
        if not given:
            raise errors.missing(f"{at}.{names[0]}")
        if len(given) > 1:
            raise errors.mutually_exclusive(f"{at}.{given[0]}", f"{at}.{given[1]}")

    return check


INPUT_IMAGE = _one_source(
    checks.record(
        {
            "type": checks.string(),
            "detail": checks.nullable(checks.one_of("low", "high", "auto", "original")),
            "image_url": checks.nullable(_image_url),
            "file_id": checks.nullable(checks.string()),
            **_BREAKPOINT,
        }
    ),
    "image_url",
    "file_id",
)
_INPUT_FILE = _one_source(
    checks.record(
        {
            "type": checks.string(),
            "detail": checks.nullable(checks.one_of("auto", "low", "high")),
            "file_data": checks.nullable(_file_data),
            "file_id": checks.nullable(checks.string()),
            "file_url": checks.nullable(_web_url),
            "filename": checks.nullable(checks.string()),
            **_BREAKPOINT,
        }
    ),
    "file_id",
    "file_data",
    "file_url",
)


def input_file(value: object, at: str) -> None:
    """An `input_file` part: one source, and a name for what comes as data."""
    _INPUT_FILE(value, at)
    part = cast("Json", value)
    if part.get("file_data") is not None and not part.get("filename"):
        raise errors.missing(f"{at}.filename")


def parts_of(items: Iterable[Json], kind: str) -> Iterator[Json]:
    """All content parts of a kind in stored items, oldest first; tools' outputs count too."""
    for item in items:
        content = item.get("output") if item["type"] == "function_call_output" else item.get("content")
        if isinstance(content, list):
            yield from (part for part in cast("list[Json]", content) if part.get("type") == kind)


def check_context(context: list[Json], known_files: Iterable[str], *, model: str, blind: bool) -> None:
    """What can only be judged with the whole context: the number of images, sight, uploaded files."""
    images = list(parts_of(context, "input_image"))
    if images and blind:
        raise errors.bad_request(f"The model '{model}' does not support image inputs.", "input")
    if len(images) > MOST_IMAGES:
        message = f"Too many images in the request: at most {MOST_IMAGES} are allowed, got {len(images)}."
        raise errors.bad_request(message, "input", "invalid_value")
    known = set(known_files)
    for part in [*images, *parts_of(context, "input_file")]:
        file_id = part.get("file_id")
        if file_id is not None and file_id not in known:
            raise errors.not_found(f"Files ['{file_id}'] were not found.", "input")


@dataclass(frozen=True, slots=True)
class Image:
    """An image that the model is given: its bytes if they came along, else where it is."""

    data: bytes
    media_type: str
    url: str
    file_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file that the model is given: its bytes if they came along, else where it is."""

    data: bytes
    filename: str
    url: str
    file_id: str


def _bytes_of(url: str) -> tuple[str, bytes]:
    found = _DATA_URL.fullmatch(url)
    return (found["type"], base64.b64decode(found["data"])) if found else ("", b"")


def images_of(items: Iterable[Json]) -> list[Image]:
    """The images in stored items, oldest first."""
    images: list[Image] = []
    for part in parts_of(items, "input_image"):
        url = str(part.get("image_url") or "")
        media_type, data = _bytes_of(url)
        shown = "" if data else url
        images.append(
            Image(data, media_type, shown, str(part.get("file_id") or ""), part.get("detail") or "auto")
        )
    return images


def documents_of(items: Iterable[Json]) -> list[Document]:
    """The files in stored items, oldest first."""
    documents: list[Document] = []
    for part in parts_of(items, "input_file"):
        _, data = _bytes_of(str(part.get("file_data") or ""))
        name, url, file_id = (str(part.get(field) or "") for field in ("filename", "file_url", "file_id"))
        documents.append(Document(data, name, url, file_id))
    return documents


def image_tokens(items: Iterable[Json]) -> int:
    """What the images cost: 85 tokens in low detail, else 765, the price of 1024 by 1024 pixels."""
    return sum(85 if image.get("detail") == "low" else 765 for image in parts_of(items, "input_image"))


def abridged(item: Json) -> Json:
    """The item with a fingerprint in the place of each data URL: bytes are not tokens."""
    parts = {name: item[name] for name in ("content", "output") if isinstance(item.get(name), list)}
    return {**item, **{name: [_abridged(part) for part in value] for name, value in parts.items()}}


def _abridged(part: Json) -> Json:
    return {
        name: hashlib.sha256(value.encode()).hexdigest()[:16]
        if isinstance(value, str) and value.startswith("data:")
        else value
        for name, value in part.items()
    }

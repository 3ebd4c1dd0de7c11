"""What a document is uploaded as: itself where the store takes it, else UTF-8 Markdown.

Vector stores take no .csv and no .xlsx, and texts in UTF-8, UTF-16 or ASCII only.
"""

from __future__ import annotations

import stat
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sovetnik.core.errors import SovetnikError
from sovetnik.knowledge.chunks import Chunk
from sovetnik.knowledge.hosted.marks import LONGEST_SOURCE

_DOCUMENTS = {
    ".pdf": (".pdf", "application/pdf"),
    ".docx": (".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
}
_TEXTS = {
    ".md": (".md", "text/markdown"),
    ".markdown": (".md", "text/markdown"),
    ".txt": (".txt", "text/plain"),
    ".html": (".html", "text/html"),
    ".htm": (".html", "text/html"),
}

Read = Callable[[Path, str], Awaitable[Sequence[Chunk]]]
"""Reads a document (its path, its name in the folder) that has to be converted; raises what it likes."""


class Unusable(SovetnikError):  # noqa: N818 - what the document is
    """A document that cannot be uploaded; the message says why. It stays inside this package."""


@dataclass(frozen=True, slots=True)
class Content:
    """What goes over the wire.

    Attributes:
        suffix: Of the name to upload under.
        mime: Its media type.
    """

    data: bytes
    suffix: str
    mime: str


def bytes_of(path: Path, source: str) -> bytes:
    """A document's bytes.

    Args:
        path: Where it is; it ends with `source`.
        source: Its path relative to the folder.

    Raises:
        Unusable: it is none of the folder's files, too large, or cannot be read.
    """
    from sovetnik.knowledge.reading.reader import MAX_FILE

    if len(source) > LONGEST_SOURCE:
        raise Unusable(f"its path is longer than {LONGEST_SOURCE} characters; shorten it")
    folder = path.parents[len(Path(source).parts) - 1]
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(folder.resolve(strict=True)):
            # Through a link to its neighbours a customer could be shown our settings.
            raise Unusable("a link out of the knowledge folder: copy the file itself into the folder")
        state = real.stat()
        if not stat.S_ISREG(state.st_mode):
            raise Unusable("this is not a file: replace it with one")
        if state.st_size > MAX_FILE:
            raise Unusable(f"larger than {MAX_FILE // 1024 // 1024} MB: save it in smaller parts")
        return real.read_bytes()
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise Unusable(f"cannot be read: {reason or error}") from error


async def content_of(path: Path, source: str, data: bytes, read: Read) -> Content | None:
    """The document in a form that the store takes; None when there is nothing in it.

    Raises:
        Unusable: it has to be converted, and that fails.
    """
    suffix = path.suffix.lower()
    if not data.strip():
        return None
    if suffix in _DOCUMENTS:
        return Content(data, *_DOCUMENTS[suffix])
    if suffix in _TEXTS and _is_utf8(data):
        return Content(data, *_TEXTS[suffix])
    try:
        text = markdown_of(await read(path, source))
    except Exception as error:  # readers meet every kind of broken file
        raise Unusable(str(error) or type(error).__name__) from error
    return Content(text.encode(), *_TEXTS[".md"]) if text else None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def markdown_of(chunks: Sequence[Chunk]) -> str:
    """Chunks as Markdown, each section under its heading path; empty when they hold no text.

    The header row that chunks of a table repeat stays: the store cuts documents anew, where it likes.
    """
    parts: list[str] = []
    heading = ""
    for chunk in chunks:
        if chunk.heading != heading:
            heading = chunk.heading
            parts += [f"# {heading}"] if heading else []
        parts.append(chunk.text.strip())
    return "\n\n".join(part for part in parts if part)

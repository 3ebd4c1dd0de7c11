"""What the vector stores make of a file: its text, passages of it, and a search by shared words."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from .errors import Json

# https://platform.openai.com/docs/assistants/tools/file-search/supported-files
SEARCHABLE = frozenset(
    {".c", ".cpp", ".cs", ".css", ".doc", ".docx", ".go", ".html", ".java", ".js", ".json", ".md", ".pdf"}
    | {".php", ".pptx", ".py", ".rb", ".sh", ".tex", ".ts", ".txt"}
)
_BINARY = frozenset({".doc", ".docx", ".pdf", ".pptx"})
_WORDS_A_PASSAGE = 120
_WORD = re.compile(r"\w{3,}|\d+")


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that a search brought; the score is between 0 and 1."""

    file_id: str
    filename: str
    text: str
    score: float
    attributes: Json

    def as_result(self) -> Json:
        """As an output item of file_search shows it."""
        return {
            "attributes": self.attributes,
            "file_id": self.file_id,
            "filename": self.filename,
            "score": self.score,
            "text": self.text,
        }


class Unreadable(Exception):  # noqa: N818 - what the file is
    """A file that cannot be indexed; carries the service's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def text_of_file(filename: str, data: bytes) -> str:
    """The text of a file.

    Raises:
        Unreadable: it is empty, damaged, or in an encoding that the service does not take.
    """
    if not data.strip():
        raise Unreadable("invalid_file", "The file is empty.")
    suffix = PurePath(filename).suffix.lower()
    if suffix in _BINARY:
        return _binary_text(suffix, data)
    text = _decoded(data)
    if suffix == ".html":
        text = html.unescape(re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^>]*>", " ", text))
    return text


def _decoded(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        message = "The file could not be parsed: its encoding must be one of utf-8, utf-16 or ascii."
        raise Unreadable("unsupported_file", message) from None


def _binary_text(suffix: str, data: bytes) -> str:
    try:
        if suffix == ".pdf":
            from pypdf import PdfReader

            return "\n\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
        if suffix == ".docx":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                document = archive.read("word/document.xml").decode()
            return html.unescape(re.sub(r"<[^>]+>", "", document.replace("</w:p>", "\n\n")))
    except Exception as error:
        raise Unreadable("invalid_file", "The file could not be parsed because it is damaged.") from error
    return ""


def passages_of(text: str) -> list[str]:
    """The text in passages of whole paragraphs."""
    passages: list[str] = []
    current: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        if current and len(" ".join([*current, paragraph]).split()) > _WORDS_A_PASSAGE:
            passages.append("\n\n".join(current))
            current = []
        if paragraph.strip():
            current.append(paragraph.strip())
    return [*passages, "\n\n".join(current)] if current else passages


def words_of(text: str) -> set[str]:
    """The beginnings of its words: five letters match most Russian endings."""
    return {word[:5] for word in _WORD.findall(text.lower())}


def best(query: str, candidates: Iterable[Found], most: int, threshold: float = 0.0) -> list[Found]:
    """The candidates that share words with the query, best first."""
    wanted = words_of(query)
    scored: list[Found] = []
    for found in candidates:
        shared = len(wanted & words_of(found.text))
        if shared:
            score = round(shared / len(wanted), 4)
            scored.append(Found(found.file_id, found.filename, found.text, score, found.attributes))
    scored = [found for found in scored if found.score >= threshold]
    return sorted(scored, key=lambda found: -found.score)[:most]


def fits(attributes: Json, condition: Json | None) -> bool:
    """Whether a file's attributes meet a filter: a comparison, or several with `and` or `or`."""
    if not condition:
        return True
    kind = condition["type"]
    if kind in ("and", "or"):
        verdicts = (fits(attributes, inner) for inner in condition["filters"])
        return all(verdicts) if kind == "and" else any(verdicts)
    return _compares(kind, attributes.get(condition["key"]), condition["value"])


def _compares(kind: str, held: Any, value: Any) -> bool:  # noqa: ANN401
    if kind in ("eq", "ne"):
        return (held == value) is (kind == "eq")
    if kind in ("in", "nin"):
        return (held in value) is (kind == "in")
    if held is None:
        return False
    return {"gt": held > value, "gte": held >= value, "lt": held < value, "lte": held <= value}[kind]

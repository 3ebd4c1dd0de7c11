"""One file to blocks, in this process: whoever calls this must not mind that it takes time and memory."""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sovetnik.knowledge.chunks import Block
from sovetnik.knowledge.reading.cleaning import clean, one_line
from sovetnik.knowledge.reading.encoding import decode
from sovetnik.knowledge.reading.unreadable import Unreadable

SUFFIXES = frozenset({".md", ".markdown", ".txt", ".html", ".htm", ".pdf", ".docx", ".csv", ".xlsx"})
"""Suffixes of the files that can be read, in small letters."""

_OFFICE = frozenset({".docx", ".xlsx"})
_MARKS = {
    b"%PDF-": ("a pdf", frozenset({".pdf"})),
    b"PK\x03\x04": ("an Office document or an archive", _OFFICE),
    b"\xd0\xcf\x11\xe0": ("a document of an old Office, or one with a password,", _OFFICE),
    b"{\\rtf": ("rtf", frozenset[str]()),
    b"\x89PNG": ("a picture", frozenset[str]()),
    b"\xff\xd8\xff": ("a picture", frozenset[str]()),
}

MAX_FILE = 50 * 1024 * 1024
"""Bytes of a file."""

MAX_TEXT = 5_000_000
"""Characters that are kept of one file: its beginning."""


def read_blocks(path: Path) -> list[Block]:
    """The blocks of a document, up to :data:`MAX_TEXT` characters.

    Raises:
        Unreadable: it cannot be read; the message is for the owner.
    """
    return list(iter_blocks(path))


def iter_blocks(path: Path) -> Iterator[Block]:
    """As :func:`read_blocks`, while it is being read.

    Raises:
        Unreadable: it cannot be read.
    """
    room = MAX_TEXT
    try:
        _check(path)
        for block in _blocks(path):
            if cleaned := _cleaned(block):
                room -= len(cleaned.text)
                yield cleaned
            if room < 0:
                return
    except Unreadable:
        raise
    except MemoryError as error:
        raise Unreadable("it takes too much memory: save it in smaller parts") from error
    except PermissionError as error:
        raise Unreadable("no permission: give the file to the user who runs sovetnik") from error
    except OSError as error:
        raise Unreadable(f"{error.strerror or 'no such file'}: save the document here again") from error
    except Exception as error:  # libraries raise anything over a broken file
        kind = path.suffix[1:].lower()
        raise Unreadable(
            f"broken {kind} ({_reason(error)}): open it in its program and save it again"
        ) from error


def _check(path: Path) -> None:
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        raise Unreadable("this is not a file: replace it with one")
    if state.st_size > MAX_FILE:
        raise Unreadable(f"larger than {MAX_FILE // 1024 // 1024} MB: save it in smaller parts")
    with path.open("rb") as file:
        start = file.read(16)
    suffix = path.suffix.lower()
    for mark, (kind, suffixes) in _MARKS.items():
        if start.startswith(mark) and suffix in SUFFIXES - suffixes:
            raise Unreadable(f"this is {kind} with the suffix {suffix}: save it under the right one")


def _blocks(path: Path) -> Iterator[Block]:
    # The libraries are slow to import, and a folder of Markdown needs none of them.
    match path.suffix.lower():
        case ".md" | ".markdown":
            from sovetnik.knowledge.reading.markdown import markdown_blocks

            return markdown_blocks(clean(decode(path.read_bytes())))
        case ".txt":
            from sovetnik.knowledge.reading.plain import plain_blocks

            return plain_blocks(clean(decode(path.read_bytes())))
        case ".html" | ".htm":
            from sovetnik.knowledge.reading.html import html_blocks, html_text

            return html_blocks(html_text(path.read_bytes()))
        case ".csv":
            from sovetnik.knowledge.reading.csv_files import csv_blocks

            return csv_blocks(clean(decode(path.read_bytes())))
        case ".pdf":
            from sovetnik.knowledge.reading.pdf import pdf_blocks

            return pdf_blocks(path, MAX_TEXT + 100_000)  # more than is kept, so that a cut is seen
        case ".docx":
            from sovetnik.knowledge.reading.docx import docx_blocks

            return docx_blocks(path)
        case ".xlsx":
            from sovetnik.knowledge.reading.xlsx import xlsx_blocks

            return xlsx_blocks(path)
        case suffix:
            known = ", ".join(sorted(SUFFIXES))
            raise Unreadable(
                f"files {suffix or 'without a suffix'} cannot be read: save it as one of {known}"
            )


def _cleaned(block: Block) -> Block | None:
    text = clean(block.text) if block.kind == "text" else one_line(block.text)
    if not text.strip():
        return None
    return replace(block, text=text, header=one_line(block.header) if block.header else "")


def _reason(error: Exception) -> str:
    if isinstance(error, zipfile.BadZipFile):
        return "not an Office document"
    text = re.sub(r"\s+", " ", str(error)).strip(" .")
    return text if 0 < len(text) <= 80 else type(error).__name__

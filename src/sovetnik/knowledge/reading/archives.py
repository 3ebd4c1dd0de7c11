"""Opening docx and xlsx: archives, and so possible bombs."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

from sovetnik.knowledge.reading.unreadable import Unreadable

MAX_INFLATED = 300 * 1024 * 1024
"""Bytes of all parts of an archive together. zipfile never inflates a part beyond what it declares."""

MAX_PART = 120 * 1024 * 1024
"""Bytes of one XML part."""

_MAX_RATIO = 200  # deflate can do 1,000; the emptiest honest sheets do 40 …
_SMALL = 10 * 1024 * 1024  # … and below this size it does not matter
_MAX_PARTS = 20_000

_OLE = b"\xd0\xcf\x11\xe0"  # the old binary formats, and encrypted new ones


@contextmanager
def office_archive(path: Path) -> Generator[zipfile.ZipFile]:
    """An Office file whose declared sizes have been checked.

    Raises:
        Unreadable: it is no such file, has a password, or would inflate beyond measure.
    """
    with path.open("rb") as file:
        if file.read(4) == _OLE:
            raise Unreadable(
                "it has a password, or is in the old format of Office: "
                f"save it as {path.suffix.lower()} without a password"
            )
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            _check(archive)
            yield archive


def _check(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    for part in parts:
        bomb = part.file_size > _SMALL and part.file_size > _MAX_RATIO * max(part.compress_size, 1)
        if bomb or (part.file_size > MAX_PART and part.filename.endswith(".xml")):
            raise Unreadable("it inflates beyond measure: save the document again, or in smaller parts")
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > MAX_INFLATED:
        raise Unreadable("it inflates beyond measure: save the document again, or in smaller parts")


def local(tag: str) -> str:
    """A tag's name without its namespace (there are two, "transitional" and "strict")."""
    return tag.rpartition("}")[2]


def attribute(element: ET.Element, name: str, default: str = "") -> str:
    """An attribute by its name without the namespace."""
    return next((value for key, value in element.attrib.items() if local(key) == name), default)


def related(archive: zipfile.ZipFile, part: str = "") -> dict[str, tuple[str, str]]:
    """A part's relations: id → (kind, name of the part it points to). "" is the archive itself."""
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, tuple[str, str]] = {}
    if relations in archive.namelist():
        for element in ET.fromstring(archive.read(relations)):  # noqa: S314 - expat loads nothing external
            if element.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", "")))
                kind = element.get("Type", "").rpartition("/")[2]
                found[element.get("Id", "")] = (kind, target.removeprefix("/"))
    return found


def related_part(archive: zipfile.ZipFile, part: str, kind: str) -> str | None:
    """The name of the part of this kind that ``part`` points to."""
    return next((target for each, target in related(archive, part).values() if each == kind), None)

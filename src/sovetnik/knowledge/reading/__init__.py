"""Reading the owner's documents: a file in, blocks or chunks out, :class:`Unreadable` when it cannot be.

``read_blocks`` reads in this process. ``Readers`` reads in a process of its own, bounded in time and memory:
it is what the product uses, for a document is somebody else's data.
"""

from sovetnik.knowledge.reading.reader import SUFFIXES, read_blocks
from sovetnik.knowledge.reading.readers import Readers
from sovetnik.knowledge.reading.unreadable import Unreadable

__all__ = ["SUFFIXES", "Readers", "Unreadable", "read_blocks"]

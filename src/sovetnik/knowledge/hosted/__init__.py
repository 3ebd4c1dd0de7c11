"""The knowledge folder mirrored into a vector store at the provider, for `file_search`."""

from sovetnik.knowledge.hosted.model import HostedError, HostedFile, HostedSync
from sovetnik.knowledge.hosted.store import HostedStore

__all__ = ["HostedError", "HostedFile", "HostedStore", "HostedSync"]

"""The hosted knowledge: a folder's mirror in one vector store."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import openai

from sovetnik.core.model import Passage
from sovetnik.knowledge.hosted.calls import Calls
from sovetnik.knowledge.hosted.convert import Read
from sovetnik.knowledge.hosted.model import HostedFile, HostedSync, Progress
from sovetnik.knowledge.hosted.remote import Remote
from sovetnik.knowledge.hosted.sync import Pace, Sync
from sovetnik.knowledge.index.folders import listing


class HostedStore:
    """One vector store, of which only the files that we put there are ours.

    Args:
        client: Of the provider; it is not closed here.
        store_id: `vs_…`
        wait: A sync gives up waiting when nothing has been indexed for so long.
        parallel: Calls at the same time.
        poll: Between two looks at the indexing.
        pause: Before the second attempt of a failed call; it doubles each time.
    """

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        store_id: str,
        *,
        wait: timedelta = timedelta(minutes=10),
        parallel: int = 4,
        poll: timedelta = timedelta(seconds=1),
        pause: timedelta = timedelta(seconds=1),
    ) -> None:
        self._remote = Remote(client, store_id, Calls(pause.total_seconds()))
        self._pace = Pace(wait.total_seconds(), poll.total_seconds(), parallel)
        self._syncing = asyncio.Lock()

    async def sync(
        self, folder: Path, progress: Progress | None = None, *, read: Read | None = None
    ) -> HostedSync:
        """Bring the store to what the folder holds; only new and changed documents are uploaded.

        It may be cancelled or killed at any moment: the next one finishes its work.

        Args:
            folder: The knowledge folder.
            progress: See :data:`~sovetnik.knowledge.hosted.model.Progress`.
            read: Reads documents that have to be converted; the product's own readers if None.

        Raises:
            ConfigError: there is no such folder, or the store or the key is wrong.
            HostedError: the provider is down.
        """
        from sovetnik.knowledge.reading import Readers

        async with self._syncing:
            found = await asyncio.to_thread(listing, folder)
            async with Readers() as own:  # starts nothing before it is asked
                sync = Sync(self._remote, self._pace, read or own.read, progress or _silent)
                return await sync.run(found)

    async def status(self) -> list[HostedFile]:
        """Our files in the store, by source.

        Raises:
            ConfigError: the store or the key is wrong.
            HostedError: the provider is down.
        """
        files = [entry.as_file() for entry in await self._remote.entries()]
        return sorted(files, key=lambda file: (file.source, file.status))

    async def search(self, query: str, k: int) -> list[Passage]:
        """The passages that the store finds for a question, best first.

        Args:
            query: As the customer wrote it.
            k: How many at most; the provider gives 50.

        Raises:
            ConfigError: the store or the key is wrong.
            HostedError: the provider is down, or refuses the question.
        """
        return await self._remote.search(query, k)


def _silent(done: int, total: int, source: str) -> None:
    del done, total, source

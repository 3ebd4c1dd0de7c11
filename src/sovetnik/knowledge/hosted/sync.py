"""One sync: what the folder holds goes into the store, what it holds no more goes out.

Each document ends with the ids of the files that may stay for it; everything else of ours is removed. So a
sync that was killed at any point is finished by the next one, whatever it left behind.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import structlog

from sovetnik.knowledge.hosted.calls import Refused
from sovetnik.knowledge.hosted.convert import Read, Unusable, bytes_of, content_of
from sovetnik.knowledge.hosted.marks import Mark, tag
from sovetnik.knowledge.hosted.model import HostedError, HostedFile, HostedSync, Progress
from sovetnik.knowledge.hosted.remote import Entry, Remote
from sovetnik.knowledge.index.folders import Listing

log = structlog.get_logger("sovetnik.knowledge")

T = TypeVar("T")

OUTAGES = 3
"""So many documents in a row that the provider fails on mean that it is down."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how often to look whether documents are indexed, in seconds; how many calls at a time.

    Attributes:
        wait: Given up when nothing has been indexed for so long.
        poll: Between two looks.
    """

    wait: float
    poll: float
    parallel: int


@dataclass(slots=True)
class _Document:
    """One file of the folder, and what the store holds of it."""

    source: str
    path: Path
    held: list[Entry]

    @property
    def searched(self) -> Entry | None:
        """The newest version that is searched."""
        done = [entry for entry in self.held if entry.status == "completed"]
        return max(done, key=lambda entry: entry.created_at, default=None)

    def version(self, mark: Mark) -> Entry | None:
        """This version of it in the store, indexed or on the way; failed ones are tried again."""
        same = [entry for entry in self.held if entry.mark.content_tag == mark.content_tag]
        usable = [entry for entry in same if entry.status == "completed"]
        usable += [entry for entry in same if entry.status == "in_progress" and not entry.is_stuck]
        return usable[0] if usable else None


@dataclass(slots=True)
class Sync:
    """The work of one sync and its figures."""

    remote: Remote
    pace: Pace
    read: Read
    progress: Progress
    total: int = 0
    done: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: list[HostedFile] = field(default_factory=list[HostedFile])
    keep: set[str] = field(default_factory=set[str])
    waiting: dict[str, tuple[_Document, Entry]] = field(default_factory=dict[str, tuple[_Document, Entry]])
    outages: int = 0

    async def run(self, listing: Listing) -> HostedSync:
        """Do it.

        Raises:
            ConfigError: the store or the key is wrong.
            HostedError: the provider is down.
        """
        await self.remote.check()
        held: dict[str, list[Entry]] = defaultdict(list)
        for entry in await self.remote.entries():
            held[entry.mark.source_tag].append(entry)
        documents = [
            _Document(source, path, held.pop(tag(source)[:12], [])) for source, path in listing.files.items()
        ]
        self.total = len(documents)
        await self._drop_gone(held, listing)
        await each(documents, self._bring, self.pace.parallel)
        await self._wait()
        await self._sweep()
        self.failed.sort(key=lambda file: file.source)
        return HostedSync(self.added, self.changed, self.removed, self.unchanged, tuple(self.failed))

    async def _drop_gone(self, held: dict[str, list[Entry]], listing: Listing) -> None:
        gone: list[Entry] = []
        for entries in held.values():
            source = next((entry.mark.source for entry in entries if entry.mark.source), "")
            # What a folder that cannot be looked into may still hold stays; so does what has no name then.
            if listing.hides(source) or (listing.unreadable and not source):
                self.keep.update(entry.file_id for entry in entries)
            else:
                gone += entries
                self.removed += 1
        for folder, reason in listing.unreadable.items():
            log.warning("folder_unreadable", folder=folder, reason=reason)
        await self._remove(gone)

    async def _remove(self, entries: Iterable[Entry]) -> None:
        await each(list(entries), lambda entry: self.remote.remove(entry.file_id), self.pace.parallel)

    async def _bring(self, document: _Document) -> None:
        """See that a document's current version is in the store, indexed or on the way."""
        try:
            entry = await self._current(document)
        except Refused as error:
            await self._fail(document, f"the provider does not take it: {error}")
        except HostedError as error:
            self.outages += 1
            if self.outages >= OUTAGES:
                raise
            await self._fail(document, str(error))
        except Unusable as error:
            await self._fail(document, str(error))
        else:
            await self._brought(document, entry)

    async def _brought(self, document: _Document, entry: Entry | None) -> None:
        if entry is None:  # an empty document is none, and no fault
            self.removed += bool(document.held)
            self.unchanged += not document.held
            await self._settle(document, None)
        elif entry.status == "completed" and entry in document.held:
            # After a sync that was killed an older version may still be there.
            older = any(other.mark.content_tag != entry.mark.content_tag for other in document.held)
            self.changed += older
            self.unchanged += not older
            await self._settle(document, entry)
        else:
            self.keep.add(entry.file_id)
            self.waiting[entry.file_id] = (document, entry)

    async def _current(self, document: _Document) -> Entry | None:
        data, mark = await asyncio.to_thread(_marked, document)
        entry = document.version(mark)
        if entry is not None:
            return entry
        content = await content_of(document.path, document.source, data, self.read)
        if content is None:
            return None
        entry = await self.remote.put(mark, content)
        self.outages = 0
        return entry

    async def _wait(self) -> None:
        """Until everything is indexed, or nothing has been for too long."""
        last_change = time.monotonic()
        while self.waiting:
            marks = {file_id: entry.mark for file_id, (_, entry) in self.waiting.items()}
            seen = await self.remote.states(marks)
            settled = [
                (self.waiting.pop(file_id)[0], seen[file_id])
                for file_id in marks
                if file_id in seen and seen[file_id].status != "in_progress"
            ]
            await each(settled, self._indexed, self.pace.parallel)
            if settled:
                last_change = time.monotonic()
            elif time.monotonic() - last_change >= self.pace.wait:
                break
            if self.waiting:
                self.progress(self.done, self.total, self._slowest())
                await asyncio.sleep(self.pace.poll)
        for document, entry in self.waiting.values():
            await self._late(document, entry)

    def _slowest(self) -> str:
        return next(iter(self.waiting.values()))[0].source

    async def _indexed(self, outcome: tuple[_Document, Entry]) -> None:
        document, entry = outcome
        if entry.status == "completed":
            self.changed += document.searched is not None
            self.added += document.searched is None
            await self._settle(document, entry)
        else:
            reason = entry.error or f"the provider says: {entry.status}"
            await self._fail(document, reason, entry)

    async def _late(self, document: _Document, entry: Entry) -> None:
        """It stays where it is, and the next sync waits for it again; until then the old one is searched."""
        reason = f"still being indexed after {self.pace.wait:g} s; the next sync goes on waiting for it"
        searched = document.searched
        self.keep.update({searched.file_id} if searched else ())
        self._note(replace(entry.as_file(), source=document.source, error=reason))
        await self._remove(other for other in document.held if other.file_id not in self.keep)

    async def _fail(self, document: _Document, reason: str, entry: Entry | None = None) -> None:
        """An older version goes on being searched; without one the failed file stays, for `status`."""
        digest = entry.mark.sha256 if entry else ""
        self._note(HostedFile(document.source, "failed", 0, digest, reason))
        if entry is not None and document.searched is not None:
            document.held.append(entry)
        await self._settle(document, document.searched or entry)

    def _note(self, failed: HostedFile) -> None:
        self.failed.append(failed)
        log.warning("document_not_hosted", file=failed.source, reason=failed.error)

    async def _settle(self, document: _Document, stays: Entry | None) -> None:
        """One version of a document stays, the others go."""
        stay = stays.file_id if stays else ""
        self.keep.difference_update(entry.file_id for entry in document.held)
        self.keep.update({stay} if stay else ())
        await self._remove(entry for entry in document.held if entry.file_id != stay)
        self.done += 1
        self.progress(self.done, self.total, document.source)

    async def _sweep(self) -> None:
        """Remove what this sync, a killed one, or one at the same time has left behind."""
        surplus, orphans = await self.remote.leftovers(self.keep)
        await self._remove(surplus)
        await each(orphans, lambda file_id: self.remote.remove(file_id, attached=False), self.pace.parallel)


def _marked(document: _Document) -> tuple[bytes, Mark]:
    data = bytes_of(document.path, document.source)
    return data, Mark.of(document.source, sha256(data).hexdigest())


async def each(things: Iterable[T], work: Callable[[T], Awaitable[None]], parallel: int) -> None:
    """Work on all of them, so many at a time; the first failure stops the rest and is raised."""
    left = iter(list(things))

    async def worker() -> None:
        for thing in left:
            await work(thing)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(parallel):
                group.create_task(worker())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None

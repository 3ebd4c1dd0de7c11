"""Reading in a process of its own, which may hang, swell or die without harm."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import structlog

from sovetnik.knowledge.chunks import Chunk
from sovetnik.knowledge.reading.unreadable import Unreadable

log = structlog.get_logger("sovetnik.knowledge")

_LINE = 1024 * 1024  # bytes of a line of the worker's: a chunk is far smaller
# Not the tokens and passwords of ours: the worker needs none of them.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")


class Readers:
    """Reads documents, one at a time, in a worker process that is started when it is needed.

    What is beyond the worker's limits of text (5,000,000 characters) and chunks (5,000) is left out: a price
    list that is too long is worth more in part than not at all. :attr:`notes` tells the owner.

    Attributes:
        notes: source → what the owner should know of a document that was read.
    """

    def __init__(self, *, seconds: float = 60.0, patience: float = 600.0, memory: int = 1024**3) -> None:
        """Start nothing yet.

        Args:
            seconds: of processor time for one file. The worker has low priority: on a machine that is busy
                otherwise, a good file takes long by the clock.
            patience: seconds by the clock, for one file.
            memory: bytes that reading may take.
        """
        self.notes: dict[str, str] = {}
        self._seconds = seconds
        self._patience = patience
        self._memory = memory
        self._lock = asyncio.Lock()
        self._worker: Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def read(self, path: Path, source: str) -> list[Chunk]:
        """The chunks of a document.

        Args:
            path: where it is; it must end with ``source``.
            source: its path relative to the knowledge folder, with "/".

        Raises:
            Unreadable: it cannot be read; the message is for the owner.
        """
        async with self._lock:
            self.notes.pop(source, None)
            done = False
            try:
                async with asyncio.timeout(self._patience):
                    chunks = await self._ask(path, source)
                done = True
            except TimeoutError as error:
                raise Unreadable(
                    f"takes longer than {self._patience:g} s: save it in smaller parts"
                ) from error
            except (OSError, ValueError, EOFError) as error:  # it died, or its answer is none
                log.warning("reader_failed", source=source, error=str(error) or type(error).__name__)
                raise Unreadable(
                    "reading it takes too much memory, or fails: save it again, or in parts"
                ) from error
            except Unreadable:
                done = True
                raise
            finally:
                if not done:  # a cancelled read too: the worker is in the middle of it
                    await self._stop()
        return chunks

    async def _ask(self, path: Path, source: str) -> list[Chunk]:
        worker = await self._started()
        if worker.stdin is None or worker.stdout is None:
            raise EOFError
        request = json.dumps({"path": str(path), "source": source})
        worker.stdin.write(request.encode() + b"\n")
        await worker.stdin.drain()
        chunks: list[Chunk] = []
        while True:
            line = await worker.stdout.readline()
            if not line.endswith(b"\n"):
                if await worker.wait() == -signal.SIGPROF:
                    raise Unreadable(f"takes longer than {self._seconds:g} s: save it in smaller parts")
                raise EOFError("the worker died")
            answer: object = json.loads(line)
            if isinstance(answer, dict):
                self._conclude(cast("dict[str, object]", answer), source, len(chunks))
                return chunks
            heading, text = cast("list[str]", answer)
            chunks.append(Chunk(source, heading, text))

    def _conclude(self, answer: dict[str, object], source: str, chunks: int) -> None:
        if "unreadable" in answer:
            raise Unreadable(str(answer["unreadable"]))
        if answer.get("cut"):
            log.warning("document_cut", source=source, chunks=chunks)
            self.notes[source] = (
                f"too long: only its first {chunks} passages are used; save it in smaller parts"
            )

    async def _started(self) -> Process:
        if self._worker is None or self._worker.returncode is not None:
            self._worker = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the working directory is the owner's: no modules from there
                "-m",
                "sovetnik.knowledge.reading.worker",
                str(self._memory),
                str(self._seconds),
                str(self._patience),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                limit=_LINE,
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            )
        return self._worker

    async def _stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        if worker.stdin is not None:
            worker.stdin.close()
        with suppress(ProcessLookupError):
            worker.kill()
        await asyncio.shield(worker.wait())

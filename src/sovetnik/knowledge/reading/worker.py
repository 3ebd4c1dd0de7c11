"""The process that reads documents: requests and answers are lines of JSON.

Request: ``{"path": …, "source": …}``. Answer: a line ``[heading, text]`` for each chunk, then one line
``{"done": true, "cut": …}`` or ``{"unreadable": reason}``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TextIO

from sovetnik.knowledge.chunks import chunks_of
from sovetnik.knowledge.reading.reader import MAX_TEXT, iter_blocks
from sovetnik.knowledge.reading.unreadable import Unreadable

MAX_CHUNKS = 5_000
"""Chunks that are kept of one file: its beginning."""


def main() -> None:
    """Serve until standard input ends.

    Arguments: bytes of memory; for one file, seconds of processor time and seconds by the clock.
    """
    memory, seconds, patience = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    # Only the answers may go to the pipe: what a library prints must not.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1 << 16)
    os.dup2(2, 1)
    _restrain(memory)
    for line in sys.stdin:
        _alarm(seconds, patience + 5)  # the latter in case the one who would kill us is gone
        request = json.loads(line)
        _answer(Path(request["path"]), request["source"], answers)
        answers.flush()
        _alarm(0, 0)


def _answer(path: Path, source: str, answers: TextIO) -> None:
    try:
        real = _inside_its_folder(path, source)
        blocks = list(iter_blocks(real))
        chunks = chunks_of(source, blocks)
        cut = len(chunks) > MAX_CHUNKS or sum(len(block.text) for block in blocks) > MAX_TEXT
        del blocks
        for chunk in chunks[:MAX_CHUNKS]:
            _send(answers, [chunk.heading, chunk.text])
        _send(answers, {"done": True, "cut": cut})
    except Unreadable as error:
        _send(answers, {"unreadable": str(error)})
    except MemoryError:
        _send(answers, {"unreadable": "it takes too much memory: save it in smaller parts"})


def _send(answers: TextIO, what: object) -> None:
    answers.write(json.dumps(what, ensure_ascii=False) + "\n")


def _inside_its_folder(path: Path, source: str) -> Path:
    """The real path; a link that leaves the knowledge folder would show its neighbours to customers."""
    folder = path.parents[len(Path(source).parts) - 1]
    try:
        real = path.resolve(strict=True)
        if real.is_relative_to(folder.resolve(strict=True)):
            return real
    except (OSError, RuntimeError) as error:
        raise Unreadable("there is no such file: look whether it is a link to nowhere") from error
    raise Unreadable("a link out of the knowledge folder: copy the file itself into the folder")


def _restrain(memory: int) -> None:
    """Low priority, bounded memory, no files written, no connections: whatever a document makes a library do.

    Files may still be opened (modules are imported late), but there are no secrets in the environment.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    sys.addaudithook(_no_connections)
    try:
        import resource

        os.nice(10)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        limit = _mapped() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ImportError, OSError, ValueError):  # Windows has none of this, macOS not all
        return


def _no_connections(event: str, _: object) -> None:
    if event in {
        "socket.connect",
        "socket.getaddrinfo",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
    }:
        raise PermissionError(f"{event} is not for readers of documents")


def _mapped() -> int:
    """Bytes that are mapped already: numerical libraries map much more than they use."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _alarm(seconds: float, patience: float) -> None:
    if hasattr(signal, "setitimer"):  # nobody handles SIGPROF and SIGALRM: they kill
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, patience)


if __name__ == "__main__":
    main()

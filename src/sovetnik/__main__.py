"""``python -m sovetnik``."""

from sovetnik.cli import main

main()

"""The commands that we know, as they stand in a text."""

from __future__ import annotations

import re
from typing import cast, get_args

from sovetnik.core.model import CustomerCommand, IncomingKind, OwnerCommand

COMMANDS = frozenset({*get_args(CustomerCommand), *get_args(OwnerCommand), "pair"})

PAIRING = "pair-"
"""How the payload of /start begins when it is a pairing code: ``t.me/<bot>?start=pair-…``."""

_COMMAND = re.compile(r"/(\w+)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)


def command_in(text: str) -> tuple[IncomingKind, str] | None:
    """A command and what follows it; others than ours are words like any."""
    found = _COMMAND.fullmatch(text)
    name = found[1].lower() if found else ""
    if found is None or name not in COMMANDS:
        return None
    rest = (found[3] or "").strip()
    if name == "start" and rest.startswith(PAIRING):
        return "pair", rest.removeprefix(PAIRING)
    return cast("IncomingKind", name), rest


def whose_command(text: str, username: str) -> bool | None:
    """In a group: True for a command of ours, False for another bot's, None for what may be anybody's."""
    found = _COMMAND.fullmatch(text)
    if found is None:
        return None
    if found[2]:
        return found[2].lower() == username.lower()
    return True if found[1].lower() in COMMANDS else None

"""Why a server could not be reached, in the owner's words where the cause is a usual one."""

from __future__ import annotations

import re

from sovetnik.doctor.finding import Said, same

_USUAL = (
    (
        re.compile(
            r"name or service not known|nodename nor servname|name resolution|no address", re.IGNORECASE
        ),
        Said("there is no server of this name (DNS)", "сервера с таким именем нет (DNS)"),
    ),
    (
        re.compile(r"refused|all connection attempts failed|errno 111", re.IGNORECASE),
        Said("nothing listens there", "там никто не слушает"),
    ),
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED", re.IGNORECASE),
        Said(
            "its certificate is not trusted; somebody may stand in between",
            "сертификату нет доверия; возможно, кто-то стоит посередине",
        ),
    ),
    (
        re.compile(r"network is unreachable|no route to host", re.IGNORECASE),
        Said("there is no way to it from here", "отсюда к нему нет пути"),
    ),
    (
        re.compile(r"disconnected|reset by peer|closed", re.IGNORECASE),
        Said("it closes the connection", "он обрывает соединение"),
    ),
    (re.compile(r"timed? ?out", re.IGNORECASE), Said("no answer in time", "не отвечает вовремя")),
)


def cause(text: str) -> Said:
    """The cause behind a library's words; these words where it is an unusual one."""
    for pattern, said in _USUAL:
        if pattern.search(text):
            return said
    return same(" ".join(text.split())[:200])

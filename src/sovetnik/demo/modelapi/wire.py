"""How a response looks on the wire when a fault wants it to look odd."""

from __future__ import annotations

from collections.abc import Iterator

from .errors import Json
from .events import Event
from .faults import Fault

_NEVER_HEARD_OF: Json = {"since": "tomorrow", "values": [1, None]}


def dressed(response: Json, fault: Fault | None) -> Json:
    """The object with its `usage`, a response or a transcription, as the fault wants it."""
    if fault is None:
        return response
    shown = dict(response)
    if fault.usage == "absent":
        shown.pop("usage")
    elif fault.usage == "null":
        shown["usage"] = None
    elif fault.usage == "plain" and shown["usage"]:
        shown["usage"] = {name: count for name, count in shown["usage"].items() if "details" not in name}
    if fault.unknowns:
        shown["never_heard_of"] = _NEVER_HEARD_OF
    return shown


def encoded(event: Event, fault: Fault | None) -> bytes:
    """The event with what the fault puts before it, as server-sent events."""
    if fault is None:
        return event.encoded()
    before = b": keep-alive\n\n" if fault.comments else b""
    data = dict(event.data)
    if fault.unknowns:
        before += Event(0, {"type": "response.never_heard_of.delta", "delta": "?"}).encoded()
        data["never_heard_of"] = _NEVER_HEARD_OF
    if "response" in data:
        data["response"] = dressed(data["response"], fault)
    return before + Event(event.wait, data).encoded()


def torn(event: bytes, fault: Fault) -> bytes:
    """The first half of an event: it ends within a line, or within its last character of several bytes.

    An event of plain ASCII is torn within a line in either case.
    """
    if fault.torn is None:
        return b""
    starts = [at for at, byte in enumerate(event) if byte >= 0xC0]
    if fault.torn == "character" and starts:
        return event[: starts[-1] + 1]
    half = event[: len(event) // 2]
    return half.decode(errors="ignore").encode()


def chunks(event: bytes, fault: Fault | None) -> Iterator[bytes]:
    """The pieces in which an event goes out."""
    step = (fault.sip if fault is not None else 0) or len(event)
    yield from (event[start : start + step] for start in range(0, len(event), step))

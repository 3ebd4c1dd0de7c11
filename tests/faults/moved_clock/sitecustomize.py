"""Moves the wall clock of a Python process: it is put on PYTHONPATH and imported before everything else.

The offset in seconds is a double in the file that MOVED_CLOCK names, so that a running process can be moved
too. Like a real clock that is set, this leaves the monotonic clock alone.
"""

import datetime as module  # noqa: ICN001 - it is the module itself that is changed
import mmap
import os
import struct
import time
from pathlib import Path

with Path(os.environ["MOVED_CLOCK"]).open("rb") as file:
    _offset = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
_true_time = time.time
_True = module.datetime


def _time():
    return _true_time() + struct.unpack_from("d", _offset)[0]


class _Kind(type):
    def __instancecheck__(cls, value):
        return isinstance(value, _True)

    def __subclasscheck__(cls, other):
        return issubclass(other, _True)


class datetime(_True, metaclass=_Kind):  # noqa: N801 - stands in for it
    """The true class, but for the moment that it calls now; what it makes are true ones."""

    def __new__(cls, *args, **kwargs):
        return _True(*args, **kwargs)

    @classmethod
    def now(cls, tz=None):
        return _True.fromtimestamp(_time(), tz)

    @classmethod
    def utcnow(cls):
        return _True.fromtimestamp(_time(), module.UTC).replace(tzinfo=None)


time.time = _time
module.datetime = datetime

"""The one way in which reading fails."""

from __future__ import annotations


class Unreadable(Exception):  # noqa: N818 - it is what it says, and part of the room's face
    """A file cannot be read.

    The message is for the owner: the reason in a few words, then the way out.
    """

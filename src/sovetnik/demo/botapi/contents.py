"""What a message can hold besides text and files, as the Bot API writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sovetnik.demo.botapi.refusal import JsonDict

# The highest value of each animated emoji.
DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}


def contact(
    phone: str, first_name: str, last_name: str | None, user_id: int | None, vcard: str | None
) -> JsonDict:
    """A contact card; what is None or empty is left out."""
    card = {"phone_number": phone, "first_name": first_name}
    more: JsonDict = {"last_name": last_name, "user_id": user_id, "vcard": vcard}
    return {"contact": card | {name: value for name, value in more.items() if value}}


def dice(emoji: str, value: int) -> JsonDict:
    """An animated emoji that has stopped at ``value``.

    Raises:
        ValueError: there is no such emoji or no such value.
    """
    if not 1 <= value <= DICE.get(emoji, 0):
        raise ValueError(f"{emoji} cannot show {value}")
    return {"dice": {"emoji": emoji, "value": value}}


def poll(number: int, question: str, options: Sequence[str]) -> JsonDict:
    """A poll nobody has voted in yet; ``number`` is its id.

    Raises:
        ValueError: too few or too many options.
    """
    if not 1 <= len(options) <= 12:
        raise ValueError("a poll has 1 to 12 options")
    choices: list[JsonDict] = [
        {"persistent_id": str(n), "text": text, "voter_count": 0} for n, text in enumerate(options)
    ]
    flags = {
        "is_closed": False,
        "is_anonymous": True,
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    }
    asked: JsonDict = {"id": str(number), "question": question, "options": choices, "type": "regular"}
    return {"poll": {**asked, **flags, "total_voter_count": 0}}


def location(latitude: float, longitude: float) -> JsonDict:
    """A point on the map, degrees."""
    return {"location": {"latitude": latitude, "longitude": longitude}}


def venue(latitude: float, longitude: float, title: str, address: str) -> JsonDict:
    """A place with a name; like Telegram it repeats the point as a location of its own."""
    place = location(latitude, longitude)
    return {"venue": {**place, "title": title, "address": address}, **place}


def story(chat: JsonDict, number: int) -> JsonDict:
    """A story of that chat, sent on."""
    return {"story": {"chat": chat, "id": number}}

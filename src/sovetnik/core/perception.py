"""What comes as a file and becomes words: voices are heard, documents read, photos looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sovetnik.core.model import Attachment, Message, Turn
from sovetnik.core.texts import Texts

Problem = Literal["deaf", "blind", "too_long", "too_big", "too_many", "unreadable", "unreachable"]
"""Why a file could not be taken in: no transcription or no pictures here, a voice too long, a file too big
or broken, too many at once, Telegram or the provider not answering."""

MOST_PHOTOS = 20
"""In one turn: two albums. All of them are held in memory and sent to the model."""

MOST_CHARACTERS = 60_000
"""Of all voices and documents in one turn: about 20,000 tokens of Russian."""


@dataclass(frozen=True, slots=True)
class Perceived:
    """What a file holds.

    Attributes:
        text: A voice's words, a document's text.
        image: A picture as a data URL.
    """

    text: str = ""
    image: str | None = None
    problem: Problem | None = None


Perceive = Callable[[Attachment], Awaitable[Perceived]]


async def perceive_nothing(attachment: Attachment) -> Perceived:
    """Take nothing in."""
    problems: dict[str, Problem] = {"voice": "deaf", "photo": "blind"}
    return Perceived(problem=problems.get(attachment.kind, "unreadable"))


def within_bounds(perceive: Perceive) -> Perceive:
    """The same for one turn, up to :data:`MOST_PHOTOS` and :data:`MOST_CHARACTERS`."""
    photos, characters = MOST_PHOTOS, MOST_CHARACTERS

    async def take_in(attachment: Attachment) -> Perceived:
        nonlocal photos, characters
        if attachment.kind == "photo":
            photos -= 1
            return await perceive(attachment) if photos >= 0 else Perceived(problem="too_many")
        found = await perceive(attachment) if characters > 0 else Perceived(problem="too_many")
        if len(found.text) > characters:
            return Perceived(problem="too_many")
        characters -= len(found.text)
        return found

    return take_in


def placeholder(attachments: Sequence[Attachment]) -> str:
    """What stands in a dialogue for files that came without words."""
    return " ".join(
        f"[{attachment.kind}: {attachment.name}]" if attachment.name else f"[{attachment.kind}]"
        for attachment in attachments
    )


def is_bare(message: Message) -> bool:
    """Whether a message has files and no words."""
    return bool(message.attachments) and message.text == placeholder(message.attachments)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message with its files taken in.

    Attributes:
        message: For this turn.
        stored: What is to be kept of it; None when nothing has changed.
        images: Pictures as data URLs; they are for this turn only.
        problem: Set when the message says nothing beside a file that could not be taken in.
    """

    message: Message
    stored: Message | None = None
    images: tuple[str, ...] = ()
    problem: tuple[Attachment, Problem] | None = None


async def take_in(message: Message, perceive: Perceive) -> Taken:
    """Hear, read and look at a message's files.

    A voice's words become the message's text, a document's its note. A turn that is done again finds them
    there; only photos are fetched each time.
    """
    todo = [a for a in message.attachments if not a.taken]
    if not todo:
        return Taken(message)
    found = [(attachment, await perceive(attachment)) for attachment in todo]
    problems: list[tuple[Attachment, Problem]] = [(a, one.problem) for a, one in found if one.problem]
    images = tuple(one.image for _, one in found if one.image)
    fine = [(attachment, one) for attachment, one in found if not one.problem and not one.image]
    stored = _with_words(message, fine) if fine else None
    now = stored or message
    if problems:
        lost = "\n".join(
            f"[{_called(a)} could not be taken in: {why.replace('_', ' ')}]" for a, why in problems
        )
        now = replace(now, note=f"{now.note}\n{lost}".strip())
    silent = bool(problems) and not fine and not images and is_bare(message)
    return Taken(now, stored, images, problems[0] if silent else None)


def _with_words(message: Message, found: Sequence[tuple[Attachment, Perceived]]) -> Message:
    """The message with what its voices and documents say."""
    bare = is_bare(message)
    heard = [one.text for attachment, one in found if attachment.kind == "voice"]
    read = [
        f"[{_called(attachment)} says:]\n{one.text}\n[end of {_called(attachment)}]"
        for attachment, one in found
        if attachment.kind != "voice"
    ]
    done = {attachment.file_id for attachment, _ in found}
    return replace(
        message,
        text="\n".join(heard if bare and heard else [message.text, *heard]),
        note="\n".join([message.note, *read]).strip(),
        attachments=tuple(replace(a, taken=a.taken or a.file_id in done) for a in message.attachments),
    )


def _called(attachment: Attachment) -> str:
    return f'the {attachment.kind} "{attachment.name}"' if attachment.name else f"the {attachment.kind}"


def told(own: Texts, attachment: Attachment, problem: Problem) -> str:
    """What the customer reads when all they sent could not be taken in."""
    if problem in {"too_long", "too_big"}:
        return own.voice_too_long if attachment.kind == "voice" else own.file_too_big
    if problem == "unreadable":
        return own.voice_empty if attachment.kind == "voice" else own.file_unreadable
    fixed: dict[Problem, str] = {"deaf": own.voice_unheard, "blind": own.photo_unseen}
    return fixed.get(problem, own.file_unreachable)


def with_images(turn: Turn, taken: Sequence[Taken]) -> Turn:
    """The turn with everything taken in."""
    return replace(
        turn,
        messages=tuple(part.message for part in taken),
        images=tuple(image for part in taken for image in part.images),
    )

"""Albums: several files sent at once, each a message of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sovetnik.demo.botapi.media import media_fields, store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sovetnik.demo.botapi.api import BotApi
    from sovetnik.demo.botapi.refusal import JsonDict

AlbumItem = tuple[str, bytes] | tuple[str, bytes, str]

_NAMES = {"photo": "photo.jpg", "video": "video.mp4", "document": "file.pdf", "audio": "song.mp3"}
_MIXES = ({"photo", "video"}, {"document"}, {"audio"})


def album_contents(
    api: BotApi, items: Sequence[AlbumItem], caption: JsonDict, media_group_id: str | None
) -> list[JsonDict]:
    """The content of each message; the first carries the caption.

    Raises:
        ValueError: Telegram makes no album of these.
    """
    kinds = {item[0] for item in items}
    if not any(kinds <= mix for mix in _MIXES):
        raise ValueError(f"{sorted(kinds)}: an album is of photos and videos, or documents, or audio")
    fewest = 2 if media_group_id is None else 1
    if not fewest <= len(items) <= 10:
        raise ValueError(f"an album is of {fewest} to 10 files, not {len(items)}")
    # The number of files only grows, so no other album has it.
    album = media_group_id or str(14_000_000_000_000_000 + len(api.world.files))
    contents = [{"media_group_id": album, **_content(api, item)} for item in items]
    contents[0] |= caption
    return contents


def _content(api: BotApi, item: AlbumItem) -> JsonDict:
    kind, data = item[0], item[1]
    name = item[2] if len(item) == 3 else _NAMES[kind]
    return media_fields(kind, store(api, kind, data, name))

"""Photos, voice messages, documents and the rest: how they stand in a message, and sending them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sovetnik.demo.botapi.refusal import JsonDict, bad_request
from sovetnik.demo.botapi.sending import caption_of, post

if TYPE_CHECKING:
    from sovetnik.demo.botapi.api import BotApi
    from sovetnik.demo.botapi.params import Params, Upload
    from sovetnik.demo.botapi.state import StoredFile

MAX_DOWNLOAD = 20 * 1024 * 1024  # a bot cannot download more

_FOLDERS = {
    "photo": "photos",
    "voice": "voice",
    "document": "documents",
    "sticker": "stickers",
    "audio": "music",
    "video": "videos",
    "video_note": "video_notes",
    "animation": "animations",
}
_TYPES = {
    "photo": "image/jpeg",
    "voice": "audio/ogg",
    "document": "application/pdf",
    "sticker": "image/webp",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "animation": "video/mp4",
}
_SIZED = {"width": 1280, "height": 720}  # nobody looks into the files
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM")


def media_fields(kind: str, stored: StoredFile, duration: int = 1) -> JsonDict:
    """The fields of a message that carries the file; its picture's size is not looked into.

    Args:
        kind: photo, voice, document, sticker, audio, video, video_note or animation.
        stored: the file.
        duration: seconds, where the kind has them.
    """
    base: JsonDict = {"file_id": stored.id, "file_unique_id": stored.unique_id, "file_size": stored.size}
    if kind == "photo":
        return {"photo": [{**base, "width": 800, "height": 600}]}
    if kind == "sticker":
        flags = {"is_animated": False, "is_video": False, "type": "regular"}
        return {"sticker": {**base, **flags, "width": 512, "height": 512, "emoji": "👍"}}
    if kind == "video_note":
        return {"video_note": {**base, "length": 384, "duration": duration}}
    typed: JsonDict = {**base, "mime_type": stored.content_type}
    if kind == "voice":
        return {"voice": {**typed, "duration": duration}}
    named: JsonDict = {**typed, "file_name": stored.name}
    if kind == "document":
        return {"document": named}
    if kind == "audio":
        return {"audio": {**named, "duration": duration}}
    if kind == "video":
        return {"video": {**named, **_SIZED, "duration": duration}}
    # Telegram gives an animation twice, for bots that know documents only.
    return {"animation": {**named, **_SIZED, "duration": duration}, "document": named}


def store(
    api: BotApi, kind: str, data: bytes, name: str, content_type: str | None = None, size: int | None = None
) -> StoredFile:
    """Keep a file of that kind; ``size`` is told instead of the true one."""
    return api.world.add_file(data, _FOLDERS[kind], name, content_type or _TYPES[kind], size)


def send_photo(api: BotApi, params: Params) -> JsonDict:
    """``sendPhoto``."""
    return _send(api, params, "photo")


def send_voice(api: BotApi, params: Params) -> JsonDict:
    """``sendVoice``."""
    return _send(api, params, "voice")


def send_document(api: BotApi, params: Params) -> JsonDict:
    """``sendDocument``."""
    return _send(api, params, "document")


def _send(api: BotApi, params: Params, kind: str) -> JsonDict:
    caption = caption_of(params)
    stored = _file(api, params, kind)
    return post(api, params, {**media_fields(kind, stored, params.integer("duration")), **caption})


def _file(api: BotApi, params: Params, kind: str) -> StoredFile:
    value = params.text(kind)
    upload = params.files.get(value.removeprefix("attach://") if value.startswith("attach://") else kind)
    if upload is not None:
        return _uploaded(api, kind, upload)
    if not value:
        raise bad_request(f"there is no {kind} in the request")
    if value.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")  # this server fetches nothing from outside
    if value not in api.world.files:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return api.world.files[value]


def _uploaded(api: BotApi, kind: str, upload: Upload) -> StoredFile:
    if not upload.data:
        raise bad_request("file must be non-empty")
    if kind == "photo" and not upload.data.startswith(_IMAGES):
        raise bad_request("IMAGE_PROCESS_FAILED")
    return store(api, kind, upload.data, upload.name, upload.content_type)


def get_file(api: BotApi, params: Params) -> JsonDict:
    """``getFile``."""
    stored = api.world.files.get(params.text("file_id"))
    if stored is None:
        raise bad_request("invalid file_id")
    if stored.size > MAX_DOWNLOAD:
        raise bad_request("file is too big")
    return {
        "file_id": stored.id,
        "file_unique_id": stored.unique_id,
        "file_size": stored.size,
        "file_path": stored.path,
    }

"""The whole state as JSON and back."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import TYPE_CHECKING

from sovetnik.demo.botapi.state import Chat, Clock, Draft, Message, StoredFile, User, World
from sovetnik.demo.botapi.updates import Queued, Updates

if TYPE_CHECKING:
    from sovetnik.demo.botapi.refusal import JsonDict

_CHAT_PLAIN = ("id", "data", "members", "migrated_to", "bot_is_out", "keyboard", "last_id")


def dump_world(world: World) -> JsonDict:
    """People, chats, files, settings; not the history of drafts and chat actions."""
    files = [{**asdict(file), "data": base64.b64encode(file.data).decode()} for file in world.files.values()]
    return {
        "bot": world.bot,
        "users": [asdict(user) for user in world.users.values()],
        "chats": [_dump_chat(chat) for chat in world.chats.values()],
        "files": files,
        "settings": world.settings,
        "last_message_id": world.last_message_id,
    }


def _dump_chat(chat: Chat) -> JsonDict:
    return {name: getattr(chat, name) for name in _CHAT_PLAIN} | {
        "messages": [asdict(message) for message in chat.messages],
        "shown_draft": asdict(chat.shown_draft) if chat.shown_draft else None,
    }


def load_world(dumped: JsonDict, clock: Clock) -> World:
    """What ``dump_world`` wrote."""
    files = [_load_file(file) for file in dumped["files"]]
    return World(
        clock,
        dumped["bot"],
        users={user["id"]: User(**user) for user in dumped["users"]},
        chats={chat["id"]: _load_chat(chat, clock) for chat in dumped["chats"]},
        files={file.id: file for file in files},
        settings=dumped["settings"],
        last_message_id=dumped["last_message_id"],
    )


def _load_file(dumped: JsonDict) -> StoredFile:
    dumped["data"] = base64.b64decode(dumped["data"])
    return StoredFile(**dumped)


def _load_chat(dumped: JsonDict, clock: Clock) -> Chat:
    shown = dumped["shown_draft"]
    return Chat(
        clock=clock,
        messages=[Message(**message) for message in dumped["messages"]],
        shown_draft=Draft(**shown) if shown else None,
        **{name: dumped[name] for name in _CHAT_PLAIN},
    )


def dump_updates(updates: Updates) -> JsonDict:
    """What the bot has not confirmed, and what it allowed."""
    return {
        "next_id": updates.next_id,
        "confirmed": updates.confirmed,
        "allowed": updates.allowed,
        "last_at": updates.last_at,
        "queue": [asdict(queued) for queued in updates.queue],
    }


def load_updates(dumped: JsonDict, clock: Clock) -> Updates:
    """What ``dump_updates`` wrote."""
    updates = Updates(clock)
    updates.next_id = dumped["next_id"]
    updates.confirmed = dumped["confirmed"]
    updates.allowed = dumped["allowed"]
    updates.last_at = dumped.get("last_at", updates.last_at)  # older dumps have none
    updates.queue = [Queued(**queued) for queued in dumped["queue"]]
    return updates

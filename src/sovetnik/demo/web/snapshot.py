"""The page's whole state as JSON, taken from the doubles: what a page needs after a reload."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sovetnik.demo.botapi import BotApi, Chat, Message
    from sovetnik.demo.botapi.refusal import JsonDict
    from sovetnik.demo.botapi.state import User


def customer_of(api: BotApi, user: User) -> JsonDict:
    """One customer with the chat as it stands."""
    chat = api.world.private_chat(user)
    return {
        "id": user.id,
        "name": " ".join(filter(None, (user.first_name, user.last_name))),
        "phone": user.phone,
        "language": user.language_code,
        "blocked": user.blocked,
        "started": user.wrote,
        **_chat(chat),
    }


def _chat(chat: Chat) -> JsonDict:
    draft, action = chat.draft, chat.action
    return {
        "messages": [_message(message) for message in chat.messages if not message.deleted],
        "keyboard": chat.keyboard,
        "draft": {"draft_id": draft.id, "text": draft.text, "entities": draft.entities} if draft else None,
        "action": action.name if action else None,
    }


def _message(message: Message) -> JsonDict:
    return {"from_bot": message.from_bot, "message": message.data}


def bot_of(api: BotApi, language: str) -> JsonDict:
    """The bot: name, what it says before Start, its commands."""
    settings = api.world.settings
    described = settings.get(f"description:{language}") or settings.get("description:") or ""
    return {
        "name": api.world.bot["first_name"],
        "username": api.world.bot["username"],
        "description": described if isinstance(described, str) else "",
        "ready": api.updates.polled or bool(api.webhook.url),
    }

"""What a bot says of itself: commands, name, descriptions; and what it asks of chats and people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from sovetnik.demo.botapi.params import Params
from sovetnik.demo.botapi.refusal import Json, JsonDict, bad_request
from sovetnik.demo.botapi.sending import find_chat
from sovetnik.demo.botapi.updates import PRESS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sovetnik.demo.botapi.api import BotApi
    from sovetnik.demo.botapi.state import Chat, User

_SCOPES = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}
# Longest value of each text, characters.
TEXTS = {"name": 64, "description": 512, "short_description": 120}
_GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")


def get_me(api: BotApi, params: Params) -> JsonDict:
    """``getMe``."""
    del params
    flags: JsonDict = {
        "can_join_groups": True,
        "can_read_all_group_messages": not api.privacy_mode,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }
    return {**api.bot_user(), **flags}


def set_my_commands(api: BotApi, params: Params) -> bool:
    """``setMyCommands``."""
    given = params.json("commands", "can't parse commands JSON object")
    if not isinstance(given, list):
        raise bad_request("expected an Array of BotCommand")
    commands = [_command(command) for command in cast("list[Any]", given)]
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    api.world.settings[_commands_key(api, params)] = commands
    api.feed.emit("commands", commands=commands)
    return True


def get_my_commands(api: BotApi, params: Params) -> list[JsonDict]:
    """``getMyCommands``."""
    return api.world.settings.get(_commands_key(api, params), [])


def delete_my_commands(api: BotApi, params: Params) -> bool:
    """``deleteMyCommands``."""
    api.world.settings.pop(_commands_key(api, params), None)
    return True


def shown_commands(api: BotApi, user: User, chat: Chat) -> list[JsonDict]:
    """The commands a plain member sees in the chat: the narrowest scope first, there the own language."""
    kind = "all_private_chats:" if chat.is_private else "all_group_chats:"
    member = [] if chat.is_private else [f"chat_member:{chat.id}:{user.id}:"]
    for scope in (*member, f"chat:{chat.id}:", kind, "default:"):
        for language in dict.fromkeys((user.language_code or "", "")):
            commands: list[JsonDict] | None = api.world.settings.get(f"commands:{scope}{language}")
            if commands:
                return commands
    return []


def _command(value: Json) -> JsonDict:
    given = cast("JsonDict", value if isinstance(value, dict) else {})
    for name in ("command", "description"):
        if not isinstance(given.get(name), str):
            raise bad_request(f"can't parse BotCommand: Can't find field \"{name}\"")
    if not re.fullmatch(r"/?[a-z0-9_]{1,32}", given["command"]):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(given["description"].strip()) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": given["command"].lstrip("/"), "description": given["description"].strip()}


def _commands_key(api: BotApi, params: Params) -> str:
    given = params.json("scope", "can't parse BotCommandScope JSON object") or {"type": "default"}
    scope = cast("JsonDict", given if isinstance(given, dict) else {})
    kind = str(scope.get("type"))
    if kind not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    if "chat_id" in _SCOPES[kind]:
        find_chat(api, Params({"chat_id": scope.get("chat_id")}))
    where = [str(scope.get(name, "")) for name in _SCOPES[kind]]
    return ":".join(["commands", kind, *where, _language(params)])


def _language(params: Params) -> str:
    code = params.text("language_code")
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise bad_request("invalid language code specified")
    return code


def text_setter(name: str) -> Callable[[BotApi, Params], bool]:
    """``setMyName``, ``setMyDescription`` or ``setMyShortDescription``."""

    def set_text(api: BotApi, params: Params) -> bool:
        value = params.text(name)
        if len(value) > TEXTS[name]:
            raise bad_request(f"{name.replace('_', ' ')} is too long")
        api.world.settings[f"{name}:{_language(params)}"] = value
        return True

    return set_text


def text_getter(name: str) -> Callable[[BotApi, Params], JsonDict]:
    """``getMyName``, ``getMyDescription`` or ``getMyShortDescription``."""

    def get_text(api: BotApi, params: Params) -> JsonDict:
        fallback = api.world.settings.get(f"{name}:") or (
            api.world.bot["first_name"] if name == "name" else ""
        )
        return {name: api.world.settings.get(f"{name}:{_language(params)}") or fallback}

    return get_text


def get_chat(api: BotApi, params: Params) -> JsonDict:
    """``getChat``."""
    chat = find_chat(api, params)
    more: JsonDict = {
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_GIFTS, True),
    }
    return {**chat.data, **more}


def get_chat_member(api: BotApi, params: Params) -> JsonDict:
    """``getChatMember``."""
    chat = find_chat(api, params)
    number = params.integer("user_id")
    if number == api.world.bot["id"]:
        return {"status": "left" if chat.bot_is_out else "member", "user": api.bot_user()}
    user = api.world.users.get(number)
    if user is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    status = "member" if _is_member(chat, number) else "left"
    return {"status": status, "user": user.json()}


def _is_member(chat: Chat, number: int) -> bool:
    return number == chat.id or number in chat.members


def answer_callback_query(api: BotApi, params: Params) -> bool:
    """``answerCallbackQuery``: once for each press, while its update would still be handed out."""
    number = params.text("callback_query_id")
    if len(params.text("text")) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    pressed_at = api.unanswered_presses.pop(number, float("-inf"))
    if api.clock() - pressed_at >= PRESS_SECONDS:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    answer = {"id": number, "text": params.text("text"), "show_alert": params.flag("show_alert")}
    api.press_answers.append(answer)
    api.feed.emit("press_answer", **answer)
    return True

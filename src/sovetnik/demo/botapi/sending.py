"""Sending: messages, drafts, chat actions, and the checks that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sovetnik.demo.botapi.entities import Formatted, formatted
from sovetnik.demo.botapi.markup import reply_markup
from sovetnik.demo.botapi.params import integer
from sovetnik.demo.botapi.refusal import JsonDict, Refusal, bad_request, forbidden
from sovetnik.demo.botapi.state import Action, Chat, Draft, Message
from sovetnik.demo.botapi.utf16 import width

if TYPE_CHECKING:
    from sovetnik.demo.botapi.api import BotApi
    from sovetnik.demo.botapi.params import Params

MAX_TEXT = 4096  # UTF-16 units, after the entities were parsed
MAX_CAPTION = 1024

_ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "record_audio",
    "upload_audio",
    "upload_document",
    "choose_sticker",
    "find_location",
    "pick_up_location",
    "record_video_note",
    "upload_video_note",
    "cancel",
}


def find_chat(api: BotApi, params: Params) -> Chat:
    """The chat that ``chat_id`` names.

    Raises:
        Refusal: there is none, or it went on as a supergroup.
    """
    name = params.text("chat_id").strip()
    if not name:
        raise bad_request("chat_id is empty")
    chat = _named(api, name[1:]) if name.startswith("@") else api.world.chats.get(integer(name))
    if chat is None:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        words = "Bad Request: group chat was upgraded to a supergroup chat"
        raise Refusal(400, words, {"migrate_to_chat_id": chat.migrated_to})
    return chat


def _named(api: BotApi, username: str) -> Chat | None:
    groups = (chat for chat in api.world.chats.values() if not chat.is_private)
    return next((chat for chat in groups if chat.data.get("username", "").lower() == username.lower()), None)


def writable_chat(api: BotApi, params: Params) -> Chat:
    """The chat that ``chat_id`` names, if the bot may write there.

    Raises:
        Refusal: it may not.
    """
    if params.has("business_connection_id"):
        raise bad_request("business connection not found")
    chat = find_chat(api, params)
    if chat.bot_is_out:
        raise forbidden(f"bot was kicked from the {chat.data['type']} chat")
    if chat.is_private:
        user = api.world.users[chat.id]
        if user.blocked:
            raise forbidden("bot was blocked by the user")
        if not user.wrote:
            raise forbidden("bot can't initiate conversation with a user")
    if params.integer("message_thread_id"):
        raise bad_request("message thread not found")
    return chat


def text_of(params: Params) -> Formatted:
    """The text of a message with its entities.

    Raises:
        Refusal: it is empty, or its markup is wrong.
    """
    text = params.text("text")
    if not text:
        raise bad_request("message text is empty")
    return formatted(text, params.text("parse_mode"), params.json("entities"))


def caption_of(params: Params, too_long: str = "message caption is too long") -> JsonDict:
    """The caption's fields of a message; none when there is no caption.

    Args:
        params: of the call.
        too_long: the words for a caption of more than 1024.

    Raises:
        Refusal: it is too long, or its markup is wrong.
    """
    entities = params.json("caption_entities")
    caption = formatted(params.text("caption"), params.text("parse_mode"), entities, may_be_empty=True)
    if width(caption.text) > MAX_CAPTION:
        raise bad_request(too_long)
    return fields_of(caption, "caption", "caption_entities")


def fields_of(text: Formatted, name: str = "text", entities: str = "entities") -> JsonDict:
    """Text and entities as fields of a message; empty ones are left out."""
    if not text.text:
        return {}
    return {name: text.text} | ({entities: text.entities} if text.entities else {})


def known_mentions(api: BotApi, text: Formatted) -> Formatted:
    """Mentions of people the bot has never met are dropped, the others get their names."""
    entities: list[JsonDict] = []
    for entity in text.entities:
        if entity["type"] != "text_mention":
            entities.append(entity)
        elif user := api.world.users.get(entity["user"]["id"]):
            entities.append({**entity, "user": user.json()})
    return Formatted(text.text, entities)


def post(api: BotApi, params: Params, content: JsonDict) -> JsonDict:
    """Put the bot's message into the chat, with keyboard and reply, and give it back as JSON.

    Raises:
        Refusal: the chat, the keyboard or the message replied to is wrong.
    """
    chat = writable_chat(api, params)
    markup = reply_markup(
        params.json("reply_markup", "can't parse reply keyboard markup JSON object"), private=chat.is_private
    )
    replied = _replied_to(chat, params)
    if replied is not None:
        content = {**content, "reply_to_message": without_reply(replied), **_quote(replied, params)}
    message = api.world.add_message(chat, api.bot_user(), content)
    message.markup = markup
    if markup and "inline_keyboard" in markup:
        message.data["reply_markup"] = markup
    chat.shown_draft = None
    api.feed.emit("message", chat_id=chat.id, message=message.data, from_bot=True)
    if markup and "inline_keyboard" not in markup:
        set_keyboard(api, chat, None if markup.get("remove_keyboard") else markup)
    return message.data


def set_keyboard(api: BotApi, chat: Chat, markup: JsonDict | None) -> None:
    """Show another reply keyboard under the input field, or none."""
    chat.keyboard = markup
    api.feed.emit("keyboard", chat_id=chat.id, keyboard=markup)


def without_reply(message: Message) -> JsonDict:
    """The message as it stands inside another one: Telegram goes one reply deep."""
    return {name: value for name, value in message.data.items() if name != "reply_to_message"}


def _replied_to(chat: Chat, params: Params) -> Message | None:
    reply = params.json("reply_parameters", "can't parse reply parameters JSON object")
    if isinstance(reply, dict):
        given = cast("JsonDict", reply)
        wanted = integer(given.get("message_id"))
        lenient = bool(given.get("allow_sending_without_reply"))
    else:
        wanted = params.integer("reply_to_message_id")
        lenient = params.flag("allow_sending_without_reply")
    if wanted <= 0:
        return None
    message = chat.find(wanted)
    if message is None and not lenient:
        raise bad_request("message to be replied not found")
    return message


def _quote(replied: Message, params: Params) -> JsonDict:
    reply = params.json("reply_parameters")
    given = cast("JsonDict", reply if isinstance(reply, dict) else {})
    if not given.get("quote"):
        return {}
    quote = formatted(
        str(given["quote"]), str(given.get("quote_parse_mode") or ""), given.get("quote_entities")
    )
    index = replied.text.find(quote.text)
    if index < 0:
        raise bad_request("QUOTE_TEXT_INVALID")
    position = width(replied.text[:index])
    return {"quote": {"position": position, "is_manual": True, **fields_of(quote)}}


def send_message(api: BotApi, params: Params) -> JsonDict:
    """``sendMessage``."""
    text = known_mentions(api, text_of(params))
    if width(text.text) > MAX_TEXT:
        writable_chat(api, params)  # Telegram looks for the chat first
        raise bad_request("message is too long")
    return post(api, params, fields_of(text))


def send_message_draft(api: BotApi, params: Params) -> bool:
    """``sendMessageDraft``: a preview that lasts 30 s; the same id goes on with it."""
    entities = params.json("entities")
    text = formatted(params.text("text"), params.text("parse_mode"), entities, may_be_empty=True)
    draft_id = params.integer("draft_id")
    if draft_id == 0:
        raise bad_request("draft_id must be non-zero")
    chat = writable_chat(api, params)
    if not chat.is_private:
        raise bad_request("TEXTDRAFT_PEER_INVALID")
    if width(text.text) > MAX_TEXT:
        raise bad_request("message is too long")
    draft = Draft(draft_id, text.text, text.entities, api.clock())
    chat.drafts.append(draft)
    chat.shown_draft = draft
    api.feed.emit("draft", chat_id=chat.id, draft_id=draft.id, text=draft.text, entities=draft.entities)
    return True


def send_chat_action(api: BotApi, params: Params) -> bool:
    """``sendChatAction``."""
    name = params.text("action").lower()
    if name not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = writable_chat(api, params)
    chat.actions.append(Action(name, api.clock()))
    api.feed.emit("action", chat_id=chat.id, action=name)
    return True

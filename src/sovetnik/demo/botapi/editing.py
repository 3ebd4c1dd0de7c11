"""Editing and deleting what stands in a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sovetnik.demo.botapi.markup import inline_only
from sovetnik.demo.botapi.params import integer
from sovetnik.demo.botapi.refusal import JsonDict, bad_request
from sovetnik.demo.botapi.sending import (
    MAX_TEXT,
    caption_of,
    fields_of,
    known_mentions,
    text_of,
    writable_chat,
)
from sovetnik.demo.botapi.utf16 import width

if TYPE_CHECKING:
    from sovetnik.demo.botapi.api import BotApi
    from sovetnik.demo.botapi.params import Params
    from sovetnik.demo.botapi.state import Chat, Message

DELETABLE_SECONDS = 48 * 3600

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
_MARKUP_IS_NO_JSON = "can't parse reply keyboard markup JSON object"


def edit_message_text(api: BotApi, params: Params) -> JsonDict:
    """``editMessageText``: without ``reply_markup`` the keyboard under the message goes away."""
    text = known_mentions(api, text_of(params))
    message = _editable(api, params)
    if "text" not in message.data:
        raise bad_request("there is no text in the message to edit")
    if width(text.text) > MAX_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")  # sic: only sending has words for it
    return _change(api, message, params, fields_of(text), ("text", "entities"))


def edit_message_caption(api: BotApi, params: Params) -> JsonDict:
    """``editMessageCaption``."""
    caption = caption_of(params, "MEDIA_CAPTION_TOO_LONG")  # sic, as above
    message = _editable(api, params)
    if "text" in message.data:
        raise bad_request("there is no caption in the message to edit")
    return _change(api, message, params, caption, ("caption", "caption_entities"))


def edit_message_reply_markup(api: BotApi, params: Params) -> JsonDict:
    """``editMessageReplyMarkup``."""
    return _change(api, _editable(api, params), params, {}, ())


def _editable(api: BotApi, params: Params) -> Message:
    if params.has("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    chat = writable_chat(api, params)
    number = params.integer("message_id")
    if number <= 0:
        raise bad_request("message identifier is not specified")
    message = chat.find(number)
    if message is None:
        raise bad_request("message to edit not found")
    if not message.from_bot:
        raise bad_request("message can't be edited")
    return message


def _change(
    api: BotApi, message: Message, params: Params, content: JsonDict, names: tuple[str, ...]
) -> JsonDict:
    """Replace the fields ``names`` by ``content`` and the keyboard by the one given."""
    markup = inline_only(params.json("reply_markup", _MARKUP_IS_NO_JSON))
    fields = {**content, "reply_markup": markup} if markup else content
    replaced = (*names, "reply_markup")
    before = {name: message.data[name] for name in replaced if name in message.data}
    if fields == before:
        raise bad_request(_NOT_MODIFIED)
    for name in replaced:
        message.data.pop(name, None)
    message.data |= {**fields, "edit_date": int(api.clock())}
    message.markup = markup
    api.feed.emit("edited", chat_id=message.chat_id, message=message.data, from_bot=True)
    return message.data


def delete_message(api: BotApi, params: Params) -> bool:
    """``deleteMessage``."""
    chat = writable_chat(api, params)
    number = params.integer("message_id")
    if number <= 0:
        raise bad_request("message identifier is not specified")
    message = chat.find(number)
    if message is None:
        raise bad_request("message to delete not found")
    if not _deletable(api, chat, message):
        raise bad_request("message can't be deleted for everyone")
    _delete(api, message)
    return True


def delete_messages(api: BotApi, params: Params) -> bool:
    """``deleteMessages``: those that are not there are skipped."""
    numbers = params.json("message_ids", "can't parse message identifiers JSON object")
    if not isinstance(numbers, list) or not numbers:
        raise bad_request("message identifiers are not specified")
    wanted = cast("list[Any]", numbers)
    if len(wanted) > 100:
        raise bad_request("too many message identifiers specified")
    chat = writable_chat(api, params)
    for number in wanted:
        message = chat.find(integer(number))
        if message is not None and _deletable(api, chat, message):
            _delete(api, message)
    return True


def _deletable(api: BotApi, chat: Chat, message: Message) -> bool:
    # In a group a plain member, which this bot is, deletes only what it wrote itself.
    fresh = api.clock() - message.date < DELETABLE_SECONDS
    return fresh and (chat.is_private or message.from_bot)


def _delete(api: BotApi, message: Message) -> None:
    message.deleted = True
    api.feed.emit("deleted", chat_id=message.chat_id, message_id=message.id)

"""Reply markup: the keyboards under a message and under the input field."""

from __future__ import annotations

from typing import Any, cast

from sovetnik.demo.botapi.links import WrongLink, checked_link
from sovetnik.demo.botapi.refusal import Json, JsonDict, bad_request

_FLAGS = {
    "resize_keyboard": "ReplyKeyboardMarkup",
    "one_time_keyboard": "ReplyKeyboardMarkup",
    "is_persistent": "ReplyKeyboardMarkup",
    "remove_keyboard": "ReplyKeyboardRemove",
    "force_reply": "ForceReply",
    "selective": "reply markup",
}
_OTHER_INLINE = (
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
_PRIVATE_ONLY = {
    "request_contact": "phone number can be requested in private chats only",
    "request_location": "location can be requested in private chats only",
}


def reply_markup(value: Json, *, private: bool) -> JsonDict | None:
    """The markup checked and reduced to the one kind that counts; None when there is none.

    Raises:
        Refusal: 400 with Telegram's words.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    markup = cast("JsonDict", value)
    for name, kind in _FLAGS.items():
        if name in markup and not isinstance(markup[name], bool):
            raise bad_request(f'field "{name}" of the {kind} must be of the type Boolean')
    keyboard = _rows(markup, "keyboard", "ReplyKeyboardMarkup")
    inline = _rows(markup, "inline_keyboard", "InlineKeyboardMarkup")
    if keyboard:
        rows = [[_button(button, private=private) for button in row] for row in keyboard]
        return {**markup, "keyboard": rows}
    if inline:
        return {"inline_keyboard": [[_inline_button(button) for button in row] for row in inline]}
    if markup.get("remove_keyboard") or markup.get("force_reply"):
        return markup
    return None


def inline_only(value: Json) -> JsonDict | None:
    """The markup of an edited message, which can be an inline keyboard only.

    Raises:
        Refusal: 400 with Telegram's words.
    """
    markup = reply_markup(value, private=True)
    if markup is not None and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    return markup


def _rows(markup: JsonDict, name: str, kind: str) -> list[list[Any]]:
    rows = markup.get(name)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise bad_request(f'field "{name}" of the {kind} must be an Array')
    for row in cast("list[Any]", rows):
        if not isinstance(row, list):
            raise bad_request(f'field "{name}" of the {kind} must be an Array of Arrays')
    return [row for row in cast("list[list[Any]]", rows) if row]


def _button(value: Json, *, private: bool) -> JsonDict:
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, dict):
        raise bad_request("can't parse keyboard button: KeyboardButton must be a String or an Object")
    button = cast("JsonDict", value)
    if not isinstance(button.get("text"), str):
        raise bad_request("can't parse keyboard button: Can't find field \"text\"")
    for name, words in _PRIVATE_ONLY.items():
        if button.get(name) and not private:
            raise bad_request(words)
    return button


def _inline_button(value: Json) -> JsonDict:
    if not isinstance(value, dict):
        raise _bad_inline("InlineKeyboardButton must be an Object")
    button = cast("JsonDict", value)
    if not isinstance(button.get("text"), str):
        raise _bad_inline('Can\'t find field "text"')
    if not button["text"].strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    if button.get("url"):
        _check_url(str(button["url"]))
    elif button.get("callback_data"):
        if len(str(button["callback_data"]).encode()) > 64:
            raise bad_request("BUTTON_DATA_INVALID")
    elif not any(name in button for name in _OTHER_INLINE):
        raise _bad_inline("Text buttons are unallowed in the inline keyboard")
    return button


def _check_url(url: str) -> None:
    try:
        checked_link(url)
    except WrongLink as error:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: {error}") from None


def _bad_inline(words: str) -> Exception:
    return bad_request(f"can't parse inline keyboard button: {words}")

"""Every method this server knows, by its name as Telegram writes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from sovetnik.demo.botapi import editing, media, profile, sending, webhook
from sovetnik.demo.botapi.refusal import Json

if TYPE_CHECKING:
    from sovetnik.demo.botapi.api import BotApi
    from sovetnik.demo.botapi.params import Params

Handler = Callable[["BotApi", "Params"], Json | Awaitable[Json]]


def _done(api: BotApi, params: Params) -> bool:
    del api, params
    return True


METHODS: dict[str, Handler] = {
    "getMe": profile.get_me,
    "getUpdates": webhook.get_updates,
    "setWebhook": webhook.set_webhook,
    "deleteWebhook": webhook.delete_webhook,
    "getWebhookInfo": webhook.get_webhook_info,
    "sendMessage": sending.send_message,
    "sendMessageDraft": sending.send_message_draft,
    "sendChatAction": sending.send_chat_action,
    "sendPhoto": media.send_photo,
    "sendVoice": media.send_voice,
    "sendDocument": media.send_document,
    "getFile": media.get_file,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "answerCallbackQuery": profile.answer_callback_query,
    "setMyCommands": profile.set_my_commands,
    "getMyCommands": profile.get_my_commands,
    "deleteMyCommands": profile.delete_my_commands,
    "setMyName": profile.text_setter("name"),
    "getMyName": profile.text_getter("name"),
    "setMyDescription": profile.text_setter("description"),
    "getMyDescription": profile.text_getter("description"),
    "setMyShortDescription": profile.text_setter("short_description"),
    "getMyShortDescription": profile.text_getter("short_description"),
    "getChat": profile.get_chat,
    "getChatMember": profile.get_chat_member,
    "logOut": _done,
    "close": _done,
}

NAMES = {name.lower(): name for name in METHODS}

# Their result is true, and what the handler returns is the answer's description.
DESCRIBED = {"setWebhook", "deleteWebhook"}

# What counts against the limits on how fast a bot may write.
LIMITED = {name for name in METHODS if name.startswith(("send", "edit"))} - {
    "sendChatAction",
    "sendMessageDraft",
}

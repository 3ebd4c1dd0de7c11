"""Every kind of message, as Telegram's JSON has it, in our words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import telegram

from sovetnik.core.model import Incoming
from sovetnik.telegram_ui.incoming import incoming_from

ANNA = {
    "id": 5001,
    "is_bot": False,
    "first_name": "Анна",
    "last_name": "Петрова",
    "username": "anna",
    "language_code": "ru",
}
FILE = {"file_id": "AgAC", "file_unique_id": "AQAD", "file_size": 10}
PICTURE = {**FILE, "width": 90, "height": 90}
PRIVATE = {"id": 5001, "type": "private", "first_name": "Анна"}


def read(kind: str = "message", chat: dict[str, Any] = PRIVATE, **content: Any) -> Incoming | None:
    message = {"message_id": 7, "from": ANNA, "chat": chat, "date": 1795332000, **content}
    return incoming_from(telegram.Update.de_json({"update_id": 870000001, kind: message}, None))


def said(**content: Any) -> tuple[str, str]:
    incoming = read(**content)
    assert incoming is not None
    return incoming.kind, incoming.text


def test_a_text_arrives_with_who_wrote_it_and_when() -> None:
    assert read(text="Есть доставка? 😀") == Incoming(
        update_id=870000001,
        chat_id=5001,
        kind="text",
        text="Есть доставка? 😀",
        sent_at=datetime.fromtimestamp(1795332000, UTC),
        message_id=7,
        name="Анна Петрова",
        username="anna",
        language_code="ru",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start", ("start", "")),
        ("/start instagram", ("start", "instagram")),
        ("/start@sovetnik_bot vk_ads", ("start", "vk_ads")),
        ("/START", ("start", "")),
        ("/new", ("new", "")),
        ("/new@sovetnik_bot", ("new", "")),
        ("/startle me", ("text", "/startle me")),
        ("/help", ("text", "/help")),
        ("не /start", ("text", "не /start")),
    ],
)
def test_commands_are_told_from_texts(text: str, expected: tuple[str, str]) -> None:
    assert said(text=text, entities=[{"type": "bot_command", "offset": 0, "length": 4}]) == expected


def test_a_question_behind_new_is_not_lost() -> None:
    incoming = read(text="/new Сколько стоит доставка?")
    assert incoming is not None
    assert "доставка" in incoming.text


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"photo": [PICTURE]}, "photo"),
        ({"voice": {**FILE, "duration": 3}}, "voice"),
        ({"audio": {**FILE, "duration": 3}}, "audio"),
        ({"video": {**PICTURE, "duration": 3}}, "video"),
        ({"video_note": {**FILE, "duration": 3, "length": 240}}, "video_note"),
        ({"document": FILE}, "document"),
        (
            {
                "sticker": {
                    **PICTURE,
                    "type": "regular",
                    "is_animated": False,
                    "is_video": False,
                }
            },
            "sticker",
        ),
        ({"location": {"latitude": 58.0, "longitude": 56.2}}, "location"),
        ({"dice": {"emoji": "🎲", "value": 4}}, "dice"),
        ({"story": {"chat": PRIVATE, "id": 3}}, "story"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_we_cannot_read_is_answered_all_the_same(content: dict[str, Any], kind: str) -> None:
    assert said(**content) == ("unsupported", kind)


@pytest.mark.parametrize(
    "content", [{"photo": [PICTURE]}, {"document": FILE}, {"voice": {**FILE, "duration": 3}}]
)
def test_a_caption_is_the_customers_text(content: dict[str, Any]) -> None:
    assert said(caption="Есть такая?", **content) == ("text", "Есть такая?")


def test_the_customers_own_contact_card_is_their_name_and_number() -> None:
    card = {"phone_number": "79123456789", "first_name": "Анна", "last_name": "Петрова", "user_id": 5001}
    assert said(contact=card) == ("text", "Анна Петрова, +79123456789")
    assert said(contact={**card, "phone_number": "+79123456789"}) == ("text", "Анна Петрова, +79123456789")


@pytest.mark.parametrize("owner", [{"user_id": 42}, {}])
def test_somebody_elses_contact_card_is_not_taken_for_the_customers(owner: dict[str, int]) -> None:
    assert said(contact={"phone_number": "79990000000", "first_name": "Иван", **owner}) == (
        "unsupported",
        "contact",
    )


@pytest.mark.parametrize("kind", ["group", "supergroup"])
def test_groups_are_left_alone(kind: str) -> None:
    chat = {"id": -100, "type": kind, "title": "Команда"}
    assert read(chat=chat, text="/start") is None
    assert read(chat=chat, photo=[PICTURE]) is None


@pytest.mark.parametrize(
    "content",
    [
        {"pinned_message": {"message_id": 1, "date": 0, "chat": PRIVATE}},
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}},
        {"write_access_allowed": {}},
    ],
    ids=lambda content: next(iter(content)),
)
def test_service_messages_ask_for_nothing(content: dict[str, Any]) -> None:
    assert read(**content) is None


@pytest.mark.parametrize("kind", ["edited_message", "channel_post", "edited_channel_post"])
def test_edits_and_channels_ask_for_nothing(kind: str) -> None:
    assert read(kind, text="исправлено", edit_date=1795332001) is None


def member(status: str, chat: dict[str, Any]) -> Incoming | None:
    bot = {"id": 7, "is_bot": True, "first_name": "Советник"}
    change = {
        "chat": chat,
        "from": ANNA,
        "date": 1795332000,
        "old_chat_member": {"user": bot, "status": "member"},
        "new_chat_member": {
            "user": bot,
            "status": status,
            **({"until_date": 0} if status == "kicked" else {}),
        },
    }
    return incoming_from(telegram.Update.de_json({"update_id": 5, "my_chat_member": change}, None))


@pytest.mark.parametrize(("status", "kind"), [("kicked", "blocked"), ("member", "unblocked")])
def test_blocking_and_unblocking_are_told_apart(status: str, kind: str) -> None:
    incoming = member(status, PRIVATE)
    assert incoming is not None
    assert (incoming.kind, incoming.chat_id, incoming.text) == (kind, 5001, "")


def test_being_added_to_a_group_is_left_alone() -> None:
    assert member("member", {"id": -100, "type": "group", "title": "Команда"}) is None

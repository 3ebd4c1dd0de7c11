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


BOT = telegram.User(7, "Советник", is_bot=True, username="Nerl_bot")


def read(kind: str = "message", chat: dict[str, Any] = PRIVATE, **content: Any) -> Incoming | None:
    message = {"message_id": 7, "from": ANNA, "chat": chat, "date": 1795332000, **content}
    return incoming_from(telegram.Update.de_json({"update_id": 870000001, kind: message}, None), BOT)


def heard(kind: str = "message", **content: Any) -> Incoming:
    incoming = read(kind, **content)
    assert incoming is not None
    return incoming


def said(**content: Any) -> tuple[str, str]:
    incoming = heard(**content)
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
        ("/new\nСколько стоит?", ("new", "Сколько стоит?")),
        ("/help", ("help", "")),
        ("/contact", ("contact", "")),
        ("/privacy", ("privacy", "")),
        ("/forget@nerl_bot", ("forget", "")),
        ("/report", ("report", "")),
        ("/status", ("status", "")),
        ("/pause", ("pause", "")),
        ("/resume", ("resume", "")),
        ("/pair ABC-123", ("pair", "ABC-123")),
        ("/start pair-ABC-123", ("pair", "ABC-123")),
        ("/start pairs", ("start", "pairs")),
        ("/settings", ("text", "/settings")),
        ("/", ("text", "/")),
        ("/home/anna", ("text", "/home/anna")),
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
    ("names", "shown"),
    [
        ({"first_name": "", "last_name": None, "username": None}, ""),
        ({"first_name": "\ud83d", "last_name": "\x00"}, ""),
        ({"first_name": "👨\u200d👩\u200d👧", "last_name": None}, "👨\u200d👩\u200d👧"),
    ],
    ids=["empty", "halves", "family"],
)
def test_odd_names_and_halves_of_characters_do_no_harm(names: dict[str, Any], shown: str) -> None:
    incoming = heard(text="Да \ud83d\x00!", **{"from": {**ANNA, **names}})
    assert (incoming.text, incoming.name) == ("Да !", shown)
    sender = {**ANNA, **names}
    in_group = heard(chat=GROUP, text="@nerl_bot \udc00да", **{"from": sender}, **replied({"text": "\ud83d"}))
    assert in_group.text == "да"
    in_group.note.encode()


# files


def size(width: int, height: int) -> dict[str, Any]:
    return {"file_id": f"{width}", "file_unique_id": f"u{width}", "width": width, "height": height}


@pytest.mark.parametrize(
    ("sizes", "best"),
    [
        ([(90, 67), (320, 240), (1280, 960), (2560, 1920)], "1280"),
        ([(90, 67), (800, 600)], "800"),
        ([(67, 90), (960, 1280), (1920, 2560)], "960"),
        ([(4000, 3000), (5000, 4000)], "4000"),
        ([(1, 1)], "1"),
    ],
)
def test_of_a_photo_the_largest_size_that_a_model_sees_is_taken(
    sizes: list[tuple[int, int]], best: str
) -> None:
    incoming = heard(photo=[size(*one) for one in sizes])
    assert incoming.kind == "text"
    assert [(a.kind, a.file_id, a.mime) for a in incoming.attachments] == [("photo", best, "image/jpeg")]


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("image/png", "photo"),
        ("image/jpeg", "photo"),
        ("image/svg+xml", "document"),
        ("application/pdf", "document"),
        ("audio/mpeg", "voice"),
        (None, "document"),
    ],
)
def test_documents_are_told_by_their_type(mime: str | None, kind: str) -> None:
    (file,) = heard(document={**FILE, "file_name": "смета.pdf", "mime_type": mime}).attachments
    assert (file.kind, file.name, file.mime, file.size) == (kind, "смета.pdf", mime or "", 10)


@pytest.mark.parametrize("kind", ["voice", "audio"])
def test_recordings_are_heard(kind: str) -> None:
    incoming = heard(**{kind: {**FILE, "duration": 61, "mime_type": "audio/ogg"}})
    assert (incoming.kind, incoming.text) == ("text", "")
    (file,) = incoming.attachments
    assert (file.kind, file.seconds, file.mime) == ("voice", 61, "audio/ogg")


def test_the_parts_of_an_album_say_so() -> None:
    first = heard(photo=[PICTURE], media_group_id="137", caption="Какая лучше?")
    second = heard(photo=[PICTURE], media_group_id="137")
    assert [part.album for part in (first, second)] == ["137", "137"]
    assert [part.text for part in (first, second)] == ["Какая лучше?", ""]


@pytest.mark.parametrize(
    "content", [{"photo": [PICTURE]}, {"document": FILE}, {"voice": {**FILE, "duration": 3}}]
)
@pytest.mark.parametrize("caption", ["Есть такая?", "/new"])
def test_a_caption_is_the_customers_text(content: dict[str, Any], caption: str) -> None:
    incoming = heard(caption=caption, **content)
    assert (incoming.kind, incoming.text) == ("text", caption)
    assert len(incoming.attachments) == 1


def test_of_a_video_with_words_the_words_are_taken_and_the_video_is_mentioned() -> None:
    incoming = heard(video={**PICTURE, "duration": 3}, caption="Что это скрипит?")
    assert (incoming.kind, incoming.text, incoming.attachments) == ("text", "Что это скрипит?", ())
    assert "video" in incoming.note


STICKER = {**PICTURE, "type": "regular", "is_animated": False, "is_video": False}
POINT = {"latitude": 58.0, "longitude": 56.2}
OPTIONS = [{"text": text, "voter_count": 0, "persistent_id": text} for text in ("да", "нет")]
POLL = {
    "id": "1",
    "question": "Берём?",
    "options": OPTIONS,
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": True,
    "members_only": False,
}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"video": {**PICTURE, "duration": 3}}, "video"),
        ({"video_note": {**FILE, "duration": 3, "length": 240}}, "video_note"),
        ({"animation": {**PICTURE, "duration": 3}, "document": FILE}, "animation"),
        ({"sticker": STICKER}, "sticker"),
        ({"location": POINT}, "location"),
        (
            {"venue": {"location": POINT, "title": "Склад", "address": "Мира, 1"}, "location": POINT},
            "location",
        ),
        ({"dice": {"emoji": "🎲", "value": 4}}, "dice"),
        ({"poll": POLL}, "poll"),
        ({"story": {"chat": PRIVATE, "id": 3}}, "story"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_we_cannot_read_is_answered_all_the_same(content: dict[str, Any], kind: str) -> None:
    assert said(**content) == ("unsupported", kind)


# edits


def test_an_edit_replaces_what_was_said_and_says_so_to_the_model() -> None:
    incoming = heard("edited_message", text="Доставка в Тулу", edit_date=1795332001)
    assert (incoming.kind, incoming.text, incoming.message_id) == ("edited", "Доставка в Тулу", 7)
    assert "corrected" in incoming.note


def test_an_edited_caption_brings_its_words_and_not_the_files_once_more() -> None:
    edited = {"photo": [PICTURE], "caption": "А эта?", "media_group_id": "137", "edit_date": 1795332001}
    incoming = heard("edited_message", **edited)
    assert (incoming.kind, incoming.text, incoming.attachments) == ("edited", "А эта?", ())
    assert incoming.album is None


@pytest.mark.parametrize(
    "content",
    [{"location": {**POINT, "live_period": 900}}, {"photo": [PICTURE]}, {"document": FILE}, {"poll": POLL}],
    ids=lambda content: next(iter(content)),
)
def test_edits_without_words_ask_for_nothing(content: dict[str, Any]) -> None:
    assert read("edited_message", edit_date=1795332001, **content) is None


def test_a_command_that_is_edited_is_not_done_again() -> None:
    assert heard("edited_message", text="/forget", edit_date=1795332001).kind == "edited"


# forwarded, replied to


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ({"type": "user", "sender_user": {"id": 9, "is_bot": False, "first_name": "Иван"}}, "Иван"),
        ({"type": "hidden_user", "sender_user_name": "Тень"}, "Тень"),
        ({"type": "chat", "sender_chat": {"id": -1, "type": "group", "title": "Соседи"}}, "Соседи"),
        (
            {"type": "channel", "chat": {"id": -2, "type": "channel", "title": "Скидки"}, "message_id": 3},
            "Скидки",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else value["type"],
)
def test_the_model_is_told_whose_words_were_forwarded(origin: dict[str, Any], name: str) -> None:
    incoming = heard(text="Кровати -50 %", forward_origin={**origin, "date": 1795000000})
    assert (incoming.kind, incoming.text) == ("text", "Кровати -50 %")
    assert incoming.note == f"[forwarded from {name}:]"


def replied(content: dict[str, Any], sender: dict[str, Any] = ANNA, **more: Any) -> dict[str, Any]:
    message = {"message_id": 3, "from": sender, "chat": PRIVATE, "date": 1795331000, **content}
    return {"reply_to_message": message, **more}


OURS = {"id": 7, "is_bot": True, "first_name": "Советник", "username": "Nerl_bot"}
IVAN = {"id": 9, "is_bot": False, "first_name": "Иван"}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (replied({"text": "Стоит 500 ₽"}, OURS), ["your message", "«Стоит 500 ₽»"]),
        (replied({"text": "Есть кровать?"}), ["their own message", "«Есть кровать?»"]),
        (replied({"caption": "Вот", "photo": [PICTURE]}, IVAN), ["message from Иван", "«Вот»"]),
        (
            replied({"text": "Раз. Два. Три."}, OURS, quote={"text": "Два.", "position": 5}),
            ["your message", "«Два.»"],
        ),
        (replied({"photo": [PICTURE]}), ["their own message", "photo"]),
        (replied({"sticker": STICKER}, IVAN), ["Иван", "sticker"]),
        (replied({"text": "о" * 5000}, OURS), ["«" + "о" * 300 + "…»"]),
        (
            {
                "external_reply": {
                    "origin": {"type": "hidden_user", "sender_user_name": "Тень", "date": 1795000000}
                },
                "quote": {"text": "Скидка", "position": 0},
            },
            ["Тень", "«Скидка»"],
        ),
        ({"quote": {"text": "Скидка", "position": 0}}, ["«Скидка»"]),
    ],
    ids=["ours", "own", "caption", "quote", "photo", "sticker", "long", "external", "quote alone"],
)
def test_the_model_is_told_what_a_message_answers(reply: dict[str, Any], expected: list[str]) -> None:
    incoming = heard(text="А подробнее?", **reply)
    assert incoming.note.startswith("[in reply to ")
    for part in expected:
        assert part in incoming.note
    assert incoming.text == "А подробнее?"


def test_who_answers_a_picture_speaks_of_it() -> None:
    incoming = heard(text="Такая есть?", **replied({"photo": [size(800, 600)]}))
    assert [a.file_id for a in incoming.attachments] == ["800"]
    spoken = heard(voice={**FILE, "duration": 3}, **replied({"photo": [size(800, 600)]}))
    assert [a.kind for a in spoken.attachments] == ["voice", "photo"]
    assert said(text="/help", **replied({"photo": [PICTURE]})) == ("help", "")


# contact cards


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


def test_the_own_card_sent_on_by_somebody_is_not_proof_of_anything() -> None:
    card = {"phone_number": "79123456789", "first_name": "Анна", "user_id": 5001}
    origin = {"type": "user", "sender_user": IVAN, "date": 1795000000}
    assert said(contact=card, forward_origin=origin) == ("unsupported", "contact")


# what asks for nothing


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


@pytest.mark.parametrize("kind", ["channel_post", "edited_channel_post", "business_message"])
def test_channels_and_business_chats_ask_for_nothing(kind: str) -> None:
    assert read(kind, text="новость") is None


def test_other_bots_are_not_answered() -> None:
    robot = {"id": 8, "is_bot": True, "first_name": "Робот"}
    assert read(text="Привет", **{"from": robot}) is None
    assert read(chat=GROUP, text="@nerl_bot привет", **{"from": robot}) is None


# groups

GROUP = {"id": -100, "type": "supergroup", "title": "Команда", "username": "team"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Nerl_bot сколько стоит доставка?", "сколько стоит доставка?"),
        ("@nerl_bot, сколько?", "сколько?"),
        ("@NERL_BOT: сколько?", "сколько?"),
        ("@nerl_bot\nсколько?", "сколько?"),
        ("Скажи, @nerl_bot, сколько?", "Скажи, сколько?"),
        ("Сколько стоит, @nerl_bot?", "Сколько стоит?"),
        ("Спроси у @nerl_bot про доставку", "Спроси у про доставку"),
        ("😀😀 сколько? @nerl_bot", "😀😀 сколько?"),
        ("(@nerl_bot) сколько?", "() сколько?"),
        ("@nerl_bot", "@nerl_bot"),
        ("@nerl_bot?", "@nerl_bot?"),
        ("сколько стоит доставка?", None),
        ("@nerl_bot2 сколько?", None),
        ("почта anna@nerl_bot.ru", None),
        ("@another_bot сколько?", None),
    ],
)
def test_in_a_group_the_bot_listens_when_it_is_named(text: str, expected: str | None) -> None:
    incoming = read(chat=GROUP, text=text)
    assert (incoming and incoming.text) == expected
    if incoming:
        assert (incoming.kind, incoming.chat_id, incoming.name) == ("text", -100, "Команда")
        assert incoming.note == "[Анна Петрова:]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/help", "help"),
        ("/help@Nerl_Bot", "help"),
        ("/help@other_bot", None),
        ("/roll", None),
        ("/roll@nerl_bot", "text"),
        ("/start@nerl_bot", "start"),
        ("/new@nerl_bot @other_bot говорит, что дорого", "new"),
    ],
)
def test_in_a_group_commands_are_ours_or_another_bots(text: str, expected: str | None) -> None:
    incoming = read(chat=GROUP, text=text)
    assert (incoming and incoming.kind) == expected


def in_reply(sender: dict[str, Any], **more: Any) -> dict[str, Any]:
    message = {"message_id": 3, "from": sender, "chat": GROUP, "date": 1795331000, "text": "Стоит 500 ₽"}
    return {"reply_to_message": {**message, **more}}


def test_in_a_group_a_reply_to_the_bot_is_for_it_and_one_to_others_is_not() -> None:
    incoming = heard(chat=GROUP, text="А в Тулу?", **in_reply(OURS))
    assert incoming.text == "А в Тулу?"
    assert incoming.note.split("\n") == ["[in reply to your message: «Стоит 500 ₽»]", "[Анна Петрова:]"]
    assert read(chat=GROUP, text="А в Тулу?", **in_reply(IVAN)) is None
    assert read(chat=GROUP, text="/roll@other_bot", **in_reply(OURS)) is None
    assert heard(chat=GROUP, photo=[PICTURE], **in_reply(OURS)).attachments
    topic = {"name": "Доставка", "icon_color": 1}
    assert read(chat=GROUP, text="Всем привет", **in_reply(OURS, forum_topic_created=topic)) is None


def test_in_a_group_a_question_can_be_handed_on_by_the_bare_name() -> None:
    incoming = heard(chat=GROUP, text="@nerl_bot", **in_reply(IVAN, text="Есть доставка в Тулу?"))
    assert "«Есть доставка в Тулу?»" in incoming.note


def test_in_a_group_a_caption_and_a_link_name_the_bot_too() -> None:
    incoming = heard(chat=GROUP, photo=[PICTURE], caption="@nerl_bot такая есть?")
    assert (incoming.text, len(incoming.attachments)) == ("такая есть?", 1)
    link = {"type": "text_mention", "offset": 0, "length": 8, "user": OURS}
    assert heard(chat=GROUP, text="Советник, сколько?", entities=[link]).text == "Советник, сколько?"
    assert read(chat=GROUP, photo=[PICTURE]) is None


def test_in_a_group_a_correction_counts_when_it_names_the_bot() -> None:
    assert heard("edited_message", chat=GROUP, text="@nerl_bot в Тулу").kind == "edited"
    assert read("edited_message", chat=GROUP, text="в Тулу") is None


def test_an_anonymous_administrator_speaks_for_the_group() -> None:
    nobody = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    incoming = heard(chat=GROUP, text="@nerl_bot сколько?", **{"from": nobody}, sender_chat=GROUP)
    assert (incoming.text, incoming.note) == ("сколько?", "[Команда:]")


def test_a_channels_post_in_its_discussion_group_is_no_question() -> None:
    channel = {"id": -2, "type": "channel", "title": "Скидки"}
    telegram_itself = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
    post = {"from": telegram_itself, "sender_chat": channel, "is_automatic_forward": True}
    assert read(chat=GROUP, text="Спрашивайте @nerl_bot!", **post) is None


def test_before_telegram_has_told_us_who_we_are_groups_are_left_alone() -> None:
    message = {"message_id": 7, "from": ANNA, "chat": GROUP, "date": 1795332000, "text": "/start"}
    assert incoming_from(telegram.Update.de_json({"update_id": 5, "message": message}, None)) is None


def test_a_group_that_becomes_a_supergroup_tells_its_new_id() -> None:
    old = {"id": -5, "type": "group", "title": "Команда"}
    incoming = heard(chat=old, migrate_to_chat_id=-1000000000005)
    assert (incoming.kind, incoming.chat_id, incoming.text) == ("migrated", -5, "-1000000000005")
    assert read(chat=GROUP, migrate_from_chat_id=-5) is None


# buttons


def pressed(message: dict[str, Any] | None, **more: Any) -> Incoming | None:
    query = {"id": "4382bfdwdsb323b2d9", "from": ANNA, "chat_instance": "1", "data": "forget:yes", **more}
    if message:
        query["message"] = message
    return incoming_from(telegram.Update.de_json({"update_id": 5, "callback_query": query}, None), BOT)


def test_a_press_says_which_button_of_which_message() -> None:
    message = {"message_id": 3, "from": OURS, "chat": PRIVATE, "date": 1795331000, "text": "Стереть?"}
    incoming = pressed(message)
    assert incoming is not None
    assert (incoming.kind, incoming.text, incoming.chat_id) == ("press", "forget:yes", 5001)
    assert (incoming.message_id, incoming.press, incoming.name) == (3, "4382bfdwdsb323b2d9", "Анна Петрова")


def test_a_press_under_an_old_message_counts_as_well() -> None:
    incoming = pressed({"message_id": 3, "chat": PRIVATE, "date": 0})
    assert incoming is not None
    assert (incoming.text, incoming.message_id) == ("forget:yes", 3)


def test_presses_that_say_nothing_are_left_alone() -> None:
    assert pressed(None, inline_message_id="AAA") is None
    message = {"message_id": 3, "from": OURS, "chat": PRIVATE, "date": 1795331000, "text": "Игра"}
    assert pressed(message, data=None, game_short_name="tetris") is None


# coming and going


def member(status: str, chat: dict[str, Any]) -> Incoming | None:
    change = {
        "chat": chat,
        "from": ANNA,
        "date": 1795332000,
        "old_chat_member": {"user": OURS, "status": "member"},
        "new_chat_member": {"user": OURS, "status": status}
        | ({"until_date": 0} if status == "kicked" else {}),
    }
    return incoming_from(telegram.Update.de_json({"update_id": 5, "my_chat_member": change}, None))


@pytest.mark.parametrize(
    ("status", "kind"), [("kicked", "blocked"), ("left", "blocked"), ("member", "unblocked")]
)
@pytest.mark.parametrize(
    ("chat", "name", "username"), [(PRIVATE, "Анна Петрова", "anna"), (GROUP, "Команда", "team")]
)
def test_coming_and_going_are_told_apart(
    status: str, kind: str, chat: dict[str, Any], name: str, username: str
) -> None:
    incoming = member(status, chat)
    assert incoming is not None
    assert (incoming.kind, incoming.chat_id, incoming.text) == (kind, chat["id"], "")
    assert (incoming.name, incoming.username) == (name, username)


def test_a_channel_is_no_customer() -> None:
    assert member("left", {"id": -2, "type": "channel", "title": "Скидки"}) is None

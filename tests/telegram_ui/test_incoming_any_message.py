"""Whatever Telegram sends, reading it never fails: an update that cannot be read would be lost."""

from __future__ import annotations

from typing import Any

import telegram
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sovetnik.telegram_ui.incoming import incoming_from, plain_text

BOT = telegram.User(7, "Советник", is_bot=True, username="Nerl_bot")

WORDS = st.lists(
    st.sampled_from(
        ["/new", "/start", "pair-1", "@nerl_bot", "@NERL_BOT,", "/", "Да?", "😀", "\ud83d", "\x00", "\n", " "]
    ),
    max_size=5,
).map("".join) | st.text(max_size=20)
NUMBER = st.integers(-(2**40), 2**40)
NAMES = {"first_name": WORDS, "last_name": st.none() | WORDS, "username": st.none() | st.just("anna")}
PERSON = st.fixed_dictionaries({"id": st.sampled_from([7, 9, 5001]), "is_bot": st.booleans(), **NAMES})
CHAT = st.fixed_dictionaries(
    {
        "id": NUMBER,
        "type": st.sampled_from(["private", "group", "supergroup", "channel"]),
        "title": st.none() | WORDS,
    }
)
FILE = {"file_id": st.just("A"), "file_unique_id": st.just("B")}
SIZED = {**FILE, "width": st.integers(0, 9000), "height": st.integers(0, 9000)}
TYPED = {**FILE, "mime_type": st.none() | WORDS | st.just("image/png"), "file_name": st.none() | WORDS}
SOUND = {**TYPED, "duration": st.integers(0, 10**6)}
POINT = st.just({"latitude": 1.0, "longitude": 2.0})
CONTENT = {
    "text": WORDS,
    "caption": WORDS,
    "photo": st.lists(st.fixed_dictionaries(SIZED), max_size=4),
    "voice": st.fixed_dictionaries(SOUND),
    "audio": st.fixed_dictionaries(SOUND),
    "document": st.fixed_dictionaries(TYPED),
    "video": st.fixed_dictionaries({**SIZED, "duration": st.integers(0, 99)}),
    "location": POINT,
    "dice": st.just({"emoji": "🎲", "value": 4}),
    "contact": st.fixed_dictionaries(
        {"phone_number": WORDS, "first_name": WORDS, "user_id": st.sampled_from([None, 9, 5001])}
    ),
    "entities": st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["mention", "bot_command", "text_mention", "url", "news"]),
                "offset": st.integers(0, 50),
                "length": st.integers(0, 50),
                "user": PERSON,
            }
        ),
        max_size=3,
    ),
    "forward_origin": st.one_of(
        st.fixed_dictionaries({"type": st.just("user"), "sender_user": PERSON, "date": st.just(0)}),
        st.fixed_dictionaries(
            {"type": st.just("hidden_user"), "sender_user_name": WORDS, "date": st.just(0)}
        ),
        st.fixed_dictionaries({"type": st.just("chat"), "sender_chat": CHAT, "date": st.just(0)}),
        st.fixed_dictionaries(
            {"type": st.just("channel"), "chat": CHAT, "message_id": st.just(1), "date": st.just(0)}
        ),
    ),
    "quote": st.fixed_dictionaries({"text": WORDS, "position": st.integers(0, 9)}),
    "media_group_id": st.just("137"),
    "sender_chat": CHAT,
    "is_automatic_forward": st.booleans(),
    "migrate_to_chat_id": NUMBER,
    "new_chat_members": st.lists(PERSON, max_size=2),
    "something_of_next_year": st.just({"text": "?"}),
}


def _with_content(fixed: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(
        st.fixed_dictionaries(fixed),
        st.lists(st.sampled_from(sorted(CONTENT)), max_size=4, unique=True).flatmap(
            lambda names: st.fixed_dictionaries({name: CONTENT[name] for name in names})
        ),
    ).map(lambda pair: {**pair[0], **pair[1]})


FIXED: dict[str, Any] = {
    "message_id": st.integers(0, 2**31),
    "date": st.integers(0, 2**31),
    "chat": CHAT,
    "from": st.none() | PERSON,
}
MESSAGE = _with_content({**FIXED, "reply_to_message": st.none() | _with_content(FIXED)})


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["message", "edited_message", "channel_post"]), MESSAGE, st.booleans())
def test_any_message_is_read_and_can_be_stored(kind: str, message: dict[str, Any], known: bool) -> None:
    update = telegram.Update.de_json({"update_id": 1, kind: message}, None)
    incoming = incoming_from(update, BOT if known else None)
    if incoming is None:
        return
    assert incoming.chat_id == message["chat"]["id"]
    assert incoming.text or incoming.attachments or incoming.kind not in {"text", "edited", "unsupported"}
    for text in (
        incoming.text,
        incoming.note,
        incoming.name,
        *(a.name + a.mime for a in incoming.attachments),
    ):
        assert "\x00" not in text
        text.encode()


PRIVATE = st.fixed_dictionaries({"id": NUMBER, "type": st.just("private")}, optional=NAMES)
WRITES = st.fixed_dictionaries(
    {"id": NUMBER, "is_bot": st.booleans(), "first_name": WORDS},
    optional={
        "last_name": WORDS,
        "username": WORDS,
        "language_code": st.none() | st.sampled_from(["ru", "en", "pt-br"]),
    },
)
PLAIN = st.fixed_dictionaries(
    {
        "message_id": st.integers(0, 2**31),
        "date": st.integers(0, 2**31),
        "chat": st.one_of(PRIVATE, PRIVATE, CHAT),
        "from": st.one_of(WRITES, WRITES, st.none()),
        "text": WORDS | st.just("Сколько стоит доставка?"),
    },
    optional={"caption": WORDS},
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["message", "message", "edited_message"]), PLAIN)
def test_the_short_way_reads_what_the_long_one_does(kind: str, message: dict[str, Any]) -> None:
    raw = {"update_id": 1, kind: message}
    short = plain_text(raw)
    assert short is None or short == incoming_from(telegram.Update.de_json(raw, None), BOT)


def test_a_customers_words_take_the_short_way() -> None:
    person = {"id": 5001, "is_bot": False, "first_name": "Анна", "last_name": "К.", "language_code": "ru"}
    chat = {"id": 5001, "type": "private", "first_name": "Анна"}
    message = {"message_id": 3, "date": 1, "chat": chat, "from": person, "text": " Есть доставка? "}
    short = plain_text({"update_id": 1, "message": message})
    assert short is not None
    assert (short.text, short.name, short.chat_id) == ("Есть доставка?", "Анна К.", 5001)

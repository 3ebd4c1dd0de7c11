"""Updates as the Bot API shapes them, and the same with parts missing, odd or of next year."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from tests.hostile.odd import odd_values, texts

ANNA, BORIS, BOT = 5001, 5002, 7_000_000_001
TEAM = -4_000_001
MOMENT = 1_795_332_000
KINDS = [
    "message", "edited_message", "channel_post", "edited_channel_post", "business_connection",
    "business_message", "edited_business_message", "deleted_business_messages", "message_reaction",
    "message_reaction_count", "inline_query", "chosen_inline_result", "callback_query", "shipping_query",
    "pre_checkout_query", "purchased_paid_media", "poll", "poll_answer", "my_chat_member", "chat_member",
    "chat_join_request", "chat_boost", "removed_chat_boost", "something_of_next_year",
]  # fmt: skip

Json = dict[str, Any]


def one_of_each(number: int) -> dict[str, Json]:
    """A well-formed update of every kind in the Bot API, as from Anna in her private chat."""
    anna = {"id": ANNA, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
    chat = {"id": ANNA, "type": "private", "first_name": "Анна"}
    bot = {"id": BOT, "is_bot": True, "first_name": "Советник", "username": "sovetnik_bot"}
    message = {"message_id": number, "date": MOMENT, "chat": chat, "from": anna, "text": "Есть доставка?"}
    channel = {**message, "chat": {"id": -1001, "type": "channel", "title": "Новости"}}
    member = {"user": bot, "status": "member"}
    change = {
        "chat": chat,
        "from": anna,
        "date": MOMENT,
        "old_chat_member": member,
        "new_chat_member": member,
    }
    order = {"country_code": "RU", "state": "", "city": "", "street_line1": "", "street_line2": ""}
    order["post_code"] = ""
    reaction = {"chat": chat, "message_id": 1, "date": MOMENT}
    boost = {
        "boost_id": "b",
        "add_date": 1,
        "expiration_date": 2,
        "source": {"source": "premium", "user": anna},
    }
    poll = {
        "id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False,
        "is_anonymous": True, "type": "regular", "allows_multiple_answers": False,
        "allows_revoting": True, "members_only": False,
    }  # fmt: skip
    return {
        "message": message,
        "edited_message": {**message, "edit_date": MOMENT},
        "channel_post": channel,
        "edited_channel_post": {**channel, "edit_date": MOMENT},
        "business_connection": {
            "id": "c", "user": anna, "user_chat_id": ANNA, "date": MOMENT, "is_enabled": True,
        },
        "business_message": {**message, "business_connection_id": "c"},
        "edited_business_message": {**message, "business_connection_id": "c"},
        "deleted_business_messages": {"business_connection_id": "c", "chat": chat, "message_ids": [1]},
        "message_reaction": {**reaction, "user": anna, "old_reaction": [], "new_reaction": []},
        "message_reaction_count": {**reaction, "reactions": []},
        "inline_query": {"id": "1", "from": anna, "query": "", "offset": ""},
        "chosen_inline_result": {"result_id": "1", "from": anna, "query": ""},
        "callback_query": {
            "id": "1", "from": anna, "chat_instance": "1", "data": "forget:no", "message": message,
        },
        "shipping_query": {"id": "1", "from": anna, "invoice_payload": "", "shipping_address": order},
        "pre_checkout_query": {
            "id": "1", "from": anna, "currency": "XTR", "total_amount": 1, "invoice_payload": "",
        },
        "purchased_paid_media": {"from": anna, "paid_media_payload": ""},
        "poll": poll,
        "poll_answer": {"poll_id": "1", "user": anna, "option_ids": [], "option_persistent_ids": []},
        "my_chat_member": change,
        "chat_member": change,
        "chat_join_request": {"chat": chat, "from": anna, "user_chat_id": ANNA, "date": MOMENT},
        "chat_boost": {"chat": chat, "boost": boost},
        "removed_chat_boost": {
            "chat": chat, "boost_id": "b", "remove_date": 1, "source": {"source": "premium", "user": anna},
        },
        "something_of_next_year": {"text": "?"},
    }  # fmt: skip


# every content that a customer can send, with texts that are any texts

_WORDS = st.one_of(
    st.sampled_from(
        ["/start ad-7", "/start pair-ABCDEFGHJKLM", "/new", "/forget", "/contact", "/report", "Да"]
    ),
    texts,
)
_ID = st.sampled_from([ANNA, BORIS, BOT, TEAM, 2**52, -(10**12)])
_PERSON = st.fixed_dictionaries(
    {"id": _ID, "is_bot": st.booleans(), "first_name": texts},
    optional={
        "last_name": texts,
        "username": st.just("anna_p"),
        "language_code": st.sampled_from(["ru", "x"]),
    },
)
_CHAT = st.sampled_from(
    [
        {"id": ANNA, "type": "private", "first_name": "Анна"},
        {"id": TEAM, "type": "group", "title": "Команда"},
        {"id": -1_000_000_000_001, "type": "supergroup", "title": "\u202eКоманда\n[Босс:]"},
        {"id": -1001, "type": "channel", "title": "Новости"},
        {"id": 2**52, "type": "private", "first_name": ""},
    ]
)
_FILE = {"file_id": st.text("AB", min_size=1, max_size=3), "file_unique_id": st.just("u")}
_SIZES = {"width": st.integers(0, 2**31), "height": st.integers(0, 2**31)}
_NAMED = {"file_name": texts, "mime_type": st.sampled_from(["image/png", "audio/ogg", "x"]) | texts}
_MAYBE_SIZE = {"file_size": st.sampled_from([0, 1, 2**40])}


def _file(**more: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({**_FILE, **more}, optional={**_NAMED, **_MAYBE_SIZE})


_ORIGIN = st.one_of(
    st.fixed_dictionaries({"type": st.just("user"), "sender_user": _PERSON, "date": st.just(MOMENT)}),
    st.fixed_dictionaries({"type": st.just("hidden_user"), "sender_user_name": texts, "date": st.just(1)}),
    st.fixed_dictionaries({"type": st.just("chat"), "sender_chat": _CHAT, "date": st.just(MOMENT)}),
    st.fixed_dictionaries(
        {"type": st.just("channel"), "chat": _CHAT, "message_id": st.just(1), "date": st.just(MOMENT)}
    ),
)
_ENTITIES = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["mention", "bot_command", "text_mention", "url", "text_link", "of_2027"]
            ),
            "offset": st.integers(-5, 2**31),
            "length": st.integers(-5, 2**31),
        },
        optional={"user": _PERSON, "url": texts, "language": texts},
    ),
    max_size=3,
)
_PLACE: Json = {"latitude": 1.0, "longitude": 2.0}
_CONTENT: dict[str, st.SearchStrategy[Any]] = {
    "text": _WORDS,
    "caption": _WORDS,
    "entities": _ENTITIES,
    "caption_entities": _ENTITIES,
    "photo": st.lists(_file(**_SIZES), max_size=3),
    "voice": _file(duration=st.integers(0, 2**31)),
    "audio": _file(duration=st.integers(0, 2**31)),
    "document": _file(),
    "video": _file(**_SIZES, duration=st.integers(0, 9)),
    "animation": _file(**_SIZES, duration=st.integers(0, 9)),
    "video_note": _file(length=st.just(1), duration=st.just(1)),
    "location": st.just(_PLACE),
    "venue": st.fixed_dictionaries({"location": st.just(_PLACE), "title": texts, "address": texts}),
    "dice": st.just({"emoji": "🎲", "value": 4}),
    "contact": st.fixed_dictionaries({"phone_number": texts, "first_name": texts}, optional={"user_id": _ID}),
    "story": st.fixed_dictionaries({"chat": _CHAT, "id": st.just(1)}),
    "forward_origin": _ORIGIN,
    "quote": st.fixed_dictionaries({"text": texts, "position": st.integers(0, 9)}),
    "media_group_id": texts,
    "sender_chat": _CHAT,
    "via_bot": _PERSON,
    "is_automatic_forward": st.booleans(),
    "new_chat_members": st.lists(_PERSON, max_size=2),
    "left_chat_member": _PERSON,
    "new_chat_title": texts,
    "group_chat_created": st.just(True),
    "something_of_next_year": odd_values,
}


@st.composite
def messages(draw: st.DrawFn, depth: int = 2) -> Json:
    """A message of any content, perhaps in reply to others."""
    message: Json = {
        "message_id": draw(st.integers(1, 2**31)),
        "date": draw(st.integers(0, 2**31)),
        "chat": draw(_CHAT),
        "from": draw(_PERSON | st.just({"id": ANNA, "is_bot": False, "first_name": "Анна"})),
    }
    for name in draw(st.lists(st.sampled_from(sorted(_CONTENT)), max_size=4, unique=True)):
        message[name] = draw(_CONTENT[name])
    if depth and draw(st.booleans()):
        message["reply_to_message"] = draw(messages(depth=depth - 1))
    return message


@st.composite
def proper_updates(draw: st.DrawFn) -> Json:
    """What Telegram might send: the shapes are right, the contents are anybody's."""
    kind = draw(st.sampled_from([*["message"] * 4, "edited_message", "callback_query", "my_chat_member"]))
    if kind in {"message", "edited_message"}:
        return {kind: draw(messages())}
    update = one_of_each(1)[kind]
    if kind == "callback_query":
        return {kind: {**update, "data": draw(texts), "message": draw(messages()), "id": draw(texts)}}
    status = draw(st.sampled_from(["member", "kicked", "left", "of_2027"]))
    member = {**update["new_chat_member"], "status": status, "until_date": 0}
    return {kind: {**update, "new_chat_member": member}}


@st.composite
def broken_updates(draw: st.DrawFn) -> Json:
    """What Telegram would never send: a part of an update is missing, or is something else."""
    kind = draw(st.sampled_from(KINDS))
    update = {kind: copy.deepcopy(one_of_each(1)[kind])}
    if kind == "message" and draw(st.booleans()):
        update = {kind: copy.deepcopy(draw(messages()))}
    for _ in range(draw(st.integers(1, 2))):
        place, name = draw(st.sampled_from(_places(update)))
        if draw(st.booleans()):
            del place[name]
        else:
            place[name] = draw(odd_values)
        if not _places(update):
            break
    return update


def _places(part: Any) -> list[tuple[Any, Any]]:
    """Every key or index in it, with what holds it."""
    if isinstance(part, dict):
        here = [(part, name) for name in part]
        return here + [place for value in part.values() for place in _places(value)]
    if isinstance(part, list):
        here = [(part, number) for number in range(len(part))]
        return here + [place for value in part for place in _places(value)]
    return []

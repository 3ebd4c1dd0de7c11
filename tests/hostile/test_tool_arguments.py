"""Whatever a model hands to the tools: it is told in JSON what was wrong, and what is kept is clean."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import AsyncGenerator
from datetime import date
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sovetnik.core.contacts import MAX_VALUE, ContactForm, ContactProblem, FieldType, FormField, check_contact
from sovetnik.core.model import Contact, Limits, Turn
from sovetnik.core.tools import Toolbox
from sovetnik.mail import Envelope, Look, compose_lead
from sovetnik.storage import SqlStore
from tests.hostile.mails import check_mail
from tests.hostile.odd import NASTY, numbers, odd_values, texts, tries
from tests.storage.samples import database, incoming

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

FORM = ContactForm(
    tuple(
        FormField(f"f_{kind}", f"<b>{kind}</b>", type=kind, choices=("да", "нет") if kind == "choice" else ())
        for kind in get_args(FieldType)
    )
)
TOOLS = [
    "save_contact",
    "search_knowledge",
    "offer_phone_button",
    "note_unanswered",
    "read_chat",
    "",
    "\ud83d",
]
LOOK = Look("ru", ZoneInfo("Europe/Moscow"), FORM.labels(), "@sovetnik_bot")
ENVELOPE = Envelope("Shop <bot@shop.example>", ("owner@shop.example",))
GOOD = {"name": "Анна", "phone": "8 912 345-67-89", "order": "Кровать"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[SqlStore]:
    async with SqlStore.open(database(tmp_path), exclusive=True) as opened:
        yield opened


@pytest.fixture
async def tools(store: SqlStore) -> Toolbox:
    await store.accept([incoming(1, "Хочу кровать")])
    turn = await store.next_step(1, "worker", Limits())
    assert isinstance(turn, Turn)
    return Toolbox(turn, store, FORM)


async def call(tools: Toolbox, name: str, arguments: str) -> dict[str, Any]:
    """The tool's answer, which must be JSON that can go over a wire."""
    answer = await tools.call(name, arguments)
    json.dumps(answer).encode()
    told = json.loads(answer)
    assert isinstance(told, dict)
    return told


def check_contact_is_clean(contact: Contact) -> None:
    assert 0 < len(contact.name) <= MAX_VALUE
    assert "\n" not in contact.name
    assert phonenumbers.is_valid_number(phonenumbers.parse(contact.phone))
    assert set(contact.fields) <= {field.name for field in FORM.fields}
    for text in (contact.name, contact.order, *contact.fields.values()):
        assert len(text) <= MAX_VALUE
        assert text == text.strip()
        assert all(c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text)


async def check_stored(store: SqlStore) -> None:
    async for lead, _ in store.leads():
        check_contact_is_clean(lead.contact)
        dossier = await store.lead_dossier(lead.id)
        assert dossier is not None
        check_mail(compose_lead(dossier, LOOK, ENVELOPE).as_bytes())


@tries(60)
@given(
    name=st.sampled_from(TOOLS[:-1]),
    arguments=st.one_of(
        texts,
        odd_values.map(json.dumps),
        st.dictionaries(texts, odd_values).map(json.dumps),
        st.just("[" * 9999),
    ),
)
async def test_any_arguments_are_answered_in_json(tools: Toolbox, name: str, arguments: str) -> None:
    told = await call(tools, name, arguments)
    assert told.keys() & {"error", "saved", "found", "noted", "shown"}
    assert not told.get("saved")


_FIELDS = dict.fromkeys((*GOOD, *(f.name for f in FORM.fields), "chat_id", "lead_id", "token"), odd_values)


@tries(25)
@given(more=st.fixed_dictionaries({}, optional=_FIELDS), good=st.sets(st.sampled_from(sorted(GOOD))))
async def test_what_is_saved_is_clean_and_its_mail_too(
    tools: Toolbox, store: SqlStore, more: dict[str, Any], good: set[str]
) -> None:
    values = {**more, **{name: GOOD[name] for name in good}}
    told = await call(tools, "save_contact", json.dumps(values))
    assert told["saved"] in {True, False}
    assert told["saved"] or told["problem"]
    await check_stored(store)


async def test_odd_names_and_orders(tools: Toolbox, store: SqlStore) -> None:
    for text in NASTY:
        told = await call(tools, "save_contact", json.dumps({**GOOD, "name": f"Анна {text}", "order": text}))
        assert told["saved"], text
        await check_stored(store)


@tries(60)
@given(phone=st.one_of(texts, numbers, st.text("+0123456789 ()-.,;доб#x", max_size=60)))
async def test_only_numbers_that_can_be_called_are_saved(phone: Any) -> None:
    try:
        contact = check_contact(FORM, {**GOOD, "phone": phone})
    except ContactProblem:
        return
    assert phonenumbers.is_valid_number(phonenumbers.parse(contact.phone))
    assert contact.phone[1:].isdecimal()


@tries(60)
@given(values=st.fixed_dictionaries({f"f_{kind}": odd_values for kind in get_args(FieldType)}))
def test_fields_hold_what_their_type_says(values: dict[str, Any]) -> None:
    for name, value in values.items():
        try:
            fields = check_contact(FORM, {**GOOD, name: value}).fields
        except ContactProblem:
            continue
        for field, text in fields.items():
            if field == "f_date":
                date.fromisoformat(text)
            assert field != "f_choice" or text in {"да", "нет"}
            assert field != "f_email" or text.count("@") == 1


async def test_arguments_beyond_the_schema_are_left_out(tools: Toolbox, store: SqlStore) -> None:
    foreign = {
        "chat_id": 2,
        "chat": {"id": 2},
        "lead_id": 7,
        "token": "worker",
        "revision": 99,
        "consent": "x",
    }
    assert (await call(tools, "save_contact", json.dumps({**GOOD, **foreign})))["saved"]
    ((lead, chat),) = [row async for row in store.leads()]
    assert (chat.id, lead.chat_id, lead.revision, lead.contact.fields) == (1, 1, 1, {})


async def test_a_question_without_end_is_noted_in_part(tools: Toolbox) -> None:
    await call(tools, "note_unanswered", json.dumps({"question": "Почему? " * 10_000}))
    assert len(tools.unanswered or "") == 500


@pytest.mark.parametrize(
    "name",
    TOOLS,
)
async def test_what_a_broken_model_calls_can_be_told_back(tools: Toolbox, name: str) -> None:
    """The answer goes back over the wire, which takes no half of an emoji."""
    (await tools.call(name, '{"question": "\\ud83d", "name": "\\ud83d", "query": "\\ud83d"}')).encode()


@pytest.mark.parametrize("tool", ["note_unanswered", "save_contact"])
async def test_values_nested_as_deep_as_json_can_be_read(tools: Toolbox, tool: str) -> None:
    for depth in range(900, 1010):
        nested = "[" * depth + "]" * depth
        await call(tools, tool, f'{{"question": {nested}, "order": {nested}}}')

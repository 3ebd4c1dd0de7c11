"""A function that took contacts, as ``contact_form.toml``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sovetnik.core.contacts import FieldType
from sovetnik.importing.exports import Json, table

_PHONE = re.compile(r"phone|\btel\b|telephone|mobile|whatsapp|телефон|номер", re.IGNORECASE)
_NAME = re.compile(
    r"^(?:(?:full|first|last|client|customer|user|contact|lead|your)_?)?name$|^fio$|^фио$|^имя", re.IGNORECASE
)
_ORDER = re.compile(
    r"^(?:order|product|products|item|items|interest|request|comment|comments|message|note|notes|question|need"
    r"|service|заказ|комментарий|запрос)(?:_?(?:text|details|description|summary))?$",
    re.IGNORECASE,
)
_ALWAYS = {"name", "phone", "order"}
LABEL = 60
"""Characters of a label: it stands at the head of a line in mails."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field for the form."""

    name: str
    label: str
    hint: str
    required: bool
    type: FieldType
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactFunction:
    """A function that takes a name and a phone.

    Attributes:
        fields: What it takes besides name, phone and order.
    """

    name: str
    fields: tuple[Field, ...]


def contact_function(function: Json) -> ContactFunction | None:
    """The function as a form; None where it is about something else."""
    parameters = table(function.get("parameters"))
    properties = table(parameters.get("properties"))
    if not any(_PHONE.search(name) for name in properties):
        return None
    if not any(_NAME.search(name) for name in properties):
        return None
    required: Any = parameters.get("required")
    needed = (
        {str(name) for name in cast("list[object]", required)} if isinstance(required, list) else set[str]()
    )
    fields: dict[str, Field] = {}
    for name, schema in properties.items():
        if not (_PHONE.search(name) or _NAME.search(name) or _ORDER.search(name)):
            field = _field(name, table(schema), name in needed, taken=fields)
            fields[field.name] = field
    return ContactFunction(str(function.get("name")), tuple(fields.values()))


def form_toml(function: ContactFunction, remark: str) -> str:
    """The form as a file."""
    lines = [f"# {remark}"]
    for field in function.fields:
        lines += ["", "[[fields]]", f"name = {_quoted(field.name)}", f"label = {_quoted(field.label)}"]
        if field.hint:
            lines.append(f"hint = {_quoted(field.hint)}")
        lines.append(f"required = {'true' if field.required else 'false'}")
        lines.append(f"type = {_quoted(field.type)}")
        if field.choices:
            lines.append(f"choices = [{', '.join(_quoted(choice) for choice in field.choices)}]")
    return "\n".join(lines) + "\n"


def _field(name: str, schema: Json, required: bool, taken: Mapping[str, Field]) -> Field:
    hint = " ".join(str(schema.get("description") or "").split())
    choices = _choices(schema)
    label = hint if 0 < len(hint) <= LABEL else _snake(name).replace("_", " ").strip().capitalize()
    return Field(
        name=_usable(name, taken),
        label=label or name,
        hint=hint if hint != label else "",
        required=required and "null" not in _types(schema),
        type="choice" if choices else _type(name, schema),
        choices=choices,
    )


def _type(name: str, schema: Json) -> FieldType:
    if schema.get("format") == "email" or re.search(r"e_?-?mail|почта", name, re.IGNORECASE):
        return "email"
    if schema.get("format") == "date":
        return "date"
    return "number" if {"number", "integer"} & _types(schema) else "text"


def _types(schema: Json) -> set[str]:
    """A strict schema writes an optional field as ``["string", "null"]``."""
    found: object = schema.get("type")
    return (
        {str(each) for each in cast("Sequence[object]", found)} if isinstance(found, list) else {str(found)}
    )


def _choices(schema: Json) -> tuple[str, ...]:
    found: object = schema.get("enum")
    if not isinstance(found, list):
        return ()
    return tuple(dict.fromkeys(str(each) for each in cast("list[object]", found) if each is not None))


def _usable(name: str, taken: Mapping[str, Field]) -> str:
    """A name that the form takes: small Latin letters, digits and _."""
    short = re.sub(r"[^a-z0-9_]+", "_", _snake(name)).strip("_0123456789")[:36] or "field"
    number = 2
    usable = short
    while usable in taken or usable in _ALWAYS:
        usable, number = f"{short}_{number}", number + 1
    return usable


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-zа-я0-9])(?=[A-ZА-Я])", "_", name).lower()


def _quoted(text: str) -> str:
    """A TOML text: JSON's escapes are TOML's."""
    return json.dumps(text.replace("\x7f", ""), ensure_ascii=False)

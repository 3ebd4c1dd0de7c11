"""What the customer has told about themselves, and whether saving it worked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, cast

from .brain import ModelRequest
from .errors import Json
from .items import text_of

TOOL = "save_contact"
BUYING = re.compile(r"купи|закаж|заказ|оформ|приобре|беру\b|возьму|\border|\bbuy|purchas", re.IGNORECASE)
_PHONE = re.compile(r"\+?\d(?:[\s().-]*\d){4,14}")
_PHONE_WORD = re.compile(r"тел|номер|звон|phone|number|call", re.IGNORECASE)
_LABEL = re.compile(r"\b(?:тел\w*|номер|phone|number)\b[.:]?", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NAME_WORD = r"[A-ZА-ЯЁ][a-zа-яё]+(?:-[A-ZА-ЯЁ][a-zа-яё]+)?"
_NAMED = re.compile(
    r"(?:(?i:меня зовут|мо[её] имя|имя|это|я|my name is|name is|i am|i'm|this is)[\s:,—-]+)"
    rf"({_NAME_WORD}(?:\s+{_NAME_WORD})?)"
)
_BARE_NAME = re.compile(rf"^\W*({_NAME_WORD}(?:\s+{_NAME_WORD}){{0,2}})\W*$")
_NOT_A_NAME = re.compile(
    r"(?:да|нет|спасибо|привет|здравствуйте|добрый|хорошо|ок|алло|пока"
    r"|yes|no|okay|ok|thanks|hello|hi|hey|sure)\b",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"error|invalid|refused|rejected|wrong|not (?:a )?valid"
    r"|ошиб|невер|некоррект|не похож|не сохран|не подход",
    re.IGNORECASE,
)
_BLANKS: Json = {"integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}


@dataclass(frozen=True, slots=True)
class Contact:
    """What the customer has told so far; empty where nothing."""

    name: str
    phone: str
    """Only a phone given after the latest attempt to save one."""
    order: str
    email: str


def contact_in(request: ModelRequest) -> Contact:
    """Read the contact out of the customer's own texts."""
    attempts = [at for at, item in enumerate(request.items) if item.get("name") == TOOL]
    recent = request.items[attempts[-1] + 1 :] if attempts else request.items
    fresh = [text_of(item["content"]) for item in recent if item.get("role") == "user"]
    texts = request.user_texts
    return Contact(
        name=next(filter(None, [name_in(text) for text in reversed(texts)]), ""),
        phone=next(filter(None, [_phone_in(text) for text in reversed(fresh)]), ""),
        order=next((text for text in reversed(texts) if BUYING.search(text)), texts[0] if texts else ""),
        email=next((found[0] for text in reversed(texts) if (found := _EMAIL.search(text))), ""),
    )


def _phone_in(text: str) -> str:
    found = _PHONE.search(text)
    if found is None:
        return ""
    digits = re.sub(r"\D", "", found[0])
    # Fewer than seven digits may be a price or a date, unless the text says what they are.
    return found[0] if len(digits) >= 7 or _PHONE_WORD.search(text) else ""


def name_in(text: str) -> str:
    """The name that a text tells, or nothing."""
    found = _NAMED.search(text)
    if found is None:
        rest = _LABEL.sub(" ", _PHONE.sub(" ", _EMAIL.sub(" ", text)))
        found = _BARE_NAME.match(rest.strip(" ,.;:+-\n"))
    if found is None or any(map(_NOT_A_NAME.fullmatch, found[1].split())):
        return ""
    return found[1]


def arguments_for(request: ModelRequest, contact: Contact) -> Json:
    """What the tool's schema asks for, as far as the customer has told it."""
    known = {"name": contact.name, "phone": contact.phone, "order": contact.order, "email": contact.email}
    tool = next(tool for tool in request.tools if tool.get("name") == TOOL)
    schema = cast("Json", tool.get("parameters") or {})
    required = cast("list[str]", schema.get("required") or [])
    arguments: Json = {}
    for name, kind in cast("dict[str, Json]", schema.get("properties") or {}).items():
        value = known.get(name) or None
        if value is not None or name in required:
            arguments[name] = _blank(kind) if value is None else value
    return arguments


def _blank(kind: Json) -> Any:  # noqa: ANN401
    names: Any = kind.get("type", "string")
    if "null" in names:
        return None
    if "enum" in kind:
        return kind["enum"][0]
    first: str = names if isinstance(names, str) else names[0]
    return _BLANKS.get(first, "")


def refused(output: str) -> bool:
    """Whether a tool's output says that nothing was saved, be it JSON or plain words."""
    try:
        told: Any = json.loads(output)
    except ValueError:
        return bool(_FAILED.search(output))
    if not isinstance(told, dict):
        return bool(_FAILED.search(output))
    fields = cast("Json", told)
    if fields.get("error") or fields.get("errors"):
        return True
    verdicts = [fields[name] for name in ("ok", "saved", "success") if name in fields]
    if verdicts:
        return not all(verdicts)
    return bool(_FAILED.search(str(fields.get("status", ""))))

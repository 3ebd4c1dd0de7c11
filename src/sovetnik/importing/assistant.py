"""An exported assistant as a consultant folder."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Language
from sovetnik.core.texts import language_of
from sovetnik.importing.contact import ContactFunction, contact_function, form_toml
from sovetnik.importing.exports import AssistantExport, Json, listed, table
from sovetnik.importing.texts import texts
from sovetnik.knowledge.reading import SUFFIXES

BESIDE = ("", "files", "knowledge")
"""Folders beside the export where its files are looked for."""

_LOST: dict[Language, str] = {
    "en": "# Tools that are gone\n\nThere are no tools {names} any more. Promise nothing that only they "
    "could do: say that you cannot look it up, and offer that a manager answers.",
    "ru": "# Каких инструментов больше нет\n\nИнструментов {names} больше нет. Не обещай того, что делалось "
    "с их помощью: скажи, что посмотреть это не можешь, и предложи ответ менеджера.",
}
"""Stands in the instructions, so it is told in their language."""


@dataclass(slots=True)
class Plan:
    """What will be written, and what is to be told.

    Attributes:
        files: Contents by path inside the folder.
        made: One line for each thing that is made.
        by_hand: One line for each thing that is left to do.
    """

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    made: list[str] = field(default_factory=list[str])
    by_hand: list[str] = field(default_factory=list[str])


def plan_of(export: AssistantExport, path: Path) -> Plan:
    """What an assistant becomes.

    Raises:
        ConfigError: there is nothing in it.
    """
    plan = Plan()
    functions = list(_functions(export.assistant))
    contacts = [found for function in functions if (found := contact_function(function))]
    taken = {contact.name for contact in contacts}
    lost = [str(function.get("name")) for function in functions if function.get("name") not in taken]
    _add_instructions(plan, export.assistant, contacts, lost)
    _add_form(plan, contacts, path)
    _add_documents(plan, export, path.parent)
    if not plan.files:
        raise ConfigError(texts().no_instructions.format(path=path))
    _tell_of_tools(plan, export.assistant, lost)
    return plan


def write(plan: Plan, folder: Path, *, force: bool) -> None:
    """Make the folder; all of it or, where a file is in the way, nothing.

    Raises:
        ConfigError: a file exists already, or cannot be written.
    """
    if not force:
        for name in plan.files:
            if (folder / name).exists():
                raise ConfigError(texts().exists.format(path=folder / name))
    for name, content in plan.files.items():
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            raise ConfigError(texts().cannot_write.format(path=target, reason=error.strerror)) from error


def _functions(assistant: Json) -> Iterator[Json]:
    for tool in map(table, listed(assistant.get("tools"))):
        if tool.get("type") == "function":
            yield table(tool.get("function")) or tool  # the Responses API has it flat


def _add_instructions(
    plan: Plan, assistant: Json, contacts: Sequence[ContactFunction], lost: Sequence[str]
) -> None:
    own = texts()
    text = str(assistant.get("instructions") or "").strip()
    if not text:
        return
    renamed = text
    for contact in contacts:
        renamed = re.sub(rf"(?<!\w){re.escape(contact.name)}(?!\w)", "save_contact", renamed)
    if lost:  # or the model goes on promising what only they could do
        note = _LOST[language_of(text, None) or "en"].format(names=", ".join(f"`{name}`" for name in lost))
        renamed = f"{renamed}\n\n{note}"
    plan.files["instructions.md"] = f"{renamed}\n".encode()
    plan.made.append(own.wrote_instructions.format(count=len(renamed)))
    for contact in contacts:
        if contact.name in text and contact.name != "save_contact":
            plan.made.append(own.renamed_function.format(function=contact.name))


def _add_form(plan: Plan, contacts: Sequence[ContactFunction], path: Path) -> None:
    own = texts()
    if not contacts:
        plan.by_hand.append(own.no_contact)
        return
    first, *others = contacts
    if first.fields:
        remark = f"{first.name} ({path.name})"
        plan.files["contact_form.toml"] = form_toml(first, remark).encode()
        names = ", ".join(each.name for each in first.fields)
        plan.made.append(own.wrote_form.format(function=first.name, fields=names))
    for other in others:
        names = ", ".join(each.name for each in other.fields) or "–"
        plan.by_hand.append(own.other_contact.format(function=other.name, fields=names))


def _add_documents(plan: Plan, export: AssistantExport, beside: Path) -> None:
    own = texts()
    for file in export.files:
        name = PurePosixPath(str(file.get("filename") or file.get("name") or file.get("path") or "")).name
        if not name:
            continue
        if Path(name).suffix.lower() not in SUFFIXES:
            plan.by_hand.append(own.file_unusable.format(name=name))
            continue
        content, problem = _content(file, name, beside)
        if content is None:
            plan.by_hand.append(problem.format(name=name))
        else:
            plan.files[f"knowledge/{name}"] = content
            plan.made.append(own.wrote_document.format(name=name))
    if not export.files:
        names = list(_stores(export.assistant))
        if names:
            plan.by_hand.append(own.vector_stores.format(names=", ".join(names)))


def _content(file: Json, name: str, beside: Path) -> tuple[bytes | None, str]:
    """A file's bytes, or why there are none."""
    own = texts()
    given: Any = file.get("content")
    if isinstance(given, str):
        if file.get("encoding") != "base64":
            return given.encode(), ""
        try:
            return base64.b64decode(given, validate=True), ""
        except binascii.Error:
            return None, own.file_missing
    inside = beside.resolve()
    for place in [str(file.get("path") or ""), *(f"{folder}/{name}".lstrip("/") for folder in BESIDE)]:
        found = (beside / place).resolve()
        if place and found.is_file():
            if not found.is_relative_to(inside):
                return None, own.file_outside
            return found.read_bytes(), ""
    return None, own.file_missing


def _stores(assistant: Json) -> Iterator[str]:
    """Ids of everything that held documents at OpenAI."""
    resources = table(assistant.get("tool_resources"))
    for row in listed(table(resources.get("file_search")).get("vector_store_ids")):
        yield str(row)
    for row in listed(table(resources.get("code_interpreter")).get("file_ids")):
        yield str(row)
    for row in listed(assistant.get("file_ids")):  # the API's first version
        yield str(row)


def _tell_of_tools(plan: Plan, assistant: Json, functions: Sequence[str]) -> None:
    own = texts()
    plan.by_hand += [own.untranslated_function.format(function=name) for name in functions]
    for tool in map(table, listed(assistant.get("tools"))):
        kind = str(tool.get("type"))
        if kind == "code_interpreter":
            plan.by_hand.append(own.code_interpreter)
        elif kind not in {"function", "file_search", "retrieval"}:
            plan.by_hand.append(own.unknown_tool.format(tool=kind))
    if assistant.get("model"):
        plan.by_hand.append(own.model.format(model=assistant["model"]))

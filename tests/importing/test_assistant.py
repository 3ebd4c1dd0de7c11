"""`import assistant.json`: an assistant becomes a consultant folder, and what cannot be is told."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.importing.command import import_file
from sovetnik.knowledge.form import read_form
from sovetnik.settings import Settings

CONTACT = {
    "name": "create_lead",
    "description": "Save a lead",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {
            "full_name": {"type": "string"},
            "phone_number": {"type": "string"},
            "product": {"type": "string"},
            "deliveryCity": {"type": "string", "description": "Город доставки"},
            "email": {"type": ["string", "null"], "description": "Почта"},
            "visit": {"type": "string", "format": "date"},
            "call_time": {"type": "string", "enum": ["утром", "вечером"], "description": 'Когда "удобно"\n?'},
        },
        "required": ["full_name", "phone_number", "product", "deliveryCity", "email"],
        "additionalProperties": False,
    },
}
ASSISTANT: dict[str, Any] = {
    "id": "asst_abc123",
    "object": "assistant",
    "created_at": 1698984975,
    "name": "Продавец",
    "description": None,
    "model": "gpt-4o",
    "instructions": "Продавай кровати. Потом вызови create_lead; остатки даёт check_stock.",
    "tools": [
        {"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 0}}},
        {"type": "function", "function": CONTACT},
        {"type": "function", "function": {"name": "check_stock", "parameters": {"type": "object"}}},
        {"type": "code_interpreter"},
    ],
    "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}, "code_interpreter": {"file_ids": []}},
    "metadata": {},
    "top_p": 1.0,
    "temperature": 1.0,
    "response_format": "auto",
}


class Desk:
    """An export, and what comes of it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.made = folder / "made"
        self._capsys = capsys

    async def bring(self, export: object, **options: Any) -> str:
        path = self.folder / "assistant.json"
        path.write_text(json.dumps(export, ensure_ascii=False), encoding="utf-8")
        self._capsys.readouterr()
        await import_file(Settings(consultant_dir=self.made), path, **options)
        return self._capsys.readouterr().out

    def read(self, name: str) -> str:
        return (self.made / name).read_text(encoding="utf-8")

    @property
    def files(self) -> list[str]:
        return sorted(str(f.relative_to(self.made)) for f in self.made.rglob("*") if f.is_file())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    monkeypatch.setenv("LANGUAGE", "en")
    return Desk(tmp_path, capsys)


async def test_instructions_and_the_contact_function_become_the_folder(desk: Desk) -> None:
    out = await desk.bring(ASSISTANT)
    assert desk.files == ["contact_form.toml", "instructions.md"]
    assert desk.read("instructions.md").startswith("Продавай кровати. Потом вызови save_contact; остатки")
    form = read_form(desk.made / "contact_form.toml", "RU")
    assert [(f.name, f.label, f.required, f.type, f.choices) for f in form.fields] == [
        ("delivery_city", "Город доставки", True, "text", ()),
        ("email", "Почта", False, "email", ()),
        ("visit", "Visit", False, "date", ()),
        ("call_time", 'Когда "удобно" ?', False, "choice", ("утром", "вечером")),
    ]
    for told in (
        "create_lead is now called save_contact",
        "vs_1",
        "code_interpreter",
        "gpt-4o",
        "check_stock",
    ):
        assert told in out


async def test_a_function_without_a_counterpart_is_told_to_the_model_in_its_language(desk: Desk) -> None:
    await desk.bring(ASSISTANT)
    assert "Инструментов `check_stock` больше нет" in desk.read("instructions.md")
    await desk.bring({**ASSISTANT, "instructions": "You sell beds. Stock: check_stock."}, force=True)
    assert "There are no tools `check_stock` any more" in desk.read("instructions.md")


async def test_nothing_is_overwritten_without_force(desk: Desk) -> None:
    await desk.bring(ASSISTANT)
    (desk.made / "contact_form.toml").unlink()
    with pytest.raises(ConfigError, match="--force"):
        await desk.bring({**ASSISTANT, "instructions": "Другое"})
    assert "кровати" in desk.read("instructions.md")
    assert desk.files == ["instructions.md"]
    await desk.bring({**ASSISTANT, "instructions": "Другое"}, force=True)
    assert desk.read("instructions.md").startswith("Другое")


async def test_files_come_from_the_export_or_from_beside_it_and_from_nowhere_else(desk: Desk) -> None:
    (desk.folder / "faq.txt").write_text("Вопросы")
    (desk.folder / "files").mkdir()
    (desk.folder / "files" / "prices.csv").write_text("a,b")
    outside = desk.folder.parent / "secret.txt"
    outside.write_text("private")
    files = [
        {"id": "file-1", "filename": "about.md", "content": "# О нас"},
        {"filename": "list.xlsx", "content": base64.b64encode(b"PK").decode(), "encoding": "base64"},
        {"object": "file", "filename": "faq.txt"},
        {"filename": "prices.csv"},
        {"filename": "gone.pdf"},
        {"filename": "deck.pptx"},
        {"filename": "secret.txt", "path": "../secret.txt"},
        {"filename": "../../../evil.md", "content": "x"},
    ]
    out = await desk.bring({"assistant": ASSISTANT, "files": {"object": "list", "data": files}})
    assert desk.files == [
        "contact_form.toml",
        "instructions.md",
        *(f"knowledge/{name}" for name in ("about.md", "evil.md", "faq.txt", "list.xlsx", "prices.csv")),
    ]
    assert desk.read("knowledge/faq.txt") == "Вопросы"
    assert "gone.pdf is not beside the export" in out
    assert "deck.pptx is of a kind that is not read" in out
    assert "secret.txt lies outside" in out


async def test_the_first_version_of_the_api_and_bare_exports_are_understood(desk: Desk) -> None:
    old = {"instructions": "You sell beds.", "tools": [{"type": "retrieval"}], "file_ids": ["file-abc"]}
    out = await desk.bring(old)
    assert "file-abc" in out
    assert "no function of the assistant takes a contact" in out
    await desk.bring({"object": "list", "data": [ASSISTANT]}, to=desk.folder / "other")
    assert (desk.folder / "other" / "instructions.md").is_file()


@pytest.mark.parametrize(
    ("export", "told"),
    [
        ({}, "neither an assistant"),
        ([1, 2], "neither an assistant"),
        ({"assistants": [{"name": "A", "tools": []}, {"name": "B", "tools": []}]}, "A, B"),
        ({"object": "assistant", "instructions": None, "tools": []}, "nothing to import"),
    ],
)
async def test_an_export_of_another_kind_is_told(desk: Desk, export: object, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        await desk.bring(export)
    assert not desk.made.exists()


async def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.json"):
        await import_file(Settings(), tmp_path / "nothing.json")

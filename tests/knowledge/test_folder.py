"""The owner's folder: read again after a change, whatever an editor made of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sovetnik.core.errors import ConfigError
from sovetnik.core.house import House
from sovetnik.knowledge import folder as module
from sovetnik.knowledge.folder import ConsultantFolder


@pytest.fixture(autouse=True)
def always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.0)


def write(path: Path, content: str | bytes) -> None:
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(raw)
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))  # a clock that is too coarse shows no change


def test_the_owners_words_are_read_again_after_a_change(tmp_path: Path) -> None:
    folder = ConsultantFolder(tmp_path)
    assert (folder.instructions(), folder.greeting()) == ("", "")
    write(tmp_path / "instructions.md", "Продаём кровати.")
    assert folder.instructions() == "Продаём кровати."
    write(tmp_path / "instructions.md", "Продаём столы.\n")
    write(tmp_path / "greeting.md", "\nДобро пожаловать!\n")
    assert (folder.instructions().strip(), folder.greeting()) == ("Продаём столы.", "Добро пожаловать!")
    (tmp_path / "greeting.md").unlink()
    assert folder.greeting() == ""


@pytest.mark.parametrize("name", ["privacy", "consent"])
def test_the_texts_about_personal_data_are_read_again_after_a_change(tmp_path: Path, name: str) -> None:
    folder = ConsultantFolder(tmp_path)
    read = getattr(folder, name)
    assert read() == ""
    for version in ("Редакция 1", "Редакция 2"):
        write(tmp_path / f"{name}.md", f"\n{version}\n")
        assert read() == version
    (tmp_path / f"{name}.md").unlink()
    assert read() == ""


def test_the_consents_version_changes_with_its_words_alone(tmp_path: Path) -> None:
    folder = ConsultantFolder(tmp_path)
    house = House(consent_text=folder.consent)
    assert house.consent() is None
    versions: list[str] = []
    for text in ("Согласие", "Согласие\n", "\ufeffСогласие\r\n", "Согласие на обработку"):
        write(tmp_path / "consent.md", text)
        consent = house.consent()
        assert consent is not None
        versions.append(consent.version)
    assert versions[0] == versions[1] == versions[2] != versions[3]


def test_between_two_looks_the_disk_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "instructions.md", "раз")
    folder = ConsultantFolder(tmp_path)
    assert folder.instructions() == "раз"
    monkeypatch.setattr(module, "LOOK_EVERY", 3600.0)
    write(tmp_path / "instructions.md", "два")
    assert folder.instructions() == "раз"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_a_text_is_read_however_windows_saved_it(tmp_path: Path, encoding: str) -> None:
    write(tmp_path / "instructions.md", "Кровать «Нерль» — 62 900 руб.".encode(encoding))
    assert ConsultantFolder(tmp_path).instructions() == "Кровать «Нерль» — 62 900 руб."


def test_bytes_that_are_no_text_stop_nothing(tmp_path: Path) -> None:
    write(tmp_path / "instructions.md", bytes(range(256)))
    assert ConsultantFolder(tmp_path).instructions()


def test_a_file_that_vanishes_while_it_is_being_saved_leaves_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "instructions.md", "раз")
    folder = ConsultantFolder(tmp_path)
    assert folder.instructions() == "раз"
    write(tmp_path / "instructions.md", "два")

    def fail(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(Path, "read_bytes", fail)
        assert folder.instructions() == "раз"
    assert [row["log_level"] for row in logs] == ["warning"]
    assert folder.instructions() == "два"


def test_a_named_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"CONSULTANT_DIR.*{tmp_path}/none"):
        ConsultantFolder(tmp_path / "none").check(must_exist=True)


def test_the_usual_folder_may_be_missing_and_that_is_told(tmp_path: Path) -> None:
    with capture_logs() as logs:
        ConsultantFolder(tmp_path / "none").check(must_exist=False)
    assert [row["event"] for row in logs] == ["no_consultant_folder"]


@pytest.mark.parametrize("must_exist", [True, False])
def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path, must_exist: bool) -> None:
    (tmp_path / "consultant").write_text("")
    with pytest.raises(ConfigError, match="CONSULTANT_DIR"):
        ConsultantFolder(tmp_path / "consultant").check(must_exist=must_exist)


def test_a_file_that_cannot_be_read_is_named_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "instructions.md", "раз")

    def fail(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(ConfigError, match=r"CONSULTANT_DIR.*instructions\.md.*Permission denied"):
        ConsultantFolder(tmp_path).check(must_exist=True)

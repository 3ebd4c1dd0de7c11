"""Everything that the documentation tells people to type: executed, or parsed by the real command line."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sovetnik.cli import app
from sovetnik.knowledge.form import read_form
from sovetnik.settings import PREFIXES, Settings, load_settings
from sovetnik.storage import SqlStore
from tests.docs.reading import PAGES, ROOT, Block, blocks, name, spans
from tests.docs.shell import Simple, commands, heredocs

OURS = frozenset({"sovetnik", ".venv/bin/sovetnik", "/opt/sovetnik/.venv/bin/sovetnik"})

EXECUTED = (
    "--help",
    "completion",
    "knowledge status",
    "knowledge search",
    "knowledge measure",
    "report --date",
    "report --html",
    "report",
    "leads",
    "export",
    "backup",
    "restore",
)
"""Beginnings of our commands that are executed here, on the sample business."""

PARSED = {
    "run": "tests/acceptance runs it all the time",
    "demo": "tests/acceptance/test_demo.py and tests/browser",
    "init": "asks Telegram, the provider and mail: tests/setting_up",
    "doctor": "the same: tests/doctor",
    "check": "tests/golden",
    "import": "needs an export: tests/importing",
    "forget": "needs a customer: tests/acceptance/test_telegram.py",
    "migrate-db": "needs a server: tests/storage",
    "knowledge sync": "with a vector store: tests/knowledge_hosted",
}
"""Our commands that are only parsed, and where they are executed."""

OUTSIDE = {
    "git": "the network",
    "docker": "needs its engine; tests/deploy reads the files",
    "ssh": "another machine",
    "ollama": "somebody else's program",
    "systemctl": "the machine's services; tests/deploy reads the unit",
    "journalctl": "the same",
    "useradd": "the machine's users",
    "chown": "the same",
    "chmod": "the reader's files",
    "editor": "waits for a person",
    "openssl": "somebody else's program",
    "pip": "the network",
    "pg_dump": "a server of PostgreSQL",
    "pg_restore": "the same",
    "cd": "",
    "export": "",
    "eval": "",
    "umask": "",
    "mkdir": "",
    "printf": "",
    "cat": "",
    "make": "its targets are looked up",
    "cp": "its sources are looked up",
    "install": "executed with the .env of docs/how-to/by-hand.md",
    "python3": "executed: the percent-encoding of docs/how-to/proxies.md",
}
"""Programs that are not executed as they stand, and why."""

NOT_SETTINGS = frozenset(
    {"PATH", "password", "WEBHOOK_HOST", "COMPOSE_FILE", "OLLAMA_CONTEXT_LENGTH", "PYTHON"}
)
"""Other variables that the documentation sets."""

NAMES = frozenset(name.upper() for name in Settings.model_fields) | frozenset(
    f"{name.upper()}_FILE" for name in Settings.SECRET_NAMES
)

SCRIPTS = [block for page in PAGES for block in blocks(page, "sh", "bash", "shell")]


def ours(script: str) -> Iterator[list[str]]:
    """The arguments of our own commands in a script."""
    for command in commands(script):
        if command.words and command.words[0] in OURS:
            yield list(command.words[1:])


@pytest.mark.parametrize("block", SCRIPTS, ids=str)
def test_blocks_hold_commands_that_exist_and_settings_that_are_taken(block: Block) -> None:
    for command in commands(block.text):
        _check_names(command)
        if command.words:
            _check_program(command.words, block)


def _check_names(command: Simple) -> None:
    assert set(command.assigned) <= NAMES | NOT_SETTINGS
    whole = {
        name.lower(): value
        for name, value in command.assigned.items()
        if name.lower() in Settings.model_fields and "…" not in value
    }
    Settings(**whole)  # pyright: ignore[reportArgumentType]


def _check_program(words: tuple[str, ...], block: Block) -> None:
    program, *arguments = words
    if program in OURS:
        _parse(arguments)
    elif program.startswith((".venv/", "scripts/", "deploy/")):
        for path in [program, *arguments]:
            if path.startswith(("scripts/", "deploy/", "tests/", "benchmarks/")):
                assert (ROOT / path).exists()
    elif program == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert arguments[-1] in targets
    else:
        assert program in OUTSIDE, f"{block}: execute {program}, or say in OUTSIDE why not"


def _parse(arguments: list[str]) -> None:
    """As the command line itself would; an unknown option or a bad value raises."""
    path = " ".join(arguments)
    assert arguments[:1] == ["--version"] or path.startswith((*EXECUTED, *PARSED)), f"sovetnik {path}"
    if "--help" not in arguments:
        app.parse_args(arguments, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_and_settings_within_the_text_exist(page: Path) -> None:
    for span in spans(page):
        if span.startswith("sovetnik ") and not span.startswith("sovetnik --"):
            _known(span.split()[1:])
        setting = re.match(r"[A-Z]+_[A-Z_]+\b", span)
        if setting and setting[0].startswith(PREFIXES) and not setting[0].endswith("_"):
            assert setting[0] in NAMES


def _known(words: list[str]) -> None:
    """A command as the text names it, with its alternatives (``sync|status``) and its options."""
    level = app
    for word in words:
        names = {found for found in level if not found.startswith("-")}
        if not names:
            break
        alternatives = word.split("|")
        assert word == "…" or set(alternatives) <= names, f"there is no command {word}"
        level = level[alternatives[0]] if word != "…" else level
    if level.default_command is None:
        return
    known = {option for argument in level.assemble_argument_collection() for option in argument.names}
    given = {option.strip("[]…") for option in words if option.strip("[").startswith("--")}
    assert given <= known | {"--help"}


# executed


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as docs/how-to/by-hand.md makes it, and a database that holds nothing yet."""
    for variable in NAMES & set(os.environ):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("KNOWLEDGE_EMBEDDINGS", "off")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    by_hand = ROOT / "docs" / "how-to" / "by-hand.md"
    for block in blocks(by_hand, "sh"):
        if block.text.startswith(("cp ", "install ")):
            filled = block.text.replace("…", "x" * 30)
            subprocess.run(["sh", "-e", "-c", filled], cwd=tmp_path, check=True)
    return tmp_path


def test_the_env_file_written_by_hand_is_private_and_understood(shop: Path) -> None:
    assert (shop / ".env").stat().st_mode & 0o777 == 0o600
    settings = load_settings()
    assert settings.leads_to == ("me@example.com",)
    assert (shop / settings.consultant_dir / "instructions.md").is_file()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_commands_run_on_the_sample_business(
    shop: Path, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _prepare(shop, language)
    pages = [
        page for page in PAGES if ("ru" in page.parts or page.name == "README.ru.md") == (language == "ru")
    ]
    done: list[str] = []
    for page in pages:
        for block in blocks(page, "sh"):
            for arguments in ours(block.text):
                line = shlex.join(arguments)
                if not line.startswith(EXECUTED) or line in done or "/" in line:
                    continue
                if arguments[0] == "backup":
                    (shop / arguments[1]).unlink(missing_ok=True)
                _run(arguments)
                done.append(line)
    assert {line.split()[0] for line in done} >= {
        "knowledge",
        "report",
        "leads",
        "export",
        "backup",
        "restore",
    }
    assert ("Суздаль" if language == "ru" else "Suzdal") in capsys.readouterr().out


def _prepare(shop: Path, language: str) -> None:
    """The folder in that language, questions to measure, a database."""
    shutil.rmtree(shop / "consultant")
    shutil.copytree(ROOT / "examples" / language, shop / "consultant")
    documents = ROOT / "docs" / ("ru/how-to" if language == "ru" else "how-to") / "documents.md"
    (shop / "questions.jsonl").write_text(
        "".join(b.text for b in blocks(documents, "json")), encoding="utf-8"
    )
    asyncio.run(_make_database(load_settings().database_url.get_secret_value()))


async def _make_database(url: str) -> None:
    async with SqlStore.open(url, exclusive=True):
        pass


def _run(arguments: list[str]) -> None:
    """As typed; a failure is raised, and so is an end with an exit code other than 0."""
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except SystemExit as end:
        if end.code:
            raise


def test_the_line_that_encodes_a_password_does() -> None:
    (line,) = [b.text for b in blocks(ROOT / "docs/how-to/proxies.md", "sh") if b.text.startswith("python3")]
    line = line.replace("getpass.getpass()", "input()").replace("python3", shlex.quote(sys.executable), 1)
    ran = subprocess.run(["sh", "-c", line], input="p@ss:word\n", capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "p%40ss%3Aword"


# what is shown as a file


@pytest.mark.parametrize("block", [b for p in PAGES for b in blocks(p, "toml", "json")], ids=str)
def test_files_shown_can_be_read(block: Block) -> None:
    if block.kind == "toml":
        tomllib.loads(block.text)
    else:
        json.loads(block.text)


@pytest.mark.parametrize("page", ["docs/how-to/contacts.md", "docs/ru/how-to/contacts.md"])
def test_the_form_shown_is_a_form(page: str, tmp_path: Path) -> None:
    (block,) = blocks(ROOT / page, "toml")
    (tmp_path / "contact_form.toml").write_text(block.text, encoding="utf-8")
    form = read_form(tmp_path / "contact_form.toml", "RU")
    assert set(form.labels()) == {"call_time"}


def test_every_env_block_is_understood() -> None:
    for block in SCRIPTS:
        for text in heredocs(block.text):
            names = {line.partition("=")[0] for line in text.splitlines()}
            assert names <= NAMES, str(block)

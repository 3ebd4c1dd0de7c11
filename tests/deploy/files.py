"""The files of `deploy/`, read as their tools read them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


class Instruction(NamedTuple):
    name: str
    rest: str
    stage: int


def dockerfile() -> list[Instruction]:
    """The instructions in order; stages count from 0."""
    text = "".join(line for line in _lines(DEPLOY / "Dockerfile") if not line.lstrip().startswith("#"))
    found: list[Instruction] = []
    stage = -1
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            stage += name == "FROM"
            found.append(Instruction(name, rest.strip(), stage))
    return found


def of(name: str, *, last: bool = True) -> list[str]:
    """What stands behind that instruction, in the last stage or in all of them."""
    rows = dockerfile()
    return [row.rest for row in rows if row.name == name and (not last or row.stage == rows[-1].stage)]


def image_environment() -> dict[str, str]:
    words = [word for rest in of("ENV") for word in shlex.split(rest)]
    return dict(word.split("=", 1) for word in words)


def exec_form(rest: str) -> list[str]:
    """The words of a command that no shell reads; fails for one that a shell reads."""
    words = json.loads(rest)
    assert isinstance(words, list)
    return words


def compose(name: str) -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def environment_file(name: str) -> dict[str, str]:
    """The settings of an env file, those behind a # too."""
    found = re.findall(r"^#?([A-Z_]+)=(.*)$", (DEPLOY / name).read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def unit() -> list[tuple[str, str, str]]:
    """Section, name and value of each line of the systemd unit; names may come more than once."""
    section, found = "", []
    for raw in _lines(DEPLOY / "sovetnik.service"):
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith(("#", ";")):
            name, sign, value = line.partition("=")
            assert sign, line
            found.append((section, name, value))
    return found


def seconds(value: str) -> float:
    """Of "25s", "10min" or "25"."""
    number, word = re.fullmatch(r"(\d+)\s*(s|min|)", value).groups()
    return int(number) * {"min": 60, "s": 1, "": 1}[word]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)

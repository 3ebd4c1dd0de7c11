"""Changing ``.env`` line by line: what is not changed stays as it is, comments and order included."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic_settings import DotEnvSettingsSource

from sovetnik.core.errors import ConfigError
from sovetnik.doctor.finding import Said, Trouble
from sovetnik.settings import Settings

_PLAIN = re.compile(r"[\w@%+=:,./~-]+")


class EnvFile:
    """One ``.env``; readable by its owner only after the first change.

    Args:
        path: It need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def values(self) -> dict[str, str]:
        """What is set in it, by name.

        Raises:
            ConfigError: it cannot be read.
        """
        try:
            source = DotEnvSettingsSource(Settings, env_file=self.path, env_file_encoding="utf-8-sig")
            return {name.upper(): value for name, value in source.env_vars.items() if value}
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.path}: cannot be read: {error}; save it as UTF-8 text") from error

    def change(self, changes: Mapping[str, str | None]) -> None:
        """Set names, or take them out (None); whole or not at all.

        Raises:
            ConfigError: it cannot be written.
            Trouble: a value cannot stand in such a file.
        """
        known = self.values()
        wanted = {name: value for name, value in changes.items() if known.get(name) != (value or None)}
        try:
            if not wanted and self.path.exists():
                self.path.chmod(0o600)  # it holds secrets, whoever made it
                return
            before = self.path.read_bytes().decode("utf-8-sig") if self.path.exists() else ""
            _replace(self.path.resolve(), _changed(before, wanted), check=lambda path: _check(path, wanted))
        except OSError as error:
            raise ConfigError(
                f"cannot write {self.path.absolute()}: {error.strerror}; give the folder to this user"
            ) from error


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, for its owner only.

    Raises:
        OSError: it cannot be written.
    """
    _replace(path, text, check=lambda _: None)


def _replace(path: Path, text: str, check: Callable[[Path], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        check(Path(name))
        os.replace(name, path)  # noqa: PTH105 - the same call
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - as above
        raise


def _changed(before: str, wanted: Mapping[str, str | None]) -> str:
    """The text with the last line of each name changed; new names come at the end."""
    lines = before.splitlines(keepends=True)
    ending = "\r\n" if before.count("\r\n") > before.count("\n") // 2 else "\n"
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += ending
    for name, value in wanted.items():
        mine = re.compile(rf"\s*(?:export\s+)?{re.escape(name)}\s*=", re.IGNORECASE)
        at = [number for number, line in enumerate(lines) if mine.match(line)]
        new = [] if value is None else [f"{name}={_quoted(value)}{ending}"]
        if not at:
            lines += new
            continue
        lines[at[-1] : at[-1] + 1] = new
        for number in reversed(at[:-1]):  # an earlier line of the same name never counted
            del lines[number]
    return "".join(lines)


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _check(path: Path, wanted: Mapping[str, str | None]) -> None:
    """Read it as the program will: what cannot be written so (a ``${…}``) must not be stored otherwise."""
    read = EnvFile(path).values()
    for name, value in wanted.items():
        if (value or None) != read.get(name):
            raise Trouble(
                Said(f"{name}: .env cannot hold this value", f"{name}: такое значение в .env не записать"),
                Said(f"put it into a file and set {name}_FILE", f"положите его в файл и задайте {name}_FILE"),
            )

"""A command of `sovetnik` in a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pexpect

PATIENCE = 30
_ERASED = re.compile(r"[^\n]*\r(?:\x1b\[\?25[hl])?\x1b\[2K")
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r")


def plain(text: str) -> str:
    """What stands on the screen, without colours and cursor movements."""
    return _CONTROLS.sub("", _ERASED.sub("", text))


class Terminal:
    """A program that thinks it talks to a person; 80 columns unless told otherwise."""

    def __init__(self, *arguments: str, cwd: Path, env: dict[str, str], columns: int = 80) -> None:
        self._child = pexpect.spawn(
            sys.executable,
            ["-m", "sovetnik", *arguments],
            cwd=str(cwd),
            env={"TERM": "xterm-256color", **env},
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(50, columns),
        )
        self._child.delaybeforesend = None
        self.seen = ""

    async def expect(self, text: str) -> str:
        """Wait until the text stands on the screen (colours inside it do not matter); gives what came."""
        pattern = r"(?:\x1b\[[0-9;?]*[A-Za-z]|\r|\n)*".join(map(re.escape, text))
        try:
            await asyncio.to_thread(self._child.expect, pattern)
        except (pexpect.TIMEOUT, pexpect.EOF):
            shown = plain(self.seen + (self._child.before or ""))
            raise AssertionError(f"no {text!r} on the screen:\n{shown}") from None
        came = f"{self._child.before}{self._child.after}"
        self.seen += came
        return plain(came)

    def type(self, text: str) -> None:
        """Type a line."""
        self._child.sendline(text)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._child.sendintr()

    async def answer(self, question: str, text: str) -> str:
        """Wait for a question and answer it."""
        came = await self.expect(question)
        came += await self.expect("› ")
        self.type(text)
        return came

    async def end(self) -> int:
        """Wait for the end; the exit code."""
        try:
            await asyncio.to_thread(self._child.expect, pexpect.EOF)
        except pexpect.TIMEOUT:
            shown = plain(self.seen + (self._child.before or ""))
            raise AssertionError(f"it does not end:\n{shown}") from None
        self.seen += self._child.before or ""
        await asyncio.to_thread(self._child.close)
        return self._child.exitstatus if self._child.exitstatus is not None else -self._child.signalstatus

    def kill(self) -> None:
        """End it for good."""
        self._child.close(force=True)

    @property
    def screen(self) -> str:
        """All that was shown, without colours."""
        return plain(self.seen)

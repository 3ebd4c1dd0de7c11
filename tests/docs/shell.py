"""Shell blocks of the documentation as simple commands: enough of the grammar for what people paste."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

_SUBSTITUTION = re.compile(r"\$\((?:[^()]|\([^()]*\))*\)")
_HEREDOC = re.compile(r"<<'?(?P<end>\w+)'?")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.DOTALL)
_SEPARATORS = {"&&", "||", "|", ";", "&"}
_REDIRECTIONS = {">", ">>", "<"}


@dataclass(frozen=True)
class Simple:
    """One command: assignments before it, then its words; without words it only assigns."""

    assigned: dict[str, str]
    words: tuple[str, ...]


def commands(script: str) -> Iterator[Simple]:
    """The commands of a script, those within ``sudo``, ``env``, ``sh -c`` and containers taken out."""
    for line in _lines(script):
        for words in _split(line):
            yield from _unwrapped(_simple(words))


def heredocs(script: str) -> Iterator[str]:
    """The texts that a script writes with ``<<'END'``."""
    lines = iter(script.splitlines())
    for line in lines:
        found = _HEREDOC.search(line)
        if found:
            yield "".join(f"{text}\n" for text in iter(lambda: next(lines), found["end"]))


def _lines(script: str) -> Iterator[str]:
    """Logical lines: continued ones joined, heredocs left out."""
    lines = iter(script.replace("\\\n", " ").splitlines())
    for line in lines:
        heredoc = _HEREDOC.search(line)
        if heredoc:
            end = heredoc["end"]
            for text in lines:
                if text == end:
                    break
            line = _HEREDOC.sub("", line)  # noqa: PLW2901 - the same line without its heredoc
        yield _SUBSTITUTION.sub("substituted", line)


def _split(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    for word in lexer:
        if word.startswith("#"):
            break
        if word in _SEPARATORS:
            yield words
            words = []
        else:
            words.append(word)
    yield words


def _simple(words: list[str]) -> Simple:
    assigned: dict[str, str] = {}
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        found = _ASSIGNMENT.fullmatch(word) if not kept else None
        if found:
            assigned[found["name"]] = found["value"]
        elif word in _REDIRECTIONS:
            next(rest, None)
        else:
            kept.append(word)
    return Simple(assigned, tuple(kept))


def _unwrapped(command: Simple) -> Iterator[Simple]:
    words = list(command.words)
    if words[:1] in (["sudo"], ["env"]):
        words = _after_options(words[1:], {"-u", "-C"})
        yield from _unwrapped(Simple(command.assigned, tuple(words)))
    elif words[:2] == ["sh", "-c"]:
        yield from commands(words[2])
    elif words[:2] == ["docker", "compose"] and words[2] in {"exec", "run"} and "--entrypoint" not in words:
        service, *inside = _after_options(words[3:], set())
        ours = inside if words[2] == "exec" else [service, *inside]  # the image's entry point is sovetnik
        yield from _unwrapped(Simple(command.assigned, tuple(ours)))
    elif words or command.assigned:
        yield Simple(command.assigned, tuple(words))


def _after_options(words: list[str], with_value: set[str]) -> list[str]:
    while words and words[0].startswith("-"):
        words = words[2 if words[0] in with_value else 1 :]
    return words

"""The result as JUnit XML, which every CI shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from sovetnik.core.errors import ConfigError
from sovetnik.golden.texts import texts
from sovetnik.golden.verdict import Result

_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold at all."""


def write_junit(path: Path, file: Path, results: Sequence[Result], seconds: float) -> None:
    """Write the results of a file's questions.

    Raises:
        ConfigError: the file cannot be written.
    """
    suite = ET.Element(
        "testsuite",
        name=f"sovetnik check {file.name}",
        tests=str(len(results)),
        failures=str(sum(result.status == "failed" for result in results)),
        errors="0",
        skipped=str(sum(result.status == "skipped" for result in results)),
        time=f"{seconds:.3f}",
    )
    for result in results:
        _add(suite, file, result)
    root = ET.Element("testsuites")
    root.append(suite)
    try:
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise ConfigError(texts().cannot_write.format(path=path, reason=error.strerror)) from error


def _add(suite: ET.Element, file: Path, result: Result) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"sovetnik.{file.stem}",
        name=_clean(result.case.title),
        file=str(file),
        line=str(result.case.line),
        time=f"{result.played.seconds if result.played else 0:.3f}",
    )
    if result.status == "skipped":
        ET.SubElement(case, "skipped", message=_clean(result.why))
    if result.status == "failed":
        failure = ET.SubElement(case, "failure", message=_clean("; ".join(result.problems)))
        failure.text = _clean(dialogue(result))


def dialogue(result: Result) -> str:
    """The conversation as lines of text."""
    own = texts()
    traces = result.played.traces if result.played else ()
    lines: list[str] = []
    for number, said in enumerate(result.case.ask):
        lines.append(f"{own.customer}: {said}")
        if number < len(traces):
            lines.append(f"{own.answer}: {traces[number].answer.text}")
    return "\n".join(lines)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)

"""Reading check.toml: what it may hold, and mistakes that are told with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.golden.cases import read_cases

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


def written(folder: Path, text: str) -> Path:
    path = folder / "check.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_question_may_be_a_text_or_several_and_everything_else_likewise(tmp_path: Path) -> None:
    text = (
        '[[question]]\nask = "Price?"\nmust = "100"\n\n'
        '[[question]]\nask = ["Hi", "Order"]\ndoes = ["ask_contact"]'
    )
    one, two = read_cases(written(tmp_path, text))
    assert (one.ask, one.must, one.line) == (("Price?",), ("100",), 1)
    assert (two.ask, two.does, two.line) == (("Hi", "Order"), ("ask_contact",), 5)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_examples_can_be_read(language: str) -> None:
    assert 8 <= len(read_cases(EXAMPLES / language / "check.toml")) <= 12


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (
            '[[question]]\nask = "a"\nmust = ["x"]\n\n[[question]]\nask = "b"\nmusts = ["y"]\n',
            7,
            "did you mean must?",
        ),
        ('[[question]]\nask = "a"\ndoes = "calls_police"\n', 3, "ask_contact, saves_contact, says_unknown"),
        ('[[question]]\nask = "a"\nlanguage = "de"\n', 3, "possible are ru, en"),
        ('\n[[question]]\nmust = ["x"]\n', 2, "ask"),
        ('[[question]]\nask = "a"\nmust = []\n', 1, "nothing is expected"),
        ('[[question]]\nask = "a"\nmust = [12]\n', 3, "must must be a text"),
        ('[[question]]\nask = "a"\nmust = ["/(/"]\n', 3, "no regular expression"),
        ('[[question]]\nask = "a"\nmust = "x"\nneeds_model = "yes"\n', 4, "true or false"),
        ('[[questions]]\nask = "a"\n', 1, "[[question]]"),
        ("", 1, "no questions"),
        ('[[question]]\nask = "a"\nmust = ["x"] 7\n', 3, "double quotes"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_way_out(
    tmp_path: Path, text: str, line: int, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_cases(written(tmp_path, text))
    said = str(caught.value)
    assert "check.toml" in said
    assert f"line {line}" in said
    assert told in said


def test_a_file_that_may_not_be_read_is_told_without_talk_of_encodings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory; give it to the user"):
        read_cases(tmp_path)


def test_a_file_that_is_not_there_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--from-leads"):
        read_cases(tmp_path / "check.toml")

"""The contact form's file: each mistake is told with the file and the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from sovetnik.core.contacts import ContactForm, FormField
from sovetnik.core.errors import ConfigError
from sovetnik.knowledge.form import read_form


def field(**values: str) -> str:
    given = {"name": '"city"', "label": '"Город"', **values}
    return "[[fields]]\n" + "\n".join(f"{key} = {value}" for key, value in given.items() if value)


def refusal(tmp_path: Path, content: str) -> str:
    path = tmp_path / "contact_form.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_form(path, "RU")
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


def test_a_form_is_read_with_all_that_it_says(tmp_path: Path) -> None:
    path = tmp_path / "contact_form.toml"
    path.write_text(
        field(hint='"куда везти"', required="true")
        + "\n"
        + field(name='"call_time"', label='" Когда "', type='"choice"', choices='["утром", "вечером"]'),
        "utf-8",
    )
    assert read_form(path, "KZ") == ContactForm(
        fields=(
            FormField("city", "Город", "куда везти", required=True),
            FormField("call_time", "Когда", type="choice", choices=("утром", "вечером")),
        ),
        region="KZ",
    )


def test_without_a_file_only_name_phone_and_order_are_asked_for(tmp_path: Path) -> None:
    assert read_form(tmp_path / "contact_form.toml", "RU") == ContactForm()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("fields = ", "cannot be read"),
        ("[fields]\nname = 'a'", "two brackets"),
        ("fields = 7", "two brackets"),
        ("fields = [7]", "field 1"),
        ("title = 'Форма'", "'title'"),
        (field(name=""), "field 1: name"),
        (field(name='""'), "field 1: name"),
        (field(name="7"), "field 1: name"),
        (field(name='"Город"'), "'Город' must be small Latin letters"),
        (field(name='"2city"'), "small Latin letters"),
        (field(name='"phone"'), "'phone' is always asked for"),
        (field(label=""), "field 'city': label"),
        (field(label='"  "'), "field 'city': label"),
        (field(label="[1]"), "field 'city': label"),
        (field(hint="7"), "field 'city': hint"),
        (field(required='"yes"'), "field 'city': required must be true or false"),
        (field(type='"phone"'), "field 'city': type 'phone' is unknown; possible are text"),
        (field(type="7"), "field 'city': type 7"),
        (field(type="[]"), "field 'city': type"),
        (field(type='"choice"'), "field 'city': choices"),
        (field(type='"choice"', choices="[]"), "field 'city': choices"),
        (field(type='"choice"', choices='"утром"'), "field 'city': choices must be a list"),
        (field(type='"choice"', choices="[1, 2]"), "field 'city': choices must be a list"),
        (field(choices='["утром"]'), "field 'city': choices"),
        (field(colour='"red"'), "'colour'; possible are"),
        (field() + "\n" + field(), "'city' stands there twice"),
        (field() + "\n" + field(name='"x y"'), "field 2"),
    ],
)
def test_a_mistake_is_told_with_its_field(tmp_path: Path, content: str, said: str) -> None:
    assert said in refusal(tmp_path, content)


def test_a_form_saved_in_another_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "contact_form.toml"
    path.write_bytes(field(label='"Город"').encode("cp1251"))
    with pytest.raises(ConfigError, match=str(path)):
        read_form(path, "RU")


def test_a_form_that_notepad_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "contact_form.toml"
    path.write_text(field(), "utf-8-sig")
    assert [f.name for f in read_form(path, "RU").fields] == ["city"]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_examples_form_is_good(language: str) -> None:
    path = Path(__file__).parents[2] / "examples" / language / "contact_form.toml"
    assert read_form(path, "RU").fields

"""Reading ``contact_form.toml``."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, cast, get_args

from sovetnik.core.contacts import ContactForm, FieldType, FormField
from sovetnik.core.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KEYS = {"name", "label", "hint", "required", "type", "choices"}
_ALWAYS = {"name", "phone", "order"}


def read_form(path: Path, region: str) -> ContactForm:
    """The owner's form; without a file, only what is always asked for.

    Raises:
        ConfigError: the file names what is wrong with it and where.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return ContactForm(region=region)
    except OSError as error:
        out = "give it to the user who runs sovetnik"
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; {out}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; see examples/ for a form that works") from error
    unknown = set(content) - {"fields"}
    if unknown:
        raise ConfigError(f"{path}: unknown key {min(unknown)!r}; a form has [[fields]] only")
    rows = content.get("fields", [])
    if not isinstance(rows, list):
        raise ConfigError(f"{path}: write [[fields]] with two brackets, once for each field")
    fields = tuple(
        _field(path, number, row) for number, row in enumerate(cast("list[object]", rows), start=1)
    )
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: the field {name!r} stands there twice; give each its own name")
    return ContactForm(fields=fields, region=region)


def _field(path: Path, number: int, row: object) -> FormField:
    where = f"{path}: field {number}"
    if not isinstance(row, dict):
        raise ConfigError(f"{where}: write it as a [[fields]] table")
    values = cast("dict[str, Any]", row)
    unknown = sorted(set(values) - _KEYS)
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}; possible are {', '.join(sorted(_KEYS))}")
    name = _text(where, values, "name")
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: name {name!r} must be small Latin letters, digits and _")
    if name in _ALWAYS:
        raise ConfigError(f"{where}: {name!r} is always asked for; take it out of the file")
    where = f"{path}: field {name!r}"
    kind = values.get("type", "text")
    if kind not in get_args(FieldType):
        raise ConfigError(f"{where}: type {kind!r} is unknown; possible are {', '.join(get_args(FieldType))}")
    required = values.get("required", False)
    if not isinstance(required, bool):
        raise ConfigError(f"{where}: required must be true or false, without quotes")
    return FormField(
        name=name,
        label=_text(where, values, "label"),
        hint=_text(where, values, "hint", default=""),
        required=required,
        type=cast("FieldType", kind),
        choices=_choices(where, kind, values.get("choices", [])),
    )


def _text(where: str, values: dict[str, Any], key: str, default: str | None = None) -> str:
    value = values.get(key, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise ConfigError(f'{where}: {key} is missing or no text; write {key} = "…"')
    return value.strip()


def _choices(where: str, kind: str, value: object) -> tuple[str, ...]:
    items = cast("list[object]", value) if isinstance(value, list) else [None]
    if not all(isinstance(item, str) for item in items):
        raise ConfigError(f'{where}: choices must be a list of texts: choices = ["…", "…"]')
    if (kind == "choice") != bool(items):
        raise ConfigError(f'{where}: choices = ["…", "…"] belong to type = "choice", and only to it')
    return tuple(cast("list[str]", items))

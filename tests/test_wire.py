"""JSON on the wire is the standard library's, only sooner."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sovetnik.wire import from_json, to_json

TEXT = st.text(st.characters(categories=None)) | st.sampled_from(["\ud83d", "Привет 😀", "\x00"])
SHORT = st.integers(-(2**63), 2**64 - 1)


def values(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | numbers | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
        max_leaves=10,
    )


@given(values(st.integers()))
def test_what_is_sent_reads_as_it_was(value: Any) -> None:
    assert json.loads(to_json(value)) == value


@given(values(SHORT), st.booleans())
def test_what_comes_is_read_as_it_was_written(value: Any, ascii_only: bool) -> None:
    written = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert from_json(written) == value


@given(st.binary(max_size=20))
def test_what_is_no_json_is_a_value_error(raw: bytes) -> None:
    try:
        expected = json.loads(raw)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - whose words they are does not matter
            from_json(raw)
    else:
        assert from_json(raw) == expected or expected != expected


def test_cyrillic_goes_as_two_bytes_a_letter() -> None:
    assert len(to_json("Доставка")) == 2 * len("Доставка") + 2

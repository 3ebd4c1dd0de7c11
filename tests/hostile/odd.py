"""Odd texts and values, and how often each test tries them.

``HOSTILE_TIMES=50 pytest tests/hostile`` tries fifty times as many, other ones each time.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

TIMES = int(os.environ.get("HOSTILE_TIMES", "1"))


def tries(count: int) -> settings:
    """So many examples, the same in each run, unless more are asked for."""
    return settings(
        max_examples=count * TIMES,
        derandomize=TIMES == 1,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


NASTY = (
    "",
    " ",
    "\x00",
    "\x00\x01\x07\x1b[2J\x7f\x85",
    "\ud83d",
    "привет \udc00\ud83d пока",
    "\u202egnp.exe\u202c",
    "\u2066\u2067\u061cمرحبا\u2069",
    "\u200b\u200c\u200d\u2060\ufeff",
    "שלום עולם",
    "👩\u200d👩\u200d👧\u200d👦" * 3,
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "a\u2028b\u2029c\x0bd\x0ce",
    "\r\nBcc: evil@example.com\r\n\r\n<b>",
    "=?utf-8?q?=0D=0ABcc:_evil@example.com?=",
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</style></title></td></table><!--",
    "x;background:url(javascript:alert(1))}*{display:none",
    "[x](javascript:alert(1)) [y](https://e.example/\"onmouseover='a')",
    "{{ 7 * 7 }}{% raw %}%s{0}{name}",
    "'; DROP TABLE chats; --",
    "../../etc/passwd",
    "/forget",
    "/pair ABCDEFGHJKLM",
    "None",
    "😀" * 4096,
    "W" * 10_000,
)

texts: st.SearchStrategy[str] = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(codec=None), max_size=40),
    st.lists(st.sampled_from([*NASTY[:-2], "\n", "x", " "]), max_size=4).map("".join),
)
"""Any text that JSON can carry, halves of emoji and NUL included."""

numbers: st.SearchStrategy[int | float] = st.one_of(
    st.sampled_from([0, -1, 1, 2**31, 2**52, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**80, -(2**80), 10**30]),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0.5, 1e308, float("inf"), float("nan")]),
)

odd_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
"""Whatever JSON can say where something else was meant."""

"""HTML pages."""

from pathlib import Path

import pytest

from sovetnik.knowledge.reading import Unreadable
from tests.knowledge_reading.making import blocks, heading, row, text


def read(folder: Path, body: str):
    return blocks(
        folder, "a.html", f"<!doctype html><html><head><meta charset=utf-8></head><body>{body}</body></html>"
    )


def test_headings_paragraphs_and_entities(tmp_path: Path):
    body = "<h1>Кровати &amp; матрасы</h1><p>Цена&nbsp;—\n 500&#8381;<br>за <b>шту</b>ку</p>"
    body += "<div>раз<div>два</div>три</div>"
    assert read(tmp_path, body) == [
        heading("Кровати & матрасы", 1),
        text("Цена — 500₽\nза штуку"),
        text("раз"),
        text("два"),
        text("три"),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>тайна('</p>')</script>",
        "<style>p { тайна }</style>",
        "<template><p>тайна</p></template>",
        "<noscript>тайна</noscript>",
        "<nav><ul><li>тайна</ul></nav>",
        "<footer><div>тайна</div></footer>",
        "<p hidden>тайна",
        "<ul><li hidden>тайна</ul>",
        "<div style='color: red; DISPLAY : none'><div>тайна</div>тайна</div>",
        "<span style='visibility:hidden'>тайна</span>",
        "<div aria-hidden=true>тайна<br>тайна<img alt=тайна></div>",
        "<svg><title>тайна</title><path/></svg>",
        "<div role=navigation>тайна</div>",
        "<select><option>тайна<option>тайна</select>",
        "<!-- тайна -->",
    ],
)
def test_what_is_no_content_is_dropped(tmp_path: Path, hidden: str):
    assert read(tmp_path, f"<p>до</p>{hidden}<p>после</p>") == [text("до"), text("после")]


def test_lists(tmp_path: Path):
    body = "<p>Есть:</p><ul><li>раз<li><p>два</p><ol><li>а</li><li>б</li></ol><li>3</ul><p>конец"
    assert read(tmp_path, body) == [text("Есть:"), text("- раз\n- два\n  1. а\n  2. б\n- 3"), text("конец")]


def test_tables(tmp_path: Path):
    body = (
        "<table><caption>Цены</caption><thead><tr><td>Что<td>Цена</thead>"
        "<tr><td>Кровать<br>«Нерль»</td><td>24&nbsp;900</td></tr><tr><td>Тумба<td></table>"
        "<table><tr><th>а<th>б<tr><td>1<td>2</table><table><tr><td>вся<td>страница</table>"
    )
    assert read(tmp_path, body) == [
        text("Цены"),
        row("Кровать «Нерль» | 24 900", "Что | Цена"),
        row("Тумба |", "Что | Цена"),
        row("1 | 2", "а | б"),
        text("вся"),
        text("страница"),
    ]


def test_the_title_serves_where_there_is_no_h1(tmp_path: Path):
    page = "<title>Доставка — Тихий дом</title><p>500 руб.</p>"
    assert blocks(tmp_path, "a.htm", page) == [heading("Доставка — Тихий дом", 1), text("500 руб.")]
    assert blocks(tmp_path, "a.htm", f"<title>x</title><h1>Доставка</h1>{page[-15:]}")[0] == heading(
        "Доставка", 1
    )


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866"])
def test_charset_of_the_meta_tag(tmp_path: Path, encoding: str):
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={encoding}">'
    page = f"<html><head>{meta}</head><p>Юг</p>"
    assert blocks(tmp_path, "a.html", page.encode(encoding)) == [text("Юг")]


def test_a_wrong_meta_tag_does_not_win_over_utf8(tmp_path: Path):
    assert blocks(tmp_path, "a.html", "<meta charset=windows-1251><p>Доставка</p>") == [text("Доставка")]
    assert blocks(tmp_path, "a.html", "<meta charset=no-such><p>Доставка</p>".encode("cp1251")) == [
        text("Доставка")
    ]


def test_broken_markup(tmp_path: Path):
    assert read(tmp_path, "<p>раз<table><tr><td>а<td>б<p>в<tr><td>1<td>2") == [
        text("раз"),
        row("1 | 2", "а | б в"),
    ]
    assert read(tmp_path, "</ul></table></p>раз</li><h2>два<p>три") == [
        text("раз"),
        heading("два", 2),
        heading("три", 2),
    ]


def test_pre(tmp_path: Path):
    assert read(tmp_path, "<pre>раз\n  два</pre>") == [text("раз\n  два")]


def test_binary(tmp_path: Path):
    with pytest.raises(Unreadable, match="not text"):
        blocks(tmp_path, "a.html", bytes(range(256)) * 10)

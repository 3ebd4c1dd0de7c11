"""Broken and hostile files: a reason for the owner, never a crash."""

import re
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from sovetnik.knowledge.reading import SUFFIXES, Readers, Unreadable, read_blocks
from tests.knowledge_reading.making import blocks, docx_bytes, pdf, refusal, xlsx_bytes

REAL = {
    ".docx": docx_bytes(["Доставка по городу 500 рублей."] * 50),
    ".xlsx": xlsx_bytes([["Товар", "Цена"], *([f"Кровать {at}", at] for at in range(50))]),
    ".pdf": pdf([["Доставка по городу 500 рублей."] * 30] * 3),
}


@pytest.mark.parametrize("suffix", sorted(REAL))
@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_truncated(tmp_path: Path, suffix: str, part: float):
    content = REAL[suffix][: int(len(REAL[suffix]) * part)]
    reason = refusal(tmp_path, f"a{suffix}", content)
    assert not reason or re.search(r": \w", reason)  # a reason, then the way out


@pytest.mark.parametrize("suffix", sorted(REAL))
@pytest.mark.parametrize("other", [".md", ".txt", ".csv", ".html", *sorted(REAL)])
def test_wrong_suffix(tmp_path: Path, suffix: str, other: str):
    if suffix == other:
        return
    with pytest.raises(Unreadable, match=": "):
        blocks(tmp_path, f"a{other}", REAL[suffix])


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_damaged_bytes(tmp_path: Path, suffix: str):
    content = bytearray(REAL.get(suffix, "Доставка | цена\n---|---\n<p>500</p>;1\n".encode() * 40))
    for at in range(100, len(content), 97):
        content[at] ^= 0x5A
    reason = refusal(tmp_path, f"a{suffix}", bytes(content))
    assert not reason or ": " in reason


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_empty_file(tmp_path: Path, suffix: str):
    assert bool(refusal(tmp_path, f"a{suffix}", b"")) == (suffix in REAL)


@pytest.mark.parametrize("name", ["a.exe", "a.doc", "README"])
def test_other_files(tmp_path: Path, name: str):
    with pytest.raises(Unreadable, match="save it as one of"):
        blocks(tmp_path, name, "текст")


def test_too_large(tmp_path: Path):
    file = tmp_path / "a.txt"
    with file.open("wb") as out:
        out.truncate(51 * 1024 * 1024)
    with pytest.raises(Unreadable, match="larger than 50 MB"):
        read_blocks(file)


def test_missing(tmp_path: Path):
    with pytest.raises(Unreadable, match="No such file or directory: save"):
        read_blocks(tmp_path / "none.md")


def _with_part(archive: bytes, name: str, content: bytes) -> bytes:
    """The archive with this part instead of its own."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(archive)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for each in old.namelist():
            new.writestr(each, content if each == name else old.read(each))
    return out.getvalue()


def _declaring(archive: bytes, name: str, size: int) -> bytes:
    """The archive with another inflated size for this part in its directory."""
    directory = archive.index(b"PK\x01\x02")
    at = archive.index(name.encode(), directory) - 46
    return archive[: at + 24] + struct.pack("<I", size) + archive[at + 28 :]


def test_a_bomb_that_declares_itself(tmp_path: Path):
    bomb = _declaring(docx_bytes(), "word/document.xml", 1_200_000_000)
    with pytest.raises(Unreadable, match="inflates"):
        blocks(tmp_path, "a.docx", bomb)


def test_a_real_bomb(tmp_path: Path):
    bomb = _with_part(docx_bytes(), "word/document.xml", b"<a>" + b" " * 110_000_000)
    assert len(bomb) < 1_000_000
    with pytest.raises(Unreadable, match="inflates"):
        blocks(tmp_path, "a.docx", bomb)


def test_a_bomb_that_lies(tmp_path: Path):
    bomb = _with_part(docx_bytes(), "word/document.xml", b"<a>" + b" " * 20_000_000 + b"</a>")
    with pytest.raises(Unreadable):
        blocks(tmp_path, "a.docx", _declaring(bomb, "word/document.xml", 1000))


async def test_a_million_empty_cells(tmp_path: Path):
    names = [f"{chr(65 + at // 26)}{chr(65 + at % 26)}" for at in range(500)]
    rows = "".join(
        f'<row r="{number}">' + "".join(f'<c r="{name}{number}" s="0"/>' for name in names) + "</row>"
        for number in range(1, 2001)
    )
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f'{rows}<row r="2001"><c r="A2001" t="inlineStr"><is><t>Конец</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    (tmp_path / "a.xlsx").write_bytes(_with_part(xlsx_bytes(), "xl/worksheets/sheet1.xml", sheet.encode()))
    async with Readers() as readers:
        (chunk,) = await readers.read(tmp_path / "a.xlsx", "a.xlsx")
    assert (chunk.heading, chunk.text) == ("Sheet", "Конец")


NESTED = ["div", "ul><li", "table><tr><td", "script", "nav><p", "p hidden><div"]


@pytest.mark.parametrize("tag", NESTED)
async def test_ten_megabytes_of_nesting(tmp_path: Path, tag: str):
    opening = f"<{tag}>"
    page = "<p>начало</p>" + opening * (10_000_000 // len(opening)) + "<p>глубина</p>"
    (tmp_path / "a.html").write_text(page)
    async with Readers() as readers:
        if tag == "script":
            (chunk,) = await readers.read(tmp_path / "a.html", "a.html")
            assert chunk.text == "начало"
        else:
            with pytest.raises(Unreadable, match="nested beyond measure: save"):
                await readers.read(tmp_path / "a.html", "a.html")


@pytest.mark.parametrize("tag", ["w:p", "w:tbl", "w:sdt", "w:r"])
async def test_nested_elements(tmp_path: Path, tag: str):
    word = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    deep = f"<w:document {word}><w:body><w:p>" + f"<{tag}>" * 100_000
    (tmp_path / "a.docx").write_bytes(_with_part(docx_bytes(), "word/document.xml", deep.encode()))
    closed = deep + f"</{tag}>" * 100_000 + "</w:p></w:body></w:document>"
    (tmp_path / "b.docx").write_bytes(_with_part(docx_bytes(), "word/document.xml", closed.encode()))
    async with Readers() as readers:
        for name in ("a.docx", "b.docx"):
            with pytest.raises(Unreadable, match="nested beyond measure"):
                await readers.read(tmp_path / name, name)

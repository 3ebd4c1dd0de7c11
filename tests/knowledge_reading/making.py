"""Documents for the tests, made the way real programs make them."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from docx import Document
from openpyxl import Workbook
from pypdf import PdfReader, PdfWriter

from sovetnik.knowledge.chunks import Block
from sovetnik.knowledge.reading import Unreadable, read_blocks

# A font without glyphs: character codes are UTF-16 units, and ToUnicode says so.
_CMAP = (
    b"/CIDInit /ProcSet findresource begin begincmap /CMapName /U def /CMapType 2 def\n"
    b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
    b"3 beginbfrange <0020> <00FF> <0020> <0400> <045F> <0400> <2010> <2122> <2010> endbfrange endcmap end"
)

_FONT = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /Sample /Encoding /Identity-H /DescendantFonts [4 0 R] "
    b"/ToUnicode 5 0 R >>"
)
_GLYPHS = (
    b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Sample /CIDSystemInfo << /Registry (Adobe) "
    b"/Ordering (Identity) /Supplement 0 >> /DW 500 >>"
)


def pdf(pages: Iterable[list[str]]) -> bytes:
    """A PDF with these lines of text on each page; Russian letters through a ToUnicode map."""
    pages = list(pages)
    kids = " ".join(f"{6 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        _FONT,
        _GLYPHS,
        _stream(_CMAP),
    ]
    for lines in pages:
        shown = "".join(f"<{line.encode('utf-16-be').hex()}> Tj T*\n" for line in lines)
        at = len(objects) + 1
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {at + 1} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(_stream(f"BT /F1 11 Tf 14 TL 50 800 Td\n{shown}ET".encode()))
    return _file(objects)


def _stream(data: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(data), data)


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets: list[int] = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(out)


def locked_pdf(password: str, owner: str = "owner") -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf([["Цены: кровать 24 900 руб."]]))))
    writer.encrypt(password, owner, algorithm="RC4-128")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def docx_bytes(paragraphs: Iterable[str] = ("Доставка по городу 500 рублей.",)) -> bytes:
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def xlsx_bytes(rows: Iterable[list[object]] = (["Товар", "Цена"], ["Кровать", 24900])) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def blocks(folder: Path, name: str, content: bytes | str) -> list[Block]:
    """What is read of a file with this content."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_blocks(file)


def refusal(folder: Path, name: str, content: bytes) -> str:
    """Why a file with this content is not read; empty when it is."""
    try:
        blocks(folder, name, content)
    except Unreadable as error:
        return str(error)
    return ""


def heading(text: str, level: int) -> Block:
    return Block("heading", text, level)


def text(content: str) -> Block:
    return Block("text", content)


def row(content: str, header: str = "") -> Block:
    return Block("row", content, header=header)

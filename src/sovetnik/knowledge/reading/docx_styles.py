"""Styles and numbering of a Word document: which paragraphs are headings and list items."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree as ET

from sovetnik.knowledge.reading.archives import attribute, local, related_part

# Word writes the English names of built-in styles in every language; other programs translate them.
_HEADING = re.compile(r"(?:heading|заголовок)\s*([1-9])", re.IGNORECASE)
_TITLE = re.compile(r"title|название|заголовок", re.IGNORECASE)
_LIST = re.compile(r"list (bullet|number)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Style:
    """What matters of a paragraph's style.

    Attributes:
        level: of a heading, 1 to 6; 0 = not a heading.
        list_id: the numbering it follows; "" or "0" = none.
        depth: of a list item, from 0.
        named_list: "bullet" or "number" by the style's name.
    """

    level: int = 0
    list_id: str = ""
    depth: int = 0
    named_list: str = ""

    @property
    def is_item(self) -> bool:
        """Whether it is a list item; a numbered heading is not."""
        return not self.level and (bool(self.named_list) or self.list_id not in {"", "0"})

    def overridden(self, properties: ET.Element) -> Style:
        """This style with what ``w:pPr`` says over it."""
        style = self
        numbers = (each for element in properties if local(element.tag) == "numPr" for each in element)
        for element in (*properties, *numbers):  # not iter(): what it was before a tracked change lies deeper
            value = attribute(element, "val")
            name = local(element.tag)
            if name == "numId":
                style = replace(style, list_id=value, named_list=style.named_list if value != "0" else "")
            elif name == "ilvl" and value.isdecimal():
                style = replace(style, depth=min(int(value), 8))
            elif name == "outlineLvl" and value.isdecimal():
                style = replace(style, level=min(int(value) + 1, 6) if int(value) < 9 else 0)
        return style


@dataclass(slots=True)
class Numbering:
    """Marks of list items; counts as it goes."""

    bullets: dict[tuple[str, int], bool]
    _counts: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])

    def item(self, style: Style, text: str) -> str:
        """The text with its mark and indentation."""
        key = (style.list_id, style.depth)
        indent = "  " * style.depth
        if self.bullets.get(key, style.named_list != "number"):
            return f"{indent}- {text}"
        for deeper in [each for each in self._counts if each[0] == key[0] and each[1] > key[1]]:
            del self._counts[deeper]
        self._counts[key] = self._counts.get(key, 0) + 1
        return f"{indent}{self._counts[key]}. {text}"


def read_styles(archive: zipfile.ZipFile, main: str) -> dict[str, Style]:
    """Paragraph styles by id, each with what it inherits."""
    elements = {
        attribute(element, "styleId"): element
        for element in _root(archive, main, "styles")
        if local(element.tag) == "style"
    }
    styles: dict[str, Style] = {}
    for name in elements:
        chain = _inherited(elements, name)
        style = Style()
        for element in reversed(chain):
            style = _own(element, style)
        styles[name] = style
    return styles


def _inherited(elements: dict[str, ET.Element], name: str) -> list[ET.Element]:
    """A style and those it is based on, nearest first; a loop ends where it closes."""
    chain: list[ET.Element] = []
    while (element := elements.get(name)) is not None and element not in chain and len(chain) < 20:
        chain.append(element)
        name = next((attribute(each, "val") for each in element if local(each.tag) == "basedOn"), "")
    return chain


def _own(element: ET.Element, style: Style) -> Style:
    name = next((attribute(each, "val") for each in element if local(each.tag) == "name"), "")
    for properties in element:
        if local(properties.tag) == "pPr":
            style = style.overridden(properties)
    if match := _HEADING.match(name):
        style = replace(style, level=min(int(match[1]), 6))
    elif _TITLE.fullmatch(name):
        style = replace(style, level=1)
    elif match := _LIST.match(name):
        style = replace(style, named_list=match[1].lower())
    return style


def read_numbering(archive: zipfile.ZipFile, main: str) -> Numbering:
    """Which levels of which numberings are bullets."""
    abstract: dict[str, dict[int, bool]] = {}
    bullets: dict[tuple[str, int], bool] = {}
    for element in _root(archive, main, "numbering"):
        if local(element.tag) == "abstractNum":
            abstract[attribute(element, "abstractNumId")] = _levels(element)
        elif local(element.tag) == "num":
            of = next((attribute(each, "val") for each in element if local(each.tag) == "abstractNumId"), "")
            for depth, bullet in abstract.get(of, {}).items():
                bullets[attribute(element, "numId"), depth] = bullet
    return Numbering(bullets)


def _levels(element: ET.Element) -> dict[int, bool]:
    return {
        int(depth): attribute(each, "val") in {"bullet", "none"}
        for level in element
        if local(level.tag) == "lvl" and (depth := attribute(level, "ilvl")).isdecimal()
        for each in level
        if local(each.tag) == "numFmt"
    }


def _root(archive: zipfile.ZipFile, main: str, kind: str) -> ET.Element:
    part = related_part(archive, main, kind)
    if part is None or part not in archive.namelist():
        return ET.Element("nothing")
    return ET.fromstring(archive.read(part))  # noqa: S314 - expat loads nothing external

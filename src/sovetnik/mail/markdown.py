"""The model's Markdown made readable: the simplest marks as HTML, or taken off for plain text.

Every piece of text is escaped on its own and the tags are ours, so no text can bring HTML along.
"""

from __future__ import annotations

import re
from itertools import groupby

from markupsafe import Markup, escape

# All lengths are bounded: an unclosed mark must not cost quadratic time in a 100 kB message.
_INLINE = re.compile(
    r"`(?P<code>[^`\n]{1,500})`"
    r"|!?\[(?P<label>[^\[\]\n]{1,300})\]\((?P<target>https?://[^\s()<>]{1,1000}(?:\([^\s()<>]{0,100}\))?)\)"
    r"|(?P<url>https?://[^\s<>\"'`*()\[\]]{1,1000})"
    r"|\*\*(?P<bold>[^\s*](?:[^*\n]{0,500}[^\s*])?)\*\*"
    r"|(?<!\w)__(?P<bold2>[^\s_](?:[^\n]{0,500}?[^\s_])?)__(?!\w)"
    r"|(?<![\w*])\*(?P<italic>[^\s*](?:[^*\n]{0,500}[^\s*])?)\*(?![\w*])"
    r"|(?<!\w)_(?P<italic2>[^\s_](?:[^\n]{0,500}?[^\s_])?)_(?!\w)"
    r"|~~(?P<struck>[^\s~](?:[^~\n]{0,500}[^\s~])?)~~"
)
_HEADING = re.compile(r"#{1,6}[ \t]+(?P<rest>.+)")
_BULLET = re.compile(r"(?P<indent>[ \t]{0,20})[-*+][ \t]+(?P<rest>.*)")
_CITED = re.compile(r"[ \t]{0,3}>[ \t]?(?P<rest>.*)")
_FENCE = re.compile(r"[ \t]{0,3}(```|~~~)[\w+#.-]{0,30}[ \t]*")
_RULE = re.compile(r"[ \t]{0,3}([-*_])([ \t]*\1){2,}[ \t]*")

_AROUND = {
    "bold": Markup("<b>{}</b>"),
    "bold2": Markup("<b>{}</b>"),
    "italic": Markup("<i>{}</i>"),
    "italic2": Markup("<i>{}</i>"),
    "struck": Markup("<s>{}</s>"),
}


def markdown_html(text: str) -> Markup:
    """HTML with ``<br>`` for line breaks; safe whatever the text holds."""
    parts: list[Markup] = []
    for cited, group in groupby(_lines(text), _is_cited):
        lines = list(group)
        if cited:
            parts.append(Markup('<div class="cite">{}</div>').format(_cited_html(lines)))
        else:
            if parts and len(lines) > 1 and not lines[0][0].strip():
                del lines[0]  # a block has its own distance to what follows
            parts.append(Markup("<br>").join(_code_or_line_html(*line) for line in lines))
    return Markup("").join(parts)


def markdown_plain(text: str) -> str:
    """The text without its marks; a link shows its address."""
    return "\n".join(line if code else _line_plain(line) for line, code in _lines(text))


def plain_html(text: str) -> Markup:
    """A text that is no Markdown, escaped, with its line breaks."""
    return Markup("<br>").join(escape(line) for line in text.split("\n"))


def _lines(text: str) -> list[tuple[str, bool]]:
    """Lines without the fences, each with whether it is code."""
    found: list[tuple[str, bool]] = []
    code = False
    for line in text.split("\n"):
        if _FENCE.fullmatch(line):
            code = not code
        else:
            found.append((line, code and bool(line.strip())))
    return found


def _is_cited(line: tuple[str, bool]) -> bool:
    text, code = line
    return not code and bool(_CITED.fullmatch(text))


def _cited_html(lines: list[tuple[str, bool]]) -> Markup:
    return Markup("<br>").join(_line_html(_CITED.sub(r"\g<rest>", text)) for text, _ in lines)


def _code_or_line_html(text: str, code: bool) -> Markup:
    return Markup("<code>{}</code>").format(text) if code else _line_html(text)


def _line_html(line: str) -> Markup:
    if match := _HEADING.fullmatch(line):
        return Markup("<b>{}</b>").format(_inline_html(match["rest"]))
    if match := _BULLET.fullmatch(line):
        indent = "\u00a0" * len(match["indent"].expandtabs(4))
        return Markup("{}• {}").format(indent, _inline_html(match["rest"]))
    return Markup("———") if _RULE.fullmatch(line) else _inline_html(line)


def _line_plain(line: str) -> str:
    if match := _HEADING.fullmatch(line):
        return _inline_plain(match["rest"])
    if match := _BULLET.fullmatch(line):
        return f"{match['indent']}• {_inline_plain(match['rest'])}"
    return "———" if _RULE.fullmatch(line) else _inline_plain(line)


def _inline_html(text: str) -> Markup:
    parts: list[Markup] = []
    end = 0
    for match in _INLINE.finditer(text):
        parts += (escape(text[end : match.start()]), _mark_html(match))
        end = match.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def _mark_html(match: re.Match[str]) -> Markup:
    if match["code"]:
        return Markup("<code>{}</code>").format(match["code"])
    if match["label"]:
        return Markup('<a href="{}">{}</a>').format(match["target"], match["label"])
    if match["url"]:
        return _bare_link(match["url"])
    for group, around in _AROUND.items():
        if match[group]:
            return around.format(_inline_html(match[group]))
    return escape(match[0])


def _bare_link(url: str) -> Markup:
    target = url.rstrip(".,;:!?…»")
    return Markup('<a href="{0}">{0}</a>{1}').format(target, url[len(target) :])


def _inline_plain(text: str) -> str:
    return _INLINE.sub(_mark_plain, text)


def _mark_plain(match: re.Match[str]) -> str:
    if match["label"]:
        return f"{match['label']} ({match['target']})"
    for group in _AROUND:
        if match[group]:
            return _inline_plain(match[group])
    return match["code"] or match[0]

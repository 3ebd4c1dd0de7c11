"""What every mail must be, whatever stands in it."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

HEADERS = {
    "Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted", "Content-Type", "MIME-Version",
    "Reply-To", "In-Reply-To", "References",
}  # fmt: skip
TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "p", "h1", "h2",
    "a", "b", "i", "s", "code", "br", "bdi", "span",
}  # fmt: skip
ATTRIBUTES = {
    "align", "border", "cellpadding", "cellspacing", "charset", "class", "colspan", "content", "dir",
    "height", "href", "lang", "name", "role", "style", "title", "valign", "width",
}  # fmt: skip
_LINK = re.compile(r"https?://[^\s<>]+|tg://user\?id=-?\d+|tel:\+\d+|mailto:[^?\s<>\"]+")
_STYLE = re.compile(r"url\s*\(|expression\s*\(|@import|javascript:|behavior\s*:", re.IGNORECASE)


class Page(HTMLParser):
    """What a mail program is given: tags, attributes, links, styles, and the visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.styles: list[str] = []
        self.sheets: list[str] = []
        self.comments: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [
            value or "" for name, value in attrs if name in {"href", "src", "action", "background"}
        ]
        self.styles += [value or "" for name, value in attrs if name == "style"]
        self._inside = tag if tag in {"style", "title"} else self._inside

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.sheets.append(data)
        elif not self._inside:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def check_page(html: str) -> Page:
    """HTML that does nothing but show: our tags, our attributes, links to people and pages."""
    page = Page(html)
    assert set(page.tags) <= TAGS
    assert page.attributes <= ATTRIBUTES
    for link in page.links:
        assert _LINK.fullmatch(link), link
    for style in (*page.styles, *page.sheets):
        assert not _STYLE.search(style), style
    assert all(comment.startswith("[if mso]>") for comment in page.comments)
    assert page.tags.count("table") == html.count("</table>")
    assert page.tags.count("html") == page.tags.count("body") == page.tags.count("title") == 1
    html.encode()
    return page


def check_mail(raw: bytes) -> EmailMessage:
    """A mail to the owner, with the headers that are ours and no others."""
    head, _, _ = raw.partition(b"\r\n\r\n")
    assert all(line[:1] in b" \t" or b":" in line for line in head.split(b"\r\n"))
    head.decode("ascii")
    mail = message_from_bytes(raw, policy=policy.SMTP.clone(raise_on_defect=True))
    assert isinstance(mail, EmailMessage)
    assert set(mail.keys()) <= HEADERS
    assert all(len(mail.get_all(name, [])) == 1 for name in mail)
    assert "evil" not in f"{mail['To']}{mail['From']}"
    assert len(str(mail["Subject"]).splitlines()) == 1
    assert not re.search("[\x00-\x1f\u2028\u2029\u202a-\u202e\u2066-\u2069]", str(mail["Subject"]))
    for part in mail.walk():
        name = part.get_filename()
        assert name in {None, "dialogue.html", "dialogues.html"}
        if part.get_content_type() == "text/html":
            check_page(part.get_content())
        elif not part.is_multipart():
            assert part.get_content_type() == "text/plain"
            assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", part.get_content())
    return mail

"""A polite walk over the owner's site: its pages become documents.

One host, robots.txt obeyed, one request after another with a pause between, few pages, little depth.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import httpx

from sovetnik import version
from sovetnik.connecting import trusted
from sovetnik.doctor.causes import cause
from sovetnik.doctor.finding import Said, Trouble, same
from sovetnik.doctor.patient import literal
from sovetnik.knowledge.reading.html import html_blocks, html_text
from sovetnik.knowledge.reading.unreadable import Unreadable
from sovetnik.setting_up.envfile import write_private

AGENT = f"sovetnik/{version()}"
PAGES, DEPTH, BYTES = 50, 3, 10_000_000
PAUSE, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two requests; a site's Crawl-delay is followed up to the second."""
PATIENCE, WHOLE = 10.0, 300.0
"""Seconds for one request, and for all of it."""
HOPS = 5

_FILES = {
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_NO_PAGE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|css|js|json|xml|zip|rar|7z|mp[34]|avi|mov|woff2?|exe|apk)$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Crawled:
    """What was taken: files that were written, and addresses that were not, with the reason."""

    written: list[Path] = field(default_factory=list[Path])
    left: dict[str, Said] = field(default_factory=dict[str, Said])
    bytes: int = 0
    stopped: Said | None = None


class _TooMuch(Exception):  # noqa: N818 - ends the walk
    """The walk's whole amount is used up."""


class _Elsewhere(Exception):  # noqa: N818 - says where it leads
    """A redirect to another host."""


@dataclass(slots=True)
class Crawler:
    """One walk.

    Args:
        start: Where it begins.
        folder: Where the documents go.
        tell: Called before each request with its number and address.
        pause: Seconds between two requests at least.
    """

    start: str
    folder: Path
    tell: Callable[[int, str], None]
    pause: float = PAUSE
    found: Crawled = field(default_factory=Crawled)
    _seen: set[str] = field(default_factory=set[str])
    _texts: set[bytes] = field(default_factory=set[bytes])
    _last: float = 0.0

    async def run(self) -> Crawled:
        """Walk.

        Raises:
            Trouble: the site cannot be reached, or its robots.txt forbids.
        """
        headers = {"user-agent": AGENT, "accept": "text/html,application/pdf,*/*;q=0.5"}
        async with httpx.AsyncClient(
            headers=headers, timeout=PATIENCE, trust_env=False, verify=trusted()
        ) as client:
            rules = await self._rules(client)
            if not rules.can_fetch(AGENT, self.start):
                raise Trouble(
                    Said("its robots.txt forbids programs", "robots.txt сайта запрещает программы"),
                    Said(
                        f"allow {AGENT.split('/', maxsplit=1)[0]} there",
                        f"разрешите там {AGENT.split('/', maxsplit=1)[0]}",
                    ),
                )
            delay = rules.crawl_delay(AGENT)
            self.pause = min(max(self.pause, float(delay or 0)), LONGEST_PAUSE)
            try:
                async with asyncio.timeout(WHOLE):
                    await self._walk(client, rules)
            except TimeoutError:
                self.found.stopped = Said("the time is over", "время вышло")
            except _TooMuch:
                self.found.stopped = Said("10 MB are reached", "набралось 10 МБ")
        return self.found

    async def _rules(self, client: httpx.AsyncClient) -> RobotFileParser:
        rules = RobotFileParser()
        address = urljoin(self.start, "/robots.txt")
        try:
            response, _ = await self._get(client, address)
        except _Elsewhere:
            response = None
        except httpx.HTTPError as error:
            raise Trouble(
                Said("{site} cannot be reached: {error}", "{site} недоступен: {error}").format(
                    site=urlsplit(self.start).netloc, error=cause(str(error))
                ),
                Said("check the address", "проверьте адрес"),
                "unreachable",
            ) from None
        if response is None or response.status_code == 404 or response.status_code < 400:
            good = response is not None and response.status_code == 200
            rules.parse(response.text.splitlines() if response and good else [])
        else:  # a site that does not tell its rules just now is left alone, as search engines do
            rules.parse(["User-agent: *", "Disallow: /" if response.status_code >= 500 else "Disallow:"])
        return rules

    async def _walk(self, client: httpx.AsyncClient, rules: RobotFileParser) -> None:
        waiting = deque([(_plain(self.start), 0)])
        self._seen.add(_plain(self.start))
        number = 0
        while waiting:
            if len(self.found.written) >= PAGES:
                self.found.stopped = Said(f"{PAGES} pages are reached", f"набралось {PAGES} страниц")
                return
            address, depth = waiting.popleft()
            if not rules.can_fetch(AGENT, address):
                self.found.left[address] = same("robots.txt")
                continue
            number += 1
            self.tell(number, address)
            for link in await self._take(client, address, is_start=number == 1):
                if depth < DEPTH and link not in self._seen and len(self._seen) < 20 * PAGES:
                    self._seen.add(link)
                    waiting.append((link, depth + 1))

    async def _take(self, client: httpx.AsyncClient, address: str, *, is_start: bool) -> list[str]:
        """Save what lies at an address; gives the links of a page."""
        try:
            response, final = await self._get(client, address)
            if response.status_code != 200:
                raise Trouble(same(f"HTTP {response.status_code}"), None)
            return self._keep(response, final)
        except _Elsewhere as elsewhere:
            why = Said(f"leads to {elsewhere}", f"ведёт на {elsewhere}")
        except (httpx.HTTPError, OSError, Unreadable) as error:
            why = literal(error)
        except Trouble as trouble:
            why = trouble.fact
        if is_start:
            raise Trouble(
                same("{site}: {why}").format(site=address, why=why),
                Said("check the address", "проверьте адрес"),
            )
        self.found.left[address] = why
        return []

    def _keep(self, response: httpx.Response, address: str) -> list[str]:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        raw = response.content
        if kind in _FILES:
            path = self._path(address, _FILES[kind])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
            self.found.written.append(path)
            return []
        if kind not in {"text/html", "application/xhtml+xml"}:
            raise Trouble(same(kind or "?"), None)
        page = html_text(raw)
        text = _as_markdown(page)
        digest = hashlib.sha256(text.encode()).digest()
        if text and digest not in self._texts:
            self._texts.add(digest)
            path = self._path(address, ".md")
            write_private(path, f"Источник / Source: {address}\n\n{text}\n")
            self.found.written.append(path)
        return [link for link in _links(page, address) if _same_site(link, self.start)]

    async def _get(self, client: httpx.AsyncClient, address: str) -> tuple[httpx.Response, str]:
        """An answer, followed over redirects on the same host, and its own address."""
        for _ in range(HOPS):
            await asyncio.sleep(max(0.0, self._last + self.pause - time.monotonic()))
            async with client.stream("GET", address) as response:
                body = b""
                async for piece in response.aiter_bytes():
                    body += piece
                    if self.found.bytes + len(body) > BYTES:
                        raise _TooMuch
            self._last = time.monotonic()
            self.found.bytes += len(body)
            if not response.is_redirect:
                headers = {"content-type": response.headers.get("content-type", "")}
                return httpx.Response(response.status_code, headers=headers, content=body), address
            address = urldefrag(urljoin(address, response.headers["location"])).url
            if not _same_site(address, self.start):
                raise _Elsewhere(urlsplit(address).netloc)
        raise Trouble(Said("leads in a circle", "ходит по кругу"), None)

    def _path(self, address: str, suffix: str) -> Path:
        """A name that tells the page; the same address has the same name each time."""
        parts = urlsplit(address)
        words = re.sub(r"[^\w.-]+", "-", unquote(parts.path).strip("/")).strip("-.") or "index"
        words = re.sub(r"\.(?:html?|php|aspx?|pdf|docx)$", "", words, flags=re.IGNORECASE)[:80]
        if parts.query:
            words += "-" + hashlib.sha256(parts.query.encode()).hexdigest()[:6]
        path = self.folder / f"{words}{suffix}"
        if path in self.found.written:
            mark = hashlib.sha256(address.encode()).hexdigest()[:6]
            path = self.folder / f"{words}-{mark}{suffix}"
        return path


def site_of(text: str) -> str | None:
    """The address of a site, if the text is one: a scheme may be missing."""
    text = text.strip()
    if re.match(r"https?://", text, re.IGNORECASE):
        return text
    if re.fullmatch(r"[\w-]+(?:\.[\w-]+)*\.[a-zа-яё]{2,}(?::\d+)?(?:/\S*)?", text, re.IGNORECASE):
        return None if Path(text).exists() else f"https://{text}"
    return None


def _as_markdown(page: str) -> str:
    lines: list[str] = []
    header = ""
    for block in html_blocks(page):
        if block.kind == "heading":
            lines.append(f"{'#' * max(1, block.level)} {block.text}")
        elif block.kind == "row":
            if block.header and block.header != header:
                lines.append(block.header)
            header = block.header
            lines.append(block.text)
        else:
            lines.append(block.text)
    return "\n\n".join(line for line in lines if line.strip()).strip()


class _Links(HTMLParser):
    """The ``href`` of each link, and the page's base."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if tag == "a" and target and "nofollow" not in (dict(attrs).get("rel") or ""):
            self.found.append(target)
        elif tag == "base" and target:
            self.base = target


def _links(page: str, address: str) -> list[str]:
    parser = _Links()
    parser.feed(page)
    base = urljoin(address, parser.base)
    found: list[str] = []
    for target in parser.found:
        try:
            link = _plain(urljoin(base, target))
            parts = urlsplit(link)
        except ValueError:
            continue
        if parts.scheme in {"http", "https"} and not _NO_PAGE.search(parts.path):
            found.append(link)
    return found


def _plain(address: str) -> str:
    address = urldefrag(address.strip()).url
    return address if urlsplit(address).path else f"{address}/"


def _same_site(address: str, start: str) -> bool:
    """The same host; a scheme of its own or a leading ``www.`` makes no other site, another port does."""
    one, two = urlsplit(address), urlsplit(start)
    try:
        ports = {one.port, two.port} - {80, 443, None}
        same_port = one.port == two.port or not ports
    except ValueError:
        return False
    names = {(parts.hostname or "").removeprefix("www.") for parts in (one, two)}
    return len(names) == 1 and same_port and one.scheme in {"http", "https"}

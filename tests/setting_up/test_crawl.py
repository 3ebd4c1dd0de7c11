"""The walk over the owner's site."""

from __future__ import annotations

import time

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sovetnik.demo.serving import serve
from sovetnik.doctor.finding import Trouble
from sovetnik.knowledge.reading import Readers
from sovetnik.setting_up import crawl
from sovetnik.setting_up.crawl import Crawler, site_of


def page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(f"<html><title>{title}</title><body><nav>menu</nav>{body}</body></html>")


class Site:
    """A small shop; `asked` are the paths that were requested."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.times: list[float] = []
        self.agents: set[str] = set()
        self.robots = "User-agent: *\nDisallow: /admin\n"
        self.pages: dict[str, Response] = {
            "/": page(
                "Shop",
                '<h1>Quiet Home</h1><p>Beds and mattresses.</p><a href="/delivery/">Delivery</a>'
                '<a href="/admin">in</a><a href="/away">away</a><a href="/here">here</a>'
                '<a href="/p.jpg">x</a>'
                '<a href="https://other.invalid/">other</a><a href="/price.pdf">price</a>'
                '<a href="/copy">copy</a><a href="/data.json">data</a><a href="mailto:a@b.example">mail</a>'
                '<a href="/gone#top">gone</a><a href="/deep1">deep</a><a href="/stream">stream</a>',
            ),
            "/delivery/": page(
                "Delivery",
                "<h1>Delivery</h1><table><tr><th>Town</th><th>Price</th></tr><tr><td>Moscow</td>"
                '<td>900</td></tr></table><p>Three days.</p><p><a href="/">home</a></p>',
            ),
            "/copy": page(
                "Delivery",
                "<h1>Delivery</h1><table><tr><th>Town</th><th>Price</th></tr><tr><td>Moscow</td>"
                "<td>900</td></tr></table><p>Three days.</p><p></p>home",
            ),
            "/admin": page("Admin", "<p>secret</p>"),
            "/away": RedirectResponse("https://other.invalid/landing"),
            "/here": RedirectResponse("/landing"),
            "/landing": page("Landing", "<p>Warranty: three years.</p>"),
            "/price.pdf": Response(b"%PDF-1.4 price", media_type="application/pdf"),
            "/stream": Response(b"zip", media_type="application/zip"),
            **{
                f"/deep{n}": page(f"Deep {n}", f'<p>Depth {n}.</p><a href="/deep{n + 1}">on</a>')
                for n in range(1, 7)
            },
        }
        self.app = Starlette(routes=[Route("/{path:path}", self.answer)])

    async def answer(self, request):
        path = request.url.path
        self.asked.append(path)
        self.times.append(time.monotonic())
        self.agents.add(request.headers["user-agent"])
        if path == "/robots.txt":
            return PlainTextResponse(self.robots)
        return self.pages.get(path, PlainTextResponse("no", 404))


async def walk(site: Site, folder, pause: float = 0.0):
    async with serve(site.app) as url:
        found = await Crawler(url, folder, lambda number, address: None, pause=pause).run()
    return url, found


async def test_pages_become_documents_with_their_address(tmp_path):
    site = Site()
    url, found = await walk(site, tmp_path)
    names = {path.name for path in found.written}
    assert names == {"index.md", "delivery.md", "landing.md", "price.pdf", "deep1.md", "deep2.md", "deep3.md"}
    text = (tmp_path / "delivery.md").read_text()
    assert f"{url}/delivery/" in text.splitlines()[0]
    assert "# Delivery" in text
    assert "Moscow | 900" in text
    assert "menu" not in text
    async with Readers() as readers:
        chunks = await readers.read(tmp_path / "delivery.md", "delivery.md")
    assert any("Three days." in chunk.text for chunk in chunks)


async def test_robots_other_hosts_and_other_kinds_are_left_alone(tmp_path):
    site = Site()
    url, found = await walk(site, tmp_path)
    assert "/admin" not in site.asked
    assert site.asked[0] == "/robots.txt"
    assert all(agent.startswith("sovetnik/") for agent in site.agents)
    left = {address.removeprefix(url): why.en for address, why in found.left.items()}
    assert left["/admin"] == "robots.txt"
    assert "other.invalid" in left["/away"]
    assert left["/gone"] == "HTTP 404"
    assert left["/stream"] == "application/zip"
    assert "/p.jpg" not in site.asked
    assert len(site.asked) == len(set(site.asked))


async def test_a_second_walk_renews_its_own_files(tmp_path):
    site = Site()
    (tmp_path / "mine.md").write_text("mine")
    async with serve(site.app) as url:
        for price in ("900", "1100"):
            site.pages["/delivery/"] = page("Delivery", f"<p>Moscow {price}</p>")
            await Crawler(url, tmp_path, lambda number, address: None, pause=0).run()
    assert "1100" in (tmp_path / "delivery.md").read_text()
    assert (tmp_path / "mine.md").read_text() == "mine"


async def test_limits_of_pages_and_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(crawl, "PAGES", 2)
    _, few = await walk(Site(), tmp_path / "few")
    assert len(few.written) == 2
    assert few.stopped is not None
    monkeypatch.setattr(crawl, "BYTES", 2_000)
    site = Site()
    site.pages["/"] = page("Big", "x" * 100 + '<a href="/big">big</a>')
    site.pages["/big"] = page("Big", "y" * 5_000)
    _, small = await walk(site, tmp_path / "small")
    assert "10 MB" in small.stopped.en
    assert [path.name for path in small.written] == ["index.md"]


async def test_one_request_after_another_with_a_pause_that_the_site_may_lengthen(tmp_path):
    site = Site()
    site.robots = "User-agent: *\nCrawl-delay: 1\nDisallow: /d\nDisallow: /c\nDisallow: /g\nDisallow: /p\n"
    async with serve(site.app) as url:
        crawler = Crawler(url, tmp_path, lambda number, address: None, pause=0.05)
        site.pages["/"] = page("One", "<p>Only page.</p>")
        await crawler.run()
    assert crawler.pause == 1
    assert crawl.PAUSE >= 0.5


async def test_a_site_that_forbids_or_is_not_there(tmp_path):
    site = Site()
    site.robots = "User-agent: *\nDisallow: /\n"
    with pytest.raises(Trouble, match=r"robots\.txt"):
        await walk(site, tmp_path)
    assert site.asked == ["/robots.txt"]
    with pytest.raises(Trouble, match="cannot be reached"):
        await Crawler("http://127.0.0.1:9/", tmp_path, lambda number, address: None, pause=0).run()
    site = Site()
    site.pages["/"] = PlainTextResponse("broken", 500)
    with pytest.raises(Trouble, match="HTTP 500"):
        await walk(site, tmp_path)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://shop.example/a", "https://shop.example/a"),
        ("shop.example", "https://shop.example"),
        ("мебель.рф/каталог", "https://мебель.рф/каталог"),
        ("documents", None),
        ("./prices", None),
        ("C:\\docs", None),
        ("/srv/docs", None),
    ],
)
def test_a_site_is_told_from_a_folder(text, address):
    assert site_of(text) == address

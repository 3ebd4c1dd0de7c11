"""The owner's mails on the page: readable, and shut in."""

from __future__ import annotations

from tests.demo_web.stage import Scene

HOSTILE = "<img src=x onerror=alert(1)>"
PAGE = f"""<!doctype html><html><head><style>
@media (prefers-color-scheme: dark) {{ p {{ color: white }} }}
</style></head><body><p>{HOSTILE}</p><script>alert(1)</script></body></html>"""


async def test_a_mail_has_its_list_line_and_its_parts(scene: Scene) -> None:
    number = await scene.mail(f"Заявка {HOSTILE}", text="Мария\nтелефон", html=PAGE)
    (mail,) = (await scene.http.get("/api/mails")).json()
    assert (mail["number"], mail["subject"], mail["has_html"]) == (number, f"Заявка {HOSTILE}", True)
    assert (mail["from"]["name"], mail["to"], mail["snippet"]) == (
        "Советник",
        ["o@x.example"],
        "Мария телефон",
    )
    text = await scene.http.get(f"/api/mails/{number}/text")
    assert text.headers["content-type"].startswith("text/plain")
    assert text.text == "Мария\nтелефон\n"
    assert "MIME-Version" in (await scene.http.get(f"/api/mails/{number}/source")).text


async def test_mails_and_the_report_are_shut_in(scene: Scene) -> None:
    await scene.mail("x", html=PAGE)
    for path in ("/api/mails/0/html", "/api/report"):
        policy = (await scene.http.get(path)).headers["content-security-policy"]
        rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
        assert rules["default-src"] == ["'none'"]
        assert rules["frame-ancestors"] == ["'self'"]
        assert rules["img-src"] == ["data:"]
        assert not {"allow-scripts", "allow-same-origin", "allow-forms"} & set(rules["sandbox"])


async def test_a_frame_is_light_or_dark_as_asked(scene: Scene) -> None:
    await scene.mail("x", html=PAGE)
    light, dark = [
        (await scene.http.get(f"/api/mails/0/html?scheme={name}")).text for name in ("light", "dark")
    ]
    assert light.startswith("<!doctype html>")
    assert "@media (max-width: 0px)" in light
    assert "@media (min-width: 0px)" in dark
    assert "color-scheme:dark" in dark


async def test_an_attachment_is_saved_never_shown(scene: Scene) -> None:
    head = (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n"
        b"--q\r\nContent-Type: text/plain\r\n\r\nsee\r\n"
        b"--q\r\nContent-Type: text/html\r\n"
        b'Content-Disposition: attachment; filename="d&quot;\xff.html"\r\n\r\n'
    )
    await scene.raw_mail(head + b"<script>alert(1)</script>\r\n--q--\r\n")
    (part,) = (await scene.state())["mails"][0]["attachments"]
    assert part["size"] == len("<script>alert(1)</script>")
    answer = await scene.http.get("/api/mails/0/attachments/0")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")


async def test_one_odd_mail_leaves_the_others_readable(scene: Scene) -> None:
    await scene.mail("обычное")
    await scene.raw_mail(
        b"Subject: \xcf\xf0\r\nFrom: \xff <<\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff"
    )
    await scene.raw_mail(b"")
    assert [mail["number"] for mail in (await scene.state())["mails"]] == [0, 1, 2]
    for number in (1, 2):
        for part in ("html", "text", "source"):
            assert (await scene.http.get(f"/api/mails/{number}/{part}")).status_code == 200

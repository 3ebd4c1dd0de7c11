"""What customers do on the page, as the bot sees it."""

from __future__ import annotations

from typing import Any

from tests.demo_web.stage import Scene

UPLOAD = 20 * 1024 * 1024  # bytes, what a bot can download


async def _updates(scene: Scene) -> list[dict[str, Any]]:
    return await scene.bot("getUpdates", timeout=0)


async def _upload(scene: Scene, kind: str, data: bytes, **query: str) -> int:
    path = f"/api/customers/{scene.customer}/upload/{kind}"
    return (await scene.http.post(path, content=data, params=query)).status_code


async def test_a_new_customer_writes_to_the_bot(scene: Scene) -> None:
    given = {"first_name": " Игорь ", "last_name": "Ветров", "language": "ru", "phone": "+79035550123"}
    answer = await scene.http.post("/api/customers", json=given)
    assert answer.status_code == 201
    added = answer.json()
    assert (added["name"], added["phone"], added["messages"]) == ("Игорь Ветров", "+79035550123", [])
    await scene.do("start", added["id"], payload="ad-7")
    await scene.do("say", added["id"], text="Добрый день")
    texts = [update["message"]["text"] for update in await _updates(scene)]
    assert texts == ["/start ad-7", "Добрый день"]


async def test_replies_name_what_they_answer(scene: Scene) -> None:
    await scene.do("start")
    asked = await scene.bot("sendMessage", chat_id=scene.customer, text="Какой размер?")
    await scene.do("say", text="160", reply_to=asked["message_id"])
    assert (await _updates(scene))[-1]["message"]["reply_to_message"]["text"] == "Какой размер?"


async def test_buttons_and_the_contact_reach_the_bot(scene: Scene) -> None:
    await scene.do("start")
    inline = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
    sent = await scene.bot("sendMessage", chat_id=scene.customer, text="Верно?", reply_markup=inline)
    assert (await scene.do("press", button="yes", message_id=sent["message_id"])).status_code == 200
    board = {"keyboard": [[{"text": "Телефон", "request_contact": True}, {"text": "Цены"}]]}
    await scene.bot("sendMessage", chat_id=scene.customer, text="Оставите?", reply_markup=board)
    await scene.do("press", button="Цены")
    await scene.do("press", button="Телефон")
    await scene.do("contact", phone="+79990001122")
    pressed, prices, own, other = (await _updates(scene))[-4:]
    assert pressed["callback_query"]["data"] == "yes"
    assert prices["message"]["text"] == "Цены"
    assert own["message"]["contact"]["phone_number"] == "+79123456789"
    assert other["message"]["contact"]["phone_number"] == "+79990001122"


async def test_what_the_client_would_not_allow_is_told_in_words(scene: Scene) -> None:
    await scene.do("start")
    for deed, given in (
        ("press", {"button": "нет такой"}),
        ("say", {"text": "   "}),
        ("say", {"text": "x" * 4097}),
        ("say", {"text": "x", "reply_to": 999}),
    ):
        answer = await scene.do(deed, **given)
        assert answer.status_code == 409
        assert answer.json()["error"]


async def test_a_customer_blocks_and_comes_back(scene: Scene) -> None:
    await scene.do("start")
    await scene.do("block")
    assert (await scene.do("say", text="ещё здесь?")).status_code == 409
    assert (await scene.state())["customers"][0]["blocked"]
    await scene.do("block", blocked=False)
    assert (await scene.do("say", text="снова я")).status_code == 200
    changes = [update["my_chat_member"] for update in await _updates(scene) if "my_chat_member" in update]
    assert [change["new_chat_member"]["status"] for change in changes] == ["kicked", "member"]


async def test_files_go_up_and_can_be_looked_at(scene: Scene) -> None:
    await scene.do("start")
    assert await _upload(scene, "photo", b"\x89PNG picture", caption="вот", name="a.png") == 200
    assert await _upload(scene, "voice", b"OggS voice", duration="7") == 200
    assert await _upload(scene, "file", b"<script>alert(1)</script>", name="план \u202e.html") == 200
    rows = [row["message"] for row in (await scene.state())["customers"][0]["messages"]][1:]
    photo, voice, file = rows
    assert photo["caption"] == "вот"
    assert voice["voice"]["duration"] == 7
    shown = await scene.http.get(f"/api/files/{photo['photo'][-1]['file_id']}")
    assert (shown.content, shown.headers["content-type"]) == (b"\x89PNG picture", "image/png")
    saved = await scene.http.get(f"/api/files/{file['document']['file_id']}")
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"].startswith("attachment")
    assert saved.headers["x-content-type-options"] == "nosniff"


async def test_files_have_their_limits(scene: Scene) -> None:
    await scene.do("start")
    assert await _upload(scene, "file", b"") == 400
    assert await _upload(scene, "hologram", b"x") == 404
    assert await _upload(scene, "file", bytes(UPLOAD)) == 200
    assert await _upload(scene, "file", bytes(UPLOAD + 1)) == 413
    assert len((await scene.state())["customers"][0]["messages"]) == 2


async def test_nobody_and_nonsense_are_refused(scene: Scene) -> None:
    for deed in ("say", "start", "press", "contact", "block", "read", "upload/file"):
        assert (await scene.do(deed, 404, text="x")).status_code == 404
    path = f"/api/customers/{scene.customer}/say"
    for body in (b"{", b"[]", b'{"text": 5}', b'{"text": "x", "reply_to": "1"}', b"\xff"):
        assert (await scene.http.post(path, content=body)).status_code == 400
    assert (await scene.http.post(path, content=bytes(70_000))).status_code == 413
    assert (await scene.http.post("/api/customers", json={"first_name": " "})).status_code == 400
    assert (await scene.http.post("/api/customers", json={"first_name": "x" * 65})).status_code == 400
    for path in ("/api/mails/0/html", "/api/mails/0/attachments/0", "/api/files/none", "/static/../page.py"):
        assert (await scene.http.get(path)).status_code == 404
    assert (await scene.state())["customers"][0]["messages"] == []

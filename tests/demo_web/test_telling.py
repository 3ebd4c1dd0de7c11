"""What the page is told: the whole state when it opens, then everything that happens."""

from __future__ import annotations

from tests.demo_web.stage import Scene

HOSTILE = '<img src=x onerror="alert(1)"> & </script>'


async def test_a_stranger_finds_one_customer_who_has_not_begun(scene: Scene) -> None:
    state = await scene.state()
    assert (state["language"], state["model"], state["mails"]) == ("ru", None, [])
    assert state["bot"]["name"] == "Тихий дом"
    assert [one["name"] for one in state["customers"]] == ["Мария Лебедева"]
    assert not state["customers"][0]["started"]
    assert 'src="/static/main.js"' in (await scene.http.get("/")).text


async def test_everything_that_happens_is_told(scene: Scene) -> None:
    async with scene.follow() as page:
        assert (await page.next("state"))["customers"][0]["messages"] == []
        await scene.do("start")
        assert (await page.next("message"))["message"]["text"] == "/start"
        await scene.bot("sendChatAction", chat_id=scene.customer, action="typing")
        assert (await page.next("action"))["action"] == "typing"
        await scene.bot("sendMessageDraft", chat_id=scene.customer, draft_id=1, text="Здрав")
        assert (await page.next("draft"))["text"] == "Здрав"
        sent = await scene.bot("sendMessage", chat_id=scene.customer, text="Здравствуйте!")
        told = await page.next("message")
        assert told["from_bot"]
        assert told["message"]["text"] == "Здравствуйте!"
        await scene.bot(
            "editMessageText", chat_id=scene.customer, message_id=sent["message_id"], text="Добрый день!"
        )
        assert (await page.next("edited"))["message"]["text"] == "Добрый день!"
        await scene.bot("deleteMessage", chat_id=scene.customer, message_id=sent["message_id"])
        assert (await page.next("deleted"))["message_id"] == sent["message_id"]
        await scene.mail("Заявка: Мария")
        assert (await page.next("mail"))["mail"]["subject"] == "Заявка: Мария"


async def test_mails_at_the_same_time_keep_their_numbers(scene: Scene) -> None:
    await scene.mail("прежнее")
    async with scene.follow() as page:
        assert [mail["number"] for mail in (await page.next("state"))["mails"]] == [0]
        for subject in ("первое", "второе"):
            await scene.mail(subject)
        told = [(await page.next("mail"))["mail"] for _ in range(2)]
        assert [(mail["number"], mail["subject"]) for mail in told] == [(1, "первое"), (2, "второе")]


async def test_the_state_after_a_reload_is_what_was_shown(scene: Scene) -> None:
    await scene.do("start")
    keyboard = {"keyboard": [[{"text": "Мой телефон", "request_contact": True}]]}
    rich = await scene.bot(
        "sendMessage",
        chat_id=scene.customer,
        text="<b>Нерль</b> 🦊 <i>64 900 ₽</i>",
        parse_mode="HTML",
        reply_markup=keyboard,
    )
    scene.page.trace(scene.customer, {"passages": [], "tools": [], "seconds": 0.5, "kind": "quote"})
    await scene.do("read", message_id=rich["message_id"])
    await scene.mail("Заявка")
    await scene.bot("sendMessageDraft", chat_id=scene.customer, draft_id=1, text="пишу")
    state = await scene.state()
    assert state == await scene.state()
    (one,) = state["customers"]
    assert [row["message"].get("text") for row in one["messages"]] == ["/start", "Нерль 🦊 64 900 ₽"]
    assert [entity["type"] for entity in one["messages"][1]["message"]["entities"]] == ["bold", "italic"]
    assert one["keyboard"]["keyboard"] == keyboard["keyboard"]
    assert one["read"] == rich["message_id"]
    assert one["draft"]["text"] == "пишу"
    assert one["traces"][0]["question"] == "/start"
    async with scene.follow() as page:
        told = await page.next("state")
        del told["event"]
        assert told == await scene.state()


async def test_a_trace_is_told_with_its_question(scene: Scene) -> None:
    await scene.do("say", text="Сколько стоит?")
    async with scene.follow() as page:
        await page.next("state")
        passage = {"source": "beds.md", "heading": "Нерль", "score": 0.9, "text": HOSTILE}
        scene.page.trace(scene.customer, {"passages": [passage], "tools": [], "seconds": 1, "kind": "quote"})
        trace = (await page.next("trace"))["trace"]
        assert trace["question"] == "Сколько стоит?"
        assert trace["passages"] == [passage]


async def test_hostile_words_stay_what_they_are(scene: Scene) -> None:
    added = (await scene.http.post("/api/customers", json={"first_name": HOSTILE})).json()
    await scene.do("say", added["id"], text=f"{HOSTILE}\n\ndata: x\r\n\r\nevent: state")
    async with scene.follow() as page:
        state = await page.next("state")
        one = next(one for one in state["customers"] if one["id"] == added["id"])
        assert one["name"] == HOSTILE
        assert one["messages"][0]["message"]["text"].startswith(HOSTILE)
        await scene.do("say", added["id"], text=HOSTILE)
        assert (await page.next("message"))["message"]["text"] == HOSTILE


async def test_half_an_emoji_costs_nobody_the_page(scene: Scene) -> None:
    body = b'{"text": "\\ud83d \\u0441\\u043a\\u043e\\u043b\\u044c\\u043a\\u043e?"}'
    answer = await scene.http.post(f"/api/customers/{scene.customer}/say", content=body)
    assert answer.status_code == 200
    (row,) = (await scene.state())["customers"][0]["messages"]
    assert row["message"]["text"].endswith("сколько?")


async def test_two_pages_see_the_same(scene: Scene) -> None:
    async with scene.follow() as one, scene.follow() as other:
        await one.next("state")
        await other.next("state")
        added = (await scene.http.post("/api/customers", json={"first_name": "Игорь"})).json()
        assert (await one.next("customer"))["customer"] == added
        assert (await other.next("customer"))["customer"] == added
        await scene.do("block", blocked=True)
        assert (await one.next("blocked"))["blocked"]
        assert (await other.next("blocked"))["blocked"]

"""`sovetnik check`: the owner's questions through the whole consultant, without Telegram."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.demo.modelapi import KEY, Answer, ModelApi, ModelRequest, Text, ToolCall
from sovetnik.demo.serving import serve
from sovetnik.golden.command import check
from sovetnik.settings import Settings
from tests.golden.shop import Shop

EXAMPLES = Path(__file__).parents[2] / "examples"
PRICE = 'ask = "How much is the oak bed Nerl?"\nmust = ["1200"]\ncites = ["prices.md"]'


@pytest.fixture
async def model(shop: Shop) -> AsyncGenerator[ModelApi]:
    """The shop with a model."""
    api = ModelApi()
    async with serve(api.app) as url:
        shop.settings |= {
            "openai_api_key": KEY,
            "openai_base_url": f"{url}/v1",
            "openai_context": "conversation",
        }
        yield api


# without a model


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_examples_are_green_without_a_model(
    language: str,
    shop: Shop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    settings = Settings(
        consultant_dir=EXAMPLES / language,
        database_url=f"sqlite:///{tmp_path}/sovetnik.db",  # type: ignore[arg-type]
        knowledge_embeddings="off",
        openai_api_key=None,
    )
    assert await check(settings, None, json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["passed"] >= 7
    assert found["skipped"] <= 5
    assert {q["skipped_because"] for q in found["questions"]} == {
        None,
        "нужна модель" if language == "ru" else "needs a model",
    }


async def test_a_red_question_shows_the_answer_with_what_it_lacks(shop: Shop) -> None:
    shop.ask(PRICE, 'ask = "What does delivery to Springfield cost?"\nmust = ["$70"]\nmust_not = ["$50"]')
    green, out, err = await shop.check()
    assert not green
    assert "lacks: $70" in out
    assert "holds what it must not: $50" in out
    assert "Delivery to Springfield costs $50" in out
    assert "1 green, 1 red, 0 skipped" in out
    assert "No OPENAI_API_KEY" in err


async def test_everything_green_is_told_and_returned(shop: Shop) -> None:
    shop.ask(PRICE)
    green, out, _ = await shop.check()
    assert green
    assert "✓" in out
    assert "\x1b" not in out


async def test_what_needs_a_model_or_a_judge_is_skipped_and_counted(shop: Shop) -> None:
    shop.ask(PRICE, 'ask = "Hi"\nmust = "?"\nneeds_model = true', 'ask = "Hi"\nexpects = "A greeting."')
    green, out, _ = await shop.check()
    assert green
    assert "1 green, 0 red, 2 skipped" in out
    assert "skipped: needs a model" in out
    assert "skipped: needs --judge" in out


async def test_only_the_questions_with_a_text_are_asked(shop: Shop) -> None:
    shop.ask(PRICE, 'ask = "Delivery?"\nmust = "x"')
    assert len((await shop.results(only="OAK bed"))["questions"]) == 1
    with pytest.raises(ConfigError, match="--only"):
        await shop.check(only="zebra")


async def test_what_the_consultant_does_is_seen(shop: Shop) -> None:
    found = await shop.problems(
        'ask = ["I want to order", "Ann", "020 7946 0958"]\ndoes = "saves_contact"',
        'ask = ["I want to order", "Ann"]\ndoes = "saves_contact"',
        'ask = "Please call me back"\ndoes = "ask_contact"',
        'ask = "Do you sell zebras?"\ndoes = "says_unknown"',
        'ask = "How much is the oak bed Nerl?"\ndoes = "says_unknown"',
        'ask = "How much is the oak bed Nerl?"\nlanguage = "ru"\nmust = "1200"',
        'ask = "How much is the oak bed Nerl?"\ncites = ["delivery.md"]',
    )
    assert found == [
        [],
        ["has not saved the contact"],
        [],
        [],
        ["does not say that it does not know"],
        ["is not written in ru"],
        ["was not given delivery.md; given: prices.md"],
    ]


async def test_a_contact_of_a_check_reaches_neither_the_database_nor_the_mailbox(shop: Shop) -> None:
    await shop.problems('ask = ["I want to order", "Ann", "020 7946 0958"]\ndoes = "saves_contact"')
    assert not (shop.folder / "data" / "sovetnik.db").exists()


async def test_junit_says_what_a_ci_shows(shop: Shop) -> None:
    shop.ask(PRICE, 'ask = "Delivery to Springfield?"\nmust = ["\\u0001 $70"]', 'ask = "Hi"\nexpects = "x"')
    report = shop.folder / "report.xml"
    await shop.check(junit=report)
    (suite,) = ET.parse(report).getroot()
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "skipped": "1",
    }
    good, bad, skipped = suite
    assert good.get("name") == "How much is the oak bed Nerl?"
    failure = bad.find("failure")
    assert failure is not None
    assert "$70" in failure.get("message", "")
    assert "costs $50" in (failure.text or "")
    assert skipped.find("skipped") is not None


async def test_a_report_that_cannot_be_written_is_told(shop: Shop) -> None:
    shop.ask(PRICE)
    with pytest.raises(ConfigError, match="--junit: cannot write"):
        await shop.check(junit=shop.folder / "nowhere" / "report.xml")


# with a model


async def test_each_question_is_a_fresh_conversation_that_the_provider_forgets(
    shop: Shop, model: ModelApi
) -> None:
    heard: list[list[str]] = []

    def brain(request: ModelRequest) -> Answer:
        heard.append(request.user_texts)
        return Text(f"You said {request.last_user_text}")

    model.brain = brain
    shop.ask('ask = ["one", "two"]\nmust = "said two"', 'ask = "three"\nmust = "said three"')
    found = await shop.results(parallel=1)
    assert found["passed"] == 2
    assert heard == [["one"], ["one", "two"], ["three"]]
    assert found["usage"]["calls"] == 3
    assert found["usage"]["input_tokens"] > 0
    assert not model.store.conversations
    assert found["not_erased"] == []


async def test_what_the_model_does_counts_by_its_tools_too(shop: Shop, model: ModelApi) -> None:
    def brain(request: ModelRequest) -> Answer:
        if request.tool_outputs:
            return Text("One moment.")
        if "zebra" in request.last_user_text:
            return ToolCall("note_unanswered", {"question": "zebras"})
        return ToolCall("save_contact", {"name": "Ann", "phone": request.last_user_text, "order": "bed"})

    model.brain = brain
    found = await shop.problems(
        'ask = "Do you sell zebras?"\ndoes = "says_unknown"',
        'ask = "020 7946 0958"\ndoes = "saves_contact"',
        'ask = "020 7946 09"\ndoes = "saves_contact"',
    )
    assert found == [[], [], ["has not saved the contact"]]


async def test_a_model_that_fails_is_red_and_told_with_the_cause(shop: Shop, model: ModelApi) -> None:
    model.brain = lambda _: Text("Nerl costs 1200.")
    model.faults.add("/v1/responses", status=401, message="This key is no more.")
    ((problem, *_), second) = await shop.problems(PRICE, PRICE, parallel=1)
    assert "HTTP 401" in problem
    assert second  # the model is left alone for a while, and what the documents say is no answer of it


async def test_a_wrong_key_is_told_before_anything_is_asked(shop: Shop, model: ModelApi) -> None:
    shop.settings["openai_api_key"] = "sk-wrong-key"
    shop.ask(PRICE)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        await shop.check()


async def test_a_judge_is_asked_only_on_demand_and_its_reason_is_told(shop: Shop, model: ModelApi) -> None:
    judged: list[dict[str, object]] = []

    def brain(request: ModelRequest) -> Answer:
        if "text" not in request.body:
            return Text("It costs $1,200.")
        material = json.loads(request.last_user_text)
        judged.append(material)
        good = material["owner_expects"] == "The price."
        return Text(json.dumps({"passed": good, "reason": "Because."}))

    model.brain = brain
    shop.ask(
        'ask = "How much is the oak bed Nerl?"\nexpects = "The price."',
        'ask = "Oak bed Nerl?"\nmust = "1200"\nexpects = "A poem."',
    )
    found = await shop.results()
    assert (found["passed"], found["skipped"], judged) == (1, 1, [])
    found = await shop.results(judge="gpt-6-luna", parallel=1)
    assert [question["problems"] for question in found["questions"]] == [[], ["the judge: Because."]]
    assert found["judge_usage"]["calls"] == 2
    assert judged[0]["passages"]
    assert judged[0]["conversation"][1] == {"consultant": "It costs $1,200."}  # type: ignore[index]


async def test_a_judge_without_a_key_and_one_that_says_nonsense(shop: Shop, model: ModelApi) -> None:
    model.brain = lambda _: Text("hm, fine")
    assert await shop.problems('ask = "Hi"\nmust = "fine"', judge="gpt-6-luna") == [
        ["the judge gave no verdict: no JSON: 'hm, fine'"]
    ]
    shop.settings |= {"openai_api_key": None, "openai_base_url": None}
    with pytest.raises(ConfigError, match="--judge"):
        await shop.check(judge="gpt-6-luna")

"""Without its model the consultant quotes the documents and takes contacts down; the owner is told once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from sovetnik.assistant import fallback
from sovetnik.assistant.fallback import FallbackAssistant
from sovetnik.assistant.offline import OfflineConsultant
from sovetnik.core.contacts import ContactForm, ContactProblem, FormField, check_contact
from sovetnik.core.errors import AssistantError
from sovetnik.core.events import Done, Event, Restarted, TextDelta
from sovetnik.core.model import Attachment, Found, Message, Passage, Turn, Usage
from sovetnik.core.owner import Notice
from sovetnik.core.ports import Desk
from sovetnik.core.texts import RU
from tests.assistant.office import message, turn


@dataclass
class Model:
    """Answers, or fails in the middle with the next trouble."""

    trouble: list[AssistantError] = field(default_factory=list)
    asked: int = 0

    async def answer(self, turn: Turn, desk: Desk) -> AsyncIterator[Event]:
        self.asked += 1
        yield TextDelta("Сей")
        if self.trouble:
            raise self.trouble.pop(0)
        yield Done("Сейчас расскажу", Usage("model"))


@dataclass
class Shop:
    form: ContactForm = field(default_factory=ContactForm)
    model: Model = field(default_factory=Model)
    notices: list[Notice] = field(default_factory=list)
    before: list[Message] = field(default_factory=list)
    saved: list[dict[str, str]] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    buttons: int = 0
    checks: bool = False
    refuses: bool = False
    spent: bool = False
    knows: bool = True

    def __post_init__(self) -> None:
        async def over_budget() -> bool:
            return self.spent

        async def tell(notice: Notice) -> bool:
            self.notices.append(notice)
            return self.knows

        self.assistant = FallbackAssistant(self.model, OfflineConsultant(self.form), over_budget, tell)

    async def ask(self, text: str) -> Done:
        """One turn; the dialogue grows by it."""
        self.events: list[Event] = []
        async for event in self.assistant.answer(turn(text), self._desk()):
            self.events.append(event)
        done = self.events.pop()
        assert isinstance(done, Done)
        number = len(self.before)
        self.before += [message(number, "customer", text), message(number + 1, "assistant", done.text)]
        return done

    def _save(self, values: dict[str, str]) -> dict[str, object]:
        if self.refuses:
            return {"saved": False, "problem": "our database refused"}
        if self.checks:
            try:
                check_contact(self.form, dict(values))
            except ContactProblem as problem:
                return {"saved": False, "problem": str(problem)}
        self.saved.append(values)
        return {"saved": True}

    def _desk(self) -> Desk:
        async def call_tool(name: str, arguments: str) -> str:
            if name == "note_unanswered":
                self.unanswered.append(json.loads(arguments)["question"])
                return "{}"
            if name == "offer_phone_button":
                self.buttons += 1
                return json.dumps({"shown": True})
            assert name == "save_contact"
            return json.dumps(self._save(json.loads(arguments)))

        async def search(query: str) -> Found:
            if "достав" in query.lower():
                return Found((Passage("delivery.md", "Доставка", "По Перми — 500 ₽", 0.8),), fits=True)
            return Found()

        async def transcript() -> list[Message]:
            return self.before

        async def opened(conversation: str) -> None:
            raise AssertionError("there is nobody to open a conversation with")

        return Desk(call_tool=call_tool, search=search, transcript=transcript, opened=opened)


@pytest.mark.parametrize("kind", ["quota", "auth", "connection", "timeout", "server", "rate_limit"])
async def test_without_the_model_the_documents_answer_and_the_code_is_that_of_the_notice(kind: str) -> None:
    shop = Shop()
    shop.model.trouble = [AssistantError(kind, "HTTP 500")]
    done = await shop.ask("Сколько стоит доставка?")
    assert done.kind == "quote"
    assert "По Перми — 500 ₽" in done.text
    assert isinstance(shop.events[-1], Restarted)  # what was shown of the model's answer is void
    (notice,) = shop.notices
    assert (notice.kind, notice.code) == ("model_down", done.code)
    assert notice.code in done.text


async def test_the_owner_is_told_once_and_customers_do_not_wait_for_the_same_failure() -> None:
    shop = Shop()
    shop.model.trouble = [AssistantError("timeout", "no answer in time")] * 10
    for _ in range(5):
        assert (await shop.ask("Есть доставка?")).kind == "quote"
    assert [notice.kind for notice in shop.notices] == ["model_down"]
    assert shop.model.asked == 1


async def test_the_model_is_tried_again_and_its_return_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "REST", 0.0)
    shop = Shop()
    shop.model.trouble = [AssistantError("server", "HTTP 500")] * 2
    kinds = [(await shop.ask("Есть доставка?")).kind for _ in range(4)]
    assert kinds == ["quote", "quote", "answer", "answer"]
    assert [notice.kind for notice in shop.notices] == ["model_down", "model_back"]


async def test_a_notice_that_has_to_wait_is_offered_again_and_what_was_not_told_is_not_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fallback, "REST", 0.0)
    shop = Shop(knows=False)
    shop.model.trouble = [AssistantError("server", "HTTP 500")] * 2
    for _ in range(3):
        await shop.ask("Есть доставка?")
    assert [notice.kind for notice in shop.notices] == ["model_down", "model_down"]


async def test_a_failure_of_this_turn_alone_is_not_taken_for_an_outage() -> None:
    shop = Shop()
    shop.model.trouble = [AssistantError("refused", "the provider's content filter")]
    with pytest.raises(AssistantError):
        await shop.ask("…")
    assert shop.notices == []
    assert (await shop.ask("Есть доставка?")).kind == "answer"


async def test_one_refused_request_is_answered_from_the_documents_and_keeps_nobody_else_from_the_model() -> (
    None
):
    shop = Shop()
    shop.model.trouble = [AssistantError("bad_request", "HTTP 400 invalid_prompt")]
    answer = await shop.ask("Есть доставка?")
    assert answer.kind == "quote"
    assert answer.code is not None
    assert shop.notices == []
    assert (await shop.ask("А сейчас?")).kind == "answer"


async def test_a_model_that_refuses_everything_counts_as_away() -> None:
    shop = Shop()
    shop.model.trouble = [AssistantError("bad_request", "HTTP 404 model_not_found")] * 2
    await shop.ask("Есть доставка?")
    await shop.ask("Есть доставка?")
    assert [notice.kind for notice in shop.notices] == ["model_down"]


async def test_a_photo_is_not_taken_for_a_name() -> None:
    shop = Shop(spent=True)
    photo = message(1, "customer", "[photo]")
    shop.before = [
        message(0, "assistant", RU.ask_contact),
        replace(photo, attachments=(Attachment("photo", "f"),)),
    ]
    await shop.ask("+79123456789")
    assert shop.saved[0]["name"] != "photo"


async def test_when_the_days_tokens_are_spent_the_model_is_not_asked() -> None:
    shop = Shop(spent=True)
    for _ in range(3):
        assert (await shop.ask("Есть доставка?")).kind == "quote"
    assert shop.model.asked == 0
    assert [notice.kind for notice in shop.notices] == ["budget_spent"]
    shop.spent = False
    assert (await shop.ask("Есть доставка?")).kind == "answer"


# the consultant without a model


def offline() -> Shop:
    return Shop(spent=True)


async def test_what_the_documents_do_not_say_is_not_made_up() -> None:
    shop = offline()
    done = await shop.ask("Какая завтра погода?")
    assert RU.nothing_found in done.text
    assert shop.unanswered == ["Какая завтра погода?"]
    assert RU.leave_contact in done.text


async def test_a_contact_is_taken_down_step_by_step() -> None:
    shop = offline()
    assert (await shop.ask("Хочу купить кровать")).text == RU.ask_contact
    assert (await shop.ask("Анна")).text == RU.ask_phone.format(name="Анна")
    done = await shop.ask("8 912 345-67-89")
    assert "Анна" in done.text
    ((saved),) = shop.saved
    assert (saved["name"], saved["phone"].endswith("9123456789")) == ("Анна", True)
    assert "кровать" in saved["order"]
    assert shop.buttons == 1  # with the first question; a press of it is an answer like any


async def test_a_value_that_the_form_refuses_is_asked_for_again_and_the_lead_is_not_lost() -> None:
    when = FormField("when", "Когда звонить", required=True, type="choice", choices=("утром", "днём"))
    shop = Shop(form=ContactForm((when,)), spent=True, checks=True)
    await shop.ask("Хочу купить кровать")
    assert "утром / днём" in (await shop.ask("Анна, 8 912 345-67-89")).text
    assert "утром / днём" in (await shop.ask("в обед")).text
    assert shop.saved == []
    assert "Спасибо, Анна" in (await shop.ask("днём")).text
    assert shop.saved[-1]["when"] == "днём"


async def test_name_and_phone_in_one_message_are_enough() -> None:
    shop = offline()
    await shop.ask("Хочу купить кровать")
    await shop.ask("Меня зовут Анна, мой номер +7 912 345 67 89")
    assert [(saved["name"], saved["phone"]) for saved in shop.saved] == [("Анна", "+79123456789")]


async def test_a_name_is_found_in_a_whole_sentence() -> None:
    shop = offline()
    await shop.ask("Хочу заказать. Меня зовут Мария, телефон 8 912 345-67-89")
    assert [saved["name"] for saved in shop.saved] == ["Мария"]


@pytest.mark.parametrize("objection", ["Дорого", "Дорого, у других дешевле", "Понятно", "That is expensive"])
async def test_what_follows_a_quote_is_not_taken_for_a_name(objection: str) -> None:
    shop = offline()
    assert RU.leave_contact in (await shop.ask("Сколько стоит доставка?")).text
    assert RU.ask_phone.format(name="X").partition("X")[0] not in (await shop.ask(objection)).text
    await shop.ask("Меня зовут Мария, телефон 8 912 345-67-89")
    assert [saved["name"] for saved in shop.saved] == ["Мария"]


async def test_an_introduction_after_a_quote_is_one() -> None:
    shop = offline()
    await shop.ask("Сколько стоит доставка?")
    assert (await shop.ask("Меня зовут Мария")).text == RU.ask_phone.format(name="Мария")


async def test_who_introduces_themselves_is_called_so_from_then_on() -> None:
    shop = offline()
    await shop.ask("Хочу купить кровать")
    await shop.ask("Недорого")  # may be a name for all we know
    await shop.ask("Меня зовут Мария, 8 912 345-67-89")
    assert [saved["name"] for saved in shop.saved] == ["Мария"]


async def test_a_price_is_not_taken_for_a_phone() -> None:
    shop = offline()
    await shop.ask("Какая завтра погода?")  # ends with the offer to leave a contact
    assert RU.bad_phone not in (await shop.ask("Дорого. В сетевом магазине кровать за 15 000")).text


async def test_a_bad_phone_is_asked_for_again() -> None:
    shop = offline()
    await shop.ask("Хочу купить кровать")
    assert (await shop.ask("Анна, 8 912 345")).text == RU.bad_phone
    assert shop.saved == []
    await shop.ask("8 912 345 67 89")
    assert len(shop.saved) == 1


async def test_no_call_is_promised_when_the_contact_could_not_be_saved() -> None:
    shop = offline()
    shop.refuses = True
    await shop.ask("Хочу купить кровать")
    assert (await shop.ask("Анна +7 912 345 67 89")).text == RU.contact_not_saved
    assert shop.saved == []

"""Leads, and exactly which mails they queue."""

from __future__ import annotations

import asyncio

import pytest

from sovetnik.core.model import Answer
from sovetnik.core.owner import MailTask, Notice
from sovetnik.storage import SqlStore
from tests.storage.samples import Clock, answer_turn, contact, incoming, take_turn


@pytest.fixture
async def turn_taken(store: SqlStore) -> SqlStore:
    await store.accept([incoming(1, "Хочу кровать")])
    await take_turn(store)
    return store


async def mails(store: SqlStore) -> list[tuple[str, int, int]]:
    return [(mail.kind, mail.ref, mail.revision) for mail in await store.due_mails(100)]


async def send_all(store: SqlStore) -> int:
    due = await store.due_mails(100)
    for mail in due:
        await store.mail_done(mail.id, ("owner@example.com",))
    return len(due)


async def test_a_new_contact_is_a_lead_and_one_mail(turn_taken: SqlStore) -> None:
    saved = await turn_taken.save_lead(1, "worker", contact(fields={"city": "Пермь"}), 0)
    assert (saved.change, saved.lead.revision) == ("created", 1)
    assert saved.lead.contact == contact(fields={"city": "Пермь"})
    assert await mails(turn_taken) == [("lead", saved.lead.id, 1)]


async def test_the_same_contact_again_changes_nothing_and_mails_nothing(turn_taken: SqlStore) -> None:
    await turn_taken.save_lead(1, "worker", contact(), 0)
    assert await send_all(turn_taken) == 1
    again = await turn_taken.save_lead(1, "worker", contact(), 0)
    assert (again.change, again.lead.revision) == ("unchanged", 1)
    assert await mails(turn_taken) == []


async def test_a_correction_after_the_mail_is_a_second_mail(turn_taken: SqlStore) -> None:
    await turn_taken.save_lead(1, "worker", contact(), 0)
    await send_all(turn_taken)
    changed = await turn_taken.save_lead(1, "worker", contact(phone="+79990000000"), 0)
    assert (changed.change, changed.lead.revision) == ("updated", 2)
    assert await mails(turn_taken) == [("lead", changed.lead.id, 2)]


async def test_a_correction_in_the_same_turn_is_shown_by_the_one_mail(
    turn_taken: SqlStore, clock: Clock
) -> None:
    first = await turn_taken.save_lead(1, "worker", contact(), 10)
    await turn_taken.save_lead(1, "worker", contact(phone="+79990000000"), 10)
    clock.later(seconds=11)
    assert await mails(turn_taken) == [("lead", first.lead.id, 1)]
    dossier = await turn_taken.lead_dossier(first.lead.id)
    assert dossier is not None
    assert dossier.lead.contact.phone == "+79990000000"


async def test_a_correction_while_the_mail_is_being_retried_is_not_lost(turn_taken: SqlStore) -> None:
    await turn_taken.save_lead(1, "worker", contact(), 0)
    (mail,) = await turn_taken.due_mails(10)
    await turn_taken.mail_postponed(mail.id, 3600, "451", ("first@example.com",), counts=True)
    await turn_taken.save_lead(1, "worker", contact(phone="+79990000000"), 0)
    assert [revision for _, _, revision in await mails(turn_taken)] == [2]


async def test_a_correction_while_the_mail_is_on_its_way_is_a_second_mail(turn_taken: SqlStore) -> None:
    await turn_taken.save_lead(1, "worker", contact(), 0)
    (on_its_way,) = await turn_taken.due_mails(10)
    await turn_taken.save_lead(1, "worker", contact(phone="+79990000000"), 0)
    await turn_taken.mail_done(on_its_way.id, ("owner@example.com",))
    assert [revision for _, _, revision in await mails(turn_taken)] == [2]


async def test_what_a_correction_does_not_mention_stays(turn_taken: SqlStore) -> None:
    await turn_taken.save_lead(1, "worker", contact(fields={"city": "Пермь", "floor": "3"}), 0)
    saved = await turn_taken.save_lead(1, "worker", contact(order="", fields={"floor": "4"}), 0)
    assert saved.lead.contact == contact(fields={"city": "Пермь", "floor": "4"})


async def test_the_mail_waits_for_the_turns_answer_and_shows_it(store: SqlStore, clock: Clock) -> None:
    await store.accept([incoming(1, "Хочу кровать")])
    turn = await take_turn(store)
    saved = await store.save_lead(1, "worker", contact(), 10)
    assert await mails(store) == []
    assert await store.next_mail_at() == clock.now.replace(second=10)
    await store.answered(turn, Answer("Передал менеджеру"))
    assert await mails(store) == [("lead", saved.lead.id, 1)]
    dossier = await store.lead_dossier(saved.lead.id)
    assert dossier is not None
    assert [m.text for m in dossier.dialogue] == ["Хочу кровать", "Передал менеджеру"]


async def test_an_answer_does_not_hurry_a_mail_that_the_server_refused(turn_taken: SqlStore) -> None:
    await turn_taken.save_lead(1, "worker", contact(), 0)
    (mail,) = await turn_taken.due_mails(10)
    await turn_taken.mail_postponed(mail.id, 3600, "451", (), counts=True)
    await answer_turn(turn_taken)
    assert await mails(turn_taken) == []


async def test_a_lead_whose_turn_failed_is_mailed_all_the_same(turn_taken: SqlStore, clock: Clock) -> None:
    await turn_taken.save_lead(1, "worker", contact(), 10)
    clock.later(seconds=10)
    assert [kind for kind, _, _ in await mails(turn_taken)] == ["lead"]


async def test_a_postponed_mail_knows_who_has_it_and_how_often_it_was_tried(
    turn_taken: SqlStore, clock: Clock
) -> None:
    await turn_taken.save_lead(1, "worker", contact(), 0)
    (mail,) = await turn_taken.due_mails(10)
    await turn_taken.mail_postponed(mail.id, 60, "451", ("a@example.com",), counts=True)
    assert await turn_taken.due_mails(10) == []
    clock.later(seconds=60)
    (again,) = await turn_taken.due_mails(10)
    assert (again.attempts, again.accepted) == (1, ("a@example.com",))
    await turn_taken.mail_postponed(mail.id, 0, "not configured", (), counts=False)
    assert [m.attempts for m in await turn_taken.due_mails(10)] == [1]


async def test_a_mail_that_was_given_up_stands_in_the_next_report(turn_taken: SqlStore, clock: Clock) -> None:
    await turn_taken.first_window(clock.now.date())
    saved = await turn_taken.save_lead(1, "worker", contact(), 0)
    (mail,) = await turn_taken.due_mails(10)
    clock.later(days=1)
    await turn_taken.mail_failed(mail.id, "550 no such mailbox")
    assert await mails(turn_taken) == []
    report = await turn_taken.open_report(clock.now.date())
    assert report.failed_mails == ()  # the window ends where it is asked for
    clock.later(seconds=1)
    report = await turn_taken.open_report(clock.now.date())
    assert [(f.kind, f.ref, f.error) for f in report.failed_mails] == [
        ("lead", saved.lead.id, "550 no such mailbox")
    ]


async def test_a_notice_is_a_mail_with_its_words(store: SqlStore) -> None:
    notice = Notice("model_down", "quota: HTTP 429", "ABC234")
    await store.queue_notice(notice)
    (mail,) = await store.due_mails(10)
    assert isinstance(mail, MailTask)
    assert (mail.kind, mail.notice) == ("notice", notice)


async def notices(store: SqlStore) -> list[str]:
    return [mail.notice.kind for mail in await store.due_mails(100) if mail.notice]


async def test_whoever_tells_it_the_owner_is_mailed_once(store: SqlStore, clock: Clock) -> None:
    down, back = Notice("model_down", "HTTP 500", "ABC234"), Notice("model_back", "HTTP 500", "ABC234")
    for notice in (down, back):  # side by side, as replicas do: each on a connection of its own
        assert all(await asyncio.gather(*(store.queue_notice(notice) for _ in range(8))))
        clock.later(seconds=30)
    assert await notices(store) == ["model_down", "model_back"]


async def test_a_model_that_comes_and_goes_is_told_once_in_a_quarter_of_an_hour(
    store: SqlStore, clock: Clock
) -> None:
    down, back = Notice("model_down"), Notice("model_back")
    assert await store.queue_notice(down)
    assert await store.queue_notice(down)
    assert await store.queue_notice(back)
    clock.later(minutes=14)
    assert not await store.queue_notice(down)
    assert await store.queue_notice(Notice("budget_spent"))
    assert await store.queue_notice(back)
    clock.later(minutes=2)
    assert await store.queue_notice(down)
    assert await notices(store) == ["model_down", "model_back", "budget_spent", "model_back", "model_down"]


async def test_leads_go_out_before_reports(turn_taken: SqlStore, clock: Clock) -> None:
    await turn_taken.claim_report(clock.now.date(), clock.now)
    await turn_taken.save_lead(1, "worker", contact(), 0)
    assert [kind for kind, _, _ in await mails(turn_taken)] == ["lead", "report"]


async def test_a_lead_that_is_not_there_has_no_dossier(store: SqlStore) -> None:
    assert await store.lead_dossier(404) is None


async def test_leads_are_exported_beyond_one_page(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sovetnik.storage.reports.PAGE", 3)
    for number in range(1, 8):
        await store.accept([incoming(number, chat_id=number)])
        await take_turn(store, number)
        await store.save_lead(number, "worker", contact(name=f"Имя {number}"), 0)
    assert [(lead.contact.name, chat.id) async for lead, chat in store.leads()] == [
        (f"Имя {number}", number) for number in range(1, 8)
    ]

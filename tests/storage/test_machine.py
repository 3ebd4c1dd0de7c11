"""Whatever happens and whenever the process dies: every question is answered once, in order, in each chat."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from sovetnik.core.errors import Fenced
from sovetnik.core.model import Answer, Command, Delivery, Limits, Turn, Wait
from sovetnik.storage import SqlStore
from tests.storage.samples import Clock, database, incoming

CHATS = st.integers(1, 3)
COMMANDS = {"/new", "/start"}


@dataclass
class Worker:
    """What `Turns.drain` has in its hands for one chat."""

    token: str
    step: Turn | Command | Delivery | None = None
    done: tuple[int, tuple[int, ...]] | None = None


@dataclass
class Customer:
    """What one chat's customer wrote, and what they read."""

    asked: list[str] = field(default_factory=list)
    texts: list[int] = field(default_factory=list)
    """Updates of the questions among them."""
    edits: dict[int, int] = field(default_factory=dict)
    """The newest edit of a question, both by their updates."""
    read: dict[int, str] = field(default_factory=dict)
    """Answers by their message id, in the order in which they came first."""
    again: set[int] = field(default_factory=set)
    """Answers that came but had not been noted when the process died: they alone may come twice."""


class Conversations(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="sovetnik-machine-"))
        self.url = database(self.folder)
        self.clock = Clock()
        self.runner = asyncio.Runner()
        self.life = 0
        self.last_update = 0
        self.sent = 0
        self.customers = {number: Customer() for number in range(1, 4)}
        self.workers: dict[int, Worker] = {}
        self.zombies: list[tuple[int, Worker]] = []
        self.accepted: list[Any] = []
        self._open()

    def run(self, awaitable: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(awaitable)

    def _open(self) -> None:
        self.stack = AsyncExitStack()
        opening = SqlStore.open(self.url, exclusive=True, clock=self.clock)
        self.store: SqlStore = self.run(self.stack.enter_async_context(opening))

    def _wake(self, chats: set[int] | list[int]) -> None:
        for chat in chats:
            assert chat not in self.workers, "a chat in work was woken"
            self.workers[chat] = Worker(f"life {self.life} update {self.last_update}")

    @rule(
        chats=st.lists(CHATS, min_size=1, max_size=4), command=st.sampled_from([None, None, "new", "start"])
    )
    def customers_write(self, chats: list[int], command: str | None) -> None:
        batch = []
        for chat in chats:
            self.last_update += 1
            text = f"/{command}" if command else f"вопрос {self.last_update}"
            self.customers[chat].asked.append(text)
            if not command:
                self.customers[chat].texts.append(self.last_update)
            batch.append(incoming(self.last_update, "" if command else text, chat, kind=command or "text"))
        self.accepted += batch
        woken = self.run(self.store.accept(batch))
        assert woken == set(chats) - set(self.workers)
        self._wake(woken)

    @precondition(lambda self: any(customer.texts for customer in self.customers.values()))
    @rule(data=st.data())
    def a_customer_corrects_a_question(self, data: st.DataObject) -> None:
        chat = data.draw(st.sampled_from([number for number, c in self.customers.items() if c.texts]))
        question = data.draw(st.sampled_from(self.customers[chat].texts))
        self.last_update += 1
        self.customers[chat].edits[question] = self.last_update
        text, message_id = f"вопрос {question} правка {self.last_update}", question + 1000
        edited = incoming(self.last_update, text, chat, kind="edited", message_id=message_id)
        self.accepted.append(edited)
        assert self.run(self.store.accept([edited])) == set()

    @rule(chat=CHATS)
    def the_owner_erases_a_customer(self, chat: int) -> None:
        self.run(self.store.forget_wholly(chat))
        self.customers[chat] = Customer()
        if chat in self.workers:
            self.zombies.append((chat, self.workers.pop(chat)))

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def telegram_repeats_itself(self, data: st.DataObject) -> None:
        again = data.draw(st.lists(st.sampled_from(self.accepted), min_size=1, max_size=3))
        assert self.run(self.store.accept(again)) == set()

    @rule(chat=CHATS)
    def a_worker_goes_on(self, chat: int) -> None:
        if chat in self.workers:
            self._go_on(chat)

    def _go_on(self, chat: int) -> None:
        worker = self.workers[chat]
        if worker.step is None:
            step = self.run(self.store.next_step(chat, worker.token, Limits(), worker.done))
            worker.done = None
            if step is None:
                del self.workers[chat]
            elif isinstance(step, Wait):
                self.clock.later(seconds=step.seconds)
            else:
                worker.step = step
        elif isinstance(worker.step, Turn):
            said = "\n".join(message.text for message in worker.step.messages)
            worker.step = self.run(self.store.answered(worker.step, Answer(said)))
        elif isinstance(worker.step, Command):
            kind, number = worker.step.incoming.kind, worker.step.incoming.update_id
            answer = Answer(f"/{kind}", kind="service")
            worker.step = self.run(
                self.store.commanded(chat, worker.token, number, answer, fresh=kind == "new")
            )
        else:
            self._deliver(chat, worker, worker.step)

    def _deliver(self, chat: int, worker: Worker, delivery: Delivery) -> None:
        customer = self.customers[chat]
        first = delivery.message_id not in customer.read
        assert first or delivery.message_id in customer.again, f"{delivery.text!r} came twice"
        customer.again.discard(delivery.message_id)
        customer.read.setdefault(delivery.message_id, delivery.text)
        self.sent += 1
        worker.step, worker.done = None, (delivery.id, (self.sent,))

    @rule(chat=CHATS, seconds=st.floats(0, 100))
    def telegram_asks_to_wait(self, chat: int, seconds: float) -> None:
        worker = self.workers.get(chat)
        if worker and isinstance(worker.step, Delivery):
            self.run(self.store.postponed(worker.step.id, seconds, "429"))
            worker.step = None

    @rule()
    def the_process_dies_and_starts_again(self) -> None:
        for chat, worker in self.workers.items():
            if worker.done:
                message_id = list(self.customers[chat].read)[-1]
                self.customers[chat].again.add(message_id)
            self.zombies.append((chat, worker))
        working = set(self.workers)
        self.workers.clear()
        self.run(self.stack.aclose())
        self.life += 1
        self._open()
        woken = self.run(self.store.recover())
        assert set(woken) <= working
        assert len(woken) == len(set(woken))
        self._wake(woken)

    @precondition(lambda self: self.zombies)
    @rule()
    def a_worker_of_a_former_life_is_refused(self) -> None:
        _, zombie = self.zombies.pop()
        if isinstance(zombie.step, Turn):
            with pytest.raises(Fenced):
                self.run(self.store.answered(zombie.step, Answer("поздно")))

    def teardown(self) -> None:
        try:
            for _ in range(10_000):
                if not self.workers:
                    break
                self._go_on(next(iter(self.workers)))
            assert not self.workers
            for customer in self.customers.values():
                self._check(customer)
        finally:
            self.run(self.stack.aclose())
            self.runner.close()
            shutil.rmtree(self.folder)

    def _check(self, customer: Customer) -> None:
        """Every question was answered once, in order; edits came with a question, the newest one last."""
        lines = "\n".join(customer.read.values()).splitlines()
        versions: dict[str, int] = {}
        first: list[str] = []
        for line in lines:
            question, _, edit = line.partition(" правка ")
            if question.startswith("/") or question not in versions:
                first.append(question)
            else:
                assert versions[question] < int(edit)
            versions[question] = int(edit or 0)
        assert first == customer.asked
        for number, edit in customer.edits.items():
            if customer.texts[-1] > edit:
                assert versions[f"вопрос {number}"] == edit


Conversations.TestCase.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestConversations = Conversations.TestCase

"""What is done to the process and its world; each trouble says afterwards how often it really happened."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sovetnik.demo.botapi import Fault as TelegramFault
from sovetnik.demo.modelapi import Fault as ModelFault
from sovetnik.demo.modelapi.items import new_id
from sovetnik.storage.replicas import LEASE
from tests.faults.grounds import PostgresGround, SqliteGround
from tests.faults.rig import Life, Rig, came
from tests.servers.socks5 import Fault as ProxyFault

REPEATED_WITHIN = timedelta(hours=20)
"""By the bot's clock: Telegram repeats an update for 24 hours at most."""

ENDING = 3.0
"""Seconds in which a replica may still send that has just noticed that it lost the database."""

MODEL: dict[str, dict[str, Any]] = {
    "model: 429": {"status": 429, "code": "rate_limit_exceeded", "retry_after": 0.2},
    "model: 500": {"status": 500},
    "model: 502 as HTML": {"status": 502, "html": "<html>502 Bad Gateway</html>"},
    "model: stream cut": {"cut_after": 4},
    "model: stream cut, answer kept": {"cut_after": 4, "keep": True},
    "model: connection reset": {"reset_after": 5},
    "model: stream stalled": {"stall_after": 4},
    "model: stream stalled, answer kept": {"stall_after": 3, "keep": True},
    "model: response.failed": {"failed": "server_error"},
    "model: error event": {"error_event": "server_error"},
}
TELEGRAM: dict[str, tuple[str, dict[str, Any]]] = {
    "Telegram: 429 on an answer": ("sendMessage", {"status": 429, "retry_after": 1}),
    "Telegram: 502 on an answer": ("sendMessage", {"status": 502, "body": "<html>502</html>"}),
    "Telegram: connection lost after delivery": ("sendMessage", {"after_delivery": True, "drop": True}),
    "Telegram: read timeout after delivery": ("sendMessage", {"after_delivery": True}),
    "Telegram: 409 on a poll": ("getUpdates", {"status": 409}),
    "Telegram: 429 on a poll": ("getUpdates", {"status": 429, "retry_after": 1}),
    "Telegram: 502 on a poll": ("getUpdates", {"status": 502}),
    "Telegram: updates lost on their way": ("getUpdates", {"after_delivery": True, "drop": True}),
    "Telegram: 502 on a draft": ("sendMessageDraft", {"status": 502}),
    "Telegram: slow": ("sendMessage", {"status": 200, "delay": 1.0}),
}


@dataclass
class Troubles:
    """The troubles of one campaign.

    Attributes:
        rough: How many troubles of disk or database go on now; a start may fail then.
        vanished: Positions in the mailbox of mails that were taken without a word.
    """

    rig: Rig
    rng: random.Random
    ordered: list[tuple[str, TelegramFault | ModelFault]] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    vanished: set[int] = field(default_factory=set)
    rough: int = 0
    cut: float = 60.0
    freeze: float = 25.0
    lost: Callable[[Life, str, Callable[[], bool]], None] = lambda life, why, back: None
    """Called when a replica was lost that lives on, with what says whether it is back."""

    def kinds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Every trouble by name, but for outages."""
        named: dict[str, Callable[[], Awaitable[None]]] = {}
        for name in MODEL:
            named[name] = lambda name=name: self._model(name)
        for name in TELEGRAM:
            named[name] = lambda name=name: self._telegram(name)
        named |= {
            "model: conversation locked": self._locked_conversation,
            "model: conversation poisoned": self._poisoned_conversations,
            "model: conversation lost": self._lost_conversations,
            "model: away": self._model_away,
            "updates: repeated": self._repeated,
            "mail: server down": self._mail_down,
            "mail: 4xx": self._mail_4xx,
            "mail: 5xx": self._mail_5xx,
            "mail: silent server": self._mail_silent,
            "mail: connection lost after delivery": self._mail_vanishes,
            "proxy: half-open": self._proxy_half_open,
            "proxy: half-open while in use": self._proxy_frozen,
            "proxy: refuses": self._proxy_refuses,
            "database locked": self._database_locked,
        }
        if isinstance(self.rig.ground, SqliteGround):
            return named | {"disk full": self._disk_full}
        return named

    def outages(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What can only happen to a database of its own and to several processes on it."""
        if not isinstance(self.rig.ground, PostgresGround):
            return {}
        return {
            "PostgreSQL: killed and started": lambda: self._restarted("immediate"),
            "PostgreSQL: restarted": lambda: self._restarted("fast"),
            "replica: cut off, connections held": lambda: self._cut(refused=False),
            "replica: cut off, connections ended": lambda: self._cut(refused=True),
            "replica: frozen": self._frozen,
        }

    def counts(self) -> Counter[str]:
        """How often each really happened."""
        counted = Counter(self.happened)
        for name, fault in self.ordered:
            counted[name] += fault.hits if isinstance(fault, ModelFault) else fault.used
        counted["updates: in the wrong order"] = self.rig.load.swapped
        counted["clock moved"] = self.rig.clock.moves
        return counted

    def heal(self) -> None:
        """Everything works from now on."""
        self.rig.stage.telegram.faults.clear()
        self.rig.stage.model.faults.clear()
        self.rig.stage.mailbox.heal()
        self.rig.proxy.fault = None

    async def _model(self, name: str) -> None:
        options = {**MODEL[name]}
        for place in ("cut_after", "reset_after", "stall_after"):
            if place in options:
                options[place] = self.rng.randint(0, 7)
        fault = self.rig.stage.model.faults.add(times=self.rng.randint(1, 3), **options)
        self.ordered.append((name, fault))

    async def _telegram(self, name: str) -> None:
        method, options = TELEGRAM[name]
        fault = self.rig.stage.telegram.faults.add(method, times=self.rng.randint(1, 2), **options)
        self.ordered.append((name, fault))

    async def _model_away(self) -> None:
        fault = self.rig.stage.model.faults.add(times=None, status=500)
        self.ordered.append(("model: away", fault))
        await asyncio.sleep(self.rng.uniform(2, 6))
        fault.times = 0

    def _idle_conversations(self, count: int) -> list[Any]:
        idle = [one for one in self.rig.stage.model.store.conversations.values() if not one.busy]
        return self.rng.sample(idle, min(count, len(idle)))

    async def _locked_conversation(self) -> None:
        chosen = self._idle_conversations(20)
        for conversation in chosen:
            conversation.busy = True
        await asyncio.sleep(self.rng.uniform(0.5, 2))
        for conversation in chosen:
            conversation.busy = False
        self.happened["model: conversation locked"] += len(chosen)

    async def _poisoned_conversations(self) -> None:
        """A call of a tool that was never answered: the provider refuses all that comes after it."""
        store = self.rig.stage.model.store
        for conversation in self._idle_conversations(20):
            call = {
                "id": new_id("fc"),
                "type": "function_call",
                "call_id": new_id("call"),
                "name": "save_contact",
                "arguments": "{}",
                "status": "completed",
            }
            store.append(conversation, [call])
            self.happened["model: conversation poisoned"] += 1

    async def _lost_conversations(self) -> None:
        for conversation in self._idle_conversations(10):
            self.rig.stage.model.store.delete(conversation)
            self.happened["model: conversation lost"] += 1

    async def _repeated(self) -> None:
        since = self.rig.clock.now() - REPEATED_WITHIN
        recent = [sent.message for sent in self.rig.load.sent if sent.at > since]
        for message in self.rng.sample(recent, min(5, len(recent))):
            self.rig.stage.telegram.push({"update_id": message.update_id, "message": message.data})
            self.happened["updates: repeated"] += 1

    async def _mail_down(self) -> None:
        box = self.rig.stage.mailbox
        # A connection that is cut off now could have brought a mail: that is another trouble.
        if not await came(lambda: not box._open, 5):
            return
        await box.stop()
        await asyncio.sleep(self.rng.uniform(1, 4))
        await box.start()
        self.happened["mail: server down"] += 1

    async def _mail_4xx(self) -> None:
        self.rig.stage.mailbox.refuse("*", 451, "try again later", times=2)
        self.happened["mail: 4xx"] += 1

    async def _mail_5xx(self) -> None:
        self.rig.stage.mailbox.refuse_data(554, "no")
        self.happened["mail: 5xx"] += 1

    async def _mail_silent(self) -> None:
        self.rig.stage.mailbox.hang_at_banner()
        self.happened["mail: silent server"] += 1

    async def _mail_vanishes(self) -> None:
        box = self.rig.stage.mailbox
        if self.vanished and max(self.vanished) >= len(box.mails):
            return  # the one before it has not happened yet
        box.vanish_after_data()
        self.vanished.add(len(box.mails))
        self.happened["mail: connection lost after delivery"] += 1

    async def _proxy_half_open(self) -> None:
        await self._proxy(ProxyFault.HALF_OPEN)

    async def _proxy_refuses(self) -> None:
        await self._proxy(ProxyFault.REFUSE)

    async def _proxy(self, fault: ProxyFault) -> None:
        self.rig.proxy.fault = fault
        await asyncio.sleep(self.rng.uniform(0.5, 2))
        if self.rig.proxy.fault is fault:
            self.rig.proxy.fault = None
        name = "proxy: half-open" if fault is ProxyFault.HALF_OPEN else "proxy: refuses"
        self.happened[name] += 1

    async def _proxy_frozen(self) -> None:
        self.rig.proxy.freeze()
        self.happened["proxy: half-open while in use"] += 1

    async def _database_locked(self) -> None:
        """On SQLite longer than its own patience, so that the process is refused."""
        self.rough += 1
        try:
            await self.rig.ground.lock(self.rng.uniform(4.5, 6.5))
        finally:
            self.rough -= 1
        self.happened["database locked"] += 1

    async def _disk_full(self) -> None:
        """Until the process has been refused once."""
        self.rough += 1
        life, ground = self.rig.life, self.rig.ground
        assert isinstance(ground, SqliteGround)
        pid = life.bot.process.pid
        refused = len(life.bot.events("storage_refused"))
        try:
            await ground.shorten_log()
            ground.disk.fill(pid)
            await came(lambda: len(life.bot.events("storage_refused")) > refused, 6)
            await asyncio.sleep(self.rng.uniform(0.2, 1))
        finally:
            ground.disk.free(pid)
            self.rough -= 1
        if len(life.bot.events("storage_refused")) > refused:
            self.happened["disk full"] += 1

    async def _restarted(self, mode: str) -> None:
        """The server ends (``immediate``: as if it had crashed), is away for a moment and comes back."""
        ground = self.rig.ground
        assert isinstance(ground, PostgresGround)
        async with self.rig.outage:
            await ground.restart(mode, self.rng.uniform(0, 3))
        self.happened["PostgreSQL: " + ("restarted" if mode == "fast" else "killed and started")] += 1

    async def _victim(self) -> Life | None:
        """A replica beside which another one works."""
        enough = min(2, len(self.rig.slots))
        if not await came(lambda: len(self.rig.sound()) >= enough, 30):
            return None
        return self.rng.choice(self.rig.sound())

    async def _cut(self, *, refused: bool) -> None:
        """A replica loses the database, which itself and the others are well."""
        ground = self.rig.ground
        assert isinstance(ground, PostgresGround)
        async with self.rig.outage:
            life = await self._victim()
            if life is None:
                return
            relay, at = ground.relays[life.slot], time.time()
            life.cut = True
            if refused:
                await relay.refuse()
            else:
                relay.hold()
            lapse = await self.rig.lapse_of(life, at, "cut off before the note")
            lapse.until = at + (ENDING if refused else LEASE.total_seconds())
            self.rig.lapses.append(lapse)
            self.lost(life, "cut off", lambda: not life.cut)
            await asyncio.sleep(self.cut)
            relay.mend()
            life.cut = False
        self.happened[f"replica: cut off, connections {'ended' if refused else 'held'}"] += 1

    async def _frozen(self) -> None:
        """A replica stands still, as a machine does that swaps, and goes on as if nothing had happened."""
        async with self.rig.outage:
            life = await self._victim()
            if life is None:
                return
            at = time.time()
            life.frozen = True
            life.bot.process.send_signal(signal.SIGSTOP)
            self.rig.lapses.append(await self.rig.lapse_of(life, at, "frozen before the note"))
            self.lost(life, "frozen", lambda: not life.frozen)
            await asyncio.sleep(self.freeze)
            life.frozen = False
            if not life.ended:
                life.bot.process.send_signal(signal.SIGCONT)
        self.happened["replica: frozen"] += 1

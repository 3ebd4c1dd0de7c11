"""One run: load, troubles and kills by the plan of a seed, then healing, then the count."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.faults.counting import Outcome, Plan, count, key_of_mail
from tests.faults.customers import Load
from tests.faults.rig import ZONE, Life, Rig, came, rig
from tests.faults.takeovers import Watch
from tests.faults.troubles import Troubles

BERLIN = ZoneInfo("Europe/Berlin")
HEALING = 150.0
"""Seconds after the troubles in which everything must come right: pauses of up to a minute are meant."""

CATCH_UP = 7
"""Days whose reports are made good after a pause, as the documentation says."""

AIM_PATIENCE = 3.0
KILL_SECONDS = {"sqlite": 4.0, "postgres": 8.0}
"""What aiming, dying and starting (and waiting for another replica) take: the load has to last as long."""

KILL_SECONDS_SPARING = 3.0
"""The same where nothing slow is done."""

AWAY = 8.0
"""Seconds for which a replica stays away at most after a kill, while others work."""

BESIDE = 20.0
"""Seconds that a kill waits at most until another replica works beside the one that is to die."""


def _stops(first: date, days: int) -> list[datetime]:
    """Moments shortly before each day's midnight, before and inside its report's hour, and its noon."""
    stops: list[datetime] = []
    for number in range(days):
        day = first + timedelta(days=number)
        midnight = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
        begin = midnight.astimezone(UTC)
        stops += [
            begin - timedelta(seconds=4),
            begin + timedelta(hours=2, minutes=29, seconds=56),  # by the clock of an ordinary day
            begin + timedelta(hours=3, minutes=29, seconds=56),  # the second time, or the skipped one's
            begin + timedelta(hours=12),
        ]
    return stops


AUTUMN = _stops(date(2026, 10, 24), 3)
SPRING = [datetime(2027, 3, 26, 12, 0, tzinfo=BERLIN).astimezone(UTC), *_stops(date(2027, 3, 27), 3)]
START = datetime(2026, 10, 23, 18, 0, tzinfo=UTC)


ON_DUTY = {"a poll was answered", "a mail was taken"}
"""What only the replica on duty does, so that a kill aimed at it has to be its."""

MAIL_PATIENCE = 20.0
"""Seconds without a mail after which no other will come: longer than the pause after a first failure."""

SLOW = {
    "Telegram: read timeout after delivery",
    "proxy: half-open while in use",
    "Telegram: 409 on a poll",
    "replica: cut off, connections held",
    "replica: frozen",
    "PostgreSQL: restarted",
}
"""Troubles that cost the product's own patience, 20 s and more, unless a kill ends them."""


async def campaign(plan: Plan, folder: Path, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """Run a plan in an empty folder."""
    began = time.time()
    each = KILL_SECONDS_SPARING if plan.sparing else KILL_SECONDS[plan.database]
    load = Load(plan.seed, plan.chats, plan.messages, plan.seconds + plan.kills * each)
    load.swaps = not plan.webhook
    async with rig(
        folder, load, START, database=plan.database, replicas=plan.replicas, webhook=plan.webhook
    ) as made:
        load.clock = made.clock.now
        troubles = Troubles(made, random.Random(f"troubles {plan.seed}"), cut=plan.cut, freeze=plan.freeze)
        run = _Run(plan, made, troubles, say)
        return await run.whole(began)


class _Run:
    def __init__(self, plan: Plan, made: Rig, troubles: Troubles, say: Callable[[str], None]) -> None:
        self.plan, self.rig, self.troubles, self.say = plan, made, troubles, say
        self.rng = random.Random(f"kills {plan.seed}")
        self.stops = [*AUTUMN, *(SPRING if plan.spring else [])]
        self.days: list[date] = []
        self.last_day: date | None = None
        self.codes: list[int] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.returning: set[asyncio.Task[None]] = set()
        self.outages = self._mixed(troubles.outages())
        self.watch = Watch(made)
        troubles.lost = self.watch.begin

    async def whole(self, began: float) -> Outcome:
        await self.rig.start_all()
        self.last_day = _day_due(self.rig.clock.now())
        load = asyncio.create_task(self.rig.load.run())
        try:
            await self._torment()
            self.troubles.heal()
            async with asyncio.timeout(HEALING):
                await load
        except TimeoutError:
            self.say("not everybody was answered in time; what is missing is in the table")
        finally:
            load.cancel()
            for task in self.tasks:
                task.cancel()
        takeovers = await self.watch.end()
        await self._settle()
        return await count(self.plan, self.rig, self.troubles, takeovers, self.days, self.codes, began)

    # troubles and kills

    async def _torment(self) -> None:
        """A gap of seconds with troubles in it, then an end and a start, as often as the plan says."""
        gap = self.plan.seconds / self.plan.kills
        names = self._mixed(self.troubles.kinds())
        for number in range(self.plan.kills):
            lived = time.monotonic() + gap * self.rng.uniform(0.6, 1.3)
            self._outage()
            for _ in range(self.rng.randint(2, 3)):
                self._trouble(next(names))
                await asyncio.sleep(max(0.0, (lived - time.monotonic()) * self.rng.uniform(0.1, 0.5)))
            await self._move_clock(self.plan.kills - number)
            await asyncio.sleep(max(0.0, lived - time.monotonic()))
            if number % 7 == 3:
                await self._restart()
            await self._kill(for_good=self.plan.replicas > 1 and number == self.plan.kills * 5 // 6)
            self.say(f"{number + 1}/{self.plan.kills} kills, {len(self.rig.load.sent)} messages")
        await asyncio.gather(*self.tasks, *self.returning)

    def _mixed(self, kinds: Iterable[str]) -> Iterator[str]:
        """Names of troubles without end: each once, in a random order, and again."""
        chosen = [name for name in kinds if not (self.plan.sparing and name in SLOW)]
        while chosen:
            yield from self.rng.sample(chosen, len(chosen))

    def _outage(self) -> None:
        """Take the database or a replica away for a while, if neither is away now."""
        if not self.rig.outage.locked():
            for name in islice(self.outages, 1):
                self._trouble(name)

    def _trouble(self, name: str) -> None:
        kinds = self.troubles.kinds() | self.troubles.outages()
        task = asyncio.create_task(kinds[name](), name=name)
        self.tasks.add(task)

    async def _move_clock(self, left: int) -> None:
        """The next stop of the clock, or more of them when few kills are left."""
        for _ in range(-(-len(self.stops) // left)):
            queue = self.rig.stage.telegram.updates.queue
            if self.stops[0] - self.rig.clock.now() > timedelta(days=2):
                await self._to_spring()
            elif any(one.at < self.rig.clock.moved_at for one in queue):
                return  # Telegram would have dropped by now what is still to be confirmed
            else:
                self._next_stop()

    def _next_stop(self) -> None:
        self._owe(self.stops[0])
        self.rig.clock.move_to(self.stops.pop(0))

    def _owe(self, moment: datetime) -> None:
        """Note the reports that are due by then (the last seven, after a pause)."""
        day = _day_due(moment + timedelta(seconds=5))
        while self.last_day < day:
            self.last_day += timedelta(days=1)
            self.days.append(self.last_day)

    async def _to_spring(self) -> None:
        """Months go by: nothing waits at Telegram, and the reports before are made; then those of a week."""
        await self._restart()  # what is due is made and sent at a start
        await self._reports_out()
        await self._until(lambda: not self.rig.stage.telegram.updates.queue, "an empty queue at Telegram")
        catch_up = _day_due(self.stops[0]) - timedelta(days=CATCH_UP - 1)
        self.last_day = max(self.last_day, catch_up - timedelta(days=1))
        self._next_stop()
        await self._restart()
        await self._reports_out()

    async def _restart(self) -> None:
        """As an update does it: all at once. One that the disk refuses just then is left to the kills."""
        await self._until(lambda: not self.troubles.rough, "a disk that takes what it is given")
        async with self.rig.outage:
            await asyncio.gather(*self.returning)
            self.codes += await self.rig.stop_all()
            await self.rig.start_all()

    async def _reports_out(self) -> None:
        await self._until(lambda: len(self._report_days()) >= len(self.days), "the reports")

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait; what does not come is told now and found by the count."""
        if not await came(condition, 60):
            self.say(f"not within a minute: {what}")

    def _report_days(self) -> set[str]:
        keys = {key_of_mail(mail) for mail in self.rig.stage.mailbox.mails}
        return {key for key in keys if key.startswith("report-")}

    async def _kill(self, *, for_good: bool = False) -> None:
        await self.rig.revive()
        if self.plan.replicas > 1 and self.rng.random() < 0.75:
            await came(lambda: len(self.rig.sound()) >= min(2, len(self.rig.slots)), BESIDE)
        aims = self._aims()
        aim = self.rng.choice(list(aims))
        found: object = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AIM_PATIENCE):
                found = await aims[aim]()
        if aim == "an answer was taken":  # around the note: now, or one to eight thousandths later
            await asyncio.sleep(self.rng.choice((0, 0, 0.001, 0.002, 0.004, 0.008)))
        life = found if isinstance(found, Life) else await self._victim(aim)
        if for_good:
            self.rig.buried.add(life.slot)
        await self.rig.kill(life, aim)
        self.watch.begin(life, "killed for good" if for_good else "killed")
        if self.plan.replicas == 1:
            await self.rig.start()
        elif not for_good:
            pause = 0.0 if self.plan.sparing else self.rng.uniform(0, AWAY)
            self.returning.add(asyncio.create_task(self._return(life.slot, pause)))

    async def _victim(self, aim: str) -> Life:
        """Who is to die: for what only one does, that one."""
        await came(self.rig.sound, BESIDE * 4)  # a replica that cannot be killed is not one that must live
        if not self.rig.sound():
            return next(life for life in reversed(self.rig.lives) if not life.ended)
        busy = [life for life in self.rig.sound() if aim in ON_DUTY and life.on_duty]
        return self.rng.choice(busy or self.rig.sound())

    async def _return(self, slot: int, pause: float) -> None:
        await asyncio.sleep(pause)
        await self.rig.start(slot)

    def _aims(self) -> dict[str, Callable[[], Awaitable[object]]]:
        telegram, box = self.rig.stage.telegram, self.rig.stage.mailbox
        return {
            "at any moment": lambda: asyncio.sleep(self.rng.uniform(0, 1)),
            "an answer was taken": lambda: self._next_message(from_bot=True),
            "a customer wrote": lambda: self._next_message(from_bot=False),
            "the model was asked": self._model_asked,
            "a contact was saved": self._contact_saved,
            "a mail was taken": lambda: box.wait_for(len(box.mails) + 1, timeout=AIM_PATIENCE),
            "a poll was answered": lambda: telegram.wait_until(lambda: not telegram.updates.polled),
            "while starting": self._kill_and_start,
        }

    async def _next_message(self, *, from_bot: bool) -> None:
        subscription = self.rig.stage.telegram.subscribe()
        try:
            async for event in subscription:
                if event["event"] == "message" and event.get("from_bot", False) is from_bot:
                    return
        finally:
            subscription.close()

    async def _model_asked(self) -> None:
        journal = self.rig.stage.model.journal
        before = len(journal.calls)
        await journal.wait_until(lambda: len(journal.calls) > before, "a call", AIM_PATIENCE)

    async def _contact_saved(self) -> None:
        """The model is asked again, with what the tool gave."""
        journal = self.rig.stage.model.journal
        before = len(journal.calls)
        await journal.wait_until(
            lambda: any("function_call_output" in str(call.body) for call in journal.calls[before:]),
            "a contact",
            AIM_PATIENCE,
        )

    async def _kill_and_start(self) -> Life:
        """Kills one and gives its next life, which is starting."""
        life = await self._victim("while starting")
        await self.rig.kill(life, "at any moment")
        self.watch.begin(life, "killed")
        started = await self.rig.launch(life.slot)
        await asyncio.sleep(self.rng.uniform(0.05, 2.0))
        return started

    # the end

    async def _settle(self) -> None:
        """A last start makes all mails due; a last day brings the last report."""
        self.codes += await self.rig.stop_all()
        last = self.rig.clock.now() + timedelta(
            days=2
        )  # beyond the day whose report may be on its way just now
        self._owe(last)
        self.rig.clock.move_to(last)
        await self.rig.start_all()
        box = self.rig.stage.mailbox
        wanted = {f"report-{day}" for day in self.days}
        await self._until(lambda: wanted <= self._report_days(), "the last reports")
        await self._mails_out()
        self.say(f"{len(box.mails)} mails")
        self.codes += await self.rig.stop_all()

    async def _mails_out(self) -> None:
        """Until every mail is noted as sent, or none has come within the longest pause after a failure."""
        box = self.rig.stage.mailbox
        count, since = len(box.mails), time.monotonic()
        while await self.rig.unsent_mails() and time.monotonic() - since < MAIL_PATIENCE:
            await asyncio.sleep(0.1)
            if len(box.mails) > count:
                count, since = len(box.mails), time.monotonic()


def _day_due(moment: datetime) -> date:
    """The day whose 02:30 was last reached; where there is none, 03:30 is meant; where two, the first."""
    day = moment.astimezone(ZoneInfo(ZONE)).date() + timedelta(days=1)
    while True:
        day -= timedelta(days=1)
        at = datetime(day.year, day.month, day.day, 2, 30, tzinfo=ZoneInfo(ZONE))
        if at.astimezone(UTC) <= moment:
            return day

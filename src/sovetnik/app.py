"""The composition root: the only place that knows every adapter."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import structlog
import telegram

from sovetnik.brain import make_brain
from sovetnik.core.commands import Office
from sovetnik.core.erasures import Erasures
from sovetnik.core.errors import MailError
from sovetnik.core.mails import Mails
from sovetnik.core.model import Incoming, Limits, Trace
from sovetnik.core.reports import current_day
from sovetnik.core.turn import Turns
from sovetnik.knowledge.reading.readers import Readers
from sovetnik.library import LocalLibrary, open_library
from sovetnik.mail import SmtpMailer
from sovetnik.office import OwnersOffice, furnish
from sovetnik.parts import make_folder, make_house, make_look, make_mailer, secret
from sovetnik.perceiving import Perceiver
from sovetnik.schedule import DailyReport
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore
from sovetnik.storage.crew import Crew
from sovetnik.storage.opening import is_postgres, local_folder
from sovetnik.telegram_ui import (
    BotSettings,
    Poller,
    TelegramMessenger,
    make_bot,
    say_hello,
    set_menus,
)
from sovetnik.telegram_ui.pace import Pace

log = structlog.get_logger("sovetnik.app")

GRACE = 15.0
"""Seconds that running turns get at the end; with closing everything, `run` ends within 20."""

CANCEL_AGAIN = 2.0
"""Seconds after which a background task that has not ended is cancelled once more."""

OTHERS_MAILS = 2.0
"""Seconds between looks for mails that other replicas have queued."""

FIRST_SYNC = 5.0
"""Seconds that the very first start waits for the documents to be read, before customers are answered."""


@dataclass(slots=True)
class _Parts:
    """What `run` has put together."""

    settings: Settings
    store: SqlStore
    bot: telegram.Bot
    turns: Turns
    crew: Crew
    mails: Mails
    erasures: Erasures
    mailer: SmtpMailer
    report: DailyReport
    library: LocalLibrary
    away: Callable[[], str | None]

    async def accept(self, updates: Sequence[Incoming]) -> None:
        """Store updates, then wake their chats, unless they have begun to wait for that by themselves."""
        accepting = asyncio.ensure_future(self.store.accept(updates))
        begun = self.crew.begin({update.chat_id for update in updates})
        self.crew.wake(await accepting - begun)


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or Ctrl-C; see :func:`run_until`."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_until(stop, settings)


async def run_until(
    stop: asyncio.Event, settings: Settings, observe: Callable[[Trace], None] | None = None
) -> None:
    """Run the bot until ``stop`` is set, then finish the running turns.

    Args:
        stop: Ends it.
        settings: The owner's.
        observe: Called after each turn.

    Raises:
        ConfigError: something the owner has to mend.
    """
    async with AsyncExitStack() as stack:
        starting = asyncio.create_task(_assemble(settings, stack))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():  # asked to stop while Telegram or the model keeps us waiting
            await _cancel([starting, stopped])
        else:
            parts = starting.result()
            parts.turns.observe = observe
            await _serve(parts, stack, stop)
    log.info("stopped")


async def _assemble(settings: Settings, stack: AsyncExitStack) -> _Parts:
    folder = make_folder(settings)
    form = folder.form(settings.phone_region)
    url = settings.database_url.get_secret_value()
    store = await stack.enter_async_context(SqlStore.open(url, exclusive=True))
    how = BotSettings(
        settings.token,
        settings.telegram_base_url,
        secret(settings.telegram_proxy),
    )
    bot = make_bot(how)
    news = asyncio.Event()
    brain = await stack.enter_async_context(make_brain(settings, folder, form, store, news.set))
    library = await stack.enter_async_context(open_library(settings))
    stack.push_async_callback(bot.shutdown)
    username, _ = await asyncio.gather(say_hello(bot, how), brain.check())
    mailer = make_mailer(settings, form, username)
    mails = Mails(store, mailer, longest_sleep=OTHERS_MAILS if is_postgres(url) else None, woken=news)
    erasures = Erasures(store, brain.erase)
    readers = await stack.enter_async_context(Readers(patience=30.0))
    desk = OwnersOffice(settings, store, make_look(settings, form, username), brain.away)
    pace = Pace(settings.telegram_rate, settings.telegram_chat_rate)
    turns = Turns(
        store=store,
        assistant=brain.assistant,
        messenger=TelegramMessenger(bot, pace, settings.telegram_streaming),
        form=form,
        wake_mails=mails.wake,
        knowledge=library,
        house=make_house(folder),
        office=Office(
            chats=frozenset(settings.owner_chats),
            answer=desk.answer,
            paired=lambda chat_id: set_menus(bot, settings.language, [chat_id]),
            erased=erasures.wake,
        ),
        perceive=Perceiver(bot, readers, brain.hearing, sees=brain.sees).take_in,
        limits=Limits(settings.join_messages, settings.chat_rate),
        slots=asyncio.Semaphore(settings.model_concurrency),
    )
    report = DailyReport(
        at=settings.report_time,
        zone=settings.timezone,
        last_day=lambda: _last_day(store, settings),
        claim=store.claim_report,
        made=mails.wake,
    )
    crew = store.crew(turns.drain, 2 * settings.model_concurrency)
    turns.worker, turns.may_send = crew.worker, crew.in_touch
    crew.divide(pace.need, pace.share)
    return _Parts(settings, store, bot, turns, crew, mails, erasures, mailer, report, library, brain.away)


async def _last_day(store: SqlStore, settings: Settings) -> date:
    """The day of the newest report; on the very first start, the day before the first one due."""
    last = await store.last_report()
    if last is not None:
        return last.day
    day = current_day(datetime.now(UTC), settings.report_time, settings.timezone)
    await store.first_window(day)
    return day


async def _serve(parts: _Parts, stack: AsyncExitStack, stop: asyncio.Event) -> None:
    background: list[asyncio.Task[Any]] = [
        *await parts.crew.join(parts.store.sweep),
        asyncio.create_task(parts.crew.keep(parts.mails.run), name="mails"),
        asyncio.create_task(parts.crew.keep(parts.erasures.run), name="erasures"),
        asyncio.create_task(parts.library.keep_fresh(), name="knowledge"),
    ]
    stack.push_async_callback(_cancel, background)
    stack.push_async_callback(_finish_turns, parts)
    await _last_day(parts.store, parts.settings)  # before the first message, or its report would miss it
    await parts.library.first_sync(FIRST_SYNC)
    parts.crew.wake(await parts.store.recover())
    parts.mails.wake()
    poller = Poller(parts.bot, parts.accept)
    if parts.settings.telegram_webhook_url:
        await _listen(parts, stack)
    else:
        polling = asyncio.create_task(parts.crew.keep(poller.run), name="polling")
        background.append(polling)
        stack.push_async_callback(_cancel, [polling])  # first of all: nothing new while turns finish
    if parts.settings.http_listen:
        polled_at = None if parts.settings.telegram_webhook_url else lambda: _polled_at(parts, poller)
        await _show_health(parts, stack, parts.settings.http_listen, polled_at)
    background.append(asyncio.create_task(_check_mail(parts.mailer, parts.settings), name="mail check"))
    background.append(asyncio.create_task(furnish(parts.settings, parts.store, parts.bot), name="menus"))
    log.info("ready", bot=parts.bot.username, context=parts.settings.context)
    parts.report.start()
    stack.callback(parts.report.stop)
    await _until(stop, background)
    log.info("stopping")


def _polled_at(parts: _Parts, poller: Poller) -> float | None:
    """A replica that leaves polling to another is not deaf, nor one that has just begun with it."""
    if not parts.crew.on_duty:
        poller.polled_at = time.monotonic()
    return poller.polled_at


async def _listen(parts: _Parts, stack: AsyncExitStack) -> None:
    from sovetnik.telegram_ui.webhook import Webhook  # a web server: nobody pays for it who polls

    settings = parts.settings
    webhook = Webhook(parts.bot, parts.accept)
    # The same for every replica without being stored: whoever knows the token may know it.
    made = hmac.new(settings.token.encode(), b"webhook", hashlib.sha256).hexdigest()
    given = secret(settings.telegram_webhook_secret) or made
    await webhook.start(settings.telegram_webhook_url or "", settings.telegram_webhook_listen, given)
    stack.push_async_callback(webhook.stop)


async def _show_health(
    parts: _Parts, stack: AsyncExitStack, listen: str, polled_at: Callable[[], float | None] | None
) -> None:
    from sovetnik import version
    from sovetnik.ops.health import Health, Inside  # nobody pays for them who does not listen
    from sovetnik.ops.metrics import Metrics

    def model() -> Literal["ok", "away", "none"]:
        if parts.settings.openai_api_key is None:
            return "none"
        return "away" if parts.away() else "ok"

    def observe(trace: Trace) -> None:
        metrics.observe(trace)
        if observed:
            observed(trace)

    metrics = Metrics(version())
    observed, parts.turns.observe = parts.turns.observe, observe
    parts.turns.timed = metrics.timed
    folder = local_folder(parts.settings.database_url.get_secret_value())
    health = Health(listen, polled_at, Inside(parts.store.vitals, parts.store.touch, model, folder), metrics)
    await health.start()
    stack.push_async_callback(health.stop)


async def _until(stop: asyncio.Event, background: Sequence[asyncio.Task[Any]]) -> None:
    """Wait for the end; a background task that fails ends the program, with its error."""
    waiting = asyncio.create_task(stop.wait())
    pending: set[asyncio.Task[Any]] = {waiting, *background}
    while waiting in pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task is not waiting:
                task.result()


async def _finish_turns(parts: _Parts) -> None:
    parts.turns.stopping.set()
    cut, _ = await asyncio.gather(parts.crew.stop(GRACE), _leave_duty(parts))
    if cut:
        log.warning("turns_cut_off", chats=cut, why="they took too long; they are answered after the start")


async def _leave_duty(parts: _Parts) -> None:
    """Mails on their way arrive and are noted first, or the next replica on duty would send them again."""
    await parts.mails.stop(GRACE)
    parts.crew.resign()


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel until they end: libraries lose a cancellation that comes while they open a connection."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _check_mail(mailer: SmtpMailer, settings: Settings) -> None:
    """Say at once what would otherwise be noticed when the first lead does not arrive."""
    if not settings.smtp_host:
        log.warning("mail_not_set_up", why="SMTP_HOST is not set: leads and reports wait in the outbox")
        return
    for name, value in (("LEADS_TO", settings.leads_to), ("REPORT_TO", settings.report_to)):
        if not value:
            log.warning("mail_not_set_up", why=f"{name} is not set: its mails wait in the outbox")
    try:
        await mailer.check_login()
    except MailError as error:
        log.error(
            "mail_unreachable", error=str(error), way_out="check the SMTP_ settings; mails wait until then"
        )

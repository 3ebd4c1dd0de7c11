"""What the owner can ask for in Telegram: the figures so far, the state of things, a pause."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
import telegram

from sovetnik.core.errors import StorageError
from sovetnik.core.model import Language
from sovetnik.core.owner import Vitals
from sovetnik.mail import Look, render_report_brief
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore
from sovetnik.telegram_ui import set_menus

log = structlog.get_logger("sovetnik.office")

CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 12
"""Of a pairing code: 60 bits, good for a day."""

_SAID: dict[Language, dict[str, str]] = {
    "ru": {
        "pause": "Пауза: покупателям отвечаю только, что консультант отдыхает. Их сообщения сохраняются. "
        "Продолжить — /resume",
        "resume": "Снова отвечаю покупателям.",
        "paused": "⏸ Пауза с {at}",
        "running": "✅ Работаю",
        "model": "Модель: {model}",
        "model_away": "Модель: {model}, сейчас недоступна (код {code}); отвечаю выдержками из документов",
        "no_model": "Модель: не подключена, отвечаю выдержками из документов",
        "inbox": "Ждут ответа: {count}, дольше всех {age} с",
        "answers": "Ждут отправки: {count}, дольше всех {age} с",
        "mails": "Писем в очереди: {count}, старшему {age} с",
        "none": "Очередей нет",
        "report": "Последний отчёт: за {day}",
    },
    "en": {
        "pause": "Paused: customers only hear that the consultant is resting. Their messages are kept. "
        "To go on: /resume",
        "resume": "Answering customers again.",
        "paused": "⏸ Paused since {at}",
        "running": "✅ Running",
        "model": "Model: {model}",
        "model_away": "Model: {model}, away just now (code {code}); I answer with quotes from the documents",
        "no_model": "Model: none, I answer with quotes from the documents",
        "inbox": "Waiting for an answer: {count}, the longest for {age} s",
        "answers": "Waiting to be sent: {count}, the longest for {age} s",
        "mails": "Mails in the queue: {count}, the oldest for {age} s",
        "none": "No queues",
        "report": "Last report: for {day}",
    },
}


@dataclass(slots=True)
class OwnersOffice:
    """Answers the owner's commands.

    Attributes:
        away: Code of the failure that keeps the model away, or None.
    """

    settings: Settings
    store: SqlStore
    look: Look
    away: Callable[[], str | None]

    async def answer(self, kind: str) -> str:
        """The text for ``report``, ``status``, ``pause`` or ``resume``."""
        if kind == "report":
            found = await self.store.open_report(datetime.now(self.settings.timezone).date())
            return await asyncio.to_thread(render_report_brief, found, self.look)
        if kind == "status":
            return self._status(await self.store.vitals())
        return self._said[kind]

    @property
    def _said(self) -> dict[str, str]:
        return _SAID[self.settings.language]

    def _status(self, vitals: Vitals) -> str:
        said, now = self._said, datetime.now(UTC)
        lines = [said["running"]]
        if vitals.paused_at:
            lines = [
                said["paused"].format(at=f"{vitals.paused_at.astimezone(self.settings.timezone):%d.%m %H:%M}")
            ]
        lines.append(self._model())
        queues = [("inbox", vitals.inbox), ("answers", vitals.answers), ("mails", vitals.mails)]
        waiting = [
            said[name].format(count=q.waiting, age=round(q.age(now))) for name, q in queues if q.waiting
        ]
        lines += waiting or [said["none"]]
        if vitals.last_report and vitals.last_report.start != vitals.last_report.end:
            lines.append(said["report"].format(day=f"{vitals.last_report.day:%d.%m.%Y}"))
        return "\n".join(lines)

    def _model(self) -> str:
        if self.settings.openai_api_key is None:
            return self._said["no_model"]
        code, model = self.away(), self.settings.openai_model
        return self._said["model_away" if code else "model"].format(model=model, code=code)


async def offer_pairing(store: SqlStore, username: str) -> str:
    """A link with a one-time code that makes a chat the owner's."""
    code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    await store.offer_pairing(code)
    return f"https://t.me/{username}?start=pair-{code}"


async def furnish(settings: Settings, store: SqlStore, bot: telegram.Bot) -> None:
    """Menus for customers and owners, and a pairing code where nobody is the owner yet."""
    owners = set(settings.owner_chats)
    try:
        owners |= await store.owner_chats()
        if not owners:
            log.info("pair_owner", link=await offer_pairing(store, bot.username), lasts="a day, once")
    except StorageError as error:  # no reason not to answer customers
        log.error("storage_refused", error=str(error))
    await set_menus(bot, settings.language, sorted(owners))

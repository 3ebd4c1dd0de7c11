"""What we answer ourselves: commands, buttons, and messages that no model can read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from sovetnik.core.house import House
from sovetnik.core.model import Answer, Button, Command, Delivery, Keyboard, Language
from sovetnik.core.ports import Messenger, Store
from sovetnik.core.texts import Texts, texts

log = structlog.get_logger("sovetnik.commands")

OWNER_COMMANDS = frozenset({"report", "status", "pause", "resume"})


@dataclass(frozen=True, slots=True)
class Office:
    """What the owner can ask for in Telegram.

    Attributes:
        chats: The owner's chats of the settings; paired ones come from the store.
        answer: The text for an owner's command, in the owner's language.
        paired: Called with a chat that has become an owner's.
        erased: Called when the provider has something to erase.
    """

    chats: frozenset[int]
    answer: Callable[[str], Awaitable[str]]
    paired: Callable[[int], Awaitable[None]]
    erased: Callable[[], None]


def phone_keyboard(language: Language) -> Keyboard:
    """The one button that shares the customer's phone."""
    return Keyboard("phone", (Button(texts(language).share_phone_button, ""),))


@dataclass(frozen=True, slots=True)
class Commands:
    """Answers commands; each answer is stored with the end of its update."""

    store: Store
    messenger: Messenger
    house: House
    office: Office | None = None

    async def answer(self, command: Command) -> Delivery | None:
        """Do what an update asks for."""
        kind = command.incoming.kind
        if kind == "press":
            return await self._pressed(command)
        if kind in OWNER_COMMANDS and self.office and await self._is_owner(command.chat.id):
            answer = await self._for_owner(kind, self.office)
        elif kind == "pair":
            answer = await self._pair(command)
        else:
            answer = self._for_customer(command)
        return await self._close(command, answer)

    async def _close(self, command: Command, answer: Answer | None) -> Delivery | None:
        return await self.store.commanded(
            command.chat.id,
            command.token,
            command.incoming.update_id,
            answer,
            fresh=command.incoming.kind == "new",
        )

    # the customer's

    def _for_customer(self, command: Command) -> Answer:
        own = texts(command.chat.language)
        kind = command.incoming.kind
        if kind == "start":
            text, version = self.house.with_consent(self.house.greeting_text() or own.greeting, command.chat)
            return Answer(text, kind="service", consent=version)
        if kind == "contact" and not command.chat.is_group:
            text, version = self.house.with_consent(own.share_phone, command.chat)
            keyboard = phone_keyboard(command.chat.language)
            return Answer(text, kind="service", consent=version, keyboard=keyboard)
        if kind == "forget":
            buttons = (Button(own.forget_yes, "forget:yes"), Button(own.forget_no, "forget:no"))
            return Answer(own.forget_question, kind="service", keyboard=Keyboard("buttons", buttons))
        return Answer(self._plain(command, own), kind="service")

    def _plain(self, command: Command, own: Texts) -> str:
        kind = command.incoming.kind
        if kind == "new":
            return own.fresh_start
        if kind == "privacy":
            return self.house.privacy_text() or own.privacy
        if kind == "contact":
            return own.ask_contact
        return _unread(command.incoming.text, own) if kind == "unsupported" else own.help

    async def _pressed(self, command: Command) -> Delivery | None:
        await self.messenger.pressed(command)
        own = texts(command.chat.language)
        if command.incoming.text == "forget:yes":
            keyboard = Keyboard("remove") if command.chat.keyboard else None
            answer = Answer(own.forgotten, kind="service", keyboard=keyboard)
            delivery = await self.store.forget(command.chat.id, command.token, answer)
            log.info("customer_erased", chat=command.chat.id)
            if self.office:
                self.office.erased()
            return delivery
        kept = command.incoming.text == "forget:no"
        return await self._close(command, Answer(own.kept, kind="service") if kept else None)

    # the owner's

    async def _is_owner(self, chat_id: int) -> bool:
        if self.office and chat_id in self.office.chats:
            return True
        return chat_id in await self.store.owner_chats()

    async def _for_owner(self, kind: str, office: Office) -> Answer:
        if kind in {"pause", "resume"}:
            await self.store.set_paused(paused=kind == "pause")
            log.warning("paused" if kind == "pause" else "resumed")
        return Answer(await office.answer(kind), kind="service")

    async def _pair(self, command: Command) -> Answer:
        own = texts(command.chat.language)
        fits = not command.chat.is_group and await self.store.pair(command.chat.id, command.incoming.text)
        log.warning("owner_paired" if fits else "pairing_refused", chat=command.chat.id)
        if fits and self.office:
            await self.office.paired(command.chat.id)
        return Answer(own.paired if fits else own.bad_pairing, kind="service")


def _unread(content: str, own: Texts) -> str:
    """What fits a message without words."""
    if content in {"sticker", "animation", "dice", "game"}:
        return own.sticker
    if content in {"location", "venue"}:
        return own.place
    if content in {"video", "video_note"}:
        return own.video
    return own.foreign_card if content == "contact" else own.only_text

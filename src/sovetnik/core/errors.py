"""One error tree; no foreign exception crosses a room's wall.

::

    SovetnikError
    ├── ConfigError            a setting, file or folder the owner has to mend
    ├── StorageError           the database refused; nothing was written
    │   └── Fenced             another worker owns the chat now: stop, write nothing
    ├── AssistantError         the model gave no usable answer
    ├── DeliveryLater          Telegram did not take the message; try again after a pause
    ├── DeliveryRefused        Telegram will never take it (blocked, chat gone)
    ├── FileTooBig             Telegram does not give a file of that size to bots
    ├── FileUnreachable        a customer's file could not be had
    └── MailError              the mail server did not take the mail
"""

from __future__ import annotations

from datetime import timedelta


class SovetnikError(Exception):
    """Root of everything this program raises on purpose."""


class ConfigError(SovetnikError):
    """Something the owner wrote is wrong: the message names it and the way out."""


class StorageError(SovetnikError):
    """The database refused (full disk, locked, gone); nothing of the unit of work was written."""


class Fenced(StorageError):  # noqa: N818 - the field's word, and it is no failure
    """Another worker has taken the chat over; this one must stop without writing."""


class AssistantError(SovetnikError):
    """The model gave no usable answer.

    Args:
        kind: One word for logs and figures: ``timeout``, ``connection``, ``rate_limit``, ``quota``,
            ``auth``, ``bad_request``, ``server``, ``cut``, ``empty``, ``refused``,
            ``locked``, ``conversation``.
        detail: For the log; must not hold customers' texts.
        retry_after: How long the provider asked to wait, if it said so.
    """

    def __init__(self, kind: str, detail: str, retry_after: timedelta | None = None) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after


class FileTooBig(SovetnikError):  # noqa: N818 - says all
    """Telegram does not give a file of that size to bots."""


class FileUnreachable(SovetnikError):  # noqa: N818 - as above
    """A customer's file could not be had just now."""


class DeliveryLater(SovetnikError):  # noqa: N818 - says what to do
    """Telegram did not take a message now; it has to be tried again.

    Args:
        pause: Telegram's ``retry_after``, or None where the usual growing pause fits.
        reason: For the log and the outbox row.
    """

    def __init__(self, pause: timedelta | None, reason: str) -> None:
        super().__init__(reason)
        self.pause = pause
        self.reason = reason


class DeliveryRefused(SovetnikError):  # noqa: N818 - says what to do
    """Telegram will never take this message.

    Args:
        reason: Telegram's words.
        blocked: True when the customer blocked the bot or is gone: nothing more must be sent.
    """

    def __init__(self, reason: str, *, blocked: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.blocked = blocked


class MailError(SovetnikError):
    """The mail server did not take the mail for at least one recipient.

    Args:
        detail: The server's words, with no address or text of a customer in them.
        accepted: Recipients that did get it, so that a retry leaves them out.
    """

    def __init__(self, detail: str, accepted: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.accepted = accepted

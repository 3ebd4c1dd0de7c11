"""Files that customers send."""

from __future__ import annotations

import asyncio

import telegram
from telegram.error import BadRequest, TelegramError

from sovetnik.core.errors import FileTooBig, FileUnreachable

LARGEST = 20 * 1024 * 1024
"""Bytes that the Bot API lets a bot download."""

TRIES = 3


async def download(bot: telegram.Bot, file_id: str) -> bytes:
    """A file's bytes.

    Raises:
        FileTooBig: Telegram does not give it to bots.
        FileUnreachable: it could not be had just now.
    """
    for attempt in range(1, TRIES + 1):
        try:
            file = await bot.get_file(file_id)
            if file.file_size and file.file_size > LARGEST:
                raise FileTooBig(file.file_size)
            return bytes(await file.download_as_bytearray())
        except BadRequest as error:
            if "too big" in error.message.lower():
                raise FileTooBig(LARGEST) from error
            raise FileUnreachable(error.message) from error
        except TelegramError as error:
            if attempt == TRIES:
                raise FileUnreachable(error.message) from error
            await asyncio.sleep(0.5 * attempt)
    raise FileUnreachable("no tries left")

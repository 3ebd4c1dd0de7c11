"""The usual way to show an answer while it grows: Responses, streamed by the SDK, and edits of one message.

Stores nothing.
"""

from __future__ import annotations

import os
import time

from openai import AsyncOpenAI
from telegram import Message, Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

EVERY = 0.5
"""Seconds between two edits."""


async def show(model: AsyncOpenAI, message: Message, question: str) -> None:
    text, sent, shown, at = "", None, "", 0.0
    stream = await model.responses.create(
        model="gpt-6-luna", stream=True, input=question, instructions="Ты консультант магазина."
    )
    async for event in stream:
        if event.type != "response.output_text.delta":
            continue
        text += event.delta
        if time.monotonic() - at < EVERY:
            continue
        if sent is None:
            sent = await message.reply_text(text)
        else:
            await sent.edit_text(text)
        shown, at = text, time.monotonic()
    if sent is None:
        await message.reply_text(text)
    elif text != shown:
        await sent.edit_text(text)


def main() -> None:
    model = AsyncOpenAI(base_url=os.environ["MODEL_URL"], api_key="none")

    async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:  # noqa: ARG001 - PTB's way
        if update.effective_message and update.effective_message.text:
            await show(model, update.effective_message, update.effective_message.text)

    builder = Application.builder().token(os.environ["TOKEN"]).base_url(os.environ["TELEGRAM_URL"])
    application = builder.concurrent_updates(8192).connection_pool_size(8192).pool_timeout(60).build()
    application.add_handler(MessageHandler(filters.TEXT, answer))
    application.run_polling()


if __name__ == "__main__":
    main()

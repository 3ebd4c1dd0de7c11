"""The least that a bot can do: python-telegram-bot and one chat completion a message. Stores nothing."""

from __future__ import annotations

import os

from openai import AsyncOpenAI
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

SYSTEM = "Ты консультант магазина."


def main() -> None:
    model = AsyncOpenAI(base_url=os.environ["MODEL_URL"], api_key="none")

    async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:  # noqa: ARG001 - PTB's way
        message = update.effective_message
        if message is None or message.text is None:
            return
        completion = await model.chat.completions.create(
            model="gpt-6-luna",
            messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": message.text}],
        )
        await message.reply_text(completion.choices[0].message.content or "")

    builder = Application.builder().token(os.environ["TOKEN"]).base_url(os.environ["TELEGRAM_URL"])
    application = builder.concurrent_updates(8192).connection_pool_size(8192).pool_timeout(60).build()
    application.add_handler(MessageHandler(filters.TEXT, answer))
    application.run_polling()


if __name__ == "__main__":
    main()

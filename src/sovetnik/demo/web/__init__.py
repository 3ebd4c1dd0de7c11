"""The demo's page: a chat as Telegram shows it, the mailbox, and what happened in each turn.

    page = DemoPage(api, mailbox, language="ru", model=None, report=report_of_today)
    async with serve(page.app) as url:
        ...  # page.trace(chat_id, {...}) after each turn

The page keeps nothing itself: its state is the Bot API double's, the mailbox's, and the traces handed in.
"""

from sovetnik.demo.web.page import DemoPage

__all__ = ["DemoPage"]

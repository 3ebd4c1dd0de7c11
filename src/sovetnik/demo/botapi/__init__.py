"""A strict local Telegram Bot API server: a test double for bots, and the Telegram of the demo.

It speaks the Bot API over HTTP and refuses what Telegram refuses, with Telegram's codes and words: a bot
that works here has met them all. It is not tied to Sovetnik; any bot in any language can be pointed at it.

    from sovetnik.demo.botapi import BotApi
    from sovetnik.demo.serving import serve

    api = BotApi("7000000001:any-secret-you-like")
    async with serve(api.app) as url:
        ...  # start the bot with the base URL f"{url}/bot" and the file URL f"{url}/file/bot"
        anna = api.person(first_name="Anna")
        anna.start()
        anna.say("How much is delivery?")
        messages = await api.wait_for_messages(anna.id, 2)

People act by plain calls on the event loop that serves: ``say``, ``send_album`` and the other files,
``share_contact``, ``press``, ``edit``, ``block``, and ``send`` for any content at all; whatever sends takes
``group``, ``reply_to``, ``quote`` and ``forwarded_from``. Groups come from ``api.group``: members and the bot
come and go, and a group becomes a supergroup. What people see is in ``api.chat(id)``: messages of both sides,
draft, actions, keyboard. Tests make things go wrong with ``api.faults``, set ``api.limiter.limits``
(Telegram's own: ``TELEGRAM_LIMITS``) and look at ``api.calls``; ``api.subscribe()`` feeds a page.

The words for markup, entities, keyboards, updates and webhooks were compared with the sources and tests of
Telegram's own server; python-telegram-bot calls every method here in the tests, aiogram in
``scripts/botapi_with_aiogram.py``. The words for a draft's id, too long a name, a wrong language, file
uploads, quotes, topics and business connections were not compared: there trust the code 400, not the wording.
Nor does Telegram tell how long a pressed button may be answered (here: as long as its update lives, 150 s) or
how many drafts it takes.

What it does not do:

- sending: rich messages (how Telegram makes blocks of their Markdown is not documented well enough to be
  strict about), albums, audio, video, contacts, places, polls, stickers and dice from the bot, forwarding and
  copying, files fetched from URLs, replies across chats, a draft's stop button;
- places: channels, topics, business connections, inline mode, payments, sticker sets, reactions;
- groups: rights of administrators (the bot is a plain member), ``chat_member`` updates, a bot's being last to
  speak as a reason to get ``/command``;
- what would only slow tests down: the pauses that Telegram's server makes before a 409 and between two equal
  polls, 429 for a second setWebhook within a second;
- the search for links with Telegram's own list of domains.
"""

from sovetnik.demo.botapi.api import BotApi
from sovetnik.demo.botapi.faults import TELEGRAM_LIMITS, Call, Fault, Limits
from sovetnik.demo.botapi.groups import Group
from sovetnik.demo.botapi.people import Person
from sovetnik.demo.botapi.state import Action, Chat, Draft, Message
from sovetnik.demo.botapi.writing import Channel

__all__ = [
    "TELEGRAM_LIMITS",
    "Action",
    "BotApi",
    "Call",
    "Channel",
    "Chat",
    "Draft",
    "Fault",
    "Group",
    "Limits",
    "Message",
    "Person",
]

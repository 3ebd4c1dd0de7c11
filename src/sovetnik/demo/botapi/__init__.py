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

People act by plain calls on the event loop that serves (``person.say``, ``press``, ``share_contact``,
``block``); what they see is in ``api.chat(id)``: messages of both sides, draft, actions, keyboard. Tests make
things go wrong with ``api.faults`` and look at ``api.calls``; ``api.subscribe()`` feeds a page.

The words for markup, entities, keyboards, updates and webhooks were compared with the sources and tests of
Telegram's own server. Those for a draft's id, too long a name, a wrong language, file uploads, secret tokens,
topics and business connections were not: there trust the code 400, not the wording.

What it does not do: forwarding and copying, rich messages, channels, topics, business connections, inline
mode, albums, sticker sets, payments, files fetched from URLs, and the search for links with Telegram's own
list of domains.
"""

from sovetnik.demo.botapi.api import BotApi
from sovetnik.demo.botapi.faults import Call, Fault, Limits
from sovetnik.demo.botapi.groups import Group
from sovetnik.demo.botapi.people import Person
from sovetnik.demo.botapi.state import Action, Chat, Draft, Message

__all__ = ["Action", "BotApi", "Call", "Chat", "Draft", "Fault", "Group", "Limits", "Message", "Person"]

"""Erasing a customer's conversation at the provider."""

from __future__ import annotations

from contextlib import suppress

import openai

from sovetnik.assistant.client import in_our_words


async def erase_conversation(client: openai.AsyncOpenAI, conversation: str) -> None:
    """Delete a conversation with everything in it; one that is gone already is fine.

    Deleting the conversation alone would leave its items at OpenAI.

    Raises:
        AssistantError: the provider did not do it.
    """
    try:
        # All ids first: the next page is asked for by the last item of this one, which must be there still.
        listed = [item.id async for item in client.conversations.items.list(conversation, limit=100)]
        for item_id in listed:
            if item_id:
                with suppress(openai.NotFoundError):  # erased by a try that was cut off
                    await client.conversations.items.delete(item_id, conversation_id=conversation)
        await client.conversations.delete(conversation)
    except openai.NotFoundError:
        return
    except Exception as error:
        raise in_our_words(error) from error

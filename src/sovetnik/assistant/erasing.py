"""Erasing a customer's conversation at the provider."""

from __future__ import annotations

import openai

from sovetnik.assistant.client import in_our_words


async def erase_conversation(client: openai.AsyncOpenAI, conversation: str) -> None:
    """Delete a conversation with everything in it; one that is gone already is fine.

    Deleting the conversation alone would leave its items at OpenAI.

    Raises:
        AssistantError: the provider did not do it.
    """
    try:
        async for item in client.conversations.items.list(conversation, limit=100):
            if item.id:
                await client.conversations.items.delete(item.id, conversation_id=conversation)
        await client.conversations.delete(conversation)
    except openai.NotFoundError:
        return
    except Exception as error:
        raise in_our_words(error) from error

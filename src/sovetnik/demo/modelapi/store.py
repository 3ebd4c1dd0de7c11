"""What the server keeps: conversations, their items, and stored responses."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from . import errors
from .errors import Json
from .items import new_id, stored


@dataclass
class Conversation:
    """One conversation: its items, oldest first, by their ids."""

    id: str
    created_at: int
    metadata: dict[str, str]
    item_ids: list[str] = field(default_factory=list[str])
    busy: bool = False
    """A response is running on it."""

    def shown(self) -> Json:
        """As the API shows it."""
        return {
            "id": self.id,
            "object": "conversation",
            "created_at": self.created_at,
            "metadata": self.metadata,
        }


@dataclass
class KeptResponse:
    """A stored response with the context that a `previous_response_id` brings back."""

    shown: Json
    context: list[Json]


class Store:
    """Everything in memory."""

    def __init__(self) -> None:
        self.conversations: dict[str, Conversation] = {}
        self.deleted: list[str] = []
        """Ids of deleted conversations, in the order of their deletion."""
        self.items: dict[str, Json] = {}
        """Every item not deleted, also those whose conversation is gone: the service keeps them too."""
        self.responses: dict[str, KeptResponse] = {}

    def create(self, metadata: dict[str, str] | None, items: Iterable[Json]) -> Conversation:
        """A new conversation with these items."""
        conversation = Conversation(new_id("conv"), int(time.time()), dict(metadata or {}))
        self.conversations[conversation.id] = conversation
        self.append(conversation, items)
        return conversation

    def conversation(self, conversation_id: str) -> Conversation:
        """The conversation, or a 404."""
        found = self.conversations.get(conversation_id)
        if found is None:
            raise errors.not_found(f"Conversation with id '{conversation_id}' not found.")
        return found

    def delete(self, conversation: Conversation) -> None:
        """Forget the conversation; its items stay."""
        del self.conversations[conversation.id]
        self.deleted.append(conversation.id)

    def append(self, conversation: Conversation, items: Iterable[Json]) -> list[Json]:
        """Add items at the end; an item that is somewhere already is added as a copy with its own id."""
        added: list[Json] = []
        for item in items:
            kept = stored({**item, "id": None}) if item["id"] in self.items else item
            self.items[kept["id"]] = kept
            conversation.item_ids.append(kept["id"])
            added.append(kept)
        return added

    def items_of(self, conversation: Conversation) -> list[Json]:
        """The conversation's items, oldest first."""
        return [self.items[item_id] for item_id in conversation.item_ids]

    def item(self, conversation: Conversation, item_id: str) -> Json:
        """One item of the conversation, or a 404."""
        if item_id not in conversation.item_ids:
            message = f"Item with id '{item_id}' not found in conversation with id '{conversation.id}'."
            raise errors.not_found(message)
        return self.items[item_id]

    def delete_item(self, conversation: Conversation, item_id: str) -> None:
        """Erase an item for good."""
        self.item(conversation, item_id)
        conversation.item_ids.remove(item_id)
        del self.items[item_id]

    def response(self, response_id: str) -> KeptResponse:
        """A stored response, or a 404."""
        found = self.responses.get(response_id)
        if found is None:
            raise errors.not_found(f"Response with id '{response_id}' not found.")
        return found

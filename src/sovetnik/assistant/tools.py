"""The tools offered to the model. None of them takes a chat: they only ever see the turn's own."""

from __future__ import annotations

from typing import Any

from openai.types.responses import FunctionToolParam, ToolParam

from sovetnik.core.contacts import ContactForm, FormField


def save_contact_tool(form: ContactForm) -> FunctionToolParam:
    """The schema of ``save_contact`` with the owner's fields."""
    properties: dict[str, Any] = {
        "name": {"type": "string", "description": "How to address the customer, as they gave it"},
        "phone": {"type": "string", "description": "Phone number exactly as the customer wrote it"},
        "order": {
            "type": "string",
            "description": "What the customer wants: goods, sizes, quantities, wishes, questions",
        },
    }
    for field in form.fields:
        properties[field.name] = _property(field)
    return {
        "type": "function",
        "name": "save_contact",
        "description": (
            "Save the customer's contact so that a manager gets it at once. Call it once name and phone "
            "are known, and again when the customer corrects or adds something. The answer says whether "
            "it was saved and what is wrong if not."
        ),
        "parameters": {
            "type": "object",
            "properties": properties,
            "required": ["name", "phone", "order", *(f.name for f in form.fields if f.required)],
            "additionalProperties": False,
        },
        "strict": False,  # optional fields stay optional, and every compatible server takes it
    }


SEARCH_KNOWLEDGE: FunctionToolParam = {
    "type": "function",
    "name": "search_knowledge",
    "description": (
        "Look into the owner's documents. Use it when what you were given does not answer the customer; "
        "put the query in the words that a document would use."
    ),
    "parameters": {
        "type": "object",
        "properties": {"query": {"type": "string", "description": "What to look for"}},
        "required": ["query"],
        "additionalProperties": False,
    },
    "strict": True,
}

OFFER_PHONE_BUTTON: FunctionToolParam = {
    "type": "function",
    "name": "offer_phone_button",
    "description": (
        "Show the customer a button that shares the phone number of their Telegram account, below your "
        "answer. Use it in the answer that asks for the phone."
    ),
    "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    "strict": True,
}

NOTE_UNANSWERED: FunctionToolParam = {
    "type": "function",
    "name": "note_unanswered",
    "description": (
        "Note a question about the business that the owner's documents do not answer, so that the owner "
        "can add it. Not for small talk or for what has nothing to do with the business."
    ),
    "parameters": {
        "type": "object",
        "properties": {"question": {"type": "string", "description": "The question, whole and in short"}},
        "required": ["question"],
        "additionalProperties": False,
    },
    "strict": True,
}


def tools_of(form: ContactForm, vector_store: str | None) -> list[ToolParam]:
    """All tools of a request; with a vector store the provider's own search takes the place of ours."""
    tools: list[ToolParam] = [save_contact_tool(form)]
    if vector_store:
        tools.append({"type": "file_search", "vector_store_ids": [vector_store], "max_num_results": 8})
    else:
        tools.append(SEARCH_KNOWLEDGE)
    return [*tools, OFFER_PHONE_BUTTON, NOTE_UNANSWERED]


def _property(field: FormField) -> dict[str, Any]:
    described = field.label if not field.hint else f"{field.label}: {field.hint}"
    schema: dict[str, Any] = {"type": "string", "description": described}
    if field.type == "choice":
        schema["enum"] = list(field.choices)
    if field.type == "date":
        schema["description"] += " (YYYY-MM-DD)"
    return schema

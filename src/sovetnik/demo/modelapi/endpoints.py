"""The endpoints for conversations, their items, models and stored responses."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import checks, errors, fields, items
from .errors import Json
from .faults import Fault
from .journal import Call
from .paging import limit_of, page
from .store import Store

_MODEL_CREATED = 1_770_000_000
"""Any moment will do: 2026-02-02."""


def call_of(request: Request) -> Call:
    """What the gate left about this request."""
    call: Call = request.scope["call"]
    return call


def _drops_items(request: Request) -> bool:
    fault: Fault | None = request.scope["fault"]
    return fault is not None and fault.drop_items


class Endpoints:
    """Plain JSON endpoints over the store."""

    def __init__(self, store: Store, models: tuple[str, ...]) -> None:
        self._store = store
        self._models = models

    def routes(self) -> list[Route]:
        """All of them."""
        conversation = "/v1/conversations/{conversation_id}"
        return [
            Route("/v1/models", self.list_models, methods=["GET"]),
            Route("/v1/models/{model:path}", self.model, methods=["GET"]),
            Route("/v1/conversations", self.create_conversation, methods=["POST"]),
            Route(conversation, self.conversation, methods=["GET"]),
            Route(conversation, self.update_conversation, methods=["POST"]),
            Route(conversation, self.delete_conversation, methods=["DELETE"]),
            Route(f"{conversation}/items", self.create_items, methods=["POST"]),
            Route(f"{conversation}/items", self.list_items, methods=["GET"]),
            Route(f"{conversation}/items/{{item_id}}", self.item, methods=["GET"]),
            Route(f"{conversation}/items/{{item_id}}", self.delete_item, methods=["DELETE"]),
            Route("/v1/responses/{response_id}", self.response, methods=["GET"]),
            Route("/v1/responses/{response_id}", self.delete_response, methods=["DELETE"]),
        ]

    def _model(self, name: str) -> Json:
        return {"id": name, "object": "model", "created": _MODEL_CREATED, "owned_by": "system"}

    async def list_models(self, request: Request) -> JSONResponse:
        """GET /models."""
        del request
        return JSONResponse({"object": "list", "data": [self._model(name) for name in self._models]})

    async def model(self, request: Request) -> JSONResponse:
        """GET /models/{id}."""
        name = request.path_params["model"]
        if name not in self._models:
            message = f"The model '{name}' does not exist or you do not have access to it."
            raise errors.not_found(message, "model", "model_not_found")
        return JSONResponse(self._model(name))

    async def create_conversation(self, request: Request) -> JSONResponse:
        """POST /conversations."""
        body = call_of(request).body
        fields.check_new_conversation(body)
        given = items.resolve(body.get("items") or [], self._store.items.get, at="items")
        kept = [] if _drops_items(request) else given
        return JSONResponse(self._store.create(body.get("metadata"), kept).shown())

    async def conversation(self, request: Request) -> JSONResponse:
        """GET /conversations/{id}."""
        return JSONResponse(self._store.conversation(request.path_params["conversation_id"]).shown())

    async def update_conversation(self, request: Request) -> JSONResponse:
        """POST /conversations/{id}: replaces the metadata."""
        found = self._store.conversation(request.path_params["conversation_id"])
        fields.check_update(call_of(request).body)
        found.metadata = dict(call_of(request).body["metadata"] or {})
        return JSONResponse(found.shown())

    async def delete_conversation(self, request: Request) -> JSONResponse:
        """DELETE /conversations/{id}: the conversation goes, its items stay."""
        found = self._store.conversation(request.path_params["conversation_id"])
        self._store.delete(found)
        return JSONResponse({"id": found.id, "object": "conversation.deleted", "deleted": True})

    async def create_items(self, request: Request) -> JSONResponse:
        """POST /conversations/{id}/items."""
        found = self._store.conversation(request.path_params["conversation_id"])
        body = call_of(request).body
        fields.check_new_items(body)
        given = items.resolve(body["items"], self._store.items.get, at="items")
        added = given if _drops_items(request) else self._store.append(found, given)
        return JSONResponse(page(added, has_more=False))

    async def list_items(self, request: Request) -> JSONResponse:
        """GET /conversations/{id}/items."""
        found = self._store.conversation(request.path_params["conversation_id"])
        query = call_of(request).query
        order = query.get("order", "desc")
        checks.one_of("asc", "desc")(order, "order")
        kept = self._store.items_of(found)
        if order == "desc":
            kept.reverse()
        if "after" in query:
            self._store.item(found, query["after"])
            at = [item["id"] for item in kept].index(query["after"])
            kept = kept[at + 1 :]
        limit = limit_of(query.get("limit", "20"))
        return JSONResponse(page(kept[:limit], has_more=len(kept) > limit))

    async def item(self, request: Request) -> JSONResponse:
        """GET /conversations/{id}/items/{item}."""
        found = self._store.conversation(request.path_params["conversation_id"])
        return JSONResponse(self._store.item(found, request.path_params["item_id"]))

    async def delete_item(self, request: Request) -> JSONResponse:
        """DELETE /conversations/{id}/items/{item}."""
        found = self._store.conversation(request.path_params["conversation_id"])
        self._store.delete_item(found, request.path_params["item_id"])
        return JSONResponse(found.shown())

    async def response(self, request: Request) -> JSONResponse:
        """GET /responses/{id}."""
        return JSONResponse(self._store.response(request.path_params["response_id"]).shown)

    async def delete_response(self, request: Request) -> JSONResponse:
        """DELETE /responses/{id}."""
        response_id = request.path_params["response_id"]
        self._store.response(response_id)
        del self._store.responses[response_id]
        return JSONResponse({"id": response_id, "object": "response", "deleted": True})

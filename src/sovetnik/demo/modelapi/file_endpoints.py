"""The endpoints for files and vector stores."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import checks, errors, file_fields
from .endpoints import call_of
from .errors import Json
from .library import Attached, Library, VectorStore
from .multipart import Upload
from .paging import page_of

_MOST_FILES = 10_000


class FileEndpoints:
    """Plain endpoints over the library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def routes(self) -> list[Route]:
        """All of them."""
        store = "/v1/vector_stores/{store_id}"
        attached = f"{store}/files/{{file_id}}"
        return [
            Route("/v1/files", self.upload, methods=["POST"]),
            Route("/v1/files", self.list_files, methods=["GET"]),
            Route("/v1/files/{file_id}", self.file, methods=["GET"]),
            Route("/v1/files/{file_id}", self.delete_file, methods=["DELETE"]),
            Route("/v1/files/{file_id}/content", self.content, methods=["GET"]),
            Route("/v1/vector_stores", self.create_store, methods=["POST"]),
            Route("/v1/vector_stores", self.list_stores, methods=["GET"]),
            Route(store, self.store, methods=["GET"]),
            Route(store, self.delete_store, methods=["DELETE"]),
            Route(f"{store}/search", self.search, methods=["POST"]),
            Route(f"{store}/files", self.attach, methods=["POST"]),
            Route(f"{store}/files", self.list_attached, methods=["GET"]),
            Route(attached, self.attached, methods=["GET"]),
            Route(attached, self.update_attached, methods=["POST"]),
            Route(attached, self.detach, methods=["DELETE"]),
            Route(f"{attached}/content", self.attached_content, methods=["GET"]),
        ]

    async def upload(self, request: Request) -> JSONResponse:
        """POST /files, as multipart."""
        body = call_of(request).body
        uploads = cast("dict[str, Upload]", request.scope["uploads"])
        file_fields.NEW_FILE(body, "")
        if "file" not in uploads:
            raise checks.wrong_type(body["file"], "file", "a file")
        file = uploads["file"]
        file_fields.check_extension(file.filename, body["purpose"])
        lifetime = int(body.get("expires_after[seconds]", 0)) or None
        return JSONResponse(
            self._library.add_file(file.filename, body["purpose"], file.data, lifetime).shown()
        )

    async def list_files(self, request: Request) -> JSONResponse:
        """GET /files."""
        query = call_of(request).query
        kept = [
            file.shown()
            for file in self._library.files.values()
            if query.get("purpose", file.purpose) == file.purpose
        ]
        return JSONResponse(page_of(kept, query, size=_MOST_FILES, most=_MOST_FILES))

    async def file(self, request: Request) -> JSONResponse:
        """GET /files/{id}."""
        return JSONResponse(self._library.file(request.path_params["file_id"]).shown())

    async def delete_file(self, request: Request) -> JSONResponse:
        """DELETE /files/{id}."""
        file_id = request.path_params["file_id"]
        self._library.delete_file(file_id)
        return JSONResponse({"id": file_id, "object": "file", "deleted": True})

    async def content(self, request: Request) -> Response:
        """GET /files/{id}/content: what was uploaded for assistants does not come back."""
        file = self._library.file(request.path_params["file_id"])
        if file.purpose == "assistants":
            raise errors.bad_request("Not allowed to download files of purpose: assistants")
        return Response(file.data, media_type="application/octet-stream")

    async def create_store(self, request: Request) -> JSONResponse:
        """POST /vector_stores."""
        body = call_of(request).body
        file_fields.NEW_STORE(body, "")
        made = self._library.add_store(
            body.get("name") or "", body.get("metadata"), body.get("expires_after")
        )
        file_ids: list[str] = body.get("file_ids") or []
        for file_id in file_ids:
            self._library.attach(made, file_id, chunking=body.get("chunking_strategy"))
        return JSONResponse(made.shown())

    async def list_stores(self, request: Request) -> JSONResponse:
        """GET /vector_stores."""
        kept = [store.shown() for store in self._library.stores.values()]
        return JSONResponse(page_of(kept, call_of(request).query))

    def _store(self, request: Request) -> VectorStore:
        return self._library.store(request.path_params["store_id"])

    def _attached(self, request: Request) -> Attached:
        return self._library.attached(self._store(request), request.path_params["file_id"])

    async def store(self, request: Request) -> JSONResponse:
        """GET /vector_stores/{id}."""
        return JSONResponse(self._store(request).shown())

    async def delete_store(self, request: Request) -> JSONResponse:
        """DELETE /vector_stores/{id}: its files stay."""
        store = self._store(request)
        del self._library.stores[store.id]
        return JSONResponse({"id": store.id, "object": "vector_store.deleted", "deleted": True})

    async def search(self, request: Request) -> JSONResponse:
        """POST /vector_stores/{id}/search."""
        store = self._store(request)
        body = call_of(request).body
        file_fields.SEARCH(body, "")
        ranking: Json = body.get("ranking_options") or {}
        queries: list[str] = [body["query"]] if isinstance(body["query"], str) else body["query"]
        found = self._library.search(
            [store],
            " ".join(queries),
            body.get("max_num_results", 10),
            condition=body.get("filters"),
            threshold=ranking.get("score_threshold", 0.0),
        )
        data: list[Json] = []
        for passage in found:
            shown = passage.as_result()
            shown["content"] = [{"type": "text", "text": shown.pop("text")}]
            data.append(shown)
        return JSONResponse(
            {
                "object": "vector_store.search_results.page",
                "search_query": queries,
                "data": data,
                "has_more": False,
                "next_page": None,
            }
        )

    async def attach(self, request: Request) -> JSONResponse:
        """POST /vector_stores/{id}/files."""
        store = self._store(request)
        body = call_of(request).body
        file_fields.NEW_ATTACHMENT(body, "")
        made = self._library.attach(
            store, body["file_id"], body.get("attributes"), body.get("chunking_strategy")
        )
        # The answer is out before the indexing can have begun.
        return JSONResponse({**made.shown(), "status": "in_progress", "last_error": None, "usage_bytes": 0})

    async def list_attached(self, request: Request) -> JSONResponse:
        """GET /vector_stores/{id}/files."""
        store = self._store(request)
        query = call_of(request).query
        kept = [file.shown() for file in store.visible]
        if "filter" in query:
            checks.one_of("in_progress", "completed", "failed", "cancelled")(query["filter"], "filter")
            kept = [shown for shown in kept if shown["status"] == query["filter"]]
        return JSONResponse(page_of(kept, query))

    async def attached(self, request: Request) -> JSONResponse:
        """GET /vector_stores/{id}/files/{file}."""
        return JSONResponse(self._attached(request).shown())

    async def update_attached(self, request: Request) -> JSONResponse:
        """POST /vector_stores/{id}/files/{file}: replaces the attributes."""
        attached = self._attached(request)
        body = call_of(request).body
        file_fields.NEW_ATTRIBUTES(body, "")
        attached.attributes = dict(body["attributes"] or {})
        return JSONResponse(attached.shown())

    async def detach(self, request: Request) -> JSONResponse:
        """DELETE /vector_stores/{id}/files/{file}: the file itself stays."""
        file_id = self._attached(request).file.id
        self._library.detach(self._store(request), file_id)
        return JSONResponse({"id": file_id, "object": "vector_store.file.deleted", "deleted": True})

    async def attached_content(self, request: Request) -> JSONResponse:
        """GET /vector_stores/{id}/files/{file}/content: the text as it was read."""
        data = [{"type": "text", "text": text} for text in self._attached(request).passages]
        shown = {"object": "vector_store.file_content.page", "data": data, "has_more": False}
        return JSONResponse({**shown, "next_page": None})

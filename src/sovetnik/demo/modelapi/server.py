"""The server itself: `POST /responses`, and everything put together."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from . import errors, fields, items, media
from .brain import Brain, BrainError, ModelRequest, Reply, ask, echo
from .endpoints import Endpoints, call_of
from .errors import ApiError, Json
from .events import Pace
from .faults import Faults
from .file_endpoints import FileEndpoints
from .file_search import search_files
from .gate import Gate, refused
from .hearing import TRANSCRIBERS, Hearing, Recording, Transcriber, heard
from .journal import Call, Journal
from .library import Library
from .run import Run, context_text
from .serving import Delivery
from .store import Conversation, KeptResponse, Store

MODELS = (
    "gpt-6-astra",
    "gpt-6-sol",
    "gpt-6-luna",
    "gpt-5.6-sol",
    "gpt-5.6-terra",
    "gpt-5.6-luna",
    "gpt-5.4-mini",
)
KEY = "sk-demo-sovetnik-0000000000001234"


class ModelApi:
    """A strict OpenAI-compatible server: Responses, Conversations, Files, Vector stores, Transcriptions.

    Serve `.app` with any ASGI server (resets need uvicorn); the base URL for the SDK ends in `/v1`.

    Args:
        brain: Answers in the model's place; by default it repeats the user's text.
        key: The one API key that is accepted.
        models: The ids that exist.
        first_token_delay: Seconds before the first piece of an answer.
        token_delay: Seconds between its pieces.
        chunk: Tokens in a piece.
        keep_abandoned: Whether a response goes on, and its items are appended, when its client leaves.
        indexing_delay: Seconds that a vector store needs for a file; `library` has more such knobs.
        transcriber: Makes the text of a recording; by default it reads what `spoken` wrote.
        transcribers: The ids of the models that transcribe; they are listed with the others.
        without_vision: Ids of models that refuse images.
    """

    def __init__(
        self,
        brain: Brain = echo,
        *,
        key: str = KEY,
        models: tuple[str, ...] = MODELS,
        first_token_delay: float = 0.0,
        token_delay: float = 0.0,
        chunk: int = 1,
        keep_abandoned: bool = True,
        indexing_delay: float = 0.0,
        transcriber: Transcriber = heard,
        transcribers: tuple[str, ...] = TRANSCRIBERS,
        without_vision: Collection[str] = (),
    ) -> None:
        self.brain = brain
        self.key = key
        self.models = models
        self.first_token_delay = first_token_delay
        self.token_delay = token_delay
        self.chunk = chunk
        self.keep_abandoned = keep_abandoned
        self.faults = Faults()
        self.store = Store()
        self.library = Library()
        self.library.indexing_delay = indexing_delay
        self.without_vision = set(without_vision)
        self.journal = Journal()
        self._hearing = Hearing(transcribers)
        self._hearing.transcriber = transcriber
        self._prompts: dict[str, str] = {}
        routes = [
            Route("/v1/responses", self._create, methods=["POST"]),
            Route("/v1/audio/transcriptions", self._hearing.transcribe, methods=["POST"]),
            *Endpoints(self.store, (*models, *transcribers)).routes(),
            *FileEndpoints(self.library).routes(),
        ]
        handlers = {ApiError: self._refuse, HTTPException: self._refuse_url}
        inner = Starlette(routes=routes, exception_handlers=handlers, lifespan=self._lifespan)
        self.app: ASGIApp = Gate(inner, self.journal, self.faults, key)

    @property
    def transcriber(self) -> Transcriber:
        """What makes the text of a recording; it may be changed at any time."""
        return self._hearing.transcriber

    @transcriber.setter
    def transcriber(self, transcriber: Transcriber) -> None:
        self._hearing.transcriber = transcriber

    @property
    def requests(self) -> list[Call]:
        """Every call so far, in the order of arrival."""
        return self.journal.calls

    @property
    def responses(self) -> list[Call]:
        """The calls of `POST /v1/responses`."""
        return [call for call in self.requests if (call.method, call.path) == ("POST", "/v1/responses")]

    @property
    def recordings(self) -> list[Recording]:
        """What was accepted for transcription so far."""
        return self._hearing.recordings

    @property
    def max_in_flight(self) -> int:
        """How many responses were in the making at the same time at most."""
        return self.journal.max_in_flight

    def items_of(self, conversation_id: str) -> list[Json]:
        """The items of a conversation, oldest first."""
        return self.store.items_of(self.store.conversation(conversation_id))

    async def wait_for(
        self,
        count: int,
        *,
        path: str = "/v1/responses",
        finished: bool = False,
        when: Callable[[Call], bool] | None = None,
        timeout: float = 10.0,  # noqa: ASYNC109
    ) -> list[Call]:
        """Return once `count` calls of the path have come (or finished), without polling."""

        def matching() -> list[Call]:
            of_path = [call for call in self.requests if call.path == path and (call.done or not finished)]
            return [call for call in of_path if when is None or when(call)]

        await self.journal.wait_until(lambda: len(matching()) >= count, f"call {count} of {path}", timeout)
        return matching()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncGenerator[None]:
        del app
        yield
        # Held and stalled answers must not hold up the end.
        self.faults.clear()

    async def _refuse(self, request: Request, error: Exception) -> Response:
        known = error if isinstance(error, ApiError) else ApiError(500, str(error), kind="server_error")
        return refused(self.journal, call_of(request), known)

    async def _refuse_url(self, request: Request, error: Exception) -> Response:
        del error
        wrong = errors.not_found(f"Invalid URL ({request.method} {request.url.path})")
        return refused(self.journal, call_of(request), wrong)

    async def _create(self, request: Request) -> Delivery:
        """POST /responses: check everything, ask the brain, hand over to the delivery."""
        call = call_of(request)
        body = call.body
        fields.check_response(body)
        if body["model"] not in self.models:
            message = f"The requested model '{body['model']}' does not exist."
            raise errors.bad_request(message, "model", "model_not_found")
        given = items.resolve(body.get("input") or [], self.store.items.get)
        conversation = self._conversation(body)
        if conversation is not None and conversation.busy:
            raise errors.locked()
        context = self._before(body, conversation) + given
        items.check_calls(context)
        blind = body["model"] in self.without_vision
        media.check_context(context, self.library.files, model=body["model"], blind=blind)
        if conversation is not None:
            conversation.busy = True
        try:
            run = await self._run(body, context, given, conversation)
        except BaseException:
            if conversation is not None:
                conversation.busy = False
            raise
        return Delivery(run, call, self.journal, request.scope["fault"], keep=self.keep_abandoned)

    def _conversation(self, body: Json) -> Conversation | None:
        given = body.get("conversation")
        if given is None:
            return None
        return self.store.conversation(given if isinstance(given, str) else given["id"])

    def _before(self, body: Json, conversation: Conversation | None) -> list[Json]:
        if conversation is not None:
            return self.store.items_of(conversation)
        previous = body.get("previous_response_id")
        if previous is None:
            return []
        if previous not in self.store.responses:
            message = f"Previous response with id '{previous}' not found."
            raise errors.bad_request(message, "previous_response_id", "previous_response_not_found")
        return list(self.store.responses[previous].context)

    async def _run(
        self, body: Json, context: list[Json], given: list[Json], conversation: Conversation | None
    ) -> Run:
        tools: list[Json] = list(body.get("tools") or [])
        found = search_files(self.library, body, tools, context)
        request = ModelRequest(
            model=body["model"],
            instructions=body.get("instructions") or "",
            tools=tools,
            items=context,
            body=body,
            found=found or [],
        )
        try:
            reply = await ask(self.brain, request)
        except BrainError as error:
            # The SDK must not try again: the test is to see the message at once.
            headers = {"x-should-retry": "false"}
            raise ApiError(500, f"Brain error: {error}", kind="server_error", headers=headers) from error

        def settle(completed: bool) -> None:
            if conversation is not None:
                conversation.busy = False
            if completed:
                self._keep(run, context, given, conversation)

        run = Run(
            request=request,
            reply=reply,
            pace=self._pace(reply),
            cached_tokens=self._cached_tokens(request, conversation),
            conversation_id=conversation.id if conversation is not None else None,
            settle=settle,
            searched=found is not None,
        )
        return run

    def _pace(self, reply: Reply) -> Pace:
        def either(own: float | None, default: float) -> float:
            return default if own is None else own

        return Pace(
            either(reply.first_token_delay, self.first_token_delay),
            either(reply.token_delay, self.token_delay),
            self.chunk if reply.chunk is None else reply.chunk,
        )

    def _keep(
        self, run: Run, context: list[Json], given: list[Json], conversation: Conversation | None
    ) -> None:
        if conversation is not None:
            # `store` is about the response object; the conversation gets the items either way.
            self.store.append(conversation, given + run.output)
        if run.request.body.get("store") is not False:
            self.store.responses[run.id] = KeptResponse(run.shown(), context + run.output)
            for item in given + run.output:
                self.store.items.setdefault(item["id"], item)

    def _cached_tokens(self, request: ModelRequest, conversation: Conversation | None) -> int:
        """Prefixes of 1,024 tokens and more are cached, in steps of 128."""
        mark = request.body.get("prompt_cache_key") or (conversation.id if conversation else "")
        text = context_text(request)
        before = self._prompts.get(mark, "")
        self._prompts[mark] = text
        differing = (at for at, (old, new) in enumerate(zip(before, text, strict=False)) if old != new)
        common = next(differing, min(len(before), len(text))) // 4 // 128 * 128
        return common if common >= 1024 else 0

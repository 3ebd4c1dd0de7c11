"""A double of OpenAI's API: responses, conversations and chat completions, whole or streamed.

A question carries `ask-17`; its answer begins with `re-17:` and ends with `end-17.`, so the Telegram side
sees which answer it has before it, when its first words show and when it is complete.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.load.web import Request

MARK = b"ask-"
TURN = b"@TURN@"
"""Stands in the answers made beforehand where the turn's number comes."""

STREAMED = re.compile(rb'"stream":\s*true')
NUMBER = re.compile(rb"\d+")
TEXT = (
    "Да, эта модель есть в наличии: заказ можно оформить сегодня, доставка занимает два или три дня, "
    "а гарантия действует один год. Если товар не подойдёт, его легко вернуть в течение четырнадцати дней. "
    "Расскажите, пожалуйста, для каких задач вы его берёте и какой бюджет планируете."
)
WORDS = TEXT.split()
USAGE = {
    "input_tokens": 900,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 60,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 960,
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the model is: seconds to the first token, tokens a second after it (0 = all at once)."""

    first: float = 0.0
    rate: float = 0.0
    tokens: int = 60

    @property
    def whole(self) -> float:
        """Seconds from a request to its last token."""
        return self.first + (self.tokens / self.rate if self.rate else 0.0)


INSTANT = Pace()


@dataclass(frozen=True, slots=True)
class Answer:
    """One kind of answer, made beforehand: the whole, or what a stream sends at once and token by token."""

    whole: bytes
    opening: bytes
    events: tuple[bytes, ...]


class Model:
    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.loop = asyncio.get_running_loop()
        words = [f" {WORDS[n % len(WORDS)]}" for n in range(pace.tokens - 2)]
        deltas = [f"re-{TURN.decode()}:", *words, f" end-{TURN.decode()}."]
        self.response, self.chat = _response(deltas), _chat(deltas)
        self.conversations = 0

    def __call__(self, request: Request) -> None:
        path = request.path.removeprefix("/v1")
        if path == "/responses":
            self._generate(request, self.response)
        elif path == "/chat/completions":
            self._generate(request, self.chat)
        elif path.endswith("/items"):
            request.reply(b'{"object":"list","data":[],"first_id":"","last_id":"","has_more":false}')
        elif path.startswith("/conversations"):
            self.conversations += 1
            made = {"id": f"conv_{self.conversations}", "object": "conversation", "created_at": 1_790_000_000}
            request.reply(json.dumps({**made, "metadata": {}}).encode())
        elif path.startswith("/models"):
            model = {"id": "gpt-6-luna", "object": "model", "created": 1_790_000_000, "owned_by": "system"}
            listed = {"object": "list", "data": [model]}
            request.reply(json.dumps(listed if path == "/models" else model).encode())
        else:
            request.reply(b'{"error":{"message":"unknown","type":"invalid_request_error"}}', 404)

    def _generate(self, request: Request, answer: Answer) -> None:
        body = request.body
        found = NUMBER.match(body, body.rfind(MARK) + len(MARK))
        turn = found.group() if found else b"0"
        if STREAMED.search(body):
            _Stream(self, request, answer, turn).begin()
        else:
            self.after(self.pace.whole, lambda: request.reply(answer.whole.replace(TURN, turn)))

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        if seconds > 0:
            self.loop.call_later(seconds, call)
        else:
            call()


class _Stream:
    """Sends what is due; when it comes late, what has become due meanwhile goes in one piece."""

    def __init__(self, model: Model, request: Request, answer: Answer, turn: bytes) -> None:
        self.model, self.request, self.turn = model, request, turn
        self.opening, self.events = answer.opening, answer.events
        self.began = model.loop.time() + model.pace.first
        self.sent = 0

    def begin(self) -> None:
        self.request.start()
        if self.opening:
            self.request.chunk(self.opening.replace(TURN, self.turn))
        self.model.after(self.model.pace.first, self.step)

    def step(self) -> None:
        if self.request.gone:
            return
        rate, due = self.model.pace.rate, len(self.events)
        gap = self.model.pace.tokens / rate / (due - 1) if rate else 0.0  # the last token is on time
        if gap:
            due = min(due, 1 + int((self.model.loop.time() - self.began) / gap + 0.01))
        if due > self.sent:
            self.request.chunk(b"".join(self.events[self.sent : due]).replace(TURN, self.turn))
            self.sent = due
        if due == len(self.events):
            self.request.end()
        else:
            self.model.loop.call_at(self.began + due * gap, self.step)


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _response(deltas: list[str]) -> Answer:
    turn = TURN.decode()
    part = {"type": "output_text", "text": "".join(deltas), "annotations": [], "logprobs": []}
    item = {"id": f"msg_{turn}", "type": "message", "status": "completed", "role": "assistant"}
    whole = {
        "id": f"resp_{turn}",
        "object": "response",
        "created_at": 1_790_000_000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": "gpt-6-luna",
        "output": [{**item, "content": [part]}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": USAGE,
    }
    started = {**whole, "status": "in_progress", "output": [], "usage": None}
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}

    def event(kind: str, **fields: object) -> bytes:
        return (
            f"event: response.{kind}\ndata: ".encode()
            + _dump({"type": f"response.{kind}", "sequence_number": 1, **fields})
            + b"\n\n"
        )

    events = [event("output_text.delta", **place, delta=delta, logprobs=[]) for delta in deltas]
    added = event("output_item.added", output_index=0, item={**item, "status": "in_progress", "content": []})
    events[0] = added + event("content_part.added", **place, part={**part, "text": ""}) + events[0]
    events[-1] += event("output_text.done", **place, text=part["text"], logprobs=[])
    events[-1] += event("content_part.done", **place, part=part)
    events[-1] += event("output_item.done", output_index=0, item=whole["output"][0])
    events[-1] += event("completed", response=whole)
    opening = event("created", response=started) + event("in_progress", response=started)
    return Answer(_dump(whole), opening, tuple(events))


def _chat(deltas: list[str]) -> Answer:
    common = {"id": f"chatcmpl-{TURN.decode()}", "created": 1_790_000_000, "model": "gpt-6-luna"}
    message = {"role": "assistant", "content": "".join(deltas), "refusal": None}
    choice = {"index": 0, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}
    whole = {
        **common,
        "object": "chat.completion",
        "choices": [{**choice, "message": message}],
        "usage": usage,
    }

    def event(delta: dict[str, str], finish: str | None = None) -> bytes:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        return b"data: " + _dump({**common, "object": "chat.completion.chunk", "choices": choices}) + b"\n\n"

    events = [event({"content": delta}) for delta in deltas]
    events[-1] += event({}, "stop") + b"data: [DONE]\n\n"
    return Answer(_dump(whole), event({"role": "assistant", "content": ""}), tuple(events))

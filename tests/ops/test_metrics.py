"""`/metrics`: a page that Prometheus reads, with figures that an owner can alert on."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from sovetnik.core.model import Answer, Trace, Usage
from tests.ops.capture import logs_captured
from tests.ops.watched import Watched, watched
from tests.others import blocked
from tests.storage.samples import incoming

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def figures(bot: Watched) -> Figures:
    """Every sample of the page, as Prometheus' own reader reads it."""
    answer = await bot.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def trace(kind: str = "answer", saved: bool | None = None, seconds: float = 2.5) -> Trace:
    usage = Usage("gpt", 1000, 400, 50, 2.0, 1)
    contact = json.dumps({"name": "Анна", "phone": "+79123456789"})
    tools = () if saved is None else (("save_contact", contact, json.dumps({"saved": saved})),)
    return Trace(4242, Answer("Да", kind=kind, usage=usage), tools, seconds)


async def test_turns_tokens_and_leads_are_counted(tmp_path: Path) -> None:
    async with watched(tmp_path) as bot:
        for one in (trace(), trace(saved=True), trace("quote", saved=False, seconds=40)):
            bot.metrics.observe(one)
        told = await figures(bot)
    assert told["sovetnik_turns_total", (("kind", "answer"),)] == 2
    assert told["sovetnik_turns_total", (("kind", "quote"),)] == 1
    assert told["sovetnik_turn_seconds_count", ()] == 3
    assert told["sovetnik_turn_seconds_sum", ()] == 45
    assert told["sovetnik_turn_seconds_bucket", (("le", "3.0"),)] == 2
    assert [
        told["sovetnik_tokens_total", (("direction", name),)] for name in ("input", "cached", "output")
    ] == [
        3000,
        1200,
        150,
    ]
    assert told["sovetnik_leads_total", ()] == 1
    assert told["sovetnik_stage_seconds_sum", (("stage", "model"),)] == 6


async def test_a_turn_without_a_model_call_is_no_fast_model(tmp_path: Path) -> None:
    async with watched(tmp_path) as bot:
        bot.metrics.observe(Trace(1, Answer("выдержка", kind="quote", usage=Usage()), (), 0.1))
        bot.metrics.timed("deliver", 0.3)
        told = await figures(bot)
    assert ("sovetnik_stage_seconds_count", (("stage", "model"),)) not in told
    assert told["sovetnik_stage_seconds_count", (("stage", "deliver"),)] == 1


async def test_what_is_true_now_is_told(tmp_path: Path) -> None:
    async with watched(tmp_path) as bot:
        await bot.store.accept([incoming(1, chat_id=1), incoming(2, chat_id=2)])
        await bot.store.set_paused(paused=True)
        bot.model = "away"
        told = await figures(bot)
    assert told["sovetnik_queue_waiting", (("queue", "inbox"),)] == 2
    assert told["sovetnik_queue_waiting", (("queue", "mails"),)] == 0
    assert told["sovetnik_queue_oldest_seconds", (("queue", "inbox"),)] < 60
    assert told["sovetnik_last_poll_age_seconds", ()] < 60
    assert told["sovetnik_disk_free_bytes", ()] > 0
    assert (told["sovetnik_model_up", ()], told["sovetnik_paused", ()]) == (0, 1)
    assert told["sovetnik_database_up", ()] == 1
    assert told["sovetnik_build_info", (("version", "1.2.3"),)] == 1
    assert told["process_resident_memory_bytes", ()] > 0


async def test_what_nobody_knows_is_left_out(tmp_path: Path) -> None:
    async with watched(tmp_path, polled_at=None, patience=0.3) as bot:
        bot.model = "none"
        with blocked(bot.database):
            told = await figures(bot)
    names = {name for name, _ in told}
    assert told["sovetnik_database_up", ()] == 0
    assert names & {"sovetnik_queue_waiting", "sovetnik_last_poll_age_seconds", "sovetnik_model_up"} == set()


async def test_trouble_is_counted_by_the_name_of_its_event(tmp_path: Path) -> None:
    log = structlog.get_logger("sovetnik.test")
    with logs_captured() as (set_up, _):
        set_up("INFO", "json", [])
        async with watched(tmp_path) as bot:
            log.error("turn_failed", chat=4242, code="ABC234", kind="timeout", error="60 s")
            log.error("turn_failed", chat=4242, code="ABC235", kind="timeout", error="60 s")
            log.warning("delivery_put_off", chat=4242, reason="Too Many Requests: retry after 5")
            log.info("turn_done", chat=4242)
            logging.getLogger("some.library").error("POST /bot123:secret/getMe failed")
            told = await figures(bot)
        log.error("turn_failed", kind="after the end")
    troubles = {labels: value for (name, labels), value in told.items() if name == "sovetnik_errors_total"}
    assert troubles == {
        (("event", "turn_failed"), ("kind", "timeout"), ("level", "error")): 2,
        (("event", "delivery_put_off"), ("kind", ""), ("level", "warning")): 1,
        (("event", "library"), ("kind", "some"), ("level", "error")): 1,
    }


async def test_labels_hold_neither_chats_nor_words_and_stay_few(tmp_path: Path) -> None:
    log = structlog.get_logger("sovetnik.test")
    with logs_captured() as (set_up, _):
        set_up("INFO", "json", [])
        async with watched(tmp_path) as bot:
            bot.metrics.observe(trace(saved=True))
            log.error("pairing_refused", chat=4242, kind="Анна +79123456789")
            for number in range(1000):
                log.error("flood", kind=f"kind_{number}")
            page = (await bot.get("/metrics")).text
    assert page.count("sovetnik_errors_total{") <= 302
    for hidden in ("4242", "9123456789", "Анна"):
        assert hidden not in page


async def test_prometheus_gets_open_metrics_when_it_asks_for_them(tmp_path: Path) -> None:
    async with watched(tmp_path) as bot:
        bot.metrics.observe(trace())
        answer = await bot.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    names = {family.name for family in openmetrics.text_string_to_metric_families(answer.text)}
    assert {"sovetnik_turns", "sovetnik_turn_seconds", "sovetnik_last_poll_age_seconds"} <= names


@pytest.mark.parametrize("module", ["prometheus_client", "uvicorn"])
def test_who_does_not_listen_does_not_pay(module: str) -> None:
    code = f"import sovetnik.app, sys; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""The mirror when it is killed, held up, refused, or when the provider fails."""

import asyncio
import math
import signal
import sys
import time
from datetime import timedelta

import pytest
from openai import AsyncOpenAI

from sovetnik.core.errors import ConfigError
from sovetnik.knowledge.hosted import HostedError, HostedSync
from sovetnik.knowledge.hosted.calls import ATTEMPTS

SYNC = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from openai import AsyncOpenAI
from sovetnik.knowledge.hosted import HostedStore

async def main(base, key, store, folder):
    client = AsyncOpenAI(base_url=f"{base}/v1", api_key=key, max_retries=0)
    await HostedStore(client, store, parallel=1, poll=timedelta(milliseconds=2)).sync(Path(folder))

asyncio.run(main(*sys.argv[1:]))
"""
# Method, path and which of them: the moments at which a sync of a changed document can be killed.
MOMENTS = [
    ("POST", "/v1/files", 1),
    ("POST", "/v1/vector_stores/*/files", 1),
    ("GET", "/v1/vector_stores/*/files", 2),
    ("DELETE", "/v1/vector_stores/*/files/*", 1),
    ("DELETE", "/v1/files/*", 1),
]


def hold(at, method, path, number):
    """Hold the nth such request from now on; what it asks for has not happened then."""
    counted = iter(range(1, 1000))
    return at.api.faults.add(path, method=method, hold_after=0, when=lambda call: next(counted) == number)


async def until_held(at, fault):
    await at.api.journal.wait_until(lambda: fault.hits > 0, "the held request", 10)


async def changed_folder(at):
    at.write("a.md", "старый")
    at.write("b.md", "уйдёт")
    await at.sync()
    at.write("a.md", "новый")
    (at.folder / "b.md").unlink()
    at.write("c.md", "ещё")


async def check_finished(at):
    at.api.faults.clear()
    result = await at.sync()
    assert result.failed == ()
    assert at.mirrored() == {"a.md": "новый", "c.md": "ещё"}
    assert at.is_tidy()
    assert await at.sync() == HostedSync(unchanged=2)


@pytest.mark.parametrize(("method", "path", "number"), MOMENTS)
async def test_cancelled_at_any_moment_the_next_sync_finishes(at, method, path, number):
    await changed_folder(at)
    fault = hold(at, method, path, number)
    task = asyncio.ensure_future(at.sync())
    await until_held(at, fault)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await check_finished(at)


@pytest.mark.parametrize(("method", "path", "number"), [MOMENTS[1], MOMENTS[3]])
async def test_killed_the_next_sync_finishes(at, method, path, number):
    await changed_folder(at)
    fault = hold(at, method, path, number)
    arguments = (at.base, at.api.key, at.vector_store.id, str(at.folder))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SYNC, *arguments)
    await until_held(at, fault)
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    await check_finished(at)


async def test_killed_while_it_is_indexed_the_next_sync_waits_for_the_same_upload(at):
    at.library.indexing_delay = math.inf
    at.write("a.md", "раз")
    task = asyncio.ensure_future(at.sync())
    await at.api.wait_for(3, path=f"/v1/vector_stores/{at.vector_store.id}/files", finished=True)
    task.cancel()
    await asyncio.wait([task])

    def indexed(done, total, source):
        for file in at.vector_store.files.values():
            file.ready_at = 0

    assert await at.sync(progress=indexed) == HostedSync(added=1)
    assert len(at.posted("/v1/files")) == 1


@pytest.mark.parametrize(
    "path", ["/v1/files", "/v1/vector_stores/*/files", "/v1/vector_stores/*", "/v1/files/*"]
)
async def test_an_answer_that_is_lost_does_no_harm(at, path):
    """The provider did it, but the connection broke before we heard of it."""
    await changed_folder(at)
    at.api.faults.add(path, reset_after=0, keep=True, times=3)
    assert await at.sync() == HostedSync(added=1, changed=1, removed=1)
    await check_finished(at)


async def test_indexing_that_never_ends_is_given_up_and_taken_up_again(at):
    at.write("a.md", "старый")
    await at.sync()
    at.library.indexing_delay = math.inf
    at.write("a.md", "новый")
    seen = []
    at.hosted = at.mirror(wait=timedelta(milliseconds=30))
    result = await at.sync(progress=lambda *step: seen.append(step))
    (failed,) = result.failed
    assert (failed.source, failed.status) == ("a.md", "in_progress")
    assert failed.error == "still being indexed after 0.03 s; the next sync goes on waiting for it"
    assert seen[0] == (0, 1, "a.md")
    assert at.mirrored() == {"a.md": "старый"}
    await at.sync()
    assert len(at.posted("/v1/files")) == 2
    for file in at.vector_store.files.values():
        file.ready_at = 0
    assert await at.sync() == HostedSync(changed=1)
    assert (at.mirrored(), at.is_tidy()) == ({"a.md": "новый"}, True)


async def test_what_is_stuck_for_an_hour_is_uploaded_anew(at):
    at.library.indexing_delay = math.inf
    at.write("a.md", "раз")
    at.hosted = at.mirror(wait=timedelta(0))
    await at.sync()
    (stuck,) = at.vector_store.files.values()
    stuck.created_at -= 3601
    at.library.indexing_delay = 0.0
    assert await at.sync() == HostedSync(added=1)
    assert (list(at.mirrored()), at.is_tidy(), len(at.library.files)) == (["a.md"], True, 1)


async def test_a_storm_of_rate_limits_passes(at):
    for number in range(6):
        at.write(f"{number}.md", f"документ {number}")
    options = {"status": 429, "code": "rate_limit_exceeded", "retry_after": 0.01}
    at.api.faults.add("/v1/*", method="GET", **options)
    storm = at.api.faults.add("/v1/*", method="POST", times=25, **options)
    assert await at.sync() == HostedSync(added=6)
    assert storm.hits == 25
    assert at.is_tidy()


async def test_all_calls_wait_as_long_as_the_provider_asks(at):
    for number in range(4):
        at.write(f"{number}.md", f"документ {number}")
    at.api.faults.add("/v1/files", method="POST", status=429, retry_after=0.3)
    await at.sync()
    refused, *others = at.posted("/v1/files")
    later = [call for call in others if call.started > refused.started + 0.1]
    assert later
    assert min(call.started for call in later) - refused.ended >= 0.29


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 502, "html": "<html>\nBad gateway"}, {"reset_after": 0}]
)
async def test_a_provider_that_is_down(at, fault):
    for number in range(5):
        at.write(f"{number}.md", f"документ {number}")
    at.api.faults.add("/v1/files", method="POST", times=None, **fault)
    with pytest.raises(HostedError, match=r"the provider (fails: HTTP 50|cannot be reached)") as error:
        await at.sync()
    assert "\n" not in str(error.value)
    at.api.faults.clear()
    assert (await at.sync()).added == 5
    assert at.is_tidy()


async def test_one_document_that_always_fails_does_not_stop_the_others(at):
    for name in ("a.md", "bad.md", "c.md", "d.md"):
        at.write(name, f"текст {name}")
    at.hosted = at.mirror(parallel=1)
    at.api.faults.add(
        "/v1/files",
        method="POST",
        times=ATTEMPTS,
        status=503,
        when=lambda call: "bad" in str(call.body),
    )
    result = await at.sync()
    assert (result.added, [file.source for file in result.failed]) == (3, ["bad.md"])
    assert "HTTP 503" in result.failed[0].error


async def test_a_document_that_is_refused_is_named(at):
    at.write("a.md", "раз")
    at.write("b.md", "два")
    at.api.faults.add(
        "/v1/files",
        method="POST",
        status=413,
        message="The file is too large.",
        when=lambda call: "-a.md" in str(call.body),
    )
    result = await at.sync()
    assert result.added == 1
    assert [(file.source, file.error) for file in result.failed] == [
        ("a.md", "the provider does not take it: The file is too large.")
    ]


async def test_no_more_calls_at_a_time_than_allowed(at):
    for number in range(8):
        at.write(f"{number}.md", f"документ {number}")
    at.hosted = at.mirror(parallel=2)
    held = at.api.faults.add("/v1/files", method="POST", times=None, hold_after=0)
    task = asyncio.ensure_future(at.sync())
    await at.api.journal.wait_until(lambda: held.hits == 2, "two uploads", 10)
    running = len(at.posted("/v1/files"))
    held.release()
    assert (await task).added == 8
    moments = [(call.started, 1) for call in at.api.requests] + [(call.ended, -1) for call in at.api.requests]
    level = peak = 0
    for _, step in sorted(moments):
        level += step
        peak = max(peak, level)
    assert (running, peak) == (2, 2)


@pytest.mark.parametrize("asked", ["sync", "status", "search"])
async def test_a_wrong_store_names_the_setting(at, asked):
    hosted = at.mirror(store_id="vs_gone")
    with pytest.raises(
        ConfigError, match=r"OPENAI_VECTOR_STORE: vs_gone at http.* not found.*leave the setting empty"
    ):
        await ask(hosted, asked, at.folder)


@pytest.mark.parametrize("asked", ["sync", "status", "search"])
async def test_a_wrong_key_names_the_setting(at, asked):
    async with AsyncOpenAI(base_url=f"{at.base}/v1", api_key="sk-wrong-0000") as client:
        with pytest.raises(
            ConfigError, match="OPENAI_API_KEY: the provider refuses the key: Incorrect API key"
        ):
            await ask(at.mirror(client=client), asked, at.folder)


async def ask(hosted, asked, folder):
    calls = {
        "sync": lambda: hosted.sync(folder),
        "status": hosted.status,
        "search": lambda: hosted.search("q", 3),
    }
    await calls[asked]()


async def test_an_expired_store_is_named(at):
    at.vector_store.expired = True
    with pytest.raises(ConfigError, match=r"OPENAI_VECTOR_STORE: .* it has expired"):
        await at.sync()


async def test_no_money_is_told_at_once(at):
    at.write("a.md", "раз")
    at.api.faults.add(
        "/v1/files", method="POST", times=None, status=429, code="insufficient_quota", message="No quota."
    )
    with pytest.raises(
        ConfigError, match=r"OPENAI_API_KEY: the account has no money left: No quota\.; top it up"
    ):
        await at.sync()
    assert len(at.posted("/v1/files")) == 1


async def test_a_dead_server_is_an_error_of_ours(at):
    async with AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="k") as client:
        started = time.monotonic()
        with pytest.raises(HostedError, match="the provider cannot be reached: Connection error"):
            await at.mirror(client=client).search("q", 3)
    assert time.monotonic() - started < 5


async def test_two_syncs_at_once_leave_one_version(at):
    for number in range(5):
        at.write(f"{number}.md", f"документ {number}")
    other = at.mirror()
    await asyncio.gather(at.sync(), other.sync(at.folder))
    await at.sync()
    assert len(at.mirrored()) == 5
    assert at.is_tidy()

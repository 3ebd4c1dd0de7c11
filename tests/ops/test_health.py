"""`/healthz` says whether Telegram is still heard."""

from __future__ import annotations

import socket
import time

import httpx
import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.ops.health import DEAF_AFTER, Health


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("age", "status"), [(None, 200), (0.0, 200), (DEAF_AFTER - 10, 200), (DEAF_AFTER + 1, 503)]
)
async def test_a_bot_that_has_long_heard_nothing_is_unhealthy(age: float | None, status: int) -> None:
    listen = f"127.0.0.1:{free_port()}"
    health = Health(listen, lambda: None if age is None else time.monotonic() - age)
    await health.start()
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://{listen}/healthz")
    finally:
        await health.stop()
    assert answer.status_code == status


async def test_an_address_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=f"HTTP_LISTEN.*{listen}"):
            await Health(listen, lambda: None).start()

"""The topology as processes: deploy/try-replicas with what stands in this version."""

from __future__ import annotations

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT

import pytest

from tests.deploy.files import DEPLOY


@pytest.mark.skipif(shutil.which("caddy") is None, reason="needs Debian's caddy")
async def test_customers_behind_caddy_get_every_answer_though_the_bot_is_killed():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        DEPLOY / "try-replicas",
        "--sqlite",
        "--customers=5",
        "--messages=2",
        stdout=PIPE,
        stderr=STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()

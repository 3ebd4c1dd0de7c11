"""A replica's duty: what is done while it lasts, and no longer."""

from __future__ import annotations

import asyncio

from sovetnik.storage.replica import Replica


async def test_a_stop_that_comes_while_the_duty_is_being_left_ends_the_work() -> None:
    replica = Replica("")
    replica._on.set()
    replica._off.clear()
    begun, ending, may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await may_end.wait()

    keeping = asyncio.create_task(replica.keep(work))
    await begun.wait()
    replica.resign()
    await ending.wait()
    keeping.cancel()
    may_end.set()
    done, _ = await asyncio.wait([keeping], timeout=5)
    assert done
    assert keeping.cancelled()

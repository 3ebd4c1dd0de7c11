"""Files that customers send, from a strict Bot API."""

from __future__ import annotations

from typing import Any

import pytest

from sovetnik.core.errors import FileTooBig, FileUnreachable
from sovetnik.telegram_ui import LARGEST, download
from tests.telegram_ui.simulated import Stage, play


def file_id(stage: Stage, data: bytes = b"%PDF", **more: Any) -> str:
    return str(stage.anna.send_document(data, name="price.pdf", **more).data["document"]["file_id"])


def test_a_file_comes_as_it_was_sent() -> None:
    async def scenario(stage: Stage) -> None:
        assert await download(stage.bot, file_id(stage, b"\x00\xff" * 1000)) == b"\x00\xff" * 1000

    play(scenario)


def test_a_file_that_telegram_does_not_give_to_bots_is_too_big() -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(FileTooBig):
            await download(stage.bot, file_id(stage, size=LARGEST + 1))
        assert len(stage.api.calls_of("getFile")) == 1

    play(scenario)


def test_a_file_that_is_gone_is_not_asked_for_again() -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(FileUnreachable):
            await download(stage.bot, "AgADgone")
        assert len(stage.api.calls_of("getFile")) == 1

    play(scenario)


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 1}], ids=str)
def test_trouble_on_the_way_is_tried_again(fault: dict[str, Any]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.faults.add("getFile", times=2, **fault)
        assert await download(stage.bot, file_id(stage)) == b"%PDF"

    play(scenario)


def test_trouble_that_stays_is_told() -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.faults.add("getFile", times=None, status=502)
        with pytest.raises(FileUnreachable):
            await download(stage.bot, file_id(stage))

    play(scenario)

import pytest

from .stage import stage


@pytest.fixture
async def at(tmp_path):
    async with stage(tmp_path / "knowledge") as made:
        yield made

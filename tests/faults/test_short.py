"""A short run of the harness: the same as `scripts/faults --short`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.campaign import campaign
from tests.faults.command import table
from tests.faults.counting import Plan


@pytest.mark.timeout(300)  # half a minute on an idle machine; the others of a parallel run may slow it down
async def test_nothing_is_lost_doubled_or_reordered_whatever_is_done_to_the_process(tmp_path: Path) -> None:
    postgres = os.environ.get("TESTS_DATABASE") == "postgres"
    plan = Plan(
        seed=7,
        seconds=5,
        kills=3,
        chats=24,
        messages=5,
        spring=False,
        sparing=True,
        database="postgres" if postgres else "sqlite",
        replicas=2 if postgres else 1,
        cut=6,
    )
    outcome = await campaign(plan, tmp_path)
    assert outcome.verdict.sound, "\n".join(table(outcome))
    assert outcome.sent == 120
    assert outcome.leads == 12
    assert outcome.kills >= 3
    assert outcome.reports == (outcome.days[1] - outcome.days[0]).days + 1

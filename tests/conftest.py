"""Which database the tests run on: `pytest --database=postgres` for the whole suite on PostgreSQL."""

from __future__ import annotations

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgres"), default="sqlite")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["TESTS_DATABASE"] = config.getoption("--database")

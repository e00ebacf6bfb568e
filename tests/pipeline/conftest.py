"""Readers in these tests are offline, no test waits for the disk, and commands run in the process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.pipeline.command_line import Cli

os.environ["HF_DATASETS_OFFLINE"] = "1"  # `datasets` reads these when it is first imported
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """A killed process takes nothing out of the page cache, so flushing to disk changes nothing here but the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs commands and gives what they print."""
    return Cli(capsys)

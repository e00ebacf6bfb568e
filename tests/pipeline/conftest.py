"""Readers in these tests are offline, and no test waits for the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ["HF_DATASETS_OFFLINE"] = "1"  # `datasets` reads these when it is first imported
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """A killed process takes nothing out of the page cache, so flushing to disk changes nothing here but the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield

"""Connecting to Ray: the cluster that RAY_ADDRESS names (as inside a submitted job), else a local one of our own."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OBJECT_STORE_BYTES = 256 * 1024**2  # shards of candidates are small; Ray would reserve a third of the memory


@contextmanager
def connected(*, show_logs: bool = False) -> Iterator[Any]:
    """The ``ray`` module, connected for the length of the block; a cluster that was started here ends with it.

    Args:
        show_logs: print what workers print.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    address = os.environ.get("RAY_ADDRESS")
    if not address and "RAY_AUTH_MODE" not in os.environ:
        # A token of our own. Ray would write one into the user's home, and that switches authentication on for
        # every cluster started later.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    import ray

    if address:
        ray.init(logging_level=logging.WARNING, log_to_driver=show_logs)
    else:
        ray.init(
            address="local", include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES,
            logging_level=logging.WARNING, log_to_driver=show_logs,
        )  # fmt: skip
    try:
        yield ray
    finally:
        ray.shutdown()

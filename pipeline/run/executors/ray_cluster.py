"""Connecting to Ray: the cluster that RAY_ADDRESS names (as inside a submitted job), else a local one of our own."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from schemas.errors import RunError

logger = logging.getLogger(__name__)

ATTEMPTS = 3  # to start or reach Ray
OBJECT_STORE_BYTES = 256 * 1024**2  # shards of candidates are small; Ray would reserve a third of the memory


@contextmanager
def connected(*, show_logs: bool = False) -> Iterator[Any]:
    """The ``ray`` module, connected for the length of the block; a cluster that was started here ends with it.

    Args:
        show_logs: print what workers print; Ray's own dashboard is on then, as Ray Train needs it.

    Raises:
        RunError: Ray could not be started or reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    address = os.environ.get("RAY_ADDRESS")
    if not address and "RAY_AUTH_MODE" not in os.environ:
        # A token of our own. Ray would write one into the user's home, and that switches authentication on for
        # every cluster started later.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    import ray

    options: dict[str, Any] = {"logging_level": logging.WARNING, "log_to_driver": show_logs}
    if not address:
        options |= {"address": "local", "include_dashboard": show_logs, "object_store_memory": OBJECT_STORE_BYTES}
    _connect(ray, options)
    try:
        yield ray
    finally:
        ray.shutdown()


def _connect(ray: Any, options: dict[str, Any]) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            ray.init(**options)
            return
        except Exception as error:  # on a busy machine Ray gives up on its own start, with exceptions of any class
            ray.shutdown()
            if attempt == ATTEMPTS:
                cause = str(error).strip().splitlines()[0]
                raise RunError(
                    f"Ray did not start or could not be reached ({cause}): "
                    "try again, check RAY_ADDRESS, or run with --local"
                ) from error
            logger.warning("Ray did not start (%s); trying again", type(error).__name__)

"""Settings of every test: offline, and no verdict that depends on how busy the machine is."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

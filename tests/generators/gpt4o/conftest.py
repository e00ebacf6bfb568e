"""Tests of the paid generator speak plain HTTP on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def no_certificates() -> Iterator[None]:
    """Each new client would load the certificates of all authorities, for nothing: a tenth of a second every time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None)
        yield

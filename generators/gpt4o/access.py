"""Which server is asked, and by what key; without the client, which takes a second to load."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from schemas.config import Gpt4oOptions
from schemas.errors import RequestError

KEY = "OPENAI_API_KEY"
_OPENAI = "api.openai.com"


def check_address(options: Gpt4oOptions) -> None:
    """The address goes into files and messages, so it must hold no secret.

    Raises:
        RequestError: it does, or is no address.
    """
    address = urlsplit(options.base_url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise RequestError("gpt4o.base_url is no http or https address; give one as in http://127.0.0.1:8000/v1")
    if address.username or address.password or address.query or address.fragment:
        raise RequestError(f"gpt4o.base_url must hold no user, password or query; the key comes from {KEY}")


def find_key(options: Gpt4oOptions) -> str:
    """The key in the environment; empty where there is none, and the server may want none.

    Raises:
        RequestError: the server is one that wants one.
    """
    key = os.environ.get(KEY, "").strip()
    if not key and urlsplit(options.base_url).hostname == _OPENAI:
        raise RequestError(f"no key for {options.base_url}: set the environment variable {KEY}")
    return key

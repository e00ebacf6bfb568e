"""The languages by name; each is loaded when it is first asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import cast

from validators.base import Language

LANGUAGES = ("excel", "powershell", "python")


@cache
def get_language(name: str) -> Language:
    """The language called ``name``.

    Raises:
        ValueError: no such language; the message lists those there are.
    """
    if name not in LANGUAGES:
        raise ValueError(f"language {name!r} is unknown; choose one of {', '.join(LANGUAGES)}")
    return cast(Language, import_module(f"validators.{name}").LANGUAGE)

"""What kind of change each edit of a structure token is: people lose brackets and quotes, and seldom what they mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Literal

from rapidfuzz.distance import Levenshtein

from validators.structure import slot_kind

EditKind = Literal[
    "bracket",
    "quote",
    "separator",
    "operator",
    "break",  # a sign comes, goes, or becomes another
    "insert",
    "delete",
    "replace",  # a word, a name, a literal does
    "invent",  # a literal or name comes that is none of the snippet's own
    "complete",
    "swap",  # a reference or an operator is made whole; two arguments change places
    "unquote",  # all quotes go
    "sigil",
    "bare",  # the $ of a variable comes; it goes
]

_QUOTE = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")
_SIGIL = "$"


def edit_kinds(old: Sequence[str], new: Sequence[str], known: Collection[str]) -> list[EditKind]:
    """The kinds of the edits on the shortest way from one token list to another, sorted.

    ``known`` are the slots whose texts the snippet gives; any other is invented.
    """
    found: list[EditKind] = []
    for edit in Levenshtein.editops(old, new):
        gone = None if edit.tag == "insert" else old[edit.src_pos]
        come = None if edit.tag == "delete" else new[edit.dest_pos]
        found.append(_kind(gone, come, known))
    return sorted(found)


def _kind(gone: str | None, come: str | None, known: Collection[str]) -> EditKind:
    if come == _SIGIL:
        return "sigil"
    if gone == _SIGIL:
        return "bare"
    if come is not None and slot_kind(come) and come not in known:
        return "invent"
    if gone is not None and _is_content(gone):
        return "replace" if come is not None and _is_content(come) else "delete"
    if come is not None and _is_content(come):
        return "insert"
    return _sign(come if come is not None else gone or "")


def _is_content(token: str) -> bool:
    """Whether a token is a word or a slot."""
    return _QUOTE.fullmatch(token) is None and any(character.isalnum() for character in token)


def _sign(token: str) -> EditKind:
    if _QUOTE.fullmatch(token):
        return "quote"
    if token.startswith("\n"):
        return "break"
    if token in ("(", ")", "[", "]", "{", "}"):
        return "bracket"
    return "separator" if token in (",", ";") else "operator"

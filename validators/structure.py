"""Structure tokens: what people get wrong stays a token, what only their own work can name becomes a numbered slot.

A snippet is the tokens of its structure and a table of slots. Brackets, operators' characters, separators, quotes,
keywords and well-known functions are tokens of their own, since last-mile mistakes are made in them. Cells, numbers,
the bodies of strings, names and rare functions are slots, numbered by first occurrence within their kind:
``=IF(Cover!$B$40<>"",Cover!$B$40,"")`` is ``= IF ( <T0> ! <R0> < > " " , <T0> ! <R0> , " " )``.

Each language's own rules stand in ``validators.LANGUAGE.structure``, a module with the functions of `StructureTokens`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from schemas.errors import RequestError

Bank = Mapping[str, Sequence[str]]  # texts that may fill a slot, by the kind of the slot

_SLOT = re.compile(r"<([A-Z])(\d+)>")
STRUCTURED = ("excel", "powershell", "python")  # languages that have structure tokens


@dataclass(frozen=True, slots=True)
class Structure:
    """A snippet as structure tokens, each with the stretch of the snippet that it stands for."""

    tokens: tuple[str, ...]
    starts: tuple[int, ...]  # offset of each token's stretch, in characters
    ends: tuple[int, ...]
    slots: Mapping[str, str]  # what the snippet writes for a slot, and for a line break with its indentation


class StructureTokens(Protocol):
    """What a language's module ``structure`` offers."""

    def structure(self, code: str, words: Container[str] | None = None) -> Structure:
        """``code`` as structure tokens; never raises on broken code.

        ``words`` are the functions and attributes that are tokens by their own name; None: all of them.
        """
        ...

    def write(self, tokens: Sequence[str], slots: Mapping[str, str]) -> str:
        """The text of structure tokens; a slot that ``slots`` does not hold is written as the kind's first filler.

        For every snippet that the language accepts, ``structure(write(s.tokens, s.slots))`` has the tokens of
        ``s = structure(code)``.
        """
        ...

    def fill(
        self, tokens: Sequence[str], rng: random.Random, slots: Mapping[str, str] | None = None,
        bank: Bank | None = None, words: Container[str] = frozenset(),
    ) -> dict[str, str]:  # fmt: skip
        """A text for each slot of ``tokens``: that of ``slots`` where it is given, else drawn from the bank.

        Different slots get different texts as long as the bank lasts. ``bank`` None: the language's own. ``words`` as
        for `structure`: a function or attribute that is a slot gets the name of none of them, or it would be a word.
        """
        ...

    def joins(self, left: str, right: str) -> bool:
        """Whether a space belongs between two texts that are put together, since they would run together without it."""
        ...


@cache
def get_structure_tokens(language: str) -> StructureTokens:
    """The structure tokens of a language.

    Raises:
        RequestError: the language has none.
    """
    if language not in STRUCTURED:
        raise RequestError(
            f"{language} has no structure tokens yet, which the diffusion model is made of: "
            f"choose {' or '.join(STRUCTURED)}, or another generator"
        )
    return cast(StructureTokens, import_module(f"validators.{language}.structure"))


def slot_kind(token: str) -> str | None:
    """The kind of a slot, one capital letter; None for any other token."""
    match = _SLOT.fullmatch(token)
    return match[1] if match else None


@dataclass(slots=True)
class StructureBuilder:
    """Collects the tokens of a snippet and numbers its slots."""

    _tokens: list[str] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)
    _slots: dict[str, str] = field(default_factory=dict)
    _numbered: dict[tuple[str, str], str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, token: str, start: int, end: int) -> None:
        """A token that stands for ``code[start:end]``."""
        self._tokens.append(token)
        self._starts.append(start)
        self._ends.append(end)

    def add_characters(self, text: str, start: int) -> None:
        """Each character as a token of its own."""
        for i, character in enumerate(text, start):
            self.add(character, i, i + 1)

    def add_slot(self, kind: str, text: str, start: int) -> None:
        """A slot of a kind: that of the same text before, or the next number."""
        key = (kind, text)
        if key not in self._numbered:
            number = self._counts.get(kind, 0)
            self._counts[kind] = number + 1
            self._numbered[key] = f"<{kind}{number}>"
            self._slots[self._numbered[key]] = text
        self.add(self._numbered[key], start, start + len(text))

    def knows(self, kind: str, text: str) -> bool:
        """Whether a slot of this kind and text was added."""
        return (kind, text) in self._numbered

    def note(self, token: str, text: str) -> None:
        """Remember what the snippet writes for a token that is no slot, where it was not seen before."""
        self._slots.setdefault(token, text)

    @property
    def last(self) -> str:
        """The token added last; empty before the first."""
        return self._tokens[-1] if self._tokens else ""

    def build(self) -> Structure:
        """The structure of all that was added."""
        return Structure(tuple(self._tokens), tuple(self._starts), tuple(self._ends), self._slots)


def fill_slots(
    tokens: Sequence[str], rng: random.Random, slots: Mapping[str, str] | None,
    candidates: Callable[[int, str, Mapping[str, str]], Sequence[str]],
) -> dict[str, str]:  # fmt: skip
    """What the ``fill`` of every language does.

    Args:
        tokens: of the structure; a filler is none of them.
        rng: of the row.
        slots: texts that are settled.
        candidates: the texts for the slot that first stands at an index, given its kind and what is filled so far.
    """
    filled = dict(slots or {})
    taken = {*tokens, *filled.values()}
    for index, token in enumerate(tokens):
        kind = slot_kind(token)
        if kind is None or token in filled:
            continue
        texts = candidates(index, kind, filled)
        free = [text for text in texts if text not in taken] or list(texts)
        filled[token] = rng.choice(free)
        taken.add(filled[token])
    return filled


def splice(
    code: str, structure: Structure, first: int, removed: int, text: str, joins: Callable[[str, str], bool]
) -> str:
    """``code`` with ``text`` in place of ``removed`` tokens from the token ``first`` on; all else byte for byte.

    Where nothing is removed, the text goes directly behind the token before. A space is added where the language's
    ``joins`` says that it would run together with what is beside it.
    """
    if removed:
        start, end = structure.starts[first], structure.ends[first + removed - 1]
    elif first:
        start = end = structure.ends[first - 1]
    else:
        start = end = structure.starts[0] if structure.tokens else 0
    before, after = code[:start], code[end:]
    if text.strip(" "):  # the spaces round the place are the snippet's own; those that open a line are indentation
        text = text.lstrip(" ") if before else text
        text = text if text.rpartition("\n")[2].isspace() else text.rstrip(" ")
    if text:
        if joins(before, text):
            text = f" {text}"
        if joins(before + text, after):
            text = f"{text} "
    elif joins(before, after):
        text = " "
    return before + text + after


def joins(left: str, right: str) -> bool:
    """Whether two texts would run together into one word."""
    return bool(left) and bool(right) and _is_word(left[-1]) and _is_word(right[0])


def _is_word(character: str) -> bool:
    return character.isalnum() or character in "_$#"

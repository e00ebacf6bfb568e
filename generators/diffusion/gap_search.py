"""What is found for one broken snippet: texts, how far they are, and how many canvases gave them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generators.diffusion.edit_kinds import EditKind, edit_kinds
from generators.diffusion.plain_edits import closed, operators, plain_edits, quoted, references
from generators.diffusion.text.source import Source
from generators.diffusion.text.vocabulary import StructureVocabulary
from validators import Language, TokenKind, Verdict
from validators.excel.functions import lookup

_EMPTIED = re.compile(r"(?<![\w\"'`])(?:\"\"|'')(?=\s*[\w$\\/.])")


@dataclass(slots=True)
class Found:
    """A text that was found."""

    text: str
    verdict: Verdict
    edits: tuple[EditKind, ...]  # on the shortest way that was gone
    votes: int = 0  # canvases that gave it
    mass: float = 0.0  # sum of the probabilities with which canvases gave it
    uncalled: int = 0  # functions that have lost their brackets, see `uncalled`
    emptied: int = 0  # strings that have lost their text, see `emptied`


@dataclass(frozen=True, slots=True)
class Start:
    """A text in which gaps are opened: the snippet itself, or what an earlier round made of it."""

    source: Source
    verdict: Verdict
    edits: tuple[EditKind, ...] = ()  # that led to it


class Search:
    """The texts that are found for a snippet, each once."""

    def __init__(self, language: Language, vocabulary: StructureVocabulary, code: str, seed: int) -> None:
        """``seed`` fills slots that the snippet lacks."""
        self.code = code
        self.start = Start(Source.of(vocabulary, code), language.check(code))
        self._language = language
        self._seed = seed
        self._found: dict[str, Found] = {}
        self._uncalled = uncalled(language, code)
        self._emptied = emptied(code)

    def add(
        self, start: Start, tokens: Sequence[str], mass: float | None = None, kinds: Sequence[EditKind] | None = None
    ) -> None:
        """These tokens were found for ``start``.

        Args:
            start: what they are an edit of.
            tokens: all of them.
            mass: the probability with which a canvas gave them; None where no canvas did.
            kinds: of the edits; those of the single tokens if not given.
        """
        source = start.source
        if kinds is None:
            kinds = edit_kinds(source.tokens, tokens, source.texts(tokens))
        self._add(source.edited(tokens, self._seed), [*start.edits, *kinds], mass)

    def add_plain(self) -> None:
        """What is found without a model: the snippet written anew, which mends ``> =``, and every plain edit."""
        source = self.start.source
        self._add(source.rewritten(source.tokens, self._seed), [])
        for tokens, kinds in plain_edits(source.tokens):
            self.add(self.start, tokens, kinds=kinds)
        lines = self.code.split("\n")
        at = (self.start.verdict.line or 1) - 1
        for line, edits in quoted(lines[at]):
            self._add("\n".join([*lines[:at], line, *lines[at + 1 :]]), ["quote"] * edits)
        for line in closed(lines[at]) if self._language.name == "powershell" else ():
            self._add("\n".join([*lines[:at], line, *lines[at + 1 :]]), ["complete"])
        whole = {"excel": references, "powershell": operators}.get(self._language.name)
        for text in whole(self.code) if whole else ():
            self._add(text, ["complete"])

    def _add(self, text: str, edits: list[EditKind], mass: float | None = None) -> None:
        if text == self.code:
            return
        way = tuple(sorted(edits))
        if text not in self._found:
            lost = max(0, uncalled(self._language, text) - self._uncalled)
            empty = max(0, emptied(text) - self._emptied)
            self._found[text] = Found(text, self._language.check(text), way, uncalled=lost, emptied=empty)
        found = self._found[text]
        found.edits = min(way, found.edits, key=lambda kinds: (len(kinds), kinds))
        if mass is not None:
            found.votes += 1
            found.mass += mass

    def accepted(self) -> list[Found]:
        """What the language accepts, in no order that means anything."""
        return [found for found in self._found.values() if found.verdict.accepted]

    def promising(self, limit: int) -> list[Start]:
        """Refused texts whose error lies further to the right than the snippet's: the furthest, at most ``limit``."""
        before = _tail(self.code, self.start.verdict)
        moved = [
            (tail, -found.votes, len(found.edits), found.text)
            for found in self._found.values()
            if not found.verdict.accepted and (tail := _tail(found.text, found.verdict)) < before
        ]
        vocabulary = self.start.source.vocabulary
        chosen = [self._found[text] for *_, text in sorted(moved)[:limit]]
        return [Start(Source.of(vocabulary, found.text), found.verdict, found.edits) for found in chosen]


def uncalled(language: Language, code: str) -> int:
    """How many names of functions have no bracket behind them, which Excel reads as names of cells."""
    if language.name != "excel":
        return 0
    return sum(token.kind is TokenKind.NAME and lookup(token.text) is not None for token in language.tokens(code))


def emptied(code: str) -> int:
    """How many empty strings stand before what may have been their text: ``"" Hello world`` for ``"Hello world"``."""
    return len(_EMPTIED.findall(code))


def _tail(code: str, verdict: Verdict) -> int:
    """Characters from the error to the end: unlike those before it, an edit to the left of it does not change them."""
    return len(code) - (verdict.offset or 0)

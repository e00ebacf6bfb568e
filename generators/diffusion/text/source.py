"""A snippet that is to be changed: its structure tokens, and the way back to text from other tokens in their place."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz.distance import Levenshtein

from generators.diffusion.text.vocabulary import StructureVocabulary
from schemas.ids import derive_seed, digest
from validators.structure import Structure, slot_kind

_NAMES = frozenset("VFCT")  # kinds of slots: names, functions, commands, types

_BEGINNINGS = frozenset({"(", "[", "{", "$(", "@(", "@{", "$", "@"})  # what follows comes up to them


@dataclass(frozen=True)
class Source:
    """A snippet as a vocabulary sees it.

    Texts are of token lists that need not be of the vocabulary. Slots that the snippet has keep its texts; others are
    filled by the seed.
    """

    code: str
    structure: Structure
    vocabulary: StructureVocabulary

    @classmethod
    def of(cls, vocabulary: StructureVocabulary, code: str) -> Source:
        """The code as this vocabulary's structure."""
        return cls(code, vocabulary.structure(code), vocabulary)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The structure tokens, those that the vocabulary does not hold among them."""
        return self.structure.tokens

    @cached_property
    def ids(self) -> list[int]:
        """The tokens' ids, `UNKNOWN` for what the vocabulary does not hold."""
        return self.vocabulary.ids(self.tokens)

    @cached_property
    def key(self) -> str:
        """What random draws for this snippet are derived from."""
        return digest(self.code)

    def index(self, offset: int) -> int:
        """The token at an offset in characters: the first that does not end before it."""
        return next((i for i, end in enumerate(self.structure.ends) if end > offset), len(self.tokens))

    def rewritten(self, tokens: Sequence[str], seed: int = 0) -> str:
        """The text of tokens, all of it written anew: of the snippet itself only the slots' texts are left."""
        return self.vocabulary.write(tokens, self._slots(tokens, seed))

    def edited(self, tokens: Sequence[str], seed: int = 0) -> str:
        """The snippet with these tokens; what stands for tokens that stay comes back byte for byte.

        Spaces and comments between two tokens stay with the one before them.
        """
        slots = self._slots(tokens, seed)
        code = self.code
        for edit in reversed(Levenshtein.opcodes(*_letters(self.tokens, tokens))):
            if edit.tag != "equal":
                code = self._replaced(code, edit.src_start, edit.src_end, tokens, edit.dest_start, edit.dest_end, slots)
        return code

    def texts(self, tokens: Sequence[str]) -> dict[str, str]:
        """What the snippet writes for slots, and for a new slot in ``tokens`` what a slot that went was written as.

        Another reading of a word makes another slot of it: ``items`` is a command, in ``$items`` it is a variable's
        name, in quotes the body of a string.
        """
        own, here = self.structure.slots, set(tokens)
        gone = [own[slot] for slot in dict.fromkeys(self.tokens) if slot in own and slot not in here]
        found = dict(own)
        for slot in dict.fromkeys(tokens):
            kind = slot_kind(slot)
            fits = [text for text in gone if kind == "S" or (kind in _NAMES and text.isidentifier())]
            if kind is not None and slot not in own and fits:
                found[slot] = fits[0]
                gone.remove(fits[0])
        return found

    def _slots(self, tokens: Sequence[str], seed: int) -> dict[str, str]:
        rng = random.Random(derive_seed("slots", seed, self.key))
        return self.vocabulary.fill_in(tokens, self.texts(tokens), rng)

    def _replaced(
        self, code: str, first: int, last: int, tokens: Sequence[str], new_first: int, new_last: int,
        slots: dict[str, str],
    ) -> str:  # fmt: skip
        """``code`` with new tokens for the source's from ``first`` to ``last``; behind ``last`` it may be another."""
        old, new = self.tokens[first:last], tokens[new_first:new_last]
        start, end = self._stretch(first, last)
        broken_lines = [token for token in old if token.startswith("\n")]
        if len(broken_lines) == 1 and sum(token.startswith("\n") for token in new) == 1:
            if len(old) == len(new) == 1:  # another indentation: blank lines and comments before it stay
                indentation = self.vocabulary.write(["", *new], slots)[1:]
                return code[: code.rindex("\n", start, end) + 1] + indentation + code[end:]
        elif broken_lines and old[0].startswith("\n") and first:
            start = self.structure.ends[first - 1]  # a comment at the end of a line that no longer ends goes with it
        left = _line_before(tokens, new_first)
        right = [tokens[new_last]] if new_last < len(tokens) else []
        text = self._between(left, new, right, slots)
        before, after = code[:start], code[end:]
        begins_line = before[-1:] in ("", " ", "\n")
        if (new[-1].startswith("\n") or new[-1] in _BEGINNINGS) if new else begins_line:
            after = after.lstrip(" ")
        if after[:1] == " ":
            text = text.rstrip(" ")
        if begins_line:
            text = text.lstrip(" ")
        if self.vocabulary.joins(before, text or after):
            text = f" {text}"
        if text.strip(" ") and self.vocabulary.joins(before + text, after):
            text = f"{text} "
        return before + text + after

    def _stretch(self, first: int, last: int) -> tuple[int, int]:
        """Where tokens stand; an empty stretch is directly behind the token before."""
        starts, ends = self.structure.starts, self.structure.ends
        if first < last:
            return starts[first], ends[last - 1]
        place = ends[first - 1] if first else starts[0] if starts else 0
        return place, place

    def _between(self, left: Sequence[str], new: Sequence[str], right: list[str], slots: dict[str, str]) -> str:
        """The new tokens' text, spaced as between their neighbours."""
        if len(new) == 1 and new[0] in ("'", '"'):
            return new[0]  # of a string that begins or ends here: a space would be part of it
        write = self.vocabulary.write
        whole = write([*left, *new, *right], slots).strip(" ")
        before, after = write(left, slots).strip(" "), write(right, slots).strip(" ")
        return whole.removeprefix(before).removesuffix(after) if new else ""


def _line_before(tokens: Sequence[str], place: int) -> Sequence[str]:
    """The tokens of a line up to a place, or the line break itself where the line begins there."""
    start = place
    while start and "\n" not in tokens[start - 1]:
        start -= 1
    return tokens[max(0, min(start, place - 1)) : place]


def _letters(one: Sequence[str], other: Sequence[str]) -> tuple[str, str]:
    """One character for each distinct token."""
    letter: dict[str, str] = {}
    first, second = ("".join(letter.setdefault(t, chr(len(letter) + 1)) for t in side) for side in (one, other))
    return first, second

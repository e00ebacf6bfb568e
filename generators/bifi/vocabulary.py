"""A closed vocabulary of words: common ones as they are, all others as numbered slots of their kind.

The first new variable of a snippet may be ``<name7>``; which slot stands for which word is drawn anew for every pair
that is trained on, so that all slots are learned alike, and holds for one snippet and what is made of it.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from generators.bifi.words import PLACEHOLDERS

PAD, EOS = 0, 1
SLOTS = {"name": 32, "number": 16, "variable": 16, "parameter": 12, "other": 4}
_SPECIAL = ("<pad>", "<eos>", *PLACEHOLDERS, *(f"<{kind}{i}>" for kind, count in SLOTS.items() for i in range(count)))
_SIGNS = tuple("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def kind_of(word: str) -> str:
    """The kind of slot that may stand for a word."""
    if word[0] in "$@" and len(word) > 1:
        return "variable"
    if word[0] == "-" and len(word) > 1:
        return "parameter"
    if word[0].isdigit() or (word[0] == "." and word[1:2].isdigit()):
        return "number"
    return "name" if any(sign.isalnum() for sign in word) else "other"


class Vocabulary:
    """Words to ids and back."""

    def __init__(self, words: Sequence[str]) -> None:
        """``words`` are the common ones, without placeholders and slots."""
        self.words = tuple(words)
        self._texts = (*_SPECIAL, *self.words)
        self._ids = {text: i for i, text in enumerate(self._texts)}
        self.no_words = frozenset(i for i, text in enumerate(_SPECIAL) if i != EOS and text not in PLACEHOLDERS)
        self._slots = {kind: [self._ids[f"<{kind}{i}>"] for i in range(count)] for kind, count in SLOTS.items()}

    @classmethod
    def build(cls, snippets: Iterable[Sequence[str]], size: int) -> Vocabulary:
        """The signs of ASCII and the most frequent words, ``size`` ids in all."""
        counts = Counter(word for words in snippets for word in words)
        frequent = sorted(counts, key=lambda word: (-counts[word], word))
        words = dict.fromkeys(word for word in (*_SIGNS, *frequent) if word not in PLACEHOLDERS)
        return cls(list(words)[: size - len(_SPECIAL)])

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read a file that `save` wrote.

        Raises:
            ValueError: it is no such file.
        """
        words = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(words, list) or not all(isinstance(w, str) and w for w in words):
            raise ValueError("it is not a list of words")
        return cls(words)

    def save(self, path: Path) -> None:
        """Write the common words, a JSON list."""
        path.write_text(json.dumps(self.words, indent=0, ensure_ascii=True) + "\n", encoding="utf-8")

    def __len__(self) -> int:
        return len(self._texts)

    def encode(self, words: Sequence[str], rng: random.Random | None = None) -> tuple[list[int], dict[str, int]] | None:
        """The ids of a snippet, with the slots of its uncommon words; None where the slots of a kind do not suffice.

        Slots are given out in order, or as ``rng`` draws them.
        """
        free = {kind: rng.sample(ids, len(ids)) if rng else list(ids) for kind, ids in self._slots.items()}
        for ids in free.values():
            ids.reverse()
        slots: dict[str, int] = {}
        for word in words:
            if word not in self._ids and word not in slots:
                if not free[kind_of(word)]:
                    return None
                slots[word] = free[kind_of(word)].pop()
        return [self._ids[word] if word in self._ids else slots[word] for word in words], slots

    def encode_pair(
        self, source: Sequence[str], target: Sequence[str], rng: random.Random | None = None
    ) -> tuple[list[int], list[int]] | None:
        """The ids of both sides; None where the target has uncommon words that the source has not."""
        encoded = self.encode(source, rng)
        if encoded is None:
            return None
        ids, slots = encoded
        known = {**self._ids, **slots}
        return (ids, [known[word] for word in target]) if all(word in known for word in target) else None

    def decode(self, ids: Sequence[int], slots: dict[str, int]) -> list[str] | None:
        """The words up to the end of the sequence; None where one is a slot that stands for nothing."""
        meanings = {slot: word for word, slot in slots.items()}
        words: list[str] = []
        for i in ids:
            if i in (PAD, EOS):
                break
            if i in self.no_words and i not in meanings:
                return None
            words.append(meanings.get(i, self._texts[i]))
        return words

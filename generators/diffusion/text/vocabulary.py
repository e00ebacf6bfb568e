"""The vocabulary of structure tokens: those that a corpus holds often enough, and each its id."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from generators.diffusion.config import EOS, PAD, UNKNOWN
from generators.diffusion.keywords import keyword_tokens
from schemas.ids import derive_seed
from validators.structure import Bank, Structure, get_structure_tokens

_SPECIAL = ("<pad>", "<eos>", "<unk>")  # PAD, EOS, UNKNOWN


class StructureVocabulary:
    """Code to token ids and back, through `validators.structure`."""

    def __init__(self, language: str, tokens: Sequence[str]) -> None:
        """``tokens`` in the order of their ids, those for padding, end of sequence and unknown left out."""
        self.language = language
        self._structure = get_structure_tokens(language)
        self._texts = [*_SPECIAL, *tokens]
        self._ids = {token: i for i, token in enumerate(self._texts)}

    @classmethod
    def train(cls, language: str, snippets: Iterable[Sequence[str]], min_count: int, size: int) -> StructureVocabulary:
        """The structure tokens that occur ``min_count`` times, the most frequent first; at most ``size`` ids."""
        counts: Counter[str] = Counter()
        for tokens in snippets:
            counts.update(tokens)
        frequent = sorted((t for t, n in counts.items() if n >= min_count), key=lambda t: (-counts[t], t))
        return cls(language, frequent[: size - len(_SPECIAL)])

    @classmethod
    def load(cls, path: Path) -> StructureVocabulary:
        """Read what `save` wrote. Raises ValueError or KeyError where it is something else."""
        content = json.loads(path.read_bytes())
        return cls(content["language"], content["tokens"])

    def save(self, path: Path) -> None:
        """Write a JSON file."""
        content = {"language": self.language, "tokens": self._texts[len(_SPECIAL) :]}
        path.write_text(json.dumps(content, indent=0) + "\n")

    def __len__(self) -> int:
        return len(self._texts)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every token."""
        return frozenset(self._texts[len(_SPECIAL) :])

    def structure(self, code: str) -> Structure:
        """The code's structure, its words those of this vocabulary."""
        return self._structure.structure(code, self.words)

    def ids(self, tokens: Iterable[str]) -> list[int]:
        """The id of each token; `UNKNOWN` for those that are none of the vocabulary."""
        return [self._ids.get(token, UNKNOWN) for token in tokens]

    def encode(self, code: str) -> list[int]:
        """Token ids without an end-of-sequence token; `UNKNOWN` stands for what is not in the vocabulary."""
        return self.ids(self.structure(code).tokens)

    def tokens(self, ids: Iterable[int]) -> list[str] | None:
        """The tokens up to the first end of sequence or padding; None where an unknown token stands before it."""
        tokens = []
        for i in ids:
            if i in (EOS, PAD):
                break
            if i == UNKNOWN:
                return None
            tokens.append(self._texts[i])
        return tokens

    def decode(
        self, ids: Sequence[int], seed: int = 0, like: Sequence[int] = (), bank: Bank | None = None
    ) -> str | None:
        """The text of token ids, its slots filled by the seed; None where an unknown token stands before the end.

        ``like`` are the ids of another text of the same seed, whose slots are filled first: equal slots of both then
        have equal texts.
        """
        tokens = self.tokens(ids)
        if tokens is None:
            return None
        return self.write(tokens, self.fill(tokens, seed, self.tokens(like) or (), bank))

    def fill(
        self, tokens: Sequence[str], seed: int, like: Sequence[str] = (), bank: Bank | None = None
    ) -> dict[str, str]:
        """A text for every slot of ``tokens`` and of ``like``."""
        rng = random.Random(derive_seed("slots", seed))
        settled = self._structure.fill(like, rng, None, bank, self.words)
        return self._structure.fill(tokens, rng, settled, bank, self.words)

    def fill_in(
        self, tokens: Sequence[str], slots: Mapping[str, str], rng: random.Random, bank: Bank | None = None
    ) -> dict[str, str]:
        """``slots`` and a text for every other slot of ``tokens``."""
        return self._structure.fill(tokens, rng, slots, bank, self.words)

    def write(self, tokens: Sequence[str], slots: Mapping[str, str]) -> str:
        """The text of tokens with these slots."""
        return self._structure.write(tokens, slots)

    def joins(self, left: str, right: str) -> bool:
        """Whether a space belongs between two texts that are put together."""
        return self._structure.joins(left, right)

    def keywords(self, ids: Sequence[int]) -> list[bool]:
        """Which tokens are words that the language itself gives its programs."""
        return keyword_tokens(self.language, [self._texts[i] for i in ids])

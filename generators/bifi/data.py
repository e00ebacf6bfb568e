"""Pairs of words, and the batches of any epoch."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from generators.bifi.config import ModelConfig, TrainingConfig
from generators.bifi.model import pad
from generators.bifi.vocabulary import Vocabulary
from generators.bifi.words import mask
from schemas.errors import RequestError
from schemas.ids import derive_seed
from validators import Language

Words = tuple[str, ...]
TextPair = tuple[str, str]  # source, target
IdPair = tuple[list[int], list[int]]

WINDOW = 16_384  # pairs that are shuffled into batches together
HELD_OUT = 2_000
FEWEST = 32


class PairsError(RequestError):
    """Pairs that cannot be trained on. One line, with the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What a rewriter is trained on and judged by, split by target."""

    train: Sequence[tuple[Words, Words]]
    held_out: Sequence[TextPair]
    vocabulary: Vocabulary


def prepare(
    language: Language, pairs: Sequence[TextPair], model: ModelConfig, training: TrainingConfig,
    vocabulary: Vocabulary | None = None,
) -> Dataset:  # fmt: skip
    """Mask the pairs, build the vocabulary unless one is given, drop what does not fit, hold some out.

    Raises:
        PairsError: fewer than `FEWEST` pairs are left to train on.
    """
    masked: list[tuple[TextPair, Words, Words]] = []
    for source, target in pairs:
        a, b = mask(language, source), mask(language, target)
        if a and b and a.words != b.words and max(len(a.words), len(b.words)) < model.max_words:
            masked.append(((source, target), a.words, b.words))
    if vocabulary is None:
        vocabulary = Vocabulary.build((words for _, *sides in masked for words in sides), model.vocabulary)
    train: list[tuple[Words, Words]] = []
    held_out: list[TextPair] = []
    for texts, a_words, b_words in masked:
        if derive_seed("held out", texts[1]) % 10_000 < training.held_out_share * 10_000:
            held_out.append(texts)
        elif vocabulary.encode_pair(a_words, b_words):
            train.append((a_words, b_words))
    if len(train) < FEWEST:
        raise PairsError(
            f"only {len(train)} pairs, of {len(pairs)} given, fit the model and differ in words; training needs "
            f"at least {FEWEST}: give more pairs, or raise model.max_words"
        )
    held_out = sorted(set(held_out), key=lambda texts: derive_seed("order", *texts))[:HELD_OUT]
    return Dataset(train=train, held_out=held_out, vocabulary=vocabulary)


class Batches:
    """The batches of any window of any epoch, the same on every call: all follows from seed, epoch and window."""

    def __init__(self, dataset: Dataset, settings: TrainingConfig) -> None:
        self._dataset = dataset
        self._settings = settings
        self.windows = -(-len(dataset.train) // WINDOW)

    def window(self, epoch: int, window: int) -> list[tuple[Tensor, Tensor]]:
        """Shuffled batches (source (B, S), target (B, L)) of pairs of like length, with slots drawn anew."""
        order = list(range(len(self._dataset.train)))
        random.Random(derive_seed("epoch", self._settings.seed, epoch)).shuffle(order)
        rng = random.Random(derive_seed("window", self._settings.seed, epoch, window))
        encoded = [
            self._dataset.vocabulary.encode_pair(*self._dataset.train[i], rng)
            for i in order[window * WINDOW : (window + 1) * WINDOW]
        ]
        batches = list(bucket([pair for pair in encoded if pair], self._settings.batch_tokens))
        rng.shuffle(batches)
        return [(pad([a for a, _ in rows]), pad([b for _, b in rows])) for rows in batches]


def bucket(pairs: Iterable[IdPair], batch_tokens: int) -> Iterator[list[IdPair]]:
    """Pairs by length, as many in a batch as keep rows x longest side within ``batch_tokens``."""
    rows: list[IdPair] = []
    for pair in sorted(pairs, key=lambda pair: max(map(len, pair))):
        if rows and (max(map(len, pair)) + 1) * (len(rows) + 1) > batch_tokens:
            yield rows
            rows = []
        rows.append(pair)
    if rows:
        yield rows

"""From snippets to batches of token ids, one frame length a batch."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generators.diffusion.config import EOS, PAD, UNKNOWN, Preset
from generators.diffusion.keywords import keyword_spans
from generators.diffusion.literals import common_words, delexicalise, shift_rows
from generators.diffusion.tokenizer import SnippetTokenizer
from schemas.errors import RequestError
from schemas.ids import derive_seed
from validators import Language


class CorpusError(RequestError):
    """A corpus that cannot be read or holds too little. One line, with the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Snippets that fit the model's longest frame, split by sketch."""

    train: list[str]
    validation: list[str]
    tokenizer: SnippetTokenizer


def prepare(language: Language, snippets: Sequence[str], preset: Preset) -> Dataset:
    """Delexicalise, cap by sketch, train the tokenizer, drop what does not fit, split by sketch.

    Raises:
        CorpusError: fewer than 32 snippets are left to train on.
    """
    settings, longest = preset.training, preset.model.max_tokens
    if settings.delexicalise:
        known = common_words(language, snippets, settings.min_count)
        snippets = [delexicalise(language, code, known) for code in snippets]
    accepted = [code for code in dict.fromkeys(snippets) if code.isascii() and language.check(code).accepted]
    random.Random(derive_seed("order", settings.seed)).shuffle(accepted)
    by_sketch: dict[str, list[str]] = defaultdict(list)
    for code in accepted:
        by_sketch[language.sketch(code)].append(code)
    kept = {sketch: group[: settings.sketch_cap or None] for sketch, group in by_sketch.items()}
    tokenizer = SnippetTokenizer.train(
        language.name, (c for group in kept.values() for c in group), settings.min_count, settings.max_vocabulary
    )
    train: list[str] = []
    validation: list[str] = []
    for sketch, group in kept.items():
        held_out = derive_seed("split", sketch) % 10_000 < settings.validation_share * 10_000
        (validation if held_out else train).extend(c for c in group if _fits(tokenizer.encode(c), longest))
    if len(train) < 32:
        raise CorpusError(
            f"only {len(train)} snippets are accepted and fit {longest} tokens, of {len(snippets)} given; "
            "training needs at least 32: give a larger corpus or a longer frame"
        )
    return Dataset(train=train, validation=validation, tokenizer=tokenizer)


def _fits(ids: Sequence[int], longest: int) -> bool:
    return len(ids) < longest and UNKNOWN not in ids


def pad(rows: Sequence[Sequence[int]], frame: int) -> Tensor:
    """Token ids (B, L): each row, one end-of-sequence token, padding."""
    tokens = torch.full((len(rows), frame), PAD, dtype=torch.long)
    for i, ids in enumerate(rows):
        tokens[i, : len(ids)] = torch.tensor(ids, dtype=torch.long)
        tokens[i, len(ids)] = EOS
    return tokens


def frame_counts(dataset: Dataset, preset: Preset) -> list[int]:
    """How many training snippets fall into each frame."""
    counts = Counter(preset.model.frame(len(dataset.tokenizer.encode(c))) for c in dataset.train)
    return [counts[frame] for frame in preset.model.frames]


class Batches:
    """The batches of any epoch, the same on every call: all follows from the seed and the epoch."""

    def __init__(self, language: Language, dataset: Dataset, preset: Preset) -> None:
        self._language = language
        self._dataset = dataset
        self._preset = preset
        self._ids = [dataset.tokenizer.encode(code) for code in dataset.train]
        self._lengths = [len(dataset.tokenizer.decode([i]) or "") for i in range(len(dataset.tokenizer))]

    def epoch(self, epoch: int) -> list[Tensor]:
        """Shuffled batches of about ``batch_tokens`` tokens, each (B, L) with one frame length L.

        What is left of a frame after its full batches is dropped where it is less than a quarter of one.
        """
        settings, model = self._preset.training, self._preset.model
        rng = random.Random(derive_seed("epoch", settings.seed, epoch))
        by_frame: dict[int, list[list[int]]] = defaultdict(list)
        for code, ids in zip(self._dataset.train, self._ids, strict=True):
            if settings.shift_rate and rng.random() < settings.shift_rate:
                shifted = self._dataset.tokenizer.encode(shift_rows(self._language, code, rng.random()))
                ids = shifted if _fits(shifted, model.max_tokens) else ids
            by_frame[model.frame(len(ids))].append(ids)
        batches: list[tuple[int, list[list[int]]]] = []
        for frame, rows in sorted(by_frame.items()):
            rng.shuffle(rows)
            size = max(4, settings.batch_tokens // frame)
            chunks = [rows[i : i + size] for i in range(0, len(rows), size)]
            batches += [(frame, c) for c in chunks if len(c) >= size // 4 or len(chunks) == 1]
        rng.shuffle(batches)
        return [pad(rows, frame) for frame, rows in batches]

    def keywords(self, tokens_BL: Tensor) -> Tensor:
        """Which tokens of a batch are, or are part of, a keyword of the language; (B, L), true or false."""
        keyword_BL = torch.zeros_like(tokens_BL, dtype=torch.bool)
        for row, ids in enumerate(tokens_BL.tolist()):
            code = self._dataset.tokenizer.decode(ids) or ""
            inside = {i for start, end in keyword_spans(self._language, code) for i in range(start, end)}
            first = 0  # character of the token
            for column, token in enumerate(ids):
                if first in inside:
                    keyword_BL[row, column] = True
                first += self._lengths[token]
                if first >= len(code):
                    break
        return keyword_BL

"""From snippets to batches of token ids, one frame length a batch."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generators.diffusion.config import EOS, PAD, UNKNOWN, Preset
from generators.diffusion.text.lexemes import SnippetTokenizer
from generators.diffusion.text.vocabulary import StructureVocabulary
from schemas.errors import RequestError
from schemas.ids import derive_seed, digest
from validators import Language
from validators.structure import get_structure_tokens

Tokenizer = StructureVocabulary | SnippetTokenizer
Rows = list[list[int]]  # token ids of snippets, without end of sequence and padding


class CorpusError(RequestError):
    """A corpus that cannot be read or holds too little. One line, with the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Snippets that fit the model's longest frame, as token ids, split by structure."""

    train: Rows
    validation: Rows
    tokenizer: Tokenizer

    def texts(self, rows: Rows) -> list[str]:
        """Rows as code, their slots filled by their number."""
        return [self.tokenizer.decode(ids, seed) or "" for seed, ids in enumerate(rows)]


def prepare(language: Language, snippets: Sequence[str], preset: Preset) -> Dataset:
    """Take what the language accepts, make the vocabulary, drop what does not fit, cap and split by structure.

    Raises:
        CorpusError: fewer than 32 snippets are left to train on.
    """
    settings, longest = preset.training, preset.model.max_tokens
    accepted = [code for code in dict.fromkeys(snippets) if language.check(code).accepted]
    random.Random(derive_seed("order", settings.seed)).shuffle(accepted)
    tokenizer = _tokenizer(language, accepted, preset)
    groups: dict[str, Rows] = defaultdict(list)  # the snippets of one structure, or sketch
    for code in accepted:
        ids = tokenizer.encode(code)
        if 0 < len(ids) < longest and UNKNOWN not in ids:  # nothing but a comment has no structure
            groups[digest(*map(str, ids)) if settings.literals == "slots" else language.sketch(code)].append(ids)
    train: Rows = []
    validation: Rows = []
    for name, group in groups.items():
        held_out = derive_seed("split", name) % 10_000 < settings.validation_share * 10_000
        (validation if held_out else train).extend(group[: settings.sketch_cap or None])
    if len(train) < 32:
        raise CorpusError(
            f"only {len(train)} snippets are accepted and fit {longest} tokens, of {len(snippets)} given; "
            "training needs at least 32: give a larger corpus or a longer frame"
        )
    return Dataset(train=train, validation=validation, tokenizer=tokenizer)


def _tokenizer(language: Language, accepted: Iterable[str], preset: Preset) -> Tokenizer:
    settings = preset.training
    if settings.literals == "full":
        plain = (code for code in accepted if code.isascii())
        return SnippetTokenizer.train(language.name, plain, settings.min_count, settings.max_vocabulary)
    split = get_structure_tokens(language.name).structure
    first = StructureVocabulary.train(
        language.name, (split(code).tokens for code in accepted), settings.min_count, settings.max_vocabulary
    )
    return StructureVocabulary.train(  # once more: what is no word now stands as a slot
        language.name, (first.structure(code).tokens for code in accepted), settings.min_count, settings.max_vocabulary
    )


def pad(rows: Sequence[Sequence[int]], frame: int) -> Tensor:
    """Token ids (B, L): each row, one end-of-sequence token, padding."""
    tokens = torch.full((len(rows), frame), PAD, dtype=torch.long)
    for i, ids in enumerate(rows):
        tokens[i, : len(ids)] = torch.tensor(ids, dtype=torch.long)
        tokens[i, len(ids)] = EOS
    return tokens


def frame_counts(dataset: Dataset, preset: Preset) -> list[int]:
    """How many training snippets fall into each frame."""
    counts = Counter(preset.model.frame(len(ids)) for ids in dataset.train)
    return [counts[frame] for frame in preset.model.frames]


class Batches:
    """The batches of any epoch, the same on every call: all follows from the seed and the epoch."""

    def __init__(self, dataset: Dataset, preset: Preset) -> None:
        self._dataset = dataset
        self._preset = preset

    def epoch(self, epoch: int) -> list[Tensor]:
        """Shuffled batches of about ``batch_tokens`` tokens, each (B, L) with one frame length L.

        The rest of a frame that makes no full batch is a batch of its own, unless it is smaller than a quarter of one.
        """
        settings, model = self._preset.training, self._preset.model
        rng = random.Random(derive_seed("epoch", settings.seed, epoch))
        by_frame: dict[int, Rows] = defaultdict(list)
        for ids in self._dataset.train:
            by_frame[model.frame(len(ids))].append(ids)
        batches: list[tuple[int, Rows]] = []
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
            own = ids[: ids.index(EOS)]
            keyword_BL[row, : len(own)] = torch.tensor(self._dataset.tokenizer.keywords(own), dtype=torch.bool)
        return keyword_BL

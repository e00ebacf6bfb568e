"""How good samples are, judged by the language's own parser."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import SamplingConfig
from generators.diffusion.sampler import DecodeWhen, RowNoise, Step, reverse_diffusion
from schemas.ids import derive_seed
from validators import Language, TokenKind, Verdict
from validators.structure import STRUCTURED, get_structure_tokens

TILE = 32

_SHAPE_WORDS: dict[str, Container[str] | None] = {"excel": None, "powershell": frozenset(), "python": frozenset()}


def draw_texts(checkpoint: Checkpoint, count: int, seed: int, sampling: SamplingConfig | None = None) -> list[str]:
    """``count`` samples c_0 from pure noise, each frame with its share; an undecodable one is the empty string."""
    texts: list[str] = []
    for seeds, steps in draw_trajectories(checkpoint, count, seed, sampling, decode_when=lambda t: False):
        last = deque(steps, maxlen=1).pop()
        assert last.tokens_BL is not None  # the step at 0 always is decoded
        rows = zip(last.tokens_BL.tolist(), seeds, strict=True)
        texts += [checkpoint.tokenizer.decode(ids, row_seed) or "" for ids, row_seed in rows]
    return texts


def draw_trajectories(
    checkpoint: Checkpoint, count: int, seed: int, sampling: SamplingConfig | None = None,
    *, decode_when: DecodeWhen = lambda t: True,
) -> Iterator[tuple[list[int], Iterator[Step]]]:  # fmt: skip
    """``count`` trajectories from pure noise, each frame with its share, as tiles of some that run together.

    Yields:
        the seeds of a tile's rows, which also fill the slots of their texts, and its steps.
    """
    config, model = checkpoint.config, checkpoint.model
    device = next(model.parameters()).device
    total, done = sum(config.frame_counts), 0
    for frame, weight in zip(config.model.frames, accumulate(config.frame_counts), strict=True):
        wanted = round(count * weight / total) - done
        for first in range(done, done + wanted, TILE):
            seeds = [derive_seed("row", seed, row) for row in range(first, min(first + TILE, done + wanted))]
            noise = RowNoise(seeds, frame, config.model.embedding_dim, device)
            yield (
                seeds,
                reverse_diffusion(model, noise(), noise, sampling or config.sampling, decode_when=decode_when),
            )
        done += wanted


@dataclass(frozen=True, slots=True)
class JudgedSample:
    """A sample and what is said of it; of one that is not accepted, ``novel`` and ``non_trivial`` are False.

    Samples are compared by their shape, see `shape`: ``=A1+B1`` and ``=C1+D1`` are one.
    """

    text: str
    verdict: Verdict
    first: bool  # no earlier sample has the same shape
    novel: bool  # no snippet of the training set has
    non_trivial: bool

    @property
    def good(self) -> bool:
        """Accepted, novel, distinct (each shape counts once) and non-trivial."""
        return self.verdict.accepted and self.first and self.novel and self.non_trivial


class SampleJudge:
    """Judges samples one after another; remembers their shapes, so that each counts once."""

    def __init__(self, language: Language, knows: Callable[[str], bool]) -> None:
        """``knows`` says whether a text's shape is in the training set."""
        self._language = language
        self._knows = knows
        self._seen: set[str] = set()

    def __call__(self, text: str) -> JudgedSample:
        """What is said of the next sample; the empty string is an undecodable one."""
        verdict = self._language.check(text)
        key = shape(self._language, text)
        first = key not in self._seen
        self._seen.add(key)
        if not verdict.accepted:
            return JudgedSample(text, verdict, first, novel=False, non_trivial=False)
        return JudgedSample(text, verdict, first, not self._knows(text), is_non_trivial(self._language, text))


def shape(language: Language, text: str) -> str:
    """What makes two snippets one when they are counted: structure tokens; in a language without, the sketch.

    Excel's functions belong to it. Attributes and called functions of Python, but the built-in ones, and commands,
    parameters, types and members of PowerShell are names like others: many are fillers of slots, and a new name makes
    no new structure.
    """
    if language.name not in STRUCTURED:
        return language.sketch(text)
    return " ".join(get_structure_tokens(language.name).structure(text, _SHAPE_WORDS[language.name]).tokens)


def sample_quality(language: Language, texts: list[str], knows: Callable[[str], bool]) -> dict[str, float]:
    """Shares of samples that are accepted, distinct, and accepted and novel and distinct and non-trivial.

    Distinct and novel, which ``knows`` tells, are of shapes. Non-trivial: see `is_non_trivial`.
    """
    samples = list(map(SampleJudge(language, knows), texts))
    accepted = sum(sample.verdict.accepted for sample in samples)
    return {
        "samples": len(samples),
        "accepted": accepted / len(samples),
        "distinct": sum(sample.first for sample in samples) / len(samples),
        "novel": sum(sample.novel for sample in samples) / max(1, accepted),
        "accepted_novel_distinct_nontrivial": sum(sample.good for sample in samples) / len(samples),
    }


def is_non_trivial(language: Language, text: str) -> bool:
    """Whether a text has a function, a keyword or an operator and at least four significant tokens."""
    tokens = [t for t in language.tokens(text) if t.kind not in (TokenKind.SPACE, TokenKind.NEWLINE, TokenKind.INDENT)]
    body = tokens[1:] if language.name == "excel" else tokens  # the leading = tells nothing
    telling = {TokenKind.FUNCTION, TokenKind.KEYWORD, TokenKind.OPERATOR}
    return len(tokens) >= 4 and any(t.kind in telling and t.text != ":" for t in body)


@torch.inference_mode()
def validation_loss(checkpoint: Checkpoint, rows: Sequence[Sequence[int]], seed: int) -> float:
    """Mean cross-entropy in nats a token over held-out token ids, at noise levels fixed by the seed; NaN of none."""
    from generators.diffusion.data import pad
    from generators.diffusion.loss import DiffusionLoss

    model, config = checkpoint.model, checkpoint.config.model
    loss = DiffusionLoss(model, padding_weight=0.0)
    device = next(model.parameters()).device
    total, count = 0.0, 0
    encoded = sorted(rows, key=len)
    for first in range(0, len(encoded), TILE):
        tile = encoded[first : first + TILE]
        tokens = pad(tile, config.frame(len(tile[-1])))
        generator = torch.Generator().manual_seed(derive_seed("validation", seed, first))
        level = ((torch.arange(len(tile)) + 0.5) / len(tile))[:, None]
        noise = torch.randn(*tokens.shape, config.embedding_dim, generator=generator)
        terms = loss(tokens.to(device), level.to(device), noise.to(device), False)
        total += float(terms.row_cross_entropy_B.sum())
        count += len(tile)
    return total / count if count else math.nan

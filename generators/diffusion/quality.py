"""How good samples are, judged by the language's own parser."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import accumulate

import torch

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import SamplingConfig
from generators.diffusion.sampler import DecodeWhen, RowNoise, Step, reverse_diffusion
from schemas.ids import derive_seed
from validators import Language, TokenKind, Verdict

TILE = 32


def draw_texts(checkpoint: Checkpoint, count: int, seed: int, sampling: SamplingConfig | None = None) -> list[str]:
    """``count`` samples c_0 from pure noise, each frame with its share; an undecodable one is the empty string."""
    texts: list[str] = []
    for steps in draw_trajectories(checkpoint, count, seed, sampling, decode_when=lambda t: False):
        last = deque(steps, maxlen=1).pop()
        assert last.tokens_BL is not None  # the step at 0 always is decoded
        texts += [checkpoint.tokenizer.decode(ids) or "" for ids in last.tokens_BL.tolist()]
    return texts


def draw_trajectories(
    checkpoint: Checkpoint, count: int, seed: int, sampling: SamplingConfig | None = None,
    *, decode_when: DecodeWhen = lambda t: True,
) -> Iterator[Iterator[Step]]:  # fmt: skip
    """``count`` trajectories from pure noise, each frame with its share, as tiles of some that run together."""
    config, model = checkpoint.config, checkpoint.model
    device = next(model.parameters()).device
    total, done = sum(config.frame_counts), 0
    for frame, weight in zip(config.model.frames, accumulate(config.frame_counts), strict=True):
        wanted = round(count * weight / total) - done
        for first in range(done, done + wanted, TILE):
            seeds = [derive_seed("row", seed, row) for row in range(first, min(first + TILE, done + wanted))]
            noise = RowNoise(seeds, frame, config.model.embedding_dim, device)
            yield reverse_diffusion(model, noise(), noise, sampling or config.sampling, decode_when=decode_when)
        done += wanted


@dataclass(frozen=True, slots=True)
class JudgedSample:
    """A sample and what is said of it; of one that is not accepted, ``novel`` and ``non_trivial`` are False."""

    text: str
    verdict: Verdict
    first: bool  # no earlier sample has the same text
    novel: bool  # no snippet of the training set has the same text
    non_trivial: bool

    @property
    def good(self) -> bool:
        """Accepted, novel, distinct (each text counts once) and non-trivial."""
        return self.verdict.accepted and self.first and self.novel and self.non_trivial


class SampleJudge:
    """Judges samples one after another; remembers their texts, so that each counts once."""

    def __init__(self, language: Language, knows: Callable[[str], bool]) -> None:
        """``knows`` says whether a text is in the training set."""
        self._language = language
        self._knows = knows
        self._seen: set[str] = set()

    def __call__(self, text: str) -> JudgedSample:
        """What is said of the next sample; the empty string is an undecodable one."""
        verdict = self._language.check(text)
        first = text not in self._seen
        self._seen.add(text)
        if not verdict.accepted:
            return JudgedSample(text, verdict, first, novel=False, non_trivial=False)
        return JudgedSample(text, verdict, first, not self._knows(text), is_non_trivial(self._language, text))


def sample_quality(language: Language, texts: list[str], training: Collection[str]) -> dict[str, float]:
    """Shares of samples that are accepted, distinct, and accepted and novel and distinct and non-trivial.

    Novel: not in the training set as text. Non-trivial: see `is_non_trivial`.
    """
    samples = list(map(SampleJudge(language, training.__contains__), texts))
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
def validation_loss(checkpoint: Checkpoint, snippets: list[str], seed: int) -> float:
    """Mean cross-entropy in nats a token over held-out snippets, at noise levels fixed by the seed; NaN of none."""
    from generators.diffusion.data import pad
    from generators.diffusion.loss import DiffusionLoss

    model, config = checkpoint.model, checkpoint.config.model
    loss = DiffusionLoss(model, padding_weight=0.0)
    device = next(model.parameters()).device
    total, count = 0.0, 0
    encoded = sorted((checkpoint.tokenizer.encode(s) for s in snippets), key=len)
    for first in range(0, len(encoded), TILE):
        rows = encoded[first : first + TILE]
        tokens = pad(rows, config.frame(len(rows[-1])))
        generator = torch.Generator().manual_seed(derive_seed("validation", seed, first))
        level = (torch.arange(len(rows)) + 0.5) / len(rows)
        noise = torch.randn(*tokens.shape, config.embedding_dim, generator=generator)
        terms = loss(tokens.to(device), level.to(device), noise.to(device), False)
        total += float(terms.row_cross_entropy_B.sum())
        count += len(rows)
    return total / count if count else math.nan

"""The figures of samples from pure noise: what is accepted, novel and distinct, by length and by kind of error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from generators.diffusion.config import SamplingConfig
from generators.diffusion.quality import JudgedSample
from generators.diffusion.training_set import TrainingSet
from pipeline.evaluation.samples.bootstrap import BINS, Array, Resampling, tenth
from pipeline.evaluation.samples.distributions import length_figures, word_figures
from pipeline.evaluation.statistics import Estimate, rate

LENGTHS = ((0, 4), (5, 8), (9, 12), (13, 16), (17, 24), (25, 32), (33, 48), (49, 64), (65, None))  # in tables
UNDECODABLE = "undecodable"

_EXAMPLES = 8  # of accepted samples, and of refused ones


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample, what is said of it, and what is counted."""

    judged: JudgedSample
    decodable: bool
    length: int
    words: frozenset[str]
    novel_sketch: bool


def measure(samples: Sequence[Sample], training: TrainingSet | None, seed: int) -> dict[str, Any]:
    """The figures of samples; what needs the training set is None without it."""
    judged = [sample.judged for sample in samples]
    accepted = [sample for sample in samples if sample.judged.verdict.accepted]
    shares: dict[str, Estimate | None] = {
        "accepted": rate([one.verdict.accepted for one in judged]),
        "distinct": rate([one.first for one in judged]),
        "non_trivial": rate([one.judged.non_trivial for one in accepted]),
        "novel": rate([one.judged.novel for one in accepted]) if training else None,
        "novel_sketch": rate([one.novel_sketch for one in accepted]) if training else None,
        "accepted_novel_distinct_nontrivial": rate([one.good for one in judged]) if training else None,
    }
    return {
        **{name: None if share is None else share.value for name, share in shares.items()},
        "intervals": {
            name: None if share is None else {"low": share.low, "high": share.high, "n": share.n}
            for name, share in shares.items()
        },
        "lengths": length_figures([one.length for one in accepted], training.lengths if training else None, seed),
        "words": word_figures(
            [one.words for one in accepted], training.words if training else None,
            training.snippets if training else 0, seed,
        ),
        "accepted_by_length": _by_length(samples, training),
        "refusals": _refusals(samples),
    }  # fmt: skip


def _by_length(samples: Sequence[Sample], training: TrainingSet | None) -> list[dict[str, Any]]:
    """Of each range of lengths, in significant tokens: its share of samples and of the data, and what is accepted."""
    found = []
    for low, high in LENGTHS:
        inside = [one.judged for one in samples if low <= one.length and (high is None or one.length <= high)]
        known = training.lengths if training else {}
        data = sum(n for size, n in known.items() if low <= size and (high is None or size <= high))
        if not inside and not data:
            continue
        found.append(
            {
                "low": low, "high": high, "samples": len(inside) / len(samples),
                "data": data / training.snippets if training else None,
                "accepted": asdict(rate([one.verdict.accepted for one in inside])) if inside else None,
            }
        )  # fmt: skip
    return found


def _refusals(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """The share of samples that are refused for each reason, the most frequent first."""
    kinds = Counter(kind for one in samples if (kind := _refusal(one)) is not None)
    n = len(samples)
    ordered = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    return [{"kind": kind, "share": asdict(rate([True] * found + [False] * (n - found)))} for kind, found in ordered]


def _refusal(sample: Sample) -> str | None:
    verdict = sample.judged.verdict
    if verdict.accepted:
        return None
    return str(verdict.kind) if sample.decodable else UNDECODABLE


def changes(changed: Sequence[Array], sampling: SamplingConfig, seed: int) -> dict[str, Any]:
    """The share of tokens that a step changes, by the t that it leads to and by tenth of the noise level."""
    steps = sampling.steps
    levels = [(t / steps) ** sampling.time_power for t in range(steps)]
    resampling, values_NT = Resampling(len(changed), seed), np.stack(changed)
    return {
        "noise_level": levels,
        "by_t": resampling.means(values_NT, range(steps)),
        "by_tenth": resampling.means(values_NT, [tenth(level) for level in levels], BINS),
    }


def examples(samples: Sequence[Sample]) -> dict[str, list[dict[str, Any]]]:
    """Some accepted samples and some refused ones, each text once, at even distances, so that every frame is seen."""
    accepted = {one.judged.text: one.judged for one in samples if one.judged.verdict.accepted}
    refused = {one.judged.text: one.judged for one in samples if one.decodable and not one.judged.verdict.accepted}
    return {
        "accepted": [{"text": one.text} for one in _spread(list(accepted.values()))],
        "refused": [
            {"text": one.text, "kind": str(one.verdict.kind), "message": one.verdict.message}
            for one in _spread(list(refused.values()))
        ],
    }


def _spread(samples: list[JudgedSample]) -> list[JudgedSample]:
    return [samples[i * len(samples) // _EXAMPLES] for i in range(_EXAMPLES)] if len(samples) > _EXAMPLES else samples

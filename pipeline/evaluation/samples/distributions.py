"""How samples are distributed against the data: their lengths, and the words that they hold.

Intervals are of 95%, by a bootstrap over samples. A distance of few samples is above 0 even where they are drawn from
the data itself; what it would then be on average is given as ``floor``. Resampling lifts a distance once more, so that
its interval takes from the bootstrap the spread alone: 1.96 standard deviations to both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluation.statistics import Estimate, rate
from schemas.ids import derive_seed

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)

_ROUNDS = 1_000  # of the bootstrap
_TOP = 40  # words that results list

Array = NDArray[np.float64]


def length_figures(samples: Sequence[int], data: Mapping[int, int] | None, seed: int) -> dict[str, Any] | None:
    """Mean, quantiles and histogram of lengths beside those of the data, and the distance of the two.

    The distance is Wasserstein's, in tokens: how far the average sample would have to be moved.

    Args:
        samples: their lengths.
        data: number of snippets by length; None where it is not known.
        seed: of the bootstrap.

    Returns:
        None where there are no samples.
    """
    if not samples:
        return None
    size = max([*samples, *(data or ())]) + 1
    counts_L = np.bincount(samples, minlength=size)
    rng = np.random.default_rng(derive_seed("lengths", seed))
    rounds_RL = rng.multinomial(len(samples), counts_L / len(samples), size=_ROUNDS)
    figures: dict[str, Any] = {
        "samples": _described(counts_L, rounds_RL),
        "data": None, "wasserstein": None, "floor": None,
        "histogram": {"samples": _sparse(counts_L), "data": None},
    }  # fmt: skip
    if data:
        data_L = np.zeros(size)
        data_L[list(data)] = list(data.values())
        share_L = data_L / data_L.sum()
        equal_RL = rng.multinomial(len(samples), share_L, size=_ROUNDS)
        described = _described(data_L.astype(np.int64), None)
        figures |= {
            "data": {name: figure["value"] for name, figure in described.items()},
            "wasserstein": _distance(
                _wasserstein(counts_L, share_L), _wasserstein(rounds_RL, share_L), len(samples)
            ),
            "floor": float(_wasserstein(equal_RL, share_L).mean()),
        }  # fmt: skip
        figures["histogram"]["data"] = _sparse(data_L)
    return figures


def word_figures(
    samples: Sequence[frozenset[str]], data: Mapping[str, int] | None, snippets: int, seed: int
) -> dict[str, Any] | None:
    """The words that most texts hold, in samples and in the data, and the distance of the two.

    The distance is the total variation of the shares that words have of all words, each counted once a text.

    Args:
        samples: the words of each.
        data: number of snippets by word; None where it is not known.
        snippets: in the data.
        seed: of the bootstrap.

    Returns:
        None where no sample holds a word.
    """
    counts = Counter(word for words in samples for word in words)
    if not counts:
        return None
    n, known = len(samples), data or {}
    share = {word: max(counts[word] / n, known.get(word, 0) / max(1, snippets)) for word in counts.keys() | known}
    top = sorted(share, key=lambda word: (-share[word], word))[:_TOP]
    figures: dict[str, Any] = {
        "top": [
            {
                "word": word,
                "samples": asdict(rate([word in words for words in samples])),
                "data": known.get(word, 0) / snippets if data is not None else None,
            }
            for word in top
        ],
        "different": {"samples": len(counts), "data": len(known) if data is not None else None},
        "total_variation": None,
        "floor": None,
    }
    if known:
        place = {word: i for i, word in enumerate(sorted(share))}
        has_NW = np.zeros((n, len(place)), dtype=np.float32)
        for row, words in enumerate(samples):
            has_NW[row, [place[word] for word in words]] = 1
        data_W = np.array([known.get(word, 0) for word in place], dtype=np.float64)
        data_W /= data_W.sum()
        rng = np.random.default_rng(derive_seed("words", seed))
        weights_RN = rng.multinomial(n, np.full(n, 1 / n), size=_ROUNDS).astype(np.float32)
        equal_RW = rng.multinomial(counts.total(), data_W, size=_ROUNDS)
        rounds_R = _total_variation(weights_RN @ has_NW, data_W)
        figures["total_variation"] = _distance(_total_variation(has_NW.sum(axis=0), data_W), rounds_R, n)
        figures["floor"] = float(_total_variation(equal_RW, data_W).mean())
    return figures


def _described(counts_L: NDArray[np.int64], rounds_RL: NDArray[np.int64] | None) -> dict[str, dict[str, float]]:
    """Mean and quantiles of a histogram; without resampled ones the interval is the value alone."""
    n = int(counts_L.sum())
    rounds_RL = counts_L[None] if rounds_RL is None else rounds_RL
    values_R = {"mean": rounds_RL @ np.arange(len(counts_L)) / n}
    value = {"mean": float(counts_L @ np.arange(len(counts_L)) / n)}
    for share in QUANTILES:
        name = f"{share:.0%}"
        values_R[name] = (rounds_RL.cumsum(axis=1) >= share * n).argmax(axis=1)
        value[name] = float((counts_L.cumsum() >= share * n).argmax())
    return {name: asdict(Estimate(value[name], *_middle(values_R[name]), n)) for name in value}


def _distance(value_1: Array, rounds_R: Array, n: int) -> dict[str, float]:
    value, half = float(value_1), 1.96 * float(rounds_R.std())
    return asdict(Estimate(value, max(0.0, value - half), value + half, n))


def _middle(values_R: Array) -> tuple[float, float]:
    low, high = np.quantile(values_R, (0.025, 0.975))
    return float(low), float(high)


def _wasserstein(counts_L: NDArray[Any], share_L: Array) -> Array:
    """Of one histogram, or of one in each row."""
    shares_L = counts_L / counts_L.sum(axis=-1, keepdims=True)
    return np.asarray(np.abs((shares_L - share_L).cumsum(axis=-1)).sum(axis=-1), dtype=np.float64)


def _total_variation(counts_W: NDArray[Any], share_W: Array) -> Array:
    """Of one count of words, or of one in each row; a row that drew no word at all is as far as can be."""
    total = counts_W.sum(axis=-1, keepdims=True)
    shares_W = np.divide(counts_W, total, out=np.zeros(counts_W.shape), where=total > 0)
    distance = np.asarray(np.abs(shares_W - share_W).sum(axis=-1) / 2, dtype=np.float64)
    return np.where(total[..., 0] > 0, distance, 1.0)


def _sparse(counts_L: NDArray[Any]) -> dict[str, int]:
    """By length, as JSON has it."""
    return {str(length): int(count) for length, count in enumerate(counts_L) if count}

"""`evaluate samples`: what a diffusion model writes from pure noise, and the pairs that its trajectories yield.

    OUT/samples.json                         identity, every figure with its interval, examples
    OUT/samples.md                           the same as tables, with what they mean
    OUT/lengths, words, changes, yields      .png and .svg

Validity alone can be gamed by trivial output. The figure to look at is accepted and novel and distinct and non-trivial,
each text counted once (`accepted_novel_distinct_nontrivial`). Trajectories are decoded at every timestep and looked at
one after another, so that memory does not grow with what is on the way.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from generators.diffusion.checkpoint import checkpoint_hash, find_checkpoint, load_checkpoint
from generators.diffusion.config import SamplingConfig
from generators.diffusion.generator import sampling_settings
from generators.diffusion.quality import JudgedSample, SampleJudge
from generators.diffusion.training_set import SUMMARY, TrainingSet, counted_words, length, load_training_set, words_of
from generators.diffusion.yields import YieldOption, Yields, write_yields
from pipeline.evaluation.distributions import length_figures, word_figures
from pipeline.evaluation.samples_report import draw_figures, markdown
from pipeline.evaluation.statistics import Estimate, rate
from pipeline.evaluation.trajectory import (
    BINS,
    Array,
    Resampling,
    State,
    language_changes,
    sample_trajectories,
    tenth,
    texts_by_t,
)
from pipeline.evaluation.yields import OPTIONS, THOUSAND, Selection, Ways
from pipeline.storage import Storage
from schemas.config import DiffusionOptions
from schemas.errors import RequestError
from validators import Language, get_language

FORMAT = 1
LENGTHS = ((0, 4), (5, 8), (9, 12), (13, 16), (17, 24), (25, 32), (33, 48), (49, 64), (65, None))  # in tables
UNDECODABLE = "undecodable"

_EXAMPLES = 8  # of accepted samples, and of refused ones
_TELL_EVERY = 10.0  # seconds

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample, what is said of it, and what is counted."""

    judged: JudgedSample
    decodable: bool
    length: int
    words: frozenset[str]
    novel_sketch: bool


class _Observer:
    """Looks at trajectories one after another."""

    def __init__(self, language: Language, training: TrainingSet | None, steps: int, seed: int) -> None:
        self._language = language
        self._training = training
        self._steps = steps
        self._judge = SampleJudge(language, training.knows if training else lambda text: True)
        self.samples: list[Sample] = []
        self.changed: list[Array] = []  # of each trajectory, by the t that a step leads to
        self.ways = Ways(language)
        self.selections = [Selection(option, language, seed) for option in OPTIONS]

    def add(self, states: list[State]) -> None:
        """The next trajectory."""
        language, training, text = self._language, self._training, states[-1].text
        judged = self._judge(text or "")
        known = training is not None and training.knows_sketch(language, judged.text)
        self.samples.append(
            Sample(
                judged=judged, decodable=text is not None, length=length(language, judged.text),
                words=words_of(language, judged.text), novel_sketch=judged.verdict.accepted and not known,
            )
        )  # fmt: skip
        self.changed.append(language_changes(language, [states], self._steps).changed[0])
        by_t = texts_by_t(states)
        self.ways.add(by_t)
        for selection in self.selections:
            selection.add(by_t)


def evaluate_samples(
    *, language: str, checkpoint: str | None, count: int, seed: int, options: DiffusionOptions | None = None,
    out: Path | None = None, record: str | None = None, tell: Tell = lambda line: None,
) -> dict[str, Any]:  # fmt: skip
    """Sample, measure, and write the results into ``out``; gives what samples.json holds.

    Args:
        language: of the model.
        checkpoint: its folder; None: the bundled one.
        count: samples.
        seed: of their noise, of the draws from trajectories, and of the bootstrap.
        options: how the reverse process is run, where not as the checkpoint says.
        out: a local folder; None: nothing is written.
        record: the command that measures; given, the yields are kept in the checkpoint's folder.
        tell: gets lines of progress.

    Raises:
        RequestError: there is no such checkpoint, or a folder cannot be written.
    """
    own = get_language(language)
    folder = find_checkpoint(language, checkpoint)
    _check_folders(out, folder if record else None)
    training = load_training_set(folder)
    model = load_checkpoint(folder, language)
    if training is None:
        tell(
            f"{folder} has no {SUMMARY}, so novelty and distances to the data are not known: the `train` command "
            "in its README.md, given once more on the folder of the training, adds it"
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.model.to(device)
    sampling = sampling_settings(options or DiffusionOptions(), model.config.sampling)
    observer = _Observer(own, training, sampling.steps, seed)
    times = _observe(observer, sample_trajectories(model, count, seed, sampling), count, tell)
    results: dict[str, Any] = {
        "format": FORMAT,
        "language": language,
        "model": checkpoint_hash(folder),
        "sampling": sampling.model_dump(),
        "samples": count,
        "seed": seed,
        "device": device,
        "parsers": dict(own.parsers),
        "training_set": {"snippets": training.snippets, "sketches": len(training.sketches)} if training else None,
        "counted_words": counted_words(own),
        **measure(observer.samples, training, seed),
        "changes": changes(observer.changed, sampling, seed),
        "yields": {
            "on_the_way": observer.ways.figures(seed),
            "options": [selection.figures() for selection in observer.selections],
        },
        "examples": examples(observer.samples),
        "measured": {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": _machine(device),
            **times,
            "pairs_a_minute": {
                one.option.name: round(one.pairs_a_minute(times["sampling_cpu_seconds"] / count), 2)
                for one in observer.selections
            },
        },
    }
    if out is not None:
        storage = Storage(str(out))
        images = draw_figures(results, out)
        storage.write("samples.md", markdown(results, images).encode("utf-8", "replace"))
        storage.write("samples.json", json.dumps(results, indent=1).encode())
    if record is not None:
        write_yields(folder, _yields(results, record))
    return results


def _check_folders(out: Path | None, record: Path | None) -> None:
    """Whether they can be written, before anything is sampled."""
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError(f"cannot make the folder {out} ({error.strerror}); choose another --out") from error
    for folder in (out, record):
        if folder is not None and not os.access(folder, os.W_OK):
            raise RequestError(f"cannot write into {folder}; choose a folder of your own")


def _observe(observer: _Observer, trajectories: Iterator[list[State]], count: int, tell: Tell) -> dict[str, Any]:
    """Draw all trajectories; gives the seconds that it took."""
    begun = told = time.monotonic()
    sampling = judging = 0.0
    while True:
        started = time.process_time()
        states = next(trajectories, None)
        drawn = time.process_time()
        sampling += drawn - started
        if states is None:
            break
        observer.add(states)
        judging += time.process_time() - drawn
        done, now = len(observer.samples), time.monotonic()
        if now - told >= _TELL_EVERY or done == count:
            told = now
            tell(f"{done:,} of {count:,} samples, {done / (now - begun):.1f} a second")
    return {
        "seconds": round(time.monotonic() - begun, 3),
        "sampling_cpu_seconds": round(sampling, 3),
        "judging_cpu_seconds": round(judging, 3),
        "samples_a_second_and_core": round(count / max(sampling, 1e-9), 3),
    }


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


def _machine(device: str) -> str:
    name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, PyTorch {torch.__version__} on {device}"


def _yields(results: dict[str, Any], command: str) -> Yields:
    measured = results["measured"]
    return Yields(
        date=measured["date"], machine=measured["machine"], command=command, samples=results["samples"],
        options=[
            YieldOption(
                name=option["name"],
                settings=" ".join(f"--set {shlex.quote(setting)}" for setting in option["settings"]),
                pairs_per_thousand=round(THOUSAND * option["pairs"]["value"], 1),
                near_per_thousand=round(THOUSAND * option["near"]["value"], 1),
                pairs_a_minute=measured["pairs_a_minute"][option["name"]],
            )
            for option in results["yields"]["options"]
        ],
    )  # fmt: skip

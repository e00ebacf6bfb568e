"""`evaluate samples`: what a diffusion model writes from pure noise, and the pairs that its trajectories yield.

    OUT/samples.json                         identity, every figure with its interval, examples
    OUT/samples.md                           the same as tables, with what they mean
    OUT/lengths, words, changes, yields      .png and .svg

Validity alone can be gamed by trivial output. The figure to look at is accepted and novel and distinct and non-trivial,
each structure counted once (`accepted_novel_distinct_nontrivial`). Trajectories are decoded at every timestep and
looked at one after another, so that memory does not grow with their number.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from generators.diffusion.checkpoint import checkpoint_hash, find_checkpoint, load_checkpoint
from generators.diffusion.quality import SampleJudge
from generators.diffusion.sampling import sampling_settings
from generators.diffusion.training_set import SUMMARY, TrainingSet, counted_words, length, load_training_set, words_of
from generators.diffusion.yields import YieldOption, Yields, write_yields
from pipeline.evaluation.samples.bootstrap import Array
from pipeline.evaluation.samples.report import draw_figures, markdown
from pipeline.evaluation.samples.statistics import Sample, changes, examples, measure
from pipeline.evaluation.samples.trajectory import State, language_changes, sample_trajectories, texts_by_t
from pipeline.evaluation.samples.yields import OPTIONS, THOUSAND, OutcomesByTimestep, Selection
from pipeline.files.folders import make_folder
from pipeline.files.storage import Storage
from schemas.config import DiffusionOptions
from validators import Language, get_language

FORMAT = 1
_TELL_EVERY = 10.0  # seconds

Tell = Callable[[str], None]


class _Observer:
    """Looks at trajectories one after another."""

    def __init__(self, language: Language, training: TrainingSet | None, steps: int, seed: int) -> None:
        self._language = language
        self._training = training
        self._steps = steps
        self._judge = SampleJudge(language, training.knows if training else lambda text: True)
        self.samples: list[Sample] = []
        self.changed: list[Array] = []  # of each trajectory, by the t that a step leads to
        self.outcomes = OutcomesByTimestep(language)
        self.selections = [Selection(option, language, seed) for option in OPTIONS]

    def add(self, states: list[State]) -> None:
        """The next trajectory."""
        language, training, text = self._language, self._training, states[-1].text
        judged = self._judge(text or "")
        known = training is not None and training.knows_sketch(judged.text)
        self.samples.append(
            Sample(
                judged=judged, decodable=text is not None, length=length(language, judged.text),
                words=words_of(language, judged.text), novel_sketch=judged.verdict.accepted and not known,
            )
        )  # fmt: skip
        self.changed.append(language_changes(language, [states], self._steps).changed[0])
        by_t = texts_by_t(states)
        self.outcomes.add(by_t)
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
    for place in (out, folder if record else None):
        if place is not None:
            make_folder(place)
    training = load_training_set(folder, own)
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
            "on_the_way": observer.outcomes.figures(seed),
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


def _machine(device: str) -> str:
    name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, PyTorch {torch.__version__} on {device}"


def _yields(results: dict[str, Any], command: str) -> Yields:
    measured = results["measured"]
    return Yields(
        model=results["model"], date=measured["date"], machine=measured["machine"], command=command,
        samples=results["samples"],
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

"""`evaluate trajectory`: how texts change on the way from pure noise to code (paper, Figure 2).

    OUT/trajectory.json                      identity, every figure with its interval, an example
    OUT/trajectory.md                        the same as tables, with what they mean
    OUT/figure-2.png, .svg, figure-2-repair.png, .svg

Every trajectory is decoded at each of its T + 1 timesteps. A step leads from the text at t + 1 to the text at t, and is
plotted at t/T; the two texts are aligned by `validators.diff`. Of a step is measured

- the share of tokens changed: their Levenshtein distance over the tokens of the longer text;
- the largest distance between two edits: tokens from the first to the last edit, counted on the later text, and the
  same over that text's tokens. A single edit counts 0; steps without an edit are left out, and counted.

Both in tokens of the language, without spaces, as the figures of datasets have them, and in tokens of the model. A text
that holds the model's unknown token cannot be decoded: it counts as not accepted, and steps from or to it are left out
of the figures in tokens of the language; those in tokens of the model hold all steps. Intervals are of 95%, by a
bootstrap over trajectories; n counts steps or texts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch

from generators.diffusion.checkpoint import Checkpoint, checkpoint_hash, find_checkpoint, load_checkpoint
from generators.diffusion.config import EOS, PAD, SamplingConfig
from generators.diffusion.quality import draw_trajectories
from pipeline.evaluation.samples.bootstrap import BINS, Array, Resampling, tenth
from pipeline.evaluation.samples.trajectory_report import draw_figures, markdown
from pipeline.files.folders import make_folder
from pipeline.files.storage import Storage
from validators import Language, get_language
from validators.diff import compare, significant, texts

FORMAT = 1


@dataclass(slots=True)
class State:
    """What a trajectory holds from one timestep down to another."""

    first: int
    last: int
    ids: tuple[int, ...]  # up to the end of the sequence
    text: str | None  # None: undecodable


@dataclass(frozen=True, slots=True)
class Changes:
    """Of every step of every trajectory, by the t that it leads to; shape (trajectories, T)."""

    changed: Array  # share of tokens; NaN: left out
    distance: Array  # between the outermost edits, in tokens; NaN: left out, or no edit
    relative: Array  # the same over the tokens of the later text


def evaluate_trajectory(
    *, language: str, checkpoint: str | None, count: int, seed: int, out: Path, steps: int | None = None
) -> dict[str, Any]:
    """Sample, measure, and write the results into ``out``; gives what trajectory.json holds.

    Args:
        language: of the model.
        checkpoint: its folder; None: the bundled one.
        count: trajectories.
        seed: of their noise, and of the bootstrap.
        out: a local folder.
        steps: T of the reverse process; the checkpoint's own if not given.

    Raises:
        RequestError: there is no such checkpoint, or ``out`` cannot be made.
    """
    own = get_language(language)
    folder = find_checkpoint(language, checkpoint)
    model = load_checkpoint(folder, language)
    make_folder(out)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.model.to(device)
    sampling = model.config.sampling.model_copy(update={} if steps is None else {"steps": steps})
    trajectories = list(sample_trajectories(model, count, seed, sampling))
    results: dict[str, Any] = {
        "format": FORMAT,
        "language": language,
        "model": checkpoint_hash(folder),
        "sampling": sampling.model_dump(),
        "trajectories": count,
        "seed": seed,
        "device": device,
        "parsers": dict(own.parsers),
        **measure(own, trajectories, sampling, seed),
        "example": _example(own, trajectories),
    }
    storage = Storage(str(out))
    images = draw_figures(results, out)
    storage.write("trajectory.md", markdown(results, images).encode("utf-8", "replace"))
    storage.write("trajectory.json", json.dumps(results, indent=1).encode())
    return results


def sample_trajectories(
    checkpoint: Checkpoint, count: int, seed: int, sampling: SamplingConfig
) -> Iterator[list[State]]:
    """Trajectories from pure noise, from the first state to the last; they end in `quality.draw_texts`."""
    for seeds, steps in draw_trajectories(checkpoint, count, seed, sampling):
        tile: list[list[State]] = []
        for step in steps:
            assert step.tokens_BL is not None  # every step is decoded
            tokens_BL = step.tokens_BL.tolist()
            tile = tile or [[] for _ in tokens_BL]
            for states, tokens in zip(tile, tokens_BL, strict=True):
                ids = tuple(tokens[: next((i for i, token in enumerate(tokens) if token in (EOS, PAD)), None)])
                if states and states[-1].ids == ids:
                    states[-1].last = step.t
                else:
                    states.append(State(step.t, step.t, ids, None))
        for row_seed, states in zip(seeds, tile, strict=True):
            for state in states:  # only now: the last text's slots are filled first
                state.text = checkpoint.tokenizer.decode(state.ids, row_seed, like=states[-1].ids)
            yield states


def texts_by_t(states: Sequence[State]) -> list[str | None]:
    """The text of a trajectory at every t, from 0 on up."""
    return [state.text for state in reversed(states) for _ in range(state.last, state.first + 1)]


def language_changes(language: Language, trajectories: Sequence[list[State]], steps: int) -> Changes:
    """Changes in significant tokens of the language."""

    @cache
    def tokens(text: str) -> list[str]:
        return texts(significant(language, text))

    return _changes(trajectories, steps, lambda state: None if state.text is None else tokens(state.text))


def model_changes(trajectories: Sequence[list[State]], steps: int) -> Changes:
    """Changes in tokens of the model."""
    return _changes(trajectories, steps, lambda state: [str(token) for token in state.ids])


def _changes(trajectories: Sequence[list[State]], steps: int, tokens: Callable[[State], list[str] | None]) -> Changes:
    changed = np.zeros((len(trajectories), steps))
    distance, relative = (np.full((len(trajectories), steps), math.nan) for _ in range(2))
    for row, states in enumerate(trajectories):
        before: list[str] | None = None
        for number, state in enumerate(states):
            after = tokens(state)
            if after is None:
                changed[row, state.last : state.first + 1] = math.nan  # the steps that lead to it
            elif before is not None:
                diff = compare(before, after)
                changed[row, state.first] = diff.normalized
                if diff.distance:
                    distance[row, state.first] = diff.span
                    relative[row, state.first] = diff.span / max(1, len(after))
            elif number:
                changed[row, state.first] = math.nan  # the step that leads away from it
            before = after
    return Changes(changed, distance, relative)


def texts_that(holds: Callable[[str | None], bool], trajectories: Sequence[list[State]], steps: int) -> Array:
    """1 where something holds of the text at t, else 0; shape (trajectories, T + 1)."""
    found = np.zeros((len(trajectories), steps + 1))
    for row, states in enumerate(trajectories):
        for state in states:
            found[row, state.last : state.first + 1] = holds(state.text)
    return found


def settled_at(states: Sequence[State]) -> int:
    """The first t, counting down, from which the text does not change any more."""
    settled = states[-1]
    for state in reversed(states):
        if state.text != settled.text or (state.text is None and state.ids != settled.ids):
            break
        settled = state
    return settled.first


def measure(
    language: Language, trajectories: Sequence[list[State]], sampling: SamplingConfig, seed: int
) -> dict[str, Any]:
    """The figures by t (steps by the t that they lead to) and by tenth of the noise level, and when texts settle."""
    steps = sampling.steps
    levels = [(t / steps) ** sampling.time_power for t in range(steps + 1)]
    bins = [tenth(level) for level in levels]
    resampling = Resampling(len(trajectories), seed)
    series = {
        "accepted": texts_that(cache(partial(_accepts, language)), trajectories, steps),
        "undecodable": texts_that(lambda text: text is None, trajectories, steps),
    }
    for unit, changes in (
        ("language_tokens", language_changes(language, trajectories, steps)),
        ("model_tokens", model_changes(trajectories, steps)),
    ):
        edited = np.where(np.isnan(changes.changed), math.nan, ~np.isnan(changes.distance))
        series |= {f"{unit}.steps_with_edits": edited}
        series |= {f"{unit}.{name}": values for name, values in asdict(changes).items()}
    settled = [settled_at(states) for states in trajectories]
    return {
        "noise_level": levels,
        "by_t": {name: resampling.means(values, range(values.shape[1])) for name, values in series.items()},
        "by_tenth": {name: resampling.means(values, bins[: values.shape[1]], BINS) for name, values in series.items()},
        "settled": {
            "t": settled,
            "median_noise_level": float(np.median([levels[t] for t in settled])),
            "by_tenth": [sum(bins[t] == number for t in settled) for number in range(BINS)],
        },
    }


def _accepts(language: Language, text: str | None) -> bool:
    return text is not None and language.check(text).accepted


def _example(language: Language, trajectories: Sequence[list[State]]) -> list[dict[str, Any]]:
    """Of the trajectories that end in accepted code the one whose text is of median length; equal texts as one."""

    def length(states: list[State]) -> int:
        return len(significant(language, states[-1].text or ""))

    good = [states for states in trajectories if _accepts(language, states[-1].text)]
    ordered = sorted(good or trajectories, key=length)
    shown = []
    for text, group in groupby(ordered[len(ordered) // 2], key=lambda state: state.text):
        states = list(group)
        accepted = _accepts(language, text)
        shown.append({"first": states[0].first, "last": states[-1].last, "text": text, "accepted": accepted})
    return shown

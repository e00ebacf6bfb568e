"""A training run of a fixer or breaker in a folder: prepared once, resumed exactly, exported at intervals.

The folder holds the checkpoint itself and `training/`: the prepared pairs, the state and the log.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from generators.bifi.card import write_card
from generators.bifi.checkpoint import (
    VOCABULARY,
    CheckpointConfig,
    read_config,
    read_vocabulary,
    read_weights,
    rewriter_hash,
    save_checkpoint,
)
from generators.bifi.config import PRESETS, Preset, Role
from generators.bifi.critic import is_breakage, is_repair
from generators.bifi.data import Batches, Dataset, TextPair, bucket, prepare
from generators.bifi.model import forced_logits, pad, weights
from generators.bifi.rewriter import Rewriter
from generators.bifi.training import Progress, Trainer
from generators.bifi.vocabulary import PAD, Vocabulary
from generators.bifi.words import mask
from generators.checkpoints import CheckpointError
from generators.training_state import check_same_run, read_log, write_log
from schemas.files import write_whole
from validators import Language

Report = Callable[[dict[str, Any]], None]

BEAMS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How often a run logs, saves and evaluates, in steps; changes nothing of what is learned."""

    log_every: int = 50
    save_every: int = 500
    evaluate_every: int = 2_000
    searched: int = 200  # held-out pairs that are searched at an evaluation; after the last step, five times as many


def train_rewriter(
    *, folder: Path, language: Language, role: Role, pairs: Callable[[], Sequence[TextPair]], preset: str | Preset,
    start_from: Path | None = None, steps: int | None = None, seed: int | None = None,
    report: Report = lambda line: None, should_stop: Callable[[], bool] = lambda: False,
    provenance: Mapping[str, str] | None = None, schedule: Schedule | None = None, device: str = "cpu",
) -> bool:  # fmt: skip
    """Train a rewriter of (source, target) texts in ``folder``, or go on where it was stopped.

    ``start_from`` is a checkpoint whose weights and vocabulary it begins with. ``pairs`` is called once, before the
    first step. ``provenance`` is part of the run's identity and goes into the model card. False where
    ``should_stop`` ended it before the last step; its state is saved either way.

    Raises:
        CheckpointError: the folder holds another run, or a state or checkpoint is damaged or does not fit.
        PairsError: too few pairs.
    """
    run = TrainingRun(
        folder=folder, language=language, role=role, pairs=pairs, preset=preset, start_from=start_from, steps=steps,
        seed=seed, provenance=provenance or {}, schedule=schedule or Schedule(), device=device,
    )  # fmt: skip
    return run.run(report, should_stop)


class TrainingRun:
    """One run in one folder."""

    def __init__(
        self, *, folder: Path, language: Language, role: Role, pairs: Callable[[], Sequence[TextPair]],
        preset: str | Preset, start_from: Path | None, steps: int | None, seed: int | None,
        provenance: Mapping[str, str], schedule: Schedule, device: str,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.language = language
        self.role = role
        self.preset_name = preset if isinstance(preset, str) else "custom"
        settings = PRESETS[preset] if isinstance(preset, str) else preset
        given = {"steps": steps, "seed": seed}
        changed = {key: value for key, value in given.items() if value is not None}
        self.preset = settings.model_copy(update={"training": settings.training.model_copy(update=changed)})
        self.provenance = dict(provenance)
        self.schedule = schedule
        self._work = folder / "training"
        self._start = start_from
        self.dataset = self._prepared(pairs)
        batches = Batches(self.dataset, self.preset.training)
        vocabulary = len(self.dataset.vocabulary)
        self.trainer = Trainer(self.preset.model, self.preset.training, batches, vocabulary, device)
        self.resumed = self.trainer.resume(self._work)
        if start_from is not None and not self.resumed:
            read_weights(start_from, self.trainer.model, self.trainer.averaged)
        self._log = read_log(self._work, self.trainer.step)

    def _identity(self) -> dict[str, Any]:
        settings = self.preset.model_dump(exclude={"search": True, "training": {"steps"}})  # a run may be made longer
        flat = {f"{group}.{key}": value for group, values in settings.items() for key, value in values.items()}
        start = rewriter_hash(self._start) if self._start is not None else None
        return {"language": self.language.name, "role": self.role, "start_from": start, **self.provenance, **flat}

    def _prepared(self, pairs: Callable[[], Sequence[TextPair]]) -> Dataset:
        start = read_config(self._start, self.language.name) if self._start is not None else None
        if start is not None and start.model != self.preset.model:
            raise CheckpointError(
                f"checkpoint {self._start} is a model of another shape than the preset's: train with its preset"
            )
        file, vocabulary_file = self._work / "pairs.json", self._work / VOCABULARY
        if file.is_file():
            return self._read_prepared(file, vocabulary_file)
        vocabulary = read_vocabulary(self._start) if self._start is not None else None
        dataset = prepare(self.language, pairs(), self.preset.model, self.preset.training, vocabulary)
        self._work.mkdir(parents=True, exist_ok=True)
        dataset.vocabulary.save(vocabulary_file)
        content = {"identity": self._identity(), "train": dataset.train, "held_out": dataset.held_out}
        write_whole(file, json.dumps(content))
        return dataset

    def _read_prepared(self, file: Path, vocabulary_file: Path) -> Dataset:
        try:
            saved = json.loads(file.read_text())
            vocabulary = Vocabulary.load(vocabulary_file)
            theirs, train, held_out = saved["identity"], saved["train"], saved["held_out"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{file} is damaged ({error!r}): delete {self._work} to start anew") from error
        check_same_run(self.folder, theirs, self._identity())
        return Dataset(
            train=[(tuple(a), tuple(b)) for a, b in train], held_out=[(a, b) for a, b in held_out],
            vocabulary=vocabulary,
        )  # fmt: skip

    def run(self, report: Report, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Train to the end; False where ``should_stop`` ended it first. Either way the state is saved."""
        started, busy, tokens, loss, steps = time.perf_counter(), time.process_time(), 0, 0.0, 0
        spent = self._log[-1]["core_seconds"] if self._log else 0.0
        finished = self.trainer.settings.steps
        if self.trainer.step >= finished and not self._exported():  # it was stopped, and now fewer steps are asked for
            self._evaluate(self.trainer.step, spent)
        for progress in self.trainer.run():
            tokens, loss, steps = tokens + progress.tokens, loss + progress.loss, steps + 1
            last = progress.step == finished
            if progress.step % self.schedule.log_every == 0 or last:
                core_seconds = round(spent + time.process_time() - busy, 1)
                line = self._line(progress, loss / steps) | {
                    "tokens_per_second": round(tokens / (time.perf_counter() - started)), "core_seconds": core_seconds,
                }  # fmt: skip
                loss, steps = 0.0, 0
                if progress.step % self.schedule.evaluate_every == 0 or last:
                    paused = time.perf_counter()
                    line |= self._evaluate(progress.step, core_seconds)
                    started += time.perf_counter() - paused
                self._log.append(line)
                report(line)
            stop = should_stop()
            if progress.step % self.schedule.save_every == 0 or last or stop:
                self._save()
            if stop:
                return last
        return True

    @staticmethod
    def _line(progress: Progress, loss: float) -> dict[str, Any]:
        return {"step": progress.step, "loss": loss, "learning_rate": progress.learning_rate}

    def _save(self) -> None:
        write_log(self._work, self._log)
        self.trainer.save(self._work)

    def _exported(self) -> bool:
        try:
            return read_config(self.folder, self.language.name).trained_steps == self.trainer.step
        except (OSError, CheckpointError):
            return False

    def rewriter(self) -> Rewriter:
        """The model with averaged weights, ready to rewrite."""
        return Rewriter(self.trainer.averaged, self.dataset.vocabulary, self.language, self.preset.search)

    def _evaluate(self, step: int, core_seconds: float) -> dict[str, Any]:
        """Judge outputs on held-out pairs, export the checkpoint with its card, and give the figures."""
        rewriter = self.rewriter()
        last = step >= self.trainer.settings.steps
        searched = self.dataset.held_out[: self.schedule.searched * (5 if last else 1)]
        figures = search_figures(rewriter, self.role, searched)
        figures["forced_match"] = forced_match(rewriter, self.dataset.held_out)
        config = CheckpointConfig(
            language=self.language.name, role=self.role, preset=self.preset_name, model=self.preset.model,
            training=self.preset.training, search=self.preset.search, trained_steps=step,
        )  # fmt: skip
        log = [*self._log, {"step": step, "core_seconds": core_seconds, **figures}]
        parameters = sum(tensor.numel() for tensor in weights(rewriter.model).values())
        card = write_card(config, parameters, self.dataset, self.provenance, log)
        save_checkpoint(self.folder, config, rewriter.model, self.dataset.vocabulary, card)
        return figures


@torch.inference_mode()
def forced_match(rewriter: Rewriter, pairs: Sequence[TextPair]) -> float:
    """The share of pairs whose every word is the likeliest given the words before it: there greedy search is exact."""
    language, vocabulary = rewriter.language, rewriter.vocabulary
    masked = [(mask(language, a), mask(language, b)) for a, b in pairs]
    encoded = [vocabulary.encode_pair(a.words, b.words) for a, b in masked if a and b]
    right = 0
    for rows in bucket([pair for pair in encoded if pair], 8_192):
        source_BS, target_BL = (pad([pair[side] for pair in rows]).to(rewriter.model.device) for side in (0, 1))
        best_BL = forced_logits(rewriter.model, source_BS, target_BL).argmax(-1)
        right += int(((best_BL == target_BL) | (target_BL == PAD)).all(1).sum())
    return round(right / max(1, len(pairs)), 4)


def search_figures(rewriter: Rewriter, role: Role, pairs: Sequence[TextPair]) -> dict[str, Any]:
    """What the beam search makes of the sources: shares of exact first outputs, and of outputs that pass the critic."""
    language = rewriter.language
    exact = first = any_of = 0
    examples: list[tuple[str, str]] = []
    started = time.process_time()
    found = list(rewriter.rewrite([source for source, _ in pairs], BEAMS))
    core_seconds = time.process_time() - started
    for (source, target), outputs in zip(pairs, found, strict=True):
        passed = [
            is_repair(language, source, text) if role == "fixer" else is_breakage(language, text, source)
            for text in outputs
        ]  # fmt: skip
        meant = mask(language, target)
        got = mask(language, outputs[0]) if outputs else None
        exact += bool(meant and got and meant.words == got.words)
        first += passed[:1] == [True]
        any_of += any(passed)
        if outputs and len(examples) < 6:
            examples.append((source, outputs[0]))
    n = max(1, len(pairs))
    return {
        "outputs_of": len(pairs), "exact_match": round(exact / n, 4), "critic_top": round(first / n, 4),
        "critic_any": round(any_of / n, 4), "snippets_per_core_second": round(len(pairs) / max(core_seconds, 1e-9), 1),
        "examples": examples,
    }  # fmt: skip

"""A training run in a folder: prepared once, resumed exactly, exported as a checkpoint at intervals.

The folder holds the checkpoint itself and `training/`: the prepared dataset, the state and the log.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from generators.checkpoints import CheckpointError
from generators.diffusion.card import Source, write_card
from generators.diffusion.checkpoint import (
    Checkpoint,
    CheckpointConfig,
    load_tokenizer,
    read_config,
    save_checkpoint,
)
from generators.diffusion.config import Preset
from generators.diffusion.data import Batches, Dataset, frame_counts, prepare
from generators.diffusion.finishing import seconds_of
from generators.diffusion.gpu import DeviceBatches
from generators.diffusion.quality import draw_texts, sample_quality, validation_loss
from generators.diffusion.run_identity import check_identity, run_identity
from generators.diffusion.training import Progress, Trainer
from generators.diffusion.training_set import HASHES, SUMMARY, TrainingSet, describe, load_training_set
from generators.training_state import read_log, write_log
from schemas.files import write_whole
from validators import Language

__all__ = ["GPU_SCHEDULE", "Schedule", "Source", "TrainingRun"]

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How often a run logs, saves and evaluates, in steps; changes nothing of what is learned."""

    log_every: int = 50
    save_every: int = 250
    evaluate_every: int = 2_000  # 0: at half of the training only; in any case at its end
    evaluate_samples: int = 128
    final_samples: int = 1_000  # judged after the last step


GPU_SCHEDULE = Schedule(log_every=100, save_every=5_000, evaluate_every=0)  # a GPU that is lent is not to wait


class TrainingRun:
    """One run in one folder."""

    def __init__(
        self, *, folder: Path, language: Language, preset_name: str, preset: Preset, source: Source,
        read: Callable[[], Sequence[str]], drop: Callable[[str], bool] = lambda code: False,
        schedule: Schedule | None = None, device: str = "cpu",
    ) -> None:  # fmt: skip
        """``read`` gives the corpus, where it is not prepared yet; what ``drop`` says yes to is left out of it."""
        self.folder = folder
        self.language = language
        self.preset_name = preset_name
        self.preset = preset
        self.source = source
        self.schedule = schedule or (Schedule() if device == "cpu" else GPU_SCHEDULE)
        self._work = folder / "training"
        self.dropped = 0
        self.dataset = self._prepared(read, drop)
        on_gpu = torch.device(device).type == "cuda"
        batches = DeviceBatches(self.dataset, preset, torch.device(device)) if on_gpu else Batches(self.dataset, preset)
        self.trainer = Trainer(preset, batches, len(self.dataset.tokenizer), device)
        self.resumed = self.trainer.resume(self._work)
        self._log = read_log(self._work, self.trainer.step)
        if self.resumed and not self.trainer.seconds:
            self.trainer.seconds = seconds_of({}, self._log)

    def _prepared(self, read: Callable[[], Sequence[str]], drop: Callable[[str], bool]) -> Dataset:
        file, tokenizer_file = self._work / "dataset.json", self._work / "tokenizer.json"
        identity = run_identity(self.language.name, self.source, self.preset)
        if file.is_file():
            try:
                saved = json.loads(file.read_text())
            except ValueError as error:
                raise CheckpointError(f"{file} is damaged ({error}): delete {self._work} to start anew") from error
            check_identity(self.folder, saved["identity"], identity)
            tokenizer = load_tokenizer(tokenizer_file, self.preset.training, self.language.name)
            self.dropped = saved.get("dropped", 0)
            return Dataset(train=saved["train"], validation=saved["validation"], tokenizer=tokenizer)
        snippets = read()
        kept = [code for code in snippets if not drop(code)]
        self.dropped = len(snippets) - len(kept)
        dataset = prepare(self.language, kept, self.preset)
        if not dist.is_initialized() or dist.get_rank() == 0:
            self._work.mkdir(parents=True, exist_ok=True)
            dataset.tokenizer.save(tokenizer_file)
            content = {
                "identity": identity, "dropped": self.dropped, "train": dataset.train, "validation": dataset.validation,
            }  # fmt: skip
            write_whole(file, json.dumps(content))
        return dataset

    def header(self) -> dict[str, Any]:
        """What is known before the first step."""
        counts, precision = self.trainer.model.parameter_counts(), self.trainer.precision
        return {
            "parameters": counts["total"], "without_embeddings": counts["without_embeddings"],
            "vocabulary": len(self.dataset.tokenizer), "snippets": len(self.dataset.train),
            "held_out": len(self.dataset.validation), "dropped": self.dropped, "steps_done": self.trainer.step,
            "device": self.trainer.device.type, "precision": precision.precision, "precision_reason": precision.reason,
        }  # fmt: skip

    def run(self, report: Report, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Train to the end; False where ``should_stop`` ended it first. Either way the state is saved."""
        trainer, schedule = self.trainer, self.schedule
        if trainer.share >= 1:
            self._export_what_is_missing()
            return True
        self._log.append({"step": trainer.step} | self.header())
        started, tokens, before = time.perf_counter(), 0, trainer.share
        for progress in trainer.run():
            tokens += progress.tokens
            last, half = trainer.share >= 1, before < 0.5 <= trainer.share
            before = trainer.share
            judged = last or (half if not schedule.evaluate_every else progress.step % schedule.evaluate_every == 0)
            if progress.step % schedule.log_every == 0 or judged:
                line = self._line(progress)  # which waits for the steps of a GPU
                line["tokens_per_second"] = round(tokens / (time.perf_counter() - started))
                paused = time.perf_counter()
                if judged:
                    line |= self._evaluate(line)
                started += time.perf_counter() - paused
                self._record(line, report)
            stop = should_stop()
            if progress.step % schedule.save_every == 0 or last or stop:
                self._save()
            if stop:
                return last
        return True

    def _line(self, progress: Progress) -> dict[str, Any]:
        return {
            "step": progress.step, **progress.figures(), "learning_rate": progress.learning_rate,
            "core_seconds": round(self.trainer.seconds, 1),
        }  # fmt: skip

    def _record(self, line: dict[str, Any], report: Report) -> None:
        self._log.append(line)
        if self.trainer.rank == 0:
            report(line)

    def _save(self) -> None:
        if self.trainer.rank != 0:
            return
        write_log(self._work, self._log)
        self.trainer.save(self._work)

    def _export_what_is_missing(self) -> None:
        if not self._exported():  # it was stopped and fewer steps are asked for now, or another sampler
            self._evaluate({"step": self.trainer.step})
        elif self.trainer.rank == 0 and not all((self.folder / name).is_file() for name in (HASHES, SUMMARY)):
            self.training_set.save(self.folder)  # it was exported before checkpoints had one

    @cached_property
    def training_set(self) -> TrainingSet:
        """What is known of the snippets that are trained on; to gather it from a large corpus takes minutes."""
        known = load_training_set(self.folder, self.language)
        return known or describe(self.language, self.dataset.texts(self.dataset.train))

    def _exported(self) -> bool:
        try:
            saved = read_config(self.folder, self.language.name)
        except (OSError, CheckpointError):
            return False
        return (saved.trained_steps, saved.sampling) == (self.trainer.step, self.preset.sampling)

    def checkpoint(self) -> Checkpoint:
        """The model with averaged weights, ready to sample."""
        config = CheckpointConfig(
            language=self.language.name, preset=self.preset_name, model=self.preset.model,
            training=self.preset.training, sampling=self.preset.sampling,
            frame_counts=frame_counts(self.dataset, self.preset), trained_steps=self.trainer.step,
            corpus_sha256=self.source.sha256,
        )  # fmt: skip
        return Checkpoint(config=config, model=self.trainer.averaged.eval(), tokenizer=self.dataset.tokenizer)

    def _evaluate(self, line: dict[str, Any]) -> dict[str, Any]:
        """Judge samples, export the checkpoint with its card, and give the figures; ``line`` is the log's so far."""
        if self.trainer.rank != 0:
            return {}
        step, checkpoint, started = line["step"], self.checkpoint(), self.trainer.clock()
        count = self.schedule.final_samples if self.trainer.share >= 1 else self.schedule.evaluate_samples
        texts = draw_texts(checkpoint, count, seed=step)
        figures: dict[str, Any] = dict(sample_quality(self.language, texts, self.training_set.knows))
        with torch.inference_mode():
            figures["validation_cross_entropy"] = validation_loss(checkpoint, self.dataset.validation[:512], seed=0)
        distinct = sorted(set(texts), key=texts.index)
        figures["examples"] = distinct[:: max(1, len(distinct) // 6)][:6]  # from every frame
        figures["judging_seconds"] = round(self.trainer.clock() - started, 1)
        card = write_card(checkpoint, self.source, self.dataset, [*self._log, line | figures], self.dropped)
        self.training_set.save(self.folder)
        save_checkpoint(self.folder, checkpoint, card)
        return figures

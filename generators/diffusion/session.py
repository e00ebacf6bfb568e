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
from pydantic import BaseModel

from generators.checkpoints import CheckpointError
from generators.diffusion.card import write_card
from generators.diffusion.checkpoint import Checkpoint, CheckpointConfig, read_config, save_checkpoint
from generators.diffusion.config import ModelConfig, Preset, TrainingConfig
from generators.diffusion.data import Batches, Dataset, frame_counts, prepare
from generators.diffusion.quality import draw_texts, sample_quality, validation_loss
from generators.diffusion.tokenizer import SnippetTokenizer
from generators.diffusion.training import Progress, Trainer
from generators.diffusion.training_set import HASHES, SUMMARY, TrainingSet, describe
from generators.training_state import check_same_run, read_log, write_log, write_whole
from validators import Language

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How often a run logs, saves and evaluates, in steps; changes nothing of what is learned."""

    log_every: int = 50
    save_every: int = 250
    evaluate_every: int = 2_000
    evaluate_samples: int = 128
    final_samples: int = 1_000  # judged after the last step


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the snippets of a run come from, as the model card names it."""

    name: str
    sha256: str


class TrainingRun:
    """One run in one folder."""

    def __init__(
        self, *, folder: Path, language: Language, preset_name: str, preset: Preset, source: Source,
        read: Callable[[], Sequence[str]], schedule: Schedule | None = None, device: str = "cpu",
    ) -> None:  # fmt: skip
        self.folder = folder
        self.language = language
        self.preset_name = preset_name
        self.preset = preset
        self.source = source
        self.schedule = schedule or Schedule()
        self._work = folder / "training"
        self.dataset = self._prepared(read)
        batches = Batches(language, self.dataset, preset)
        self.trainer = Trainer(preset, batches, len(self.dataset.tokenizer), device)
        self.resumed = self.trainer.resume(self._work)
        self._log = read_log(self._work, self.trainer.step)

    def _identity(self) -> dict[str, Any]:
        settings = self.preset.model_dump(exclude={"sampling": True, "training": {"steps"}})  # a run may be made longer
        flat = {f"{group}.{key}": value for group, values in settings.items() for key, value in values.items()}
        return {"language": self.language.name, "corpus": self.source.sha256, **flat}

    def _prepared(self, read: Callable[[], Sequence[str]]) -> Dataset:
        file, tokenizer_file = self._work / "dataset.json", self._work / "tokenizer.json"
        if file.is_file():
            try:
                saved = json.loads(file.read_text())
            except ValueError as error:
                raise CheckpointError(f"{file} is damaged ({error}): delete {self._work} to start anew") from error
            check_same_run(self.folder, _defaults() | saved["identity"], self._identity())
            tokenizer = SnippetTokenizer.load(tokenizer_file)
            return Dataset(train=saved["train"], validation=saved["validation"], tokenizer=tokenizer)
        dataset = prepare(self.language, read(), self.preset)
        if self.trainer_rank() == 0:
            self._work.mkdir(parents=True, exist_ok=True)
            dataset.tokenizer.save(tokenizer_file)
            content = {"identity": self._identity(), "train": dataset.train, "validation": dataset.validation}
            write_whole(file, json.dumps(content))
        return dataset

    @staticmethod
    def trainer_rank() -> int:
        """The rank of this process among those that train together."""
        import torch.distributed as dist

        return dist.get_rank() if dist.is_initialized() else 0

    def run(self, report: Report, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Train to the end; False where ``should_stop`` ended it first. Either way the state is saved."""
        started, busy, tokens = time.perf_counter(), time.process_time(), 0
        spent = self._log[-1]["core_seconds"] if self._log else 0.0
        finished = self.trainer.settings.steps
        if self.trainer.step >= finished:
            self._export_what_is_missing()
        for progress in self.trainer.run():
            tokens += progress.tokens
            last = progress.step == finished
            if progress.step % self.schedule.log_every == 0 or last:
                line = self._line(progress) | {
                    "tokens_per_second": round(tokens / (time.perf_counter() - started)),
                    "core_seconds": round(spent + (time.process_time() - busy) * self.trainer.world, 1),
                }
                if progress.step % self.schedule.evaluate_every == 0 or last:
                    line |= self._evaluate(line)
                self._record(line, report)
            stop = should_stop()
            if progress.step % self.schedule.save_every == 0 or last or stop:
                self._save()
            if stop:
                return last
        return True

    @staticmethod
    def _line(progress: Progress) -> dict[str, Any]:
        return {
            "step": progress.step, "loss": progress.loss, "denoiser": progress.denoiser, "decoder": progress.decoder,
            "cross_entropy": progress.cross_entropy, "learning_rate": progress.learning_rate,
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
            self._training_set.save(self.folder)  # it was exported before checkpoints had one

    @cached_property
    def _training_set(self) -> TrainingSet:
        return describe(self.language, self.dataset.train)

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
        step, checkpoint = line["step"], self.checkpoint()
        last = step >= self.trainer.settings.steps
        count = self.schedule.final_samples if last else self.schedule.evaluate_samples
        texts = draw_texts(checkpoint, count, seed=step)
        figures: dict[str, Any] = dict(sample_quality(self.language, texts, set(self.dataset.train)))
        with torch.inference_mode():
            figures["validation_cross_entropy"] = validation_loss(checkpoint, self.dataset.validation[:512], seed=0)
        distinct = sorted(set(texts), key=texts.index)
        figures["examples"] = distinct[:: max(1, len(distinct) // 6)][:6]  # from every frame
        card = write_card(checkpoint, self.source.name, self.dataset, [*self._log, line | figures])
        self._training_set.save(self.folder)
        save_checkpoint(self.folder, checkpoint, card)
        return figures


def _defaults() -> dict[str, Any]:
    """What settings were that a run older than them does not name."""
    sections: dict[str, type[BaseModel]] = {"model": ModelConfig, "training": TrainingConfig}
    return {
        f"{section}.{name}": field.default
        for section, schema in sections.items()
        for name, field in schema.model_fields.items()
        if not field.is_required() and name != "steps"
    }

"""The training loop: smoothed cross-entropy, averaged weights, exact resume.

Every random draw of a step follows from the seed and the step, so the state on disk is weights, optimiser moments and
counters. Nothing is pickled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from generators.bifi.config import ModelConfig, TrainingConfig
from generators.bifi.data import Batches
from generators.bifi.model import build_model, forced_logits, load_weights, weights
from generators.bifi.vocabulary import PAD
from generators.training_state import load_state, moments, restore_moments, save_state
from schemas.ids import derive_seed

if TYPE_CHECKING:
    from transformers import PegasusForConditionalGeneration


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One finished step."""

    step: int
    loss: float  # nats a word, label smoothing included
    learning_rate: float
    tokens: int  # of the targets


@dataclass(slots=True)
class _Counters:
    step: int = 0
    epoch: int = 0
    window: int = 0
    batch: int = 0  # next batch of the window


def learning_rate(step: int, settings: TrainingConfig) -> float:
    """Linear warm-up from a tenth; then constant with a linear decay at the end, or the inverse square root."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (0.1 + 0.9 * step / settings.warmup_steps)
    if settings.schedule == "inverse_sqrt":
        return settings.learning_rate * math.sqrt(max(1, settings.warmup_steps) / max(1, step))
    remaining = (settings.steps - step) / max(1.0, settings.decay_share * settings.steps)
    return settings.learning_rate * (0.03 + 0.97 * min(1.0, max(0.0, remaining)))


class Trainer:
    """Trains one model in one process."""

    def __init__(
        self, model: ModelConfig, settings: TrainingConfig, batches: Batches, vocabulary: int,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        self.settings = settings
        self.device = torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed("weights", settings.seed))  # modules draw their weights globally
            self.model = build_model(model, vocabulary, settings.dropout, settings.attention_dropout, device)
        self.average = AveragedModel(self.model, multi_avg_fn=self._averaging)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, betas=(0.9, settings.beta2),
            weight_decay=settings.weight_decay, fused=True,
        )  # fmt: skip
        self._batches = batches
        self._counters = _Counters()

    @property
    def step(self) -> int:
        """Steps done so far."""
        return self._counters.step

    @property
    def averaged(self) -> PegasusForConditionalGeneration:
        """The model with averaged weights."""
        return cast("PegasusForConditionalGeneration", self.average.module)

    def run(self) -> Iterator[Progress]:
        """Train to the last step, yielding after each. The caller decides when to save."""
        counters = self._counters
        self.model.train()
        while counters.step < self.settings.steps:
            batches = self._batches.window(counters.epoch, counters.window)
            while counters.batch < len(batches) and counters.step < self.settings.steps:
                source_BS, target_BL = batches[counters.batch]
                counters.batch += 1
                yield self._train_step(source_BS.to(self.device), target_BL.to(self.device))
            if counters.batch >= len(batches):
                counters.window, counters.batch = counters.window + 1, 0
            if counters.window >= self._batches.windows:
                counters.epoch, counters.window = counters.epoch + 1, 0

    def _train_step(self, source_BS: Tensor, target_BL: Tensor) -> Progress:
        counters, settings = self._counters, self.settings
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(derive_seed("step", settings.seed, counters.step))  # dropout draws globally
            logits_BLV = forced_logits(self.model, source_BS, target_BL)
            loss = F.cross_entropy(
                logits_BLV.flatten(0, 1), target_BL.flatten(), ignore_index=PAD,
                label_smoothing=settings.label_smoothing,
            )  # fmt: skip
            rate = learning_rate(counters.step, settings)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip_norm)
        self.optimiser.step()
        counters.step += 1
        self.average.update_parameters(self.model)
        tokens = int((target_BL != PAD).sum())
        return Progress(step=counters.step, loss=loss.item(), learning_rate=rate, tokens=tokens)

    def _averaging(
        self, averages: tuple[Tensor, ...] | list[Tensor], currents: tuple[Tensor, ...] | list[Tensor], _: Tensor | int
    ) -> None:
        decay = min(self.settings.ema, (1 + self.step) / (50 + self.step))  # early weights are soon forgotten
        torch._foreach_lerp_(list(averages), list(currents), 1 - decay)

    def save(self, folder: Path) -> None:
        """Write the state so that it is whole at any moment."""
        values = {"averaged": int(self.average.n_averaged), "counters": asdict(self._counters)}
        tensors = {
            "model": weights(self.model), "average": weights(self.averaged),
            "optimiser": moments(self.model, self.optimiser),
        }  # fmt: skip
        save_state(folder, self.step, values, tensors)

    def resume(self, folder: Path) -> bool:
        """Continue from ``folder``; False where nothing is there. Raises CheckpointError where the state is damaged."""
        return load_state(folder, self._restore)

    def _restore(self, values: dict[str, Any], tensors: dict[str, dict[str, Tensor]]) -> None:
        load_weights(self.model, tensors["model"])
        load_weights(self.averaged, tensors["average"])
        self.average.n_averaged.fill_(values["averaged"])
        restore_moments(self.model, self.optimiser, tensors["optimiser"])
        self._counters = _Counters(**values["counters"])

"""The training loop: warm-up, three-part loss, averaged weights, exact resume.

Every random draw of a step follows from the seed, the step and the process, so the state on disk is weights,
optimiser moments and counters. Nothing is pickled.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from generators.diffusion.config import Preset, TrainingConfig
from generators.diffusion.data import Batches, CorpusError
from generators.diffusion.loss import DiffusionLoss, LossTerms
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.schedule import TimeWarp
from generators.training_state import load_state, moments, restore_moments, save_state
from schemas.ids import derive_seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One finished step."""

    step: int
    loss: float
    denoiser: float
    decoder: float
    cross_entropy: float
    learning_rate: float
    tokens: int


@dataclass(slots=True)
class _Counters:
    step: int = 0
    epoch: int = 0
    batch: int = 0  # next batch of the epoch
    curve: list[float] = field(default_factory=lambda: [-1.0] * TimeWarp.bins())  # cross-entropy by t, -1 unseen


def learning_rate(step: int, settings: TrainingConfig) -> float:
    """Linear warm-up, constant, linear decay to 3% over the last ``decay_share`` of the steps."""
    warmup = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    decay_steps = max(1, round(settings.decay_share * settings.steps))
    remaining = min(1.0, max(0.0, (settings.steps - step) / decay_steps))
    return settings.learning_rate * warmup * (0.03 + 0.97 * remaining)


class Trainer:
    """Trains one model on one process, or as one of several that `torch.distributed` connects."""

    def __init__(self, preset: Preset, batches: Batches, vocabulary: int, device: torch.device | str = "cpu") -> None:
        self.settings = preset.training
        self.device = torch.device(device)
        torch.manual_seed(derive_seed("weights", self.settings.seed))  # modules draw their weights globally
        self.model = CodeDiffusion(preset.model, vocabulary).to(self.device)
        self.rank, self.world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        loss = DiffusionLoss(self.model, self.settings.padding_weight, self.settings.cross_entropy_weight)
        self.loss: torch.nn.Module = torch.nn.parallel.DistributedDataParallel(loss) if self.world > 1 else loss
        self.average = AveragedModel(self.model, multi_avg_fn=self._averaging)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=self.settings.learning_rate, betas=(0.9, self.settings.beta2),
            weight_decay=self.settings.weight_decay, fused=True,
        )  # fmt: skip
        self._batches = batches
        self._counters = _Counters()

    @property
    def step(self) -> int:
        """Steps done so far."""
        return self._counters.step

    @property
    def averaged(self) -> CodeDiffusion:
        """The model with averaged weights."""
        return cast(CodeDiffusion, self.average.module)

    def run(self) -> Iterator[Progress]:
        """Train to the last step, yielding after each. The caller decides when to save.

        Raises:
            CorpusError: an epoch has fewer batches than there are processes.
        """
        counters = self._counters
        while counters.step < self.settings.steps:
            batches = self._batches.epoch(counters.epoch)
            if len(batches) < self.world:
                raise CorpusError(
                    f"an epoch has {len(batches)} batches for {self.world} processes: "
                    "give a larger corpus, fewer workers, or lower training.batch_tokens"
                )
            batches = batches[: len(batches) // self.world * self.world][self.rank :: self.world]
            while counters.batch < len(batches) and counters.step < self.settings.steps:
                tokens = batches[counters.batch]
                counters.batch += 1
                yield self._train_step(tokens)
            if counters.batch >= len(batches):
                counters.epoch, counters.batch = counters.epoch + 1, 0

    def _train_step(self, tokens_BL: Tensor) -> Progress:
        counters, settings = self._counters, self.settings
        B, L = tokens_BL.shape
        rng = torch.Generator().manual_seed(derive_seed("step", settings.seed, counters.step, self.rank))
        # low-discrepancy t: one draw for the batch, spread evenly, in random order
        level_B = ((torch.rand(1, generator=rng) + torch.arange(B) / B) % 1)[torch.randperm(B, generator=rng)]
        if (T := self.model.config.num_timesteps) > 0:
            level_B = ((level_B * T).floor() + 1) / T
        noise_BLE = torch.randn(B, L, self.model.config.embedding_dim, generator=rng)
        chance = float(torch.rand(1, generator=rng))
        self_condition = self.model.config.self_conditioning and chance < settings.self_conditioning_rate
        noised_BL = self._noised(tokens_BL, rng) if settings.paragraph_denoising else None
        with torch.autocast(self.device.type, torch.bfloat16, enabled=settings.precision == "bf16"):
            terms: LossTerms = self.loss(
                tokens_BL.to(self.device), level_B.to(self.device), noise_BLE.to(self.device), self_condition,
                None if noised_BL is None else noised_BL.to(self.device),
            )  # fmt: skip
        rate = learning_rate(counters.step, settings)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        terms.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip_norm)
        self.optimiser.step()
        counters.step += 1
        self.average.update_parameters(self.model)
        if settings.warp and counters.step <= settings.warp_until:
            own_B = slice(None) if noised_BL is None else noised_BL.all(1)  # context makes a row easier than its t
            self._track(level_B[own_B], terms.row_cross_entropy_B.cpu()[own_B])
        return Progress(
            step=counters.step, loss=terms.total.item(), denoiser=terms.denoiser.item(),
            decoder=terms.decoder.item(), cross_entropy=terms.cross_entropy.item(), learning_rate=rate,
            tokens=B * L * self.world,
        )  # fmt: skip

    def _noised(self, tokens_BL: Tensor, rng: torch.Generator) -> Tensor:
        """The tokens to noise: of a drawn share of the rows the keywords, of the others, and of rows without, all."""
        keyword_BL = self._batches.keywords(tokens_BL)
        drawn_B = torch.rand(len(tokens_BL), generator=rng) < self.settings.paragraph_denoising
        return keyword_BL | ~(drawn_B & keyword_BL.any(1))[:, None]

    def _averaging(
        self, averages: tuple[Tensor, ...] | list[Tensor], currents: tuple[Tensor, ...] | list[Tensor], _: Tensor | int
    ) -> None:
        decay = min(self.settings.ema, (1 + self.step) / (50 + self.step))  # early weights are soon forgotten
        for average, current in zip(averages, currents, strict=True):
            average.lerp_(current, 1 - decay)

    def _track(self, level_B: Tensor, row_cross_entropy_B: Tensor) -> None:
        """Follow the cross-entropy by t; every ``warp_every`` steps refit the warp and start over."""
        curve = self._counters.curve
        for level, value in zip(level_B.tolist(), row_cross_entropy_B.tolist(), strict=True):
            i = min(int(level * len(curve)), len(curve) - 1)
            curve[i] = value if curve[i] < 0 else 0.97 * curve[i] + 0.03 * value
        if self.step % self.settings.warp_every or self.step < 2 * self.settings.warp_every:
            return
        mean = torch.tensor(curve, device=self.device)
        if self.world > 1:
            mean[mean < 0] = -math.inf  # unseen by one process: unseen
            dist.all_reduce(mean)
            mean /= self.world
        if float(mean.min()) >= 0:
            self.model.warp.refit(mean)
            self.averaged.warp.load_state_dict(self.model.warp.state_dict())
            self._counters.curve = [-1.0] * len(curve)

    def save(self, folder: Path) -> None:
        """Write the state so that it is whole at any moment."""
        counters = self._counters
        values = {
            "step": counters.step, "epoch": counters.epoch, "batch": counters.batch, "curve": counters.curve,
            "averaged": int(self.average.n_averaged), "saved_at": time.time(),
        }  # fmt: skip
        tensors = {
            "model": self.model.state_dict(), "average": self.averaged.state_dict(),
            "optimiser": moments(self.model, self.optimiser),
        }  # fmt: skip
        save_state(folder, self.step, values, tensors)

    def resume(self, folder: Path) -> bool:
        """Continue from ``folder``; False where nothing is there. Raises CheckpointError where the state is damaged."""
        return load_state(folder, self._restore)

    def _restore(self, values: dict[str, Any], tensors: dict[str, dict[str, Tensor]]) -> None:
        self._counters = _Counters(values["step"], values["epoch"], values["batch"], values["curve"])
        self.model.load_state_dict(tensors["model"])
        self.averaged.load_state_dict(tensors["average"])
        self.average.n_averaged.fill_(values["averaged"])
        restore_moments(self.model, self.optimiser, tensors["optimiser"])

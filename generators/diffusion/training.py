"""The training loop: warm-up, three-part loss, averaged weights, exact resume.

Every random draw of a step follows from the seed, the step and the process, so the state on disk is weights,
optimiser moments and counters. Nothing is pickled. Nothing in a step waits for a GPU.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from generators.diffusion.config import Preset
from generators.diffusion.data import Batches, CorpusError
from generators.diffusion.draws import Draws, draw
from generators.diffusion.gpu import RecordedPasses, compile_blocks
from generators.diffusion.learning_rate import learning_rate, share_done
from generators.diffusion.level_curve import LevelCurve
from generators.diffusion.loss import DiffusionLoss, LossTerms
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.muon import make_optimisers
from generators.diffusion.precision import Choice, choose_precision, processor
from generators.training_state import load_state, moments, restore_moments, save_state
from schemas.ids import derive_seed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Progress:
    """One finished step."""

    step: int
    learning_rate: float
    tokens: int
    losses: Tensor  # on the device, which is waited for when they are read

    def figures(self) -> dict[str, float]:
        """The loss and its three parts."""
        names = ("loss", "denoiser", "decoder", "cross_entropy")
        return dict(zip(names, self.losses.tolist(), strict=True))


@dataclass(slots=True)
class _Counters:
    step: int = 0
    epoch: int = 0
    batch: int = 0  # next batch of the epoch
    seconds: float = 0.0  # spent in steps, by all processes together


class Trainer:
    """Trains one model on one process, or as one of several that `torch.distributed` connects.

    Its ``clock`` counts seconds: processor time, on a GPU wall-clock time.
    """

    def __init__(
        self, preset: Preset, batches: Batches, vocabulary: int, device: torch.device | str = "cpu",
        clock: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        self.settings = preset.training
        self.device = torch.device(device)
        self.clock = clock or (time.process_time if self.device.type == "cpu" else time.perf_counter)
        torch.manual_seed(derive_seed("weights", self.settings.seed))  # modules draw their weights globally
        self.model = CodeDiffusion(preset.model, vocabulary).to(self.device)
        self.rank, self.world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        loss = DiffusionLoss(self.model, self.settings.padding_weight, self.settings.cross_entropy_weight)
        self.loss: torch.nn.Module = torch.nn.parallel.DistributedDataParallel(loss) if self.world > 1 else loss
        self.average = AveragedModel(self.model, multi_avg_fn=self._averaging)
        self._passes: RecordedPasses | None = None
        if self.device.type == "cuda":
            compile_blocks(self.model)
            self._passes = RecordedPasses(loss) if self.world == 1 else None
        self.optimisers = make_optimisers(self.model, self.settings)
        self._batches = batches
        self._counters = _Counters()
        self._curve = LevelCurve()
        self._choice: Choice | None = None

    @property
    def step(self) -> int:
        """Steps done so far."""
        return self._counters.step

    @property
    def seconds(self) -> float:
        """Time that all steps so far took, in all processes together: no judging, no saving."""
        return self._counters.seconds

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._counters.seconds = value

    @property
    def share(self) -> float:
        """The share of the training that is done; 1 or more at its end."""
        return share_done(self.step, self.seconds, self.settings)

    @property
    def averaged(self) -> CodeDiffusion:
        """The model with averaged weights."""
        return cast(CodeDiffusion, self.average.module)

    @property
    def precision(self) -> Choice:
        """The precision of the products, measured when it is first needed unless it is given or was kept."""
        if self._choice is None:
            self._choice = choose_precision(self.settings.precision, self.device, self.model.config.width)
        return self._choice

    def run(self) -> Iterator[Progress]:
        """Train to the end, yielding after each step. The caller decides when to save; its time does not count.

        Raises:
            CorpusError: an epoch has fewer batches than there are processes.
        """
        counters = self._counters
        if self.share < 1:
            self._agree_on_precision()
        started = self.clock()
        while self.share < 1:
            batches = self._batches.epoch(counters.epoch)
            if len(batches) < self.world:
                raise CorpusError(
                    f"an epoch has {len(batches)} batches for {self.world} processes: "
                    "give a larger corpus, fewer workers, or lower training.batch_tokens"
                )
            batches = batches[: len(batches) // self.world * self.world][self.rank :: self.world]
            while counters.batch < len(batches) and self.share < 1:
                tokens_BL = batches[counters.batch]
                counters.batch += 1
                progress = self._train_step(tokens_BL)
                self._count(self.clock() - started)
                yield progress
                started = self.clock()
            if counters.batch >= len(batches):
                counters.epoch, counters.batch = counters.epoch + 1, 0

    def _train_step(self, tokens_BL: Tensor) -> Progress:
        counters, settings = self._counters, self.settings
        tokens_BL = tokens_BL.to(self.device)
        keyword_BL = self._batches.keywords(tokens_BL) if settings.paragraph_denoising else None
        seed = derive_seed("step", settings.seed, counters.step, self.rank)
        draws = draw(tokens_BL, keyword_BL, self.model.config, settings, seed)
        rate = learning_rate(counters.step, counters.seconds, settings)
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        terms = self._pass(tokens_BL, draws)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip_norm)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
            with self._products():  # Muon's
                optimiser.step()
        counters.step += 1
        self.average.update_parameters(self.model)
        if settings.warp and counters.step <= settings.warp_until:
            own_B = None if draws.noised_BL is None else draws.noised_BL.all(1)  # context makes a row easier than its t
            self._curve.note(draws.level_B1[:, 0], terms.row_cross_entropy_B, own_B)
            self._refit()
        losses = torch.stack([terms.total, terms.denoiser, terms.decoder, terms.cross_entropy]).detach()
        return Progress(step=counters.step, learning_rate=rate, tokens=tokens_BL.numel() * self.world, losses=losses)

    def _pass(self, tokens_BL: Tensor, draws: Draws) -> LossTerms:
        """The loss of a batch, and the gradients of the parameters with it."""
        with self._products():
            if self._passes is not None:
                return self._passes(tokens_BL, draws)
            terms: LossTerms = self.loss(
                tokens_BL, draws.level_B1, draws.noise_BLE, draws.self_condition, draws.noised_BL
            )
        terms.total.backward()  # type: ignore[no-untyped-call]
        return terms

    def _products(self) -> torch.autocast:
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.precision.precision == "bf16",
            cache_enabled=self._passes is None,  # what is recorded must cast the weights of its own time
        )  # fmt: skip

    def _agree_on_precision(self) -> None:
        """Take the first process's choice in all of them."""
        if self.world > 1:
            chosen: list[Choice] = [self.precision]
            dist.broadcast_object_list(chosen)
            self._choice = chosen[0]

    def _count(self, seconds: float) -> None:
        """Add the time of a step; all processes go by the first one's, so that they stop together."""
        self.seconds += seconds * self.world
        if self.world > 1 and self.settings.max_minutes is not None:
            total = torch.tensor(self.seconds, dtype=torch.float64, device=self.device)
            dist.broadcast(total, 0)
            self.seconds = float(total)

    def _averaging(
        self, averages: tuple[Tensor, ...] | list[Tensor], currents: tuple[Tensor, ...] | list[Tensor], _: Tensor | int
    ) -> None:
        decay = min(self.settings.ema, (1 + self.step) / (50 + self.step))  # early weights are soon forgotten
        torch._foreach_lerp_(list(averages), list(currents), 1 - decay)

    def _refit(self) -> None:
        """Every ``warp_every`` steps refit the warp to the cross-entropy by t, and start over."""
        if self.step % self.settings.warp_every or self.step < 2 * self.settings.warp_every:
            return
        mean = torch.tensor(self._curve.values, device=self.device)
        if self.world > 1:
            mean[mean < 0] = -math.inf  # unseen by one process: unseen
            dist.all_reduce(mean)
            mean /= self.world
        if float(mean.min()) >= 0:
            self.model.process.warp.refit(mean)
            self.averaged.process.warp.load_state_dict(self.model.process.warp.state_dict())
            self._curve = LevelCurve()

    def save(self, folder: Path) -> None:
        """Write the state so that it is whole at any moment."""
        values = asdict(self._counters) | {
            "curve": self._curve.values, "averaged": int(self.average.n_averaged), "saved_at": time.time(),
            "precision": asdict(self.precision) if self.settings.precision == "auto" else None,
        }  # fmt: skip
        tensors = {
            "model": self.model.state_dict(), "average": self.averaged.state_dict(),
            "optimiser": {name: t for o in self.optimisers for name, t in moments(self.model, o).items()},
        }  # fmt: skip
        save_state(folder, self.step, values, tensors)

    def resume(self, folder: Path) -> bool:
        """Continue from ``folder``; False where nothing is there. Raises CheckpointError where the state is damaged."""
        return load_state(folder, self._restore)

    def _restore(self, values: dict[str, Any], tensors: dict[str, dict[str, Tensor]]) -> None:
        seconds = values.get("seconds", 0.0)  # and `precision`: older states have neither
        self._counters = _Counters(values["step"], values["epoch"], values["batch"], seconds)
        self._curve = LevelCurve(values["curve"])
        kept = values.get("precision")
        if kept and self.settings.precision == "auto" and kept["processor"] == processor(self.device):
            self._choice = Choice(**kept)
        self.model.load_state_dict(tensors["model"])
        self.averaged.load_state_dict(tensors["average"])
        self.average.n_averaged.fill_(values["averaged"])
        for optimiser in self.optimisers:
            restore_moments(self.model, optimiser, tensors["optimiser"])

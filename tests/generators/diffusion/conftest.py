"""A tiny corpus of hand-written formulas, and a checkpoint of a tiny model on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from generators.diffusion.checkpoint import Checkpoint, CheckpointConfig
from generators.diffusion.config import ModelConfig, Preset, SamplingConfig, TrainingConfig
from generators.diffusion.data import Dataset, frame_counts, prepare
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.session import Schedule, Source, TrainingRun
from generators.diffusion.training import Trainer
from tests.generators.diffusion.trainers import SCHEDULE, SOURCE, MakeRun, MakeTrainer, changed, trainer
from validators import Language, get_language

SHAPES = (
    "=SUM({a}{i}:{b}{j})", "=AVERAGE({a}{i}:{b}{j})", "=MAX({a}{i},{b}{j})", "={a}{i}+{b}{j}", "={a}{i}*{j}",
    '=IF({a}{i}>{j},"Yes","No")', "=ROUND({a}{i}/{b}{j},2)", "=({a}{i}-{b}{j})/{i}", "=Sheet2!{a}{i}^2",
    "=COUNT({a}{i}:{b}{j})", "={a}{i}<={b}{j}", '={a}{i}&"x"', "=Sheet1!{a}{i}", "=ABS({a}{i})",
    "=IF({a}{i}>{j},{b}{j},{i})",
)  # fmt: skip
PLACES = (("A", 1, "B", 7), ("C", 3, "D", 9), ("B", 2, "E", 12), ("F", 10, "G", 40), ("A", 5, "C", 25))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny matrices are slower on several."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def excel() -> Language:
    return get_language("excel")


@pytest.fixture(scope="session")
def formulas() -> list[str]:
    """75 correct Excel formulas of 15 sketches."""
    return [shape.format(a=a, i=i, b=b, j=j) for shape in SHAPES for a, i, b, j in PLACES]


@pytest.fixture(scope="session")
def preset() -> Preset:
    """A model that takes about a millisecond a step, with every part of `small` switched on."""
    return Preset(
        model=ModelConfig(
            embedding_dim=8, width=16, heads=2, feedforward=2, denoiser_blocks=2, decoder_blocks=1,
            min_tokens=8, max_tokens=16, frame_step=4, unit_embeddings=True, self_conditioning=True,
            rotary=True, denoiser_kernel=3, decoder_kernel=3, time_frequency=16.0,
        ),
        training=TrainingConfig(
            steps=12, batch_tokens=256, learning_rate=3e-3, weight_decay=0.01, warmup_steps=3, padding_weight=0.2,
            warp=True, warp_every=3, warp_until=9, literals="slots", sketch_cap=0, min_count=2, validation_share=0.1,
        ),
        sampling=SamplingConfig(steps=6, feedback="softmax"),
    )  # fmt: skip


@pytest.fixture(scope="session")
def dataset(excel: Language, formulas: list[str], preset: Preset) -> Dataset:
    return prepare(excel, formulas, preset)


def random_model(config: ModelConfig, vocabulary: int) -> CodeDiffusion:
    """A model with random weights in every tensor, since a fresh one is the identity in its blocks.

    The head names the nearest embedding, so that texts differ from trajectory to trajectory.
    """
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = CodeDiffusion(config, vocabulary).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.2)
            if config.rounding == "decoder":
                model.head.weight.copy_(model.embeddings())
                model.head.bias.zero_()
    return model


@pytest.fixture(scope="session")
def make_model(dataset: Dataset, preset: Preset) -> Callable[..., CodeDiffusion]:
    """Makes a random model of the tiny shape, with the given changes."""

    def make(**changes: object) -> CodeDiffusion:
        return random_model(preset.model.model_copy(update=changes), len(dataset.tokenizer))

    return make


@pytest.fixture(scope="session")
def checkpoint(dataset: Dataset, preset: Preset) -> Checkpoint:
    config = CheckpointConfig(
        language="excel", preset="small", model=preset.model, training=preset.training, sampling=preset.sampling,
        frame_counts=frame_counts(dataset, preset), trained_steps=0, corpus_sha256="0" * 64,
    )  # fmt: skip
    model = random_model(preset.model, len(dataset.tokenizer))
    return Checkpoint(config=config, model=model, tokenizer=dataset.tokenizer)


@pytest.fixture(scope="session")
def make_trainer(dataset: Dataset, preset: Preset) -> MakeTrainer:
    """Makes a fresh trainer with the given changes of its settings."""

    def make(clock: Callable[[], float] | None = None, **changes: object) -> Trainer:
        return trainer(changed(preset, **changes), dataset, clock)

    return make


@pytest.fixture(scope="session")
def make_run(excel: Language, formulas: list[str], preset: Preset) -> MakeRun:
    """Makes, or resumes, a training in a folder."""

    def make(
        folder: Path, source: Source = SOURCE, model: dict[str, object] | None = None,
        sampling: dict[str, object] | None = None, read: Callable[[], Sequence[str]] = lambda: formulas,
        drop: Callable[[str], bool] = lambda code: False, schedule: Schedule = SCHEDULE, **training: object,
    ) -> TrainingRun:  # fmt: skip
        settings = Preset(
            model=preset.model.model_copy(update=model or {}),
            training=preset.training.model_copy(update=training),
            sampling=preset.sampling.model_copy(update=sampling or {}),
        )
        return TrainingRun(
            folder=folder, language=excel, preset_name="small", preset=settings, source=source, read=read,
            drop=drop, schedule=schedule,
        )  # fmt: skip

    return make

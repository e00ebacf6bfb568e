"""A preset that trains in seconds, calls with and without their closing bracket, and a breaker that drops it."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.bifi.checkpoint import load_rewriter
from generators.bifi.config import ModelConfig, Preset, SearchConfig, TrainingConfig
from generators.bifi.rewriter import Rewriter
from generators.bifi.session import Schedule, train_rewriter
from validators import Language, get_language


@pytest.fixture(scope="session")
def python() -> Language:
    return get_language("python")


@pytest.fixture(scope="session")
def tiny() -> Preset:
    return Preset(
        model=ModelConfig(
            width=32, heads=2, feedforward=64, encoder_layers=1, decoder_layers=1, max_words=24, vocabulary=120
        ),
        training=TrainingConfig(
            steps=12, batch_tokens=128, learning_rate=5e-3, schedule="linear", warmup_steps=4, weight_decay=0.01,
            ema=0.9, dropout=0.1, attention_dropout=0.1, held_out_share=0.1,
        ),
        search=SearchConfig(extra_words=4),
    )  # fmt: skip


@pytest.fixture(scope="session")
def good() -> list[str]:
    """Calls, each of another shape or with other names, none of which the vocabulary has."""
    arguments = ("", "a", "a, b", "'s'", "1", "x.y", "a, 'text', 3", "[1]")
    return [f"{name}{i}({given})" for name in ("f", "self.go") for given in arguments for i in range(10)]


@pytest.fixture(scope="session")
def breaker_pairs(good: list[str]) -> list[tuple[str, str]]:
    return [(code, code[:-1]) for code in good]


@pytest.fixture(scope="session")
def breaker_folder(
    tmp_path_factory: pytest.TempPathFactory, python: Language, tiny: Preset, breaker_pairs: list[tuple[str, str]]
) -> Path:
    """A breaker that has learned to drop the bracket of most calls."""
    folder = tmp_path_factory.mktemp("breaker")
    longer = {"steps": 300, "batch_tokens": 512, "dropout": 0.0, "attention_dropout": 0.0}
    training = tiny.training.model_copy(update=longer)
    assert train_rewriter(
        folder=folder, language=python, role="breaker", pairs=lambda: breaker_pairs,
        preset=tiny.model_copy(update={"training": training}), schedule=Schedule(evaluate_every=300, save_every=300),
    )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def breaker(breaker_folder: Path) -> Rewriter:
    return load_rewriter(breaker_folder, "python", "breaker")

"""BIFI's fixer proposes the outputs of its beam search in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.bifi.checkpoint import load_rewriter, rewriter_hash
from generators.bifi.config import ModelConfig, Preset, SearchConfig, TrainingConfig
from generators.bifi.session import Schedule, train_rewriter
from generators.checkpoints import CheckpointError
from pipeline.benchmarks.benchmark import Problem
from pipeline.evaluation.repair.bifi import BifiSystem
from validators import get_language

GOOD = [f"f{i}({arguments})" for arguments in ("", "a", "a, b", "1") for i in range(10)]
TINY = Preset(
    model=ModelConfig(
        width=32, heads=2, feedforward=64, encoder_layers=1, decoder_layers=1, max_words=24, vocabulary=120
    ),
    training=TrainingConfig(
        steps=12, batch_tokens=128, learning_rate=5e-3, schedule="linear", warmup_steps=4, weight_decay=0.01,
        ema=0.9, dropout=0.0, attention_dropout=0.0, held_out_share=0.1,
    ),
    search=SearchConfig(extra_words=4),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("fixer")
    assert train_rewriter(
        folder=made, language=get_language("python"), role="fixer", pairs=lambda: [(c[:-1], c) for c in GOOD],
        preset=TINY, schedule=Schedule(evaluate_every=12, save_every=12),
    )  # fmt: skip
    return made


def test_beams_are_the_samples_and_what_is_too_long_gets_none(folder: Path) -> None:
    problems = [Problem(id=str(i), broken=code) for i, code in enumerate(["f1(", "f2(" + "a, " * 99, "f3(a"])]
    found = list(BifiSystem(folder, "python", beams=3).propose(problems))
    expected = list(load_rewriter(folder, "python").rewrite([problem.broken for problem in problems], 3))
    assert [[p.text for p in given] for given in found] == expected
    assert [[p.sample for p in given] for given in found] == [list(range(len(texts))) for texts in expected]
    assert [len(given) > 0 for given in found] == [True, False, True]
    assert all(p.level is None for given in found for p in given)


def test_its_identity_is_the_checkpoint_and_the_search(folder: Path) -> None:
    identity = BifiSystem(folder, "python", beams=3).identity
    assert (identity["checkpoint"], identity["beams"]) == (rewriter_hash(folder), 3)


def test_a_folder_without_a_fixer_of_the_language_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not of powershell"):
        BifiSystem(folder, "powershell")
    with pytest.raises(CheckpointError):
        BifiSystem(tmp_path, "python")

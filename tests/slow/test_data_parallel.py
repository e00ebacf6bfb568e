"""Two processes that train together hold the same weights, and learn what each saw.

Run by hand: ``python -m pytest tests/slow/test_data_parallel.py``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file

from generators.diffusion.config import SMALL, Preset
from generators.diffusion.data import Batches, CorpusError, prepare
from generators.diffusion.training import Trainer
from validators import get_language

ROOT = Path(__file__).parents[2]
SIDES = ("A1", "A1:B2", "-A1", "A1*2", "MAX(A1,B2)", "ABS(C3)", "A1^2", "A1/B2", "2", "COS(1)")
FORMULAS = [f"=SUM({a}){operator}{b}" for a, b, operator in product(SIDES, SIDES, "+-*/^&")]


def tiny(batch_tokens: int, max_minutes: float | None) -> Preset:
    model = {
        "embedding_dim": 8, "width": 16, "heads": 2, "feedforward": 2, "denoiser_blocks": 1, "decoder_blocks": 1,
        "min_tokens": 12, "max_tokens": 12,
    }  # fmt: skip
    training = {
        "steps": 12, "max_minutes": max_minutes, "batch_tokens": batch_tokens, "precision": "fp32", "min_count": 1,
        "sketch_cap": 0, "warmup_steps": 2, "warp_every": 3, "warp_until": 9, "validation_share": 0.0,
    }  # fmt: skip
    return Preset(
        model=SMALL.model.model_copy(update=model),
        training=SMALL.training.model_copy(update=training),
        sampling=SMALL.sampling,
    )


def trainer(batch_tokens: int, max_minutes: float | None = None) -> Trainer:
    preset = tiny(batch_tokens, max_minutes)
    dataset = prepare(get_language("excel"), FORMULAS, preset)
    return Trainer(preset, Batches(dataset, preset), len(dataset.tokenizer))


def train(rank: int, world: int, folder: Path, batch_tokens: int, max_minutes: float | None) -> None:
    """What one of the processes does."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=world)
    mine = trainer(batch_tokens, max_minutes)
    try:
        lines = [[step.step, step.figures()["loss"], step.tokens, step.learning_rate] for step in mine.run()]
    except CorpusError as error:
        (folder / f"{rank}.error").write_text(str(error))
        return
    finally:
        dist.destroy_process_group()
    state = {f"model.{k}": v for k, v in mine.model.state_dict().items()}
    state |= {f"average.{k}": v for k, v in mine.averaged.state_dict().items()}
    save_file({k: v.contiguous().clone() for k, v in state.items()}, folder / f"{rank}.safetensors")
    (folder / f"{rank}.json").write_text(json.dumps(lines))


def train_together(folder: Path, world: int, batch_tokens: int, max_minutes: float | None = None) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-m", "tests.slow.test_data_parallel", str(r), str(world), str(folder),
                          str(batch_tokens), str(max_minutes or "")], cwd=ROOT)
        for r in range(world)
    ]  # fmt: skip
    assert [process.wait(timeout=300) for process in processes] == [0] * world


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two processes have trained here."""
    folder = tmp_path_factory.mktemp("two")
    train_together(folder, world=2, batch_tokens=256)
    return folder


def test_both_processes_end_with_the_same_weights(folder: Path) -> None:
    left, right = (load_file(folder / f"{rank}.safetensors") for rank in (0, 1))
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)
    knots = left["model.process.warp.knots"]
    assert not torch.equal(knots, torch.linspace(0, 1, len(knots)))


def test_the_processes_see_different_batches(folder: Path) -> None:
    left, right = (json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1))
    assert [line[0] for line in left] == [line[0] for line in right] == list(range(1, 13))
    assert all(a[1] != b[1] for a, b in zip(left, right, strict=True))


def test_together_they_learn_something_else_than_one_alone(folder: Path) -> None:
    alone = trainer(256)
    list(alone.run())
    together = load_file(folder / "0.safetensors")
    assert not torch.equal(alone.model.state_dict()["head.weight"], together["model.head.weight"])


def test_processes_that_train_for_minutes_go_by_one_clock(tmp_path: Path) -> None:
    train_together(tmp_path, world=2, batch_tokens=256, max_minutes=0.02)
    left, right = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert len(left) == len(right) > 3
    assert [line[3] for line in left] == [line[3] for line in right]  # learning rates


def test_too_few_batches_for_the_processes_are_refused_by_all(tmp_path: Path) -> None:
    train_together(tmp_path, world=2, batch_tokens=100_000)
    for rank in (0, 1):
        assert "an epoch has 1 batches for 2 processes" in (tmp_path / f"{rank}.error").read_text()


if __name__ == "__main__":
    train(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5] or 0) or None)

"""A training run in a folder: resumed exactly, refused when it is another, exported with its figures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from generators.bifi.checkpoint import load_rewriter, read_config, rewriter_hash
from generators.bifi.config import Preset
from generators.bifi.data import PairsError
from generators.bifi.session import Schedule, train_rewriter
from generators.bifi.training import Trainer, learning_rate
from generators.bifi.words import mask
from generators.checkpoints import CARD, CheckpointError
from validators import Language

SCHEDULE = Schedule(log_every=2, save_every=4, evaluate_every=6, searched=4)
TIMES = {"tokens_per_second", "core_seconds", "snippets_per_core_second"}

Line = dict[str, Any]
Train = Callable[..., bool]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def train(python: Language, tiny: Preset, breaker_pairs: list[tuple[str, str]]) -> Train:
    def run(folder: Path, **changes: Any) -> bool:
        settings: dict[str, Any] = {
            "folder": folder, "language": python, "role": "breaker", "preset": tiny, "pairs": lambda: breaker_pairs,
            "schedule": SCHEDULE, "provenance": {"Corpus": "calls.jsonl, SHA-256 `abab`"},
        }  # fmt: skip
        return train_rewriter(**settings | changes)

    return run


@pytest.fixture
def golden(train: Train, tmp_path: Path) -> tuple[Path, list[Line]]:
    """A run that nothing interrupts: its folder and what it reported."""
    lines = list[Line]()
    assert train(tmp_path / "golden", report=lines.append)
    return tmp_path / "golden", lines


def untimed(lines: Sequence[Line]) -> list[Line]:
    return [{key: value for key, value in line.items() if key not in TIMES} for line in json.loads(json.dumps(lines))]


def log_of(folder: Path) -> list[Line]:
    return [json.loads(line) for line in (folder / "training" / "log.jsonl").read_text().splitlines()]


def stop_after(steps: int) -> Callable[[], bool]:
    """Asks to stop when the given number of steps is done, counted from where the run goes on."""
    calls = iter(range(1, 1000))
    return lambda: next(calls) >= steps


def test_a_run_reports_and_logs_as_often_as_its_schedule_says(golden: tuple[Path, list[Line]]) -> None:
    folder, lines = golden
    assert [line["step"] for line in lines] == [2, 4, 6, 8, 10, 12]
    assert [line["step"] for line in lines if "exact_match" in line] == [6, 12]
    for line in lines:
        assert line.keys() >= {"loss", "learning_rate", "tokens_per_second", "core_seconds"}
    for key in ("exact_match", "forced_match", "critic_top", "critic_any"):
        assert 0 <= lines[-1][key] <= 1
    assert json.loads(json.dumps(lines)) == log_of(folder)


@pytest.mark.parametrize("stops", [(1,), (5,), (2, 3, 4)])
def test_a_stopped_run_goes_on_as_if_it_had_not_been(
    train: Train, golden: tuple[Path, list[Line]], tmp_path: Path, stops: tuple[int, ...]
) -> None:
    for steps in stops:
        assert not train(tmp_path / "run", should_stop=stop_after(steps))

    def never() -> Sequence[tuple[str, str]]:
        raise AssertionError("pairs are prepared once")

    assert train(tmp_path / "run", pairs=never)
    folder, lines = golden
    resumed = {line["step"]: line for line in untimed(log_of(tmp_path / "run"))}
    for line in untimed(lines):
        assert {**line, "loss": 0} == {**resumed[line["step"]], "loss": 0}  # a mean since the run went on
    assert rewriter_hash(tmp_path / "run") == rewriter_hash(folder)


def test_a_run_killed_after_a_save_goes_on_from_it(
    train: Train, golden: tuple[Path, list[Line]], tmp_path: Path
) -> None:
    class Killed(Exception):
        pass

    def die() -> bool:
        if next(calls) >= 7:  # the state of step 4 is the last on disk
            raise Killed
        return False

    calls = iter(range(1, 100))
    with pytest.raises(Killed):
        train(tmp_path / "run", should_stop=die)
    lines = list[Line]()
    assert train(tmp_path / "run", report=lines.append)
    folder, expected = golden
    assert untimed(lines) == untimed(expected)[2:]
    assert untimed(log_of(tmp_path / "run")) == untimed(log_of(folder))
    assert rewriter_hash(tmp_path / "run") == rewriter_hash(folder)


def test_a_finished_run_trains_no_more_and_can_be_made_longer(
    train: Train, golden: tuple[Path, list[Line]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = golden
    before = rewriter_hash(folder)
    with monkeypatch.context() as patched:
        patched.delattr(Trainer, "_train_step")
        assert train(folder)
    assert rewriter_hash(folder) == before
    assert train(folder, steps=14)
    assert read_config(folder, "python").trained_steps == 14


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"role": "fixer"}, "role"), ({"seed": 3}, "training.seed"), ({"provenance": {"Corpus": "other"}}, "Corpus")],
)
def test_another_run_is_refused_and_the_difference_named(
    train: Train, golden: tuple[Path, list[Line]], changes: Line, named: str
) -> None:
    with pytest.raises(CheckpointError, match=rf"other settings \({named} differ\)"):
        train(golden[0], **changes)


@pytest.mark.parametrize("name", ["pairs.json", "state.json", "state-00000012.safetensors"])
def test_damaged_state_is_one_line(train: Train, golden: tuple[Path, list[Line]], name: str) -> None:
    (golden[0] / "training" / name).write_bytes(b"{")
    with pytest.raises(CheckpointError, match="is damaged") as caught:
        train(golden[0], steps=14)
    assert "\n" not in str(caught.value)


def test_a_second_model_begins_with_the_first_ones_weights_and_words(
    train: Train, breaker_folder: Path, tiny: Preset, tmp_path: Path, good: list[str]
) -> None:
    reverse = [(code[:-1], code) for code in good]
    barely = tiny.model_copy(update={"training": tiny.training.model_copy(update={"learning_rate": 1e-9, "ema": 0.0})})
    assert train(
        tmp_path / "run", role="fixer", pairs=lambda: reverse, start_from=breaker_folder, preset=barely, steps=1
    )
    begun, started_from = load_rewriter(tmp_path / "run", "python"), load_rewriter(breaker_folder, "python")
    assert begun.vocabulary.words == started_from.vocabulary.words
    assert list(begun.rewrite(good, 1)) == list(started_from.rewrite(good, 1))
    with pytest.raises(CheckpointError, match="start_from"):
        train(tmp_path / "run", role="fixer", pairs=lambda: reverse, preset=barely, steps=1)


def test_a_model_of_another_shape_is_no_beginning(
    train: Train, breaker_folder: Path, tiny: Preset, tmp_path: Path
) -> None:
    wider = tiny.model_copy(update={"model": tiny.model.model_copy(update={"width": 64})})
    with pytest.raises(CheckpointError, match="of another shape"):
        train(tmp_path / "run", preset=wider, start_from=breaker_folder)


def test_too_few_pairs_are_refused(train: Train, tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="of 100 given"):
        train(tmp_path / "run", pairs=lambda: [("f(a)", "f(a)")] * 60 + [("f(" + "a," * 99, "f(a)")] * 40)


def test_the_card_states_what_was_measured(golden: tuple[Path, list[Line]]) -> None:
    folder, lines = golden
    card = (folder / CARD).read_text()
    assert "# BIFI breaker for python (custom)" in card
    assert "- Corpus: calls.jsonl, SHA-256 `abab`" in card
    for line in (lines[2], lines[5]):
        assert f"| {line['exact_match']:.3f} | {line['critic_top']:.3f} | {line['critic_any']:.3f} |" in card


def test_held_out_targets_are_not_trained_on(golden: tuple[Path, list[Line]], python: Language) -> None:
    saved = json.loads((golden[0] / "training" / "pairs.json").read_text())
    trained = {tuple(target) for _, target in saved["train"]}
    held_out = [mask(python, target) for _, target in saved["held_out"]]
    assert held_out
    assert all(masked is not None and masked.words not in trained for masked in held_out)


def test_the_learning_rate_rises_and_falls_as_its_schedule_says(tiny: Preset) -> None:
    linear = tiny.training.model_copy(update={"steps": 100, "warmup_steps": 10, "learning_rate": 1.0})
    rates = [learning_rate(step, linear) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10:60] == [1.0] * 50
    assert rates[99] < 0.06
    assert sorted(rates[60:], reverse=True) == rates[60:]
    root = linear.model_copy(update={"schedule": "inverse_sqrt"})
    assert [learning_rate(step, root) for step in (10, 40, 1000)] == pytest.approx([1.0, 0.5, 0.1])


def test_a_copy_of_a_half_finished_run_gives_the_same_model(train: Train, tmp_path: Path) -> None:
    assert not train(tmp_path / "a", should_stop=stop_after(6))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert train(tmp_path / "a")
    assert train(tmp_path / "b")
    assert rewriter_hash(tmp_path / "a") == rewriter_hash(tmp_path / "b")

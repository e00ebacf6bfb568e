"""Numbers that may only change when somebody means them to: ``golden/renew.py`` stores them anew and says when."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest
import torch

from generators.diffusion import learning_rate, muon, schedule
from generators.diffusion.data import Dataset
from generators.diffusion.model import CodeDiffusion
from tests.generators.diffusion.golden import renew, runs

Trained = dict[str, tuple[list[list[float]], CodeDiffusion]]


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return runs.stored()


@pytest.fixture(scope="module")
def formulas_as_ids() -> Dataset:
    return runs.corpus()


@pytest.fixture(scope="module")
def trained(formulas_as_ids: Dataset) -> Trained:
    return {optimiser: runs.train(formulas_as_ids, optimiser) for optimiser in runs.OPTIMISERS}


def same(golden: Any, found: Any) -> bool:
    """Whether nothing differs; what does stands in the test's output."""
    changes = list(runs.differences(golden, found))
    print(*changes[:10], sep="\n")
    return not changes


@pytest.mark.parametrize("optimiser", runs.OPTIMISERS)
def test_the_losses_of_every_step_are_the_stored_ones(golden: dict[str, Any], trained: Trained, optimiser: str) -> None:
    losses, model = trained[optimiser]
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float64}
    assert len(losses) == runs.PRESET.training.steps
    assert same(golden["losses"][optimiser], losses)


@pytest.mark.parametrize("eta", runs.ETAS)
def test_samples_from_pure_noise_are_the_stored_ones(
    golden: dict[str, Any], trained: Trained, formulas_as_ids: Dataset, eta: float
) -> None:
    found = runs.sample(trained["adamw"][1], formulas_as_ids.tokenizer, eta)
    assert same(golden["samples"][f"eta {eta:g}"], found)


def test_a_filled_gap_is_the_stored_one(golden: dict[str, Any], trained: Trained, formulas_as_ids: Dataset) -> None:
    assert same(golden["gap"], runs.fill(trained["adamw"][1], formulas_as_ids))


@pytest.mark.parametrize(
    ("module", "constant", "optimiser"),
    [(schedule, "_SQRT_OFFSET", "adamw"), (learning_rate, "LEAST", "adamw"), (muon, "MOMENTUM", "muon")],
)
def test_a_constant_that_changes_by_one_percent_is_noticed_in_the_losses(
    golden: dict[str, Any], formulas_as_ids: Dataset, monkeypatch: pytest.MonkeyPatch,
    module: ModuleType, constant: str, optimiser: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(module, constant, 1.01 * getattr(module, constant))
    losses, _ = runs.train(formulas_as_ids, optimiser)
    assert list(runs.differences(golden["losses"][optimiser], losses))


def test_a_schedule_that_changes_by_one_percent_is_noticed_in_samples_and_gaps(
    golden: dict[str, Any], trained: Trained, formulas_as_ids: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_SQRT_OFFSET", 1.01 * schedule._SQRT_OFFSET)
    model = trained["adamw"][1]
    for eta in runs.ETAS:
        found = runs.sample(model, formulas_as_ids.tokenizer, eta)
        assert list(runs.differences(golden["samples"][f"eta {eta:g}"], found))
    assert list(runs.differences(golden["gap"], runs.fill(model, formulas_as_ids)))


def test_numbers_differ_beyond_a_millionth_and_all_else_at_once() -> None:
    golden = {"losses": [1.0, 2.0], "text": "=A1"}
    assert not list(runs.differences(golden, {"losses": [1.0 + 9e-7, 2.0], "text": "=A1"}))
    for other in (
        {"losses": [1.0 + 2e-6, 2.0], "text": "=A1"}, {"losses": [1.0, 2.0], "text": "=A2"},
        {"losses": [1.0], "text": "=A1"}, {"losses": [1.0, 2.0]}, {"losses": [1.0, float("nan")], "text": "=A1"},
    ):  # fmt: skip
        assert len(list(runs.differences(golden, other))) == 1


def test_renewing_writes_what_is_compared(golden: dict[str, Any]) -> None:
    assert json.loads(renew.lines(golden)) == golden
    assert renew.rounded({"a": [1 / 3, 2, "x", None]}) == {"a": [0.3333333333, 2, "x", None]}
    assert runs.FILE.read_text() == renew.lines(golden) + "\n"

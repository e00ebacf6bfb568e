"""Yields: what stands on the way as counted by hand; each option draws what `run` would draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.generator import DiffusionGenerator
from pipeline.evaluation.samples.yields import (
    ALL_PAIRS,
    NEAR_PAIRS,
    OPTIONS,
    PAIRS,
    WAYS,
    Option,
    OutcomesByTimestep,
    Selection,
)
from schemas.config import load_config
from tests.generators.diffusion.conftest import checkpoint as checkpoint
from tests.generators.diffusion.conftest import dataset as dataset
from tests.generators.diffusion.conftest import excel as excel
from tests.generators.diffusion.conftest import formulas as formulas
from tests.generators.diffusion.conftest import one_thread as one_thread
from tests.generators.diffusion.conftest import preset as preset
from validators import get_language

EXCEL = get_language("excel")
FORMULAS = ["=SUM(A1,B2)", "=SUM(A1,B2", "=SUM(A1,B2))", "=MAX(C3,B2)", "= SUM(A1,B2)", "=(", "", None]
GIVEN = {"language": "excel", "generator": "diffusion", "pairs": 1, "out": "-"}


def of(trajectories: Sequence[Sequence[str | None]]) -> OutcomesByTimestep:
    """Trajectories by their texts at t = 0, 1, ..., T."""
    ways = OutcomesByTimestep(EXCEL)
    for by_t in trajectories:
        ways.add(by_t)
    return ways


def test_what_stands_on_the_way_is_as_counted_by_hand() -> None:
    figures = of(
        [
            ["=SUM(A1,B2)", "=SUM(A1,B2)", "=SUM(A1,B2", "=MAX(A1,B2)", "=+*(", None],
            ["=(", "=SUM(A1,B2", "=SUM(A1,B2", "=SUM(A1,B2", "=(", "=A1"],
        ]
    ).figures(seed=0)
    values = {name: figure["value"] for name, figure in figures["all"]["per_thousand"].items()}
    assert values == pytest.approx(
        dict.fromkeys(WAYS, 0.0)
        | {"undecodable": 100, "c_t is c_0": 200, "c_0 rejected": 400, "both accepted": 100, "1": 100, "3 to 5": 0}
        | {"6 to 10": 100, NEAR_PAIRS: 100, ALL_PAIRS: 200}
    )
    trajectories = {name: figure["value"] for name, figure in figures["all"]["trajectories"].items()}
    assert trajectories[ALL_PAIRS] == trajectories[NEAR_PAIRS] == 0.5 and trajectories["c_t is c_0"] == 1
    tenths = figures["by_tenth"]
    assert [part["timesteps"] for part in tenths] == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
    assert tenths[3]["per_thousand"]["1"]["value"] == pytest.approx(100) and tenths[2]["per_thousand"]["1"] is None
    assert tenths[9]["per_thousand"]["undecodable"]["value"] == pytest.approx(100)
    assert (tenths[7]["low"], tenths[7]["high"]) == (0.7, 0.8)


@settings(max_examples=40)
@given(st.lists(st.lists(st.sampled_from(FORMULAS), min_size=8, max_size=8), min_size=1, max_size=5))
def test_every_text_is_of_one_kind_and_tenths_add_up(trajectories: list[list[str | None]]) -> None:
    figures = of(trajectories).figures(seed=0)
    parts, total = figures["by_tenth"], figures["all"]["per_thousand"]
    for name in (*WAYS, NEAR_PAIRS, ALL_PAIRS):
        inside = sum(part["per_thousand"][name]["value"] for part in parts if part["per_thousand"][name])
        assert inside == pytest.approx(total[name]["value"])
    assert sum(total[name]["value"] for name in WAYS) == pytest.approx(1000)
    assert sum(total[name]["value"] for name in PAIRS) == pytest.approx(total[ALL_PAIRS]["value"])
    assert sum(total[name]["value"] for name in PAIRS[:3]) == pytest.approx(total[NEAR_PAIRS]["value"])


@pytest.fixture(scope="module")
def twelve_steps(checkpoint: Checkpoint) -> Checkpoint:
    sampling = checkpoint.config.sampling.model_copy(update={"steps": 12})
    return replace(checkpoint, config=checkpoint.config.model_copy(update={"sampling": sampling}))


@pytest.fixture(scope="module")
def trajectories(twelve_steps: Checkpoint) -> list[list[str | None]]:
    """The texts of 24 trajectories by t: a generator that draws every timestep tells all of them."""
    config = load_config(None, ("diffusion.tile=8", "diffusion.draws=12"), GIVEN)
    rows = list(DiffusionGenerator(twelve_steps, "0" * 64, config.diffusion).generate(7, 24 * 12))
    found: list[list[str | None]] = [[None] * 13 for _ in range(24)]
    for row in rows:
        if row.failure is None:  # the empty text is a text
            assert row.timestep is not None
            found[row.row // 12][0] = row.fixed
            found[row.row // 12][row.timestep] = row.broken
    return found


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_option_draws_what_run_draws(
    twelve_steps: Checkpoint, trajectories: list[list[str | None]], option: Option
) -> None:
    config = load_config(None, ("diffusion.tile=8", *option.settings), GIVEN)
    run = list(DiffusionGenerator(twelve_steps, "0" * 64, config.diffusion).generate(7, 24))
    ours = [Selection(option, EXCEL, 7).draw(by_t, i) for i, by_t in enumerate(trajectories)]
    assert ours == [(row.broken, row.fixed) if row.failure is None else None for row in run]
    assert len(set(ours)) > 12


def test_equal_pairs_of_the_whole_sample_count_once_and_distances_decide_what_is_near() -> None:
    near, far = ["=SUM(A1,B2)", "=SUM(A1,B2"], ["=SUM(A1,B2)", "=+*/^&-("]
    selection = Selection(OPTIONS[0], EXCEL, seed=0)
    for by_t in (near, near, far, ["=SUM(A1,B2)", "=SUM(A1,B2)"], [None, "=("], ["=(", "=SUM(A1)"]):
        selection.add(by_t)
    figures = selection.figures()
    assert (figures["pairs"]["value"], figures["near"]["value"]) == (2 / 6, 1 / 6)
    assert figures["pairs"]["n"] == 6
    selection.seconds = 2.0
    assert selection.pairs_a_minute(sampling=0.5) == pytest.approx(60 * 2 / (6 * 0.5 + 2.0))


def test_a_distance_limit_drops_pairs_and_stratified_draws_find_near_ones() -> None:
    by_t = ["=SUM(A1,B2)", "=SUM(A1,B2", *["=+*/^&-("] * 30]
    by_name = {option.settings: Selection(option, EXCEL, seed=0) for option in OPTIONS}
    for selection in by_name.values():
        selection.add(by_t)
    found = {name: (f["pairs"]["value"], f["near"]["value"]) for name, s in by_name.items() if (f := s.figures())}
    assert found[()] == (1, 0)
    assert found["filters.max_distance=5",] == (0, 0)
    assert found["diffusion.selection=stratified",] == (1, 1)


def test_the_settings_of_every_option_are_settings_of_run() -> None:
    configs = [load_config(None, option.settings, GIVEN) for option in OPTIONS]
    assert len({config.model_dump_json() for config in configs}) == len(OPTIONS)

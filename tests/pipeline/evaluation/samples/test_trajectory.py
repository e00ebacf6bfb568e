"""Figure 2: each step is measured as defined, by hand and by brute force; the same seed writes the same files."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from generators.diffusion.checkpoint import Checkpoint, save_checkpoint
from generators.diffusion.quality import TILE, draw_texts
from pipeline.cli.evaluate_trajectory import trajectory
from pipeline.evaluation.samples import trajectory as trajectory_module
from pipeline.evaluation.samples.bootstrap import BINS, Resampling, tenth
from pipeline.evaluation.samples.trajectory import (
    State,
    evaluate_trajectory,
    language_changes,
    measure,
    model_changes,
    sample_trajectories,
    settled_at,
)
from schemas.errors import RequestError
from tests.generators.diffusion.conftest import checkpoint as checkpoint
from tests.generators.diffusion.conftest import dataset as dataset
from tests.generators.diffusion.conftest import excel as excel
from tests.generators.diffusion.conftest import formulas as formulas
from tests.generators.diffusion.conftest import one_thread as one_thread
from tests.generators.diffusion.conftest import preset as preset
from validators import get_language
from validators.diff import token_diff

EXCEL = get_language("excel")
COUNT = TILE + 8


def states_of(texts: Sequence[str | None]) -> list[State]:
    """A trajectory by its text at T, T - 1, ..., 0; a token of the model is a character, the unknown one is -1."""
    states: list[State] = []
    for t, text in zip(range(len(texts) - 1, -1, -1), texts, strict=True):
        ids = (-1,) if text is None else tuple(map(ord, text))
        if states and states[-1].ids == ids:
            states[-1].last = t
        else:
            states.append(State(t, t, ids, text))
    return states


def by_t(array: np.ndarray[Any, Any]) -> list[float | None]:
    """A row from t = T - 1 down to 0."""
    return [None if math.isnan(value) else round(value, 4) for value in array[0][::-1].tolist()]


def test_the_states_of_a_trajectory_cover_every_timestep_and_end_in_the_sample(checkpoint: Checkpoint) -> None:
    sampling = checkpoint.config.sampling
    trajectories = list(sample_trajectories(checkpoint, COUNT, 3, sampling))
    assert [states[-1].text or "" for states in trajectories] == draw_texts(checkpoint, COUNT, seed=3)
    for states in trajectories:
        assert (states[0].first, states[-1].last) == (sampling.steps, 0)
        for state, following in pairwise(states):
            assert state.first >= state.last == following.first + 1
            assert state.ids != following.ids
    assert len({len(states) for states in trajectories}) > 1


def test_a_step_is_measured_in_tokens_of_the_language_and_of_the_model() -> None:
    """= SUM ( A1 : B2 ): seven tokens of the language, eleven characters."""
    texts = ["=SUM(A1:B2)", "=SUM(A1:B2)", "=MAX(A1:B3)", "=MAX(A1:B3", "=MAX(A1: B3"]
    language = language_changes(EXCEL, [states_of(texts)], 4)
    assert by_t(language.changed) == [0.0, round(2 / 7, 4), round(1 / 7, 4), 0.0]
    assert by_t(language.distance) == [None, 4.0, 0.0, None]
    assert by_t(language.relative) == [None, round(4 / 7, 4), 0.0, None]
    model = model_changes([states_of(texts)], 4)
    assert by_t(model.changed) == [0.0, round(4 / 11, 4), round(1 / 11, 4), round(1 / 11, 4)]
    assert by_t(model.distance) == [None, 8.0, 0.0, 0.0]


def test_steps_from_and_to_what_cannot_be_decoded_are_left_out_of_the_languages_figures_alone() -> None:
    texts = [None, None, "=A1", "=A1", None, "=A2"]
    language = language_changes(EXCEL, [states_of(texts)], 5)
    assert by_t(language.changed) == [None, None, 0.0, None, None]
    assert by_t(language.distance) == [None] * 5
    assert by_t(model_changes([states_of(texts)], 5).changed) == [0.0, 1.0, 0.0, 1.0, 1.0]


@given(st.lists(st.sampled_from(["=A1", "=A1+B2", "=SUM(A1)", "=SUM(A1", "", None]), min_size=2, max_size=12))
def test_changes_are_those_of_each_pair_of_neighbours(texts: list[str | None]) -> None:
    language = language_changes(EXCEL, [states_of(texts)], len(texts) - 1)
    expected: list[tuple[float | None, float | None]] = []
    for before, after in pairwise(texts):
        if before is None or after is None:
            expected.append((None, None))
            continue
        diff = token_diff(EXCEL, before, after)
        expected.append((round(diff.normalized, 4), diff.span if diff.distance else None))
    assert list(zip(by_t(language.changed), by_t(language.distance), strict=True)) == expected


@pytest.mark.parametrize(
    ("texts", "t"),
    [
        (["=A1", "=A1", "=A1"], 2),
        (["=A1", "=B1", "=B1"], 1),
        (["=B1", "=A1", "=B1"], 0),
        ([None, "=A1", "=A1"], 1),
        (["=A1", None, None], 1),
    ],
)
def test_a_text_has_settled_where_it_changes_no_more(texts: list[str | None], t: int) -> None:
    assert settled_at(states_of(texts)) == t


def test_other_tokens_of_the_same_text_do_not_unsettle_it_but_other_unknown_ones_do() -> None:
    assert settled_at([State(3, 2, (1, 2), "=A1"), State(1, 0, (3,), "=A1")]) == 3
    assert settled_at([State(3, 2, (1, 2), None), State(1, 0, (3,), None)]) == 1


def test_figures_of_few_trajectories_are_as_counted_by_hand(checkpoint: Checkpoint) -> None:
    sampling = checkpoint.config.sampling.model_copy(update={"steps": 4, "time_power": 2.0})
    trajectories = [
        states_of(["=SUM(A1", "=SUM(A1)", "=SUM(A1)", "=SUM(A1)", "=SUM(A1)"]),
        states_of(["=(", "=(", None, "=A1", "=A2"]),
    ]
    figures = measure(EXCEL, trajectories, sampling, seed=0)
    assert figures["noise_level"] == [0, 1 / 16, 1 / 4, 9 / 16, 1]

    def values(name: str) -> list[float | None]:
        return [None if figure is None else figure["value"] for figure in figures["by_t"][name]]

    assert values("accepted") == [1, 1, 0.5, 0.5, 0]
    assert values("undecodable") == [0, 0, 0.5, 0, 0]
    assert values("language_tokens.changed") == [0.25, 0, 0, 1 / 10]
    assert values("language_tokens.steps_with_edits") == [0.5, 0, 0, 0.5]
    assert values("language_tokens.distance") == [0, None, None, 0]
    assert [figure["n"] for figure in figures["by_t"]["language_tokens.changed"]] == [2, 1, 1, 2]
    assert [figure["n"] for figure in figures["by_t"]["model_tokens.changed"]] == [2, 2, 2, 2]
    assert figures["settled"]["t"] == [3, 0]
    assert figures["settled"]["by_tenth"] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert figures["settled"]["median_noise_level"] == 9 / 32
    tenths = figures["by_tenth"]["language_tokens.changed"]
    assert [None if figure is None else figure["value"] for figure in tenths[:6]] == [
        pytest.approx(0.5 / 3), None, 0.0, None, None, pytest.approx(0.1),
    ]  # fmt: skip
    assert len(tenths) == BINS and tenths[6:] == [None] * 4
    json.dumps(figures, allow_nan=False)


def test_every_noise_level_falls_in_one_tenth() -> None:
    assert [tenth(k / 10) for k in range(11)] == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [tenth(level) for level in (0.001, 0.1001, 0.9001, 0.999)] == [0, 1, 9, 9]


def test_the_interval_is_that_of_a_bootstrap_over_trajectories() -> None:
    """200 trajectories of five steps each, all five alike: the spread is that of 200 values, not of 1,000."""
    rows = np.random.default_rng(1).normal(size=200)
    values = np.repeat(rows[:, None], 5, axis=1)
    (figure,) = Resampling(200, seed=0).means(values, [0] * 5)[:1]
    assert figure is not None
    assert figure["value"] == pytest.approx(rows.mean()) and figure["n"] == 1_000
    half = 1.96 * rows.std() / math.sqrt(200)
    assert figure["low"] == pytest.approx(rows.mean() - half, abs=0.2 * half)
    assert figure["high"] == pytest.approx(rows.mean() + half, abs=0.2 * half)
    assert Resampling(200, seed=0).means(values, [0] * 5)[0] == figure
    assert Resampling(200, seed=1).means(values, [0] * 5)[0] != figure


def test_a_value_that_one_trajectory_alone_has_is_no_error() -> None:
    values = np.full((3, 2), math.nan)
    values[1, 0] = 0.5
    assert Resampling(3, seed=0).means(values, range(2)) == [{"value": 0.5, "low": 0.5, "high": 0.5, "n": 1}, None]


@pytest.fixture(scope="module")
def folder(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    save_checkpoint(path, checkpoint, "# A card\n")
    return path


def evaluate(folder: Path, out: Path, **given: Any) -> dict[str, Any]:
    return evaluate_trajectory(
        **{"language": "excel", "checkpoint": str(folder), "count": 20, "seed": 0, "out": out} | given
    )


def test_a_rerun_writes_the_same_files(folder: Path, tmp_path: Path) -> None:
    results = evaluate(folder, tmp_path / "a")
    assert evaluate(folder, tmp_path / "b") == results
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert names == {"trajectory.json", "trajectory.md"} | {
        f"figure-2{part}.{kind}" for part in ("", "-repair") for kind in ("png", "svg")
    }
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert json.loads((tmp_path / "a" / "trajectory.json").read_text()) == results


def test_another_seed_gives_other_trajectories(checkpoint: Checkpoint) -> None:
    first, second = (list(sample_trajectories(checkpoint, 8, seed, checkpoint.config.sampling)) for seed in (0, 1))
    assert first != second


def test_the_report_shows_a_trajectory_as_texts_that_differ(folder: Path, tmp_path: Path) -> None:
    results = evaluate(folder, tmp_path, steps=9)
    assert results["sampling"]["steps"] == 9 and len(results["by_t"]["accepted"]) == 10
    shown = results["example"]
    assert (shown[0]["first"], shown[-1]["last"]) == (9, 0)
    assert all(a["text"] != b["text"] and a["last"] == b["first"] + 1 for a, b in pairwise(shown))
    report = (tmp_path / "trajectory.md").read_text()
    assert report.rstrip().endswith((shown[-1]["text"] or "(undecodable)").rstrip())
    assert "![figure-2.png](figure-2.png)" in report
    assert report.count("| 0.9 to 1.0 | ") == 2


def test_the_command_prints_a_table_or_one_json_value(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trajectory_module, "draw_figures", lambda results, out: [])  # they take longest
    app = typer.Typer()
    app.command()(trajectory)
    given = ["--language", "excel", "--checkpoint", str(folder), "--n", "8", "--out", str(tmp_path)]
    plain = CliRunner().invoke(app, given)
    assert plain.exit_code == 0 and "0.9 to 1.0" in plain.output and "trajectory.md" in plain.output
    told = CliRunner().invoke(app, [*given, "--json"])
    assert json.loads(told.output) == json.loads((tmp_path / "trajectory.json").read_text())


def test_a_wrong_request_is_told_in_one_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="not of python"):
        evaluate(folder, tmp_path, language="python")
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="cannot make the folder"):
        evaluate(folder, tmp_path / "file")
    with pytest.raises(RequestError, match="language 'cobol' is unknown"):
        trajectory(language="cobol", out=tmp_path)

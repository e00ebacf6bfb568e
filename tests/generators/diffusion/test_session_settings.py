"""With which settings a training in a folder goes on, and how they decide where it ends and what it leaves out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.checkpoints import CheckpointError
from generators.diffusion.checkpoint import load_checkpoint
from generators.diffusion.session import Schedule, Source
from tests.generators.diffusion.trainers import SOURCE, Line, MakeRun, stop_after


@pytest.fixture(scope="module")
def finished(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole run."""
    folder = tmp_path_factory.mktemp("finished")
    assert make_run(folder).run(lambda line: None)
    return folder


def test_a_longer_run_goes_on_from_a_finished_one(make_run: MakeRun, tmp_path: Path) -> None:
    lines: list[Line] = []
    assert make_run(tmp_path, steps=3).run(lines.append)
    longer = make_run(tmp_path, steps=5)
    assert longer.resumed
    assert longer.run(lines.append)
    assert [line["step"] for line in lines] == [2, 3, 4, 5]
    assert load_checkpoint(tmp_path, "excel").config.trained_steps == 5


def test_a_run_that_was_stopped_and_is_made_shorter_exports_what_it_has(make_run: MakeRun, tmp_path: Path) -> None:
    assert make_run(tmp_path).run(lambda line: None, stop_after(3)) is False
    assert not (tmp_path / "config.json").exists()
    assert make_run(tmp_path, steps=3).run(lambda line: None) is True
    assert load_checkpoint(tmp_path, "excel").config.trained_steps == 3


OTHERS: dict[str, dict[str, object]] = {
    "corpus": {"source": Source(name="formulas.jsonl", sha256="cd" * 32)},
    "model.width": {"model": {"width": 32}},
    "training.seed": {"seed": 1},
    "training.learning_rate": {"learning_rate": 1e-4},
    "training.literals": {"literals": "full"},
    "training.optimiser": {"optimiser": "muon"},
    "training.decay_share": {"decay_share": 0.0},
    "without": {"source": Source(name=SOURCE.name, sha256=SOURCE.sha256, without={"bench.json": "ef" * 32})},
}


@pytest.mark.parametrize(("field", "changes"), OTHERS.items(), ids=OTHERS)
def test_another_run_in_the_same_folder_is_refused_naming_the_field(
    make_run: MakeRun, finished: Path, field: str, changes: dict[str, object]
) -> None:
    with pytest.raises(CheckpointError) as caught:
        make_run(finished, **changes)
    assert f"({field} differ)" in str(caught.value)
    assert str(finished) in str(caught.value)


def test_how_samples_are_drawn_may_change(make_run: MakeRun, finished: Path) -> None:
    assert make_run(finished, sampling={"steps": 9}).trainer.step == 12


def test_a_run_of_an_older_version_goes_on_with_settings_that_it_did_not_know(
    make_run: MakeRun, tmp_path: Path
) -> None:
    make_run(tmp_path).run(lambda _: None, stop_after(4))
    file = tmp_path / "training" / "dataset.json"
    saved = json.loads(file.read_text())
    for name in ("model.denoiser", "model.prediction", "training.paragraph_denoising", "training.optimiser", "without"):
        del saved["identity"][name]
    saved["identity"]["training.precision"] = "fp32"  # which once was part of it
    del saved["dropped"]
    file.write_text(json.dumps(saved))
    assert make_run(tmp_path).trainer.step == 4
    with pytest.raises(CheckpointError, match=r"prediction"):
        make_run(tmp_path, model={"prediction": "noise"})


def test_a_run_goes_on_in_another_precision(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(tmp_path).run(lambda _: None, stop_after(4))
    for precision in ("bf16", "auto"):
        assert make_run(tmp_path, precision=precision).trainer.step == 4


def test_the_seconds_of_a_state_that_does_not_hold_them_come_from_its_log(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(tmp_path).run(lambda _: None, stop_after(4))
    log, state = tmp_path / "training" / "log.jsonl", tmp_path / "training" / "state.json"
    lines = [json.loads(text) for text in log.read_text().splitlines()]
    changed = [line | ({"core_seconds": 99.5} if "loss" in line else {}) for line in lines]
    log.write_text("".join(json.dumps(line) + "\n" for line in changed))
    values = json.loads(state.read_text())
    assert 0 < values.pop("seconds") < 99
    state.write_text(json.dumps(values))
    assert make_run(tmp_path).trainer.seconds == 99.5


def test_what_is_dropped_is_not_trained_on_and_is_counted_on_every_resume(
    make_run: MakeRun, formulas: list[str], tmp_path: Path
) -> None:
    source = Source(name="formulas.jsonl", sha256="ab" * 32, without={"bench.json": "ef" * 32})
    run = make_run(tmp_path, source=source, drop=lambda code: "MAX" in code)
    lost = sum("MAX" in code for code in formulas)
    assert run.dropped == run.header()["dropped"] == lost > 0
    assert not any("MAX" in text for text in run.dataset.texts([*run.dataset.train, *run.dataset.validation]))
    run.run(lambda line: None, stop_after(4))
    again = make_run(tmp_path, source=source, drop=lambda code: False)
    assert again.dropped == lost
    again.run(lambda line: None)
    card = (tmp_path / "README.md").read_text()
    assert f"Left out of the corpus: {lost} snippets that are solutions in bench.json (SHA-256 `{'ef' * 32}`)" in card
    assert "--without bench.json --out DIR" in card


def test_a_run_of_minutes_ends_by_its_time_and_says_so(make_run: MakeRun, tmp_path: Path) -> None:
    lines: list[Line] = []
    run = make_run(tmp_path, max_minutes=0.005)  # 0.3 seconds
    assert run.run(lines.append)
    assert run.trainer.share >= 1 and run.trainer.step == lines[-1]["step"] == run.checkpoint().config.trained_steps
    assert lines[-1]["core_seconds"] == pytest.approx(run.trainer.seconds, abs=0.1)
    assert "accepted" in lines[-1]
    card = (tmp_path / "README.md").read_text()
    assert "--max-minutes 0.005 " in card and "--steps" not in card
    assert "constant for 0.0 minutes, then falling linearly to 3% of it for 0.0 minutes" in card
    again = make_run(tmp_path, max_minutes=0.005)
    assert again.run(lambda line: pytest.fail("the time is over"))
    longer = make_run(tmp_path, max_minutes=0.01)
    assert longer.trainer.seconds == run.trainer.seconds and 0.4 < longer.trainer.share < 1


def test_without_regular_evaluations_a_run_exports_at_half_time_and_at_its_end(
    make_run: MakeRun, tmp_path: Path
) -> None:
    schedule = Schedule(log_every=100, save_every=100, evaluate_every=0, evaluate_samples=4, final_samples=8)
    lines: list[Line] = []
    exported: list[int] = []

    def report(line: Line) -> None:
        lines.append(line)
        exported.append(load_checkpoint(tmp_path, "excel").config.trained_steps)

    assert make_run(tmp_path, schedule=schedule, steps=11).run(report)
    assert [(line["step"], line["samples"]) for line in lines] == [(6, 4), (11, 8)]
    assert exported == [6, 11]

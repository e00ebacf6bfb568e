"""A copy of a run at a constant rate is trained to its end; the run itself loses nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from generators.checkpoints import CheckpointError
from generators.diffusion.checkpoint import checkpoint_hash, load_checkpoint
from generators.diffusion.config import Preset
from generators.diffusion.finishing import finish
from generators.diffusion.run_identity import run_identity
from generators.diffusion.session import Schedule, Source, TrainingRun
from tests.generators.diffusion.trainers import changed, equal, weights
from validators import Language

SCHEDULE = Schedule(log_every=2, save_every=4, evaluate_every=100, evaluate_samples=4, final_samples=4)
SOURCE = Source(name="formulas.jsonl", sha256="ab" * 32)

MakeRun = Callable[[Path, Preset], TrainingRun]


@pytest.fixture(scope="module")
def constant(preset: Preset) -> Preset:
    """A run of which nobody knows when it will end."""
    return changed(preset, steps=10**9, decay_share=0.0)


@pytest.fixture(scope="module")
def make_run(excel: Language, formulas: list[str]) -> MakeRun:
    def make(folder: Path, preset: Preset) -> TrainingRun:
        return TrainingRun(
            folder=folder, language=excel, preset_name="small", preset=preset, source=SOURCE, read=lambda: formulas,
            schedule=SCHEDULE,
        )  # fmt: skip

    return make


@pytest.fixture(scope="module")
def long(make_run: MakeRun, constant: Preset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run, stopped after 12 steps."""
    folder = tmp_path_factory.mktemp("long")
    run = make_run(folder, constant)
    assert run.run(lambda line: None, lambda: run.trainer.step == 12) is False
    return folder


def finished(source: Path, folder: Path, preset: Preset, **length: Any) -> Preset:
    return finish(source, folder, preset, run_identity("excel", SOURCE, preset), **length)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_copy_ends_as_a_run_that_was_meant_to_end_there(
    make_run: MakeRun, constant: Preset, long: Path, tmp_path: Path
) -> None:
    before = contents(long)
    ending = finished(long, tmp_path / "copy", constant, steps=6)
    assert ending == changed(constant, steps=18, decay_share=6 / 18)
    lines: list[dict[str, Any]] = []
    copy = make_run(tmp_path / "copy", ending)
    assert (copy.resumed, copy.trainer.step) == (True, 12)
    assert copy.run(lines.append)
    whole = make_run(tmp_path / "whole", ending)
    assert whole.run(lambda line: None)
    assert equal(weights(copy.trainer), weights(whole.trainer))
    assert checkpoint_hash(tmp_path / "copy") == checkpoint_hash(tmp_path / "whole")
    rates = [line["learning_rate"] for line in lines]
    assert [line["step"] for line in lines] == [14, 16, 18]
    assert rates == pytest.approx([3e-3 * (0.03 + 0.97 * left / 6) for left in (5, 3, 1)])
    card = (tmp_path / "copy" / "README.md").read_text()
    assert "constant for 12 steps, then falling linearly to 3% of it for 6 steps" in card
    assert contents(long) == before
    assert load_checkpoint(tmp_path / "copy", "excel").config.trained_steps == 18


def test_a_copy_that_is_stopped_is_resumed_by_the_same_call_even_when_the_run_has_gone_on(
    make_run: MakeRun, constant: Preset, long: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(long, source)
    copy = make_run(tmp_path / "copy", finished(source, tmp_path / "copy", constant, steps=6))
    assert copy.run(lambda line: None, lambda: copy.trainer.step == 15) is False
    run = make_run(source, constant)
    run.run(lambda line: None, lambda: run.trainer.step == 20)
    again = make_run(tmp_path / "copy", finished(source, tmp_path / "copy", constant, steps=6))
    assert again.trainer.step == 15
    assert again.run(lambda line: None)
    whole = make_run(tmp_path / "whole", finished(long, tmp_path / "whole", constant, steps=6))
    assert whole.run(lambda line: None)
    assert equal(weights(again.trainer), weights(whole.trainer))


def test_several_copies_of_one_run_are_independent(
    make_run: MakeRun, constant: Preset, long: Path, tmp_path: Path
) -> None:
    for steps in (1, 3):
        copy = make_run(tmp_path / str(steps), finished(long, tmp_path / str(steps), constant, steps=steps))
        assert copy.run(lambda line: None)
        assert copy.trainer.step == 12 + steps
    run = make_run(long, constant)
    assert run.trainer.step == 12


def test_a_tenth_of_the_steps_is_the_length_if_none_is_given(constant: Preset, long: Path, tmp_path: Path) -> None:
    ending = finished(long, tmp_path / "copy", constant).training
    assert (ending.steps, ending.max_minutes, ending.decay_share) == (13, None, 1 / 13)


def test_minutes_come_on_top_of_the_time_that_was_trained(
    make_run: MakeRun, constant: Preset, long: Path, tmp_path: Path
) -> None:
    trained = json.loads((long / "training" / "state.json").read_text())["seconds"] / 60
    ending = finished(long, tmp_path / "copy", constant, minutes=2.0)
    assert ending.training.max_minutes == pytest.approx(trained + 2)
    assert ending.training.decay_share == pytest.approx(2 / (trained + 2))
    copy = make_run(tmp_path / "copy", ending)
    assert copy.trainer.share == pytest.approx(trained / (trained + 2))
    assert next(copy.trainer.run()).learning_rate == pytest.approx(3e-3, rel=1e-3)  # it begins to fall here


def test_a_state_that_is_replaced_again_and_again_is_copied_whole(
    constant: Preset, long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    shutil.copytree(long, source)
    work = source / "training"
    copyfile, replaced = shutil.copyfile, []

    def replace_first(a: Path, b: Path) -> Path:
        """The run saves between the reading of the name and the copying of the file."""
        if Path(a).suffix == ".safetensors" and len(replaced) < 3:
            values = json.loads((work / "state.json").read_text())
            name = f"state-{100 + len(replaced):08d}.safetensors"
            (work / values["file"]).rename(work / name)
            (work / "state.json").write_text(json.dumps(values | {"file": name}))
            replaced.append(name)
        return Path(copyfile(a, b))

    monkeypatch.setattr(shutil, "copyfile", replace_first)
    finished(source, tmp_path / "copy", constant, steps=2)
    state = json.loads((tmp_path / "copy" / "training" / "state.json").read_text())
    assert len(replaced) == 3 and state["file"] == replaced[-1]
    assert (tmp_path / "copy" / "training" / state["file"]).read_bytes() == (work / state["file"]).read_bytes()


class KilledError(BaseException):
    """Stands for a kill."""


def test_a_copy_that_is_killed_half_way_is_made_anew(
    make_run: MakeRun, constant: Preset, long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copyfile = shutil.copyfile
    for killed_at in range(4):
        calls = iter(range(killed_at))

        with monkeypatch.context() as patch, pytest.raises(KilledError):

            def kill(a: Path, b: Path, calls: Iterator[int] = calls, patch: pytest.MonkeyPatch = patch) -> None:
                if next(calls, None) is None:
                    patch.setattr(shutil, "rmtree", lambda *arguments, **options: None)  # nobody tidies up
                    raise KilledError
                copyfile(a, b)

            patch.setattr(shutil, "copyfile", kill)
            finished(long, tmp_path / "copy", constant, steps=2)
        assert not (tmp_path / "copy" / "training").exists()
    assert make_run(tmp_path / "copy", finished(long, tmp_path / "copy", constant, steps=2)).trainer.step == 12
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["training"]


def test_another_length_is_refused_where_a_copy_has_begun(constant: Preset, long: Path, tmp_path: Path) -> None:
    finished(long, tmp_path / "copy", constant, steps=2)
    for other in ({"steps": 3}, {"minutes": 1.0}, {}):
        with pytest.raises(CheckpointError, match="finished over another length: give the same, or another folder"):
            finished(long, tmp_path / "copy", constant, **other)


def test_a_folder_with_a_run_of_its_own_is_refused(constant: Preset, long: Path) -> None:
    with pytest.raises(CheckpointError, match="holds a training run of its own: finish into another folder"):
        finished(long, long, constant, steps=2)


def test_a_run_of_other_settings_is_refused_naming_them_and_nothing_is_left(
    constant: Preset, long: Path, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match=r"other settings \(training\.seed differ\)") as caught:
        finished(long, tmp_path / "copy", changed(constant, seed=1), steps=2)
    assert str(long) in str(caught.value)
    assert not list((tmp_path / "copy").iterdir())


def test_a_run_whose_rate_has_begun_to_fall_is_refused(make_run: MakeRun, preset: Preset, tmp_path: Path) -> None:
    run = make_run(tmp_path / "falls", preset)
    run.run(lambda line: None, lambda: run.trainer.step == 11)
    with pytest.raises(CheckpointError, match=r"falls has begun to fall already: resume that training instead"):
        finished(tmp_path / "falls", tmp_path / "copy", preset, steps=2)


@pytest.mark.parametrize("lost", ["state.json", "dataset.json", "tokenizer.json"])
def test_a_folder_without_a_whole_run_is_refused(constant: Preset, long: Path, tmp_path: Path, lost: str) -> None:
    shutil.copytree(long, tmp_path / "source")
    (tmp_path / "source" / "training" / lost).unlink()
    with pytest.raises(CheckpointError, match=r"holds no whole training state|cannot be copied to") as caught:
        finished(tmp_path / "source", tmp_path / "copy", constant, steps=2)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "copy").iterdir())

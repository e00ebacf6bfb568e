"""A training run in a folder: resumed exactly, refused when it is another, exported with its figures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from generators.checkpoints import CheckpointError
from generators.diffusion.checkpoint import checkpoint_hash, load_checkpoint
from generators.diffusion.config import Preset
from generators.diffusion.data import frame_counts
from generators.diffusion.quality import draw_texts
from generators.diffusion.training import Trainer
from generators.diffusion.training_set import HASHES, SUMMARY, load_training_set
from tests.generators.diffusion.trainers import SOURCE, TIMES, Line, MakeRun, logged, stop_after, untimed
from validators import Language

JUDGED = {"judging_seconds"}  # where samples were judged


@pytest.fixture(scope="module")
def golden(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Line]]:
    """A run that nothing interrupts: its folder and what it reported."""
    folder, lines = tmp_path_factory.mktemp("golden"), list[Line]()
    assert make_run(folder).run(lines.append)
    return folder, lines


def test_a_run_reports_as_often_as_its_schedule_says(golden: tuple[Path, list[Line]]) -> None:
    _, lines = golden
    assert [line["step"] for line in lines] == [2, 4, 6, 8, 10, 12]
    assert [line["step"] for line in lines if "accepted" in line] == [6, 12]
    for line in lines:
        assert line.keys() >= {"loss", "denoiser", "decoder", "cross_entropy", "learning_rate", *TIMES} - JUDGED
    for line in (lines[2], lines[5]):
        assert line["samples"] == 8
        assert len(line["examples"]) <= 6
        assert line["validation_cross_entropy"] > 0
        assert line["judging_seconds"] >= 0
    seconds = [line["core_seconds"] for line in lines]
    assert seconds == sorted(seconds)


def test_the_log_on_disk_is_what_was_reported(golden: tuple[Path, list[Line]]) -> None:
    folder, lines = golden
    assert logged(folder) == lines


def test_each_part_of_a_run_logs_what_it_is_trained_on_and_how(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(tmp_path).run(lambda line: None, stop_after(4))
    make_run(tmp_path).run(lambda line: None)
    first = json.loads((tmp_path / "training" / "log.jsonl").read_text().splitlines()[0])
    lines = [json.loads(text) for text in (tmp_path / "training" / "log.jsonl").read_text().splitlines()]
    headers = [line for line in lines if "loss" not in line]
    assert [line["step"] for line in headers] == [0, 4] and first == headers[0]
    header = make_run(tmp_path).header()
    assert first == {"step": 0} | header | {"steps_done": 0}
    assert (header["device"], header["precision"], header["precision_reason"]) == ("cpu", "fp32", "requested")
    assert header["parameters"] > header["without_embeddings"] > 0 and header["dropped"] == 0


@pytest.mark.parametrize("stops", [(1,), (5,), (6, 3), (3, 3, 3), (11,)])
def test_a_stopped_run_goes_on_and_ends_as_if_it_had_not_been(
    make_run: MakeRun, golden: tuple[Path, list[Line]], tmp_path: Path, stops: tuple[int, ...]
) -> None:
    folder, expected = golden
    lines: list[Line] = []
    for number, steps in enumerate(stops):
        run = make_run(tmp_path)
        assert run.resumed is (number > 0)
        assert run.run(lines.append, stop_after(steps)) is False
        assert (tmp_path / "training" / "state.json").is_file()
    last = make_run(tmp_path)
    assert last.trainer.step == sum(stops)
    assert last.run(lines.append) is True
    assert untimed(lines) == untimed(expected)
    assert untimed(logged(tmp_path)) == untimed(expected)
    assert checkpoint_hash(tmp_path) == checkpoint_hash(folder)


class KilledError(Exception):
    """Stands for a kill."""


def test_a_run_killed_between_saves_does_its_lost_steps_again(
    make_run: MakeRun, golden: tuple[Path, list[Line]], tmp_path: Path
) -> None:
    folder, expected = golden

    def kill_at_6(line: Line) -> None:
        if line["step"] == 6:
            raise KilledError

    with pytest.raises(KilledError):
        make_run(tmp_path).run(kill_at_6)
    again, lines = make_run(tmp_path), list[Line]()
    assert again.trainer.step == 4
    assert again.run(lines.append)
    assert untimed(lines) == untimed(expected[2:])
    assert untimed(logged(tmp_path)) == untimed(expected)
    assert checkpoint_hash(tmp_path) == checkpoint_hash(folder)


def test_a_run_killed_in_the_middle_of_a_save_keeps_log_and_state_together(
    make_run: MakeRun, golden: tuple[Path, list[Line]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, expected = golden
    save = Trainer.save

    def kill_at_8(trainer: Trainer, folder: Path) -> None:
        if trainer.step == 8:
            raise KilledError
        save(trainer, folder)

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(Trainer, "save", kill_at_8)
        make_run(tmp_path).run(lambda line: None)
    log = tmp_path / "training" / "log.jsonl"
    assert json.loads(log.read_text().splitlines()[-1])["step"] == 8  # newer than the state
    assert make_run(tmp_path).run(lambda line: None)
    assert untimed(logged(tmp_path)) == untimed(expected)


def test_a_run_that_is_asked_to_stop_at_its_last_step_is_finished(make_run: MakeRun, tmp_path: Path) -> None:
    assert make_run(tmp_path).run(lambda line: None, stop_after(12)) is True


def test_a_finished_run_does_nothing(make_run: MakeRun, golden: tuple[Path, list[Line]]) -> None:
    folder, _ = golden
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    lines: list[Line] = []
    assert make_run(folder, read=lambda: pytest.fail("the corpus is prepared already")).run(lines.append)
    assert lines == []
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_the_export_knows_the_training_set(make_run: MakeRun, golden: tuple[Path, list[Line]], excel: Language) -> None:
    folder, _ = golden
    known, dataset = load_training_set(folder, excel), make_run(folder).dataset
    assert known is not None
    assert known.snippets == len(dataset.train) and all(map(known.knows, dataset.texts(dataset.train)))
    assert not any(map(known.knows, dataset.texts(dataset.validation)))


def test_a_finished_run_of_an_older_version_adds_what_it_knows_of_the_training_set_and_nothing_else(
    make_run: MakeRun, golden: tuple[Path, list[Line]], tmp_path: Path
) -> None:
    folder, _ = golden
    shutil.copytree(folder, tmp_path / "run")
    hashed = checkpoint_hash(tmp_path / "run")
    new = [tmp_path / "run" / HASHES, tmp_path / "run" / SUMMARY]
    written = [path.read_bytes() for path in new]
    for path in new:
        path.unlink()
    assert checkpoint_hash(tmp_path / "run") == hashed
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*") if path.is_file()}
    lines: list[Line] = []
    assert make_run(tmp_path / "run").run(lines.append)
    assert lines == [] and [path.read_bytes() for path in new] == written
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_finished_run_is_exported_anew_with_another_sampler(make_run: MakeRun, tmp_path: Path) -> None:
    assert make_run(tmp_path, steps=3).run(lambda line: None) is True
    before = load_checkpoint(tmp_path, "excel")
    assert make_run(tmp_path, steps=3, sampling={"temperature": 0.7}).run(lambda line: None) is True
    after = load_checkpoint(tmp_path, "excel")
    assert (before.config.sampling.temperature, after.config.sampling.temperature) == (1.0, 0.7)
    assert torch.equal(before.model.embeddings(), after.model.embeddings())
    assert "temperature 0.7" in (tmp_path / "README.md").read_text()


def test_a_damaged_dataset_is_one_line_with_the_way_out(
    make_run: MakeRun, golden: tuple[Path, list[Line]], tmp_path: Path
) -> None:
    folder, _ = golden
    (tmp_path / "training").mkdir()
    data = (folder / "training" / "dataset.json").read_bytes()
    (tmp_path / "training" / "dataset.json").write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match=r"dataset\.json is damaged .* to start anew"):
        make_run(tmp_path)


def test_the_exported_checkpoint_is_the_averaged_model_with_its_history(
    make_run: MakeRun, golden: tuple[Path, list[Line]], preset: Preset
) -> None:
    folder, lines = golden
    loaded = load_checkpoint(folder, "excel")
    run = make_run(folder)
    config = loaded.config
    assert (config.language, config.preset, config.trained_steps) == ("excel", "small", 12)
    assert (config.corpus_sha256, config.settings) == (SOURCE.sha256, preset)
    assert config.frame_counts == frame_counts(run.dataset, preset)
    exported, averaged, last = (m.state_dict() for m in (loaded.model, run.trainer.averaged, run.trainer.model))
    assert all(torch.equal(exported[name], averaged[name].half().float()) for name in averaged)
    assert not torch.equal(exported["head.weight"], last["head.weight"].half().float())
    distinct = sorted(set(texts := draw_texts(run.checkpoint(), 8, seed=12)), key=texts.index)
    assert lines[-1]["examples"] == distinct[:6]


def test_the_card_has_the_figures_of_the_run(make_run: MakeRun, golden: tuple[Path, list[Line]]) -> None:
    folder, lines = golden
    card = (folder / "README.md").read_text()
    run = make_run(folder)
    counts = run.trainer.averaged.parameter_counts()
    for figure in (
        "# small code diffusion model for excel", "formulas.jsonl", SOURCE.sha256, "12 steps",
        f"Parameters: {counts['total']:,}", f"{counts['without_embeddings']:,} without embeddings",
        f"vocabulary {len(run.dataset.tokenizer)}", f"{len(run.dataset.train)} snippets to train on",
        f"{len(run.dataset.validation)} held out by sketch", "Literals: numbered slots", "at most 15 tokens",
        "6 steps, fed back: softmax at temperature 1, eta 1", "--steps 12",
        "constant for 8 steps, then falling linearly to 3% of it for 4 steps", "Matrix products: fp32 (requested)",
    ):  # fmt: skip
        assert figure in card
    for line in (lines[2], lines[5]):
        assert (
            f"| {line['step']} | {line['core_seconds'] / 3600:.2f} | {line['samples']} "
            f"| {line['validation_cross_entropy']:.3f} | {line['accepted']:.3f} "
            f"| {line['distinct']:.3f} | {line['accepted_novel_distinct_nontrivial']:.3f} |"
        ) in card
    for example in lines[5]["examples"]:
        assert repr(example) in card

"""`evaluate samples`: its shares are those of `train`, a rerun tells the same, a wrong request is one line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generators.diffusion.checkpoint import Checkpoint, checkpoint_hash, load_checkpoint, save_checkpoint
from generators.diffusion.quality import TILE, draw_texts, sample_quality
from generators.diffusion.training_set import SUMMARY, TrainingSet, describe
from generators.diffusion.yields import read_yields
from pipeline.cli import main
from pipeline.evaluation.samples import evaluate as samples_module
from pipeline.evaluation.samples.evaluate import evaluate_samples
from pipeline.evaluation.samples.report import markdown, tables
from pipeline.evaluation.samples.statistics import Sample, examples, measure
from pipeline.evaluation.samples.trajectory import language_changes, sample_trajectories
from pipeline.evaluation.samples.yields import OPTIONS
from schemas.config import DiffusionOptions
from schemas.errors import RequestError
from tests.generators.diffusion.conftest import checkpoint as checkpoint
from tests.generators.diffusion.conftest import dataset as dataset
from tests.generators.diffusion.conftest import excel as excel
from tests.generators.diffusion.conftest import formulas as formulas
from tests.generators.diffusion.conftest import one_thread as one_thread
from tests.generators.diffusion.conftest import preset as preset
from validators import Language, get_language

EXCEL = get_language("excel")
COUNT = TILE + 8
SHARES = ("accepted", "distinct", "novel", "accepted_novel_distinct_nontrivial")
PLOTS = {f"{name}.{kind}" for name in ("lengths", "words", "changes", "yields") for kind in ("png", "svg")}
GOOD = ["=SUM(A1,B2)", "=MAX(A1,2)", "=MAX(A1,2)", "=A1", "=IF(A1>2,1,0)", "=(", "=SUM(A1", "=SUM(A1", "", "=A1+B2"]


@pytest.fixture(scope="module")
def training(excel: Language, formulas: list[str]) -> TrainingSet:
    return describe(excel, formulas)


@pytest.fixture(scope="module")
def folder(checkpoint: Checkpoint, training: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    save_checkpoint(path, checkpoint, "# A card\n")
    training.save(path)
    return path


@pytest.fixture
def lively(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trajectories that end in correct code, as no random model writes it."""

    def trajectories(*given: Any) -> Any:
        texts = (GOOD[number % len(GOOD)] for number, _ in enumerate(sample_trajectories(*given)))
        for text, states in zip(texts, sample_trajectories(*given), strict=True):
            states[-1].text = text or None
            yield states

    monkeypatch.setattr(samples_module, "sample_trajectories", trajectories)


def evaluate(folder: Path, out: Path | None = None, **given: Any) -> dict[str, Any]:
    return evaluate_samples(
        **{"language": "excel", "checkpoint": str(folder), "count": COUNT, "seed": 3, "out": out} | given
    )


def lasting(results: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in results.items() if name != "measured"}


def of(texts: list[str], training: TrainingSet | None) -> list[Sample]:
    observer = samples_module._Observer(EXCEL, training, steps=1, seed=0)
    for text in texts:
        observer.add([samples_module.State(1, 0, tuple(map(ord, text)), text or None)])
    return observer.samples


def test_the_shares_are_those_that_train_logs(training: TrainingSet, formulas: list[str]) -> None:
    texts = [*GOOD, *formulas[:5], formulas[0], "=ABS(A1)"]
    figures = measure(of(texts, training), training, seed=0)
    assert {name: figures[name] for name in SHARES} == {
        name: value for name, value in sample_quality(EXCEL, texts, training.knows).items() if name in SHARES
    }
    for name in (*SHARES, "novel_sketch", "non_trivial"):
        interval = figures["intervals"][name]
        assert interval["low"] <= figures[name] <= interval["high"]
        assert interval["n"] == (13 if name.startswith("no") else 17)
    assert figures["non_trivial"] == pytest.approx(12 / 13)
    accepted = [text for text in texts if EXCEL.check(text).accepted]
    novel = [text for text in accepted if not training.knows_sketch(text)]
    assert figures["novel_sketch"] == len(novel) / 13 == 5 / 13


def test_refusals_and_lengths_are_as_counted_by_hand(training: TrainingSet) -> None:
    figures = measure(of(GOOD, training), training, seed=0)
    refused = {part["kind"]: part["share"]["value"] for part in figures["refusals"]}
    assert refused == {"unbalanced": pytest.approx(0.3), "undecodable": pytest.approx(0.1)}
    by_length = {(part["low"], part["high"]): part for part in figures["accepted_by_length"]}
    accepted = {size: (part["samples"], part["accepted"]["value"]) for size, part in by_length.items()}
    assert accepted == {(0, 4): (0.6, pytest.approx(2 / 6)), (5, 8): (0.3, 1), (9, 12): (0.1, 1)}
    assert by_length[5, 8]["data"] == pytest.approx(35 / 75)
    assert sum(part["samples"] for part in by_length.values()) == pytest.approx(1)
    assert sum(part["data"] for part in by_length.values()) == pytest.approx(1)
    assert figures["lengths"]["samples"]["mean"]["n"] == 6


def test_examples_are_some_of_each_kind_and_no_text_twice() -> None:
    shown = examples(of([*GOOD, *(f"=A{i}+B{i}" for i in range(1, 30))], None))
    for kind, accepted in (("accepted", True), ("refused", False)):
        texts = [one["text"] for one in shown[kind]]
        assert len(texts) == len(set(texts)) <= 8
        assert all(EXCEL.check(text).accepted is accepted for text in texts)
    assert shown["accepted"][0]["text"] == GOOD[0] and len(shown["accepted"]) == 8
    assert shown["refused"][0] == {
        "text": "=(", "kind": "unbalanced", "message": EXCEL.check("=(").message,
    }  # fmt: skip


def test_samples_are_those_of_the_seed_and_steps_are_those_of_the_trajectories(
    folder: Path, training: TrainingSet
) -> None:
    checkpoint, results = load_checkpoint(folder, "excel"), evaluate(folder)
    expected = sample_quality(EXCEL, draw_texts(checkpoint, COUNT, seed=3), training.knows)
    assert {name: results[name] for name in SHARES} == {name: expected[name] for name in SHARES}
    steps = checkpoint.config.sampling.steps
    changed = language_changes(
        EXCEL, list(sample_trajectories(checkpoint, COUNT, 3, checkpoint.config.sampling)), steps
    ).changed
    by_t = [figure["value"] for figure in results["changes"]["by_t"]]
    assert by_t == pytest.approx(np.nanmean(changed, axis=0).tolist())
    assert results["training_set"] == {"snippets": 75, "sketches": 15}
    assert results["model"] == checkpoint_hash(folder)


def test_a_rerun_differs_in_nothing_but_what_is_measured(lively: None, folder: Path, tmp_path: Path) -> None:
    first = evaluate(folder, tmp_path / "a")
    again = evaluate(folder, tmp_path / "b")
    assert lasting(again) == lasting(first) != lasting(evaluate(folder, seed=4))
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert names == {"samples.json", "samples.md"} | PLOTS
    for name in PLOTS:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert json.loads((tmp_path / "a" / "samples.json").read_text()) == first
    assert first["measured"]["pairs_a_minute"].keys() == {option.name for option in OPTIONS}
    assert first["measured"]["samples_a_second_and_core"] > 0


def test_the_report_holds_every_table_with_intervals(lively: None, folder: Path) -> None:
    results = evaluate(folder)
    report = markdown(results, ["lengths.png", "lengths.svg"])
    for table in tables(results):
        assert table.rows and f"## {table.title}" in report
        assert all(len(row) == len(table.head) for row in table.rows)
    assert len(tables(results)) == 7
    assert f"| accepted | {results['accepted']:.1%} | " in report
    assert "![lengths.png](lengths.png)" in report and "lengths.svg" not in report
    assert "| SUM | " in report and "floor" in report
    assert "    =SUM(A1,B2)\n" in report and "    (unbalanced: " in report


def test_without_a_training_set_novelty_is_not_known_and_a_line_says_how_to_get_it(
    lively: None, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    save_checkpoint(tmp_path / "model", checkpoint, "# A card\n")
    lines: list[str] = []
    results = evaluate(tmp_path / "model", tmp_path / "out", tell=lines.append)
    assert SUMMARY in lines[0] and "`train`" in lines[0] and "\n" not in lines[0]
    for name in ("novel", "novel_sketch", "accepted_novel_distinct_nontrivial"):
        assert results[name] is None and results["intervals"][name] is None
    assert results["accepted"] == 0.6 and results["training_set"] is None
    assert results["lengths"]["wasserstein"] is results["words"]["total_variation"] is None
    assert "nothing is said of novelty" in (tmp_path / "out" / "samples.md").read_text()


def test_samples_of_which_none_is_accepted_are_a_result_too(folder: Path, tmp_path: Path) -> None:
    results = evaluate(folder, tmp_path, count=3, options=DiffusionOptions(steps=2))
    assert results["accepted"] == 0 and results["lengths"] is results["words"] is None
    assert results["sampling"]["steps"] == 2 and (tmp_path / "yields.png").is_file()
    assert len(results["changes"]["by_t"]) == 2


def test_recorded_yields_are_those_of_the_results_and_leave_the_hash_alone(
    lively: None, folder: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    save_checkpoint(tmp_path, checkpoint, "# A card\n")
    before = checkpoint_hash(tmp_path)
    results = evaluate(tmp_path, record="python -m pipeline ...")
    kept = read_yields(tmp_path)
    assert kept is not None and checkpoint_hash(tmp_path) == before
    assert (kept.samples, kept.command) == (COUNT, "python -m pipeline ...")
    for option, figures in zip(kept.options, results["yields"]["options"], strict=True):
        assert option.name == figures["name"]
        assert option.pairs_per_thousand == round(1000 * figures["pairs"]["value"], 1)
        assert option.near_per_thousand == round(1000 * figures["near"]["value"], 1)
        assert option.pairs_a_minute == results["measured"]["pairs_a_minute"][option.name]
    assert kept.options[1].settings == "--set 'diffusion.t_range=[0, 0.2]'"
    evaluate(folder)
    assert read_yields(folder) is None


def run(*arguments: object) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "samples", *map(str, arguments)])
    assert not caught.value.code


def test_the_command_prints_tables_and_progress_or_one_json_value(
    lively: None, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(samples_module, "draw_figures", lambda results, out: [])  # they take longest
    given = ("--language", "excel", "--checkpoint", folder, "--n", COUNT, "--seed", 3)
    run(*given, "--out", tmp_path)
    printed = capsys.readouterr()
    assert "accepted, novel, distinct, non-trivial" in printed.out and str(tmp_path / "samples.md") in printed.out
    assert f"{COUNT} of {COUNT} samples" in printed.err
    run(*given, "--json", "--steps", 3, "--feedback", "denoiser", "--temperature", 0.5)
    printed = capsys.readouterr()
    results = json.loads(printed.out)
    assert printed.err == "" and printed.out.count("\n") == 1
    sampling = results["sampling"]
    assert (sampling["steps"], sampling["feedback"], sampling["temperature"]) == (3, "denoiser", 0.5)
    assert results["accepted"] == 0.6


def test_the_command_records_how_it_was_called(
    lively: None, checkpoint: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_checkpoint(tmp_path / "my model", checkpoint, "# A card\n")
    run("--language", "excel", "--checkpoint", tmp_path / "my model", "--n", 8, "--record", "--json")
    kept = read_yields(tmp_path / "my model")
    assert kept is not None and kept.command == (
        f"python -m pipeline evaluate samples --language excel --checkpoint '{tmp_path / 'my model'}' --n 8 --seed 0 "
        "--record"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--language", "cobol"], "language 'cobol' is unknown; choose one of excel, powershell, python"),
        (["--language", "excel", "--checkpoint", "nowhere"], "checkpoint nowhere is not a folder"),
        (["--language", "excel", "--n", "0"], "'--n': Input should be greater than or equal to 1"),
        (["--language", "excel", "--feedback", "guess"], "diffusion.feedback"),
        (["--language", "excel", "--temperature", "0"], "diffusion.temperature"),
        (["--language", "excel", "--seed", "-1"], "seed"),
        (["--language", "excel", "--record", "--steps", "9"], "--record is of the model's own sampler"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples_module, "sample_trajectories", lambda *_: pytest.fail("it must not sample"))
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "samples", *arguments])
    printed = capsys.readouterr()
    assert caught.value.code == 2 and printed.out == ""
    assert message in printed.err and printed.err.count("\n") == 1


def test_a_place_that_cannot_be_written_is_refused_before_sampling(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples_module, "sample_trajectories", lambda *_: pytest.fail("it must not sample"))
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match=r"cannot make the folder .*file .*choose another --out"):
        evaluate(folder, tmp_path / "file")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder)
    with pytest.raises(RequestError, match="cannot write into"):
        evaluate(folder, tmp_path / "out", record="a command")

"""`evaluate repair` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from generators.diffusion.gap_repair import NoSlotsError
from pipeline.cli.evaluate import app
from pipeline.repair.noise_levels import Levels
from schemas.errors import RequestError
from tests.pipeline.evaluation.repair.systems import FakeSystem, at

PAIRS = [(f"Get-Item a{i} |", f"Get-Item a{i}") for i in range(6)]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The diffusion systems that were asked for; each repairs half of the problems at one level."""
    calls: list[dict[str, Any]] = []

    def make(folder: Path, language: str, **given: Any) -> FakeSystem:
        calls.append({"folder": folder, "language": language} | given)
        proposals = {broken: [*at(0.1, broken), *at(0.3, fixed)] for broken, fixed in PAIRS[::2]}
        return FakeSystem(given["name"] or folder.name, proposals)

    def make_gaps(folder: Path, language: str, **given: Any) -> FakeSystem:
        calls.append({"folder": folder, "language": language} | given)
        if folder.name == "full":
            raise NoSlotsError("literals=full")
        return FakeSystem(given["name"], {broken: at(None, fixed, broken) for broken, fixed in PAIRS[1:]}, ranked=50)

    monkeypatch.setattr("pipeline.evaluation.repair.diffusion.DiffusionSystem", make)
    monkeypatch.setattr("pipeline.evaluation.repair.diffusion.GapSystem", make_gaps)
    monkeypatch.setattr("generators.diffusion.checkpoint.find_checkpoint", lambda language, path: Path(path or "own"))
    monkeypatch.setattr("pipeline.evaluation.repair.curves.save_figure", lambda figure, folder, name: [])
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return calls


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([{"Buggy": broken, "GroundTruth": fixed} for broken, fixed in PAIRS]))
    return path


def run(*arguments: object) -> None:
    app(["repair", *map(str, arguments)], standalone_mode=False)


def test_the_tables_are_printed_and_the_files_written(
    made: list[dict[str, Any]], benchmark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run("--language", "powershell", "--benchmark", benchmark, "--out", out)
    printed = capsys.readouterr()
    for title in ("Table 1", "Table 2", "Table 3"):
        assert f"\n{title}" in f"\n{printed.out}"
    assert "any (oracle)" in printed.out and "50.0%" in printed.out
    assert "not run: not asked for; --prompting ring" in printed.out
    assert "not run: no fixer is given" in printed.out
    assert str(out / "report.md") in printed.out
    assert "6 of 6 problems" in printed.err
    assert (out / "results.json").is_file() and (out / "report.md").is_file()
    assert [call["name"] for call in made] == [
        "diffusion, bundled for powershell: fixed (the paper's)", "diffusion, bundled for powershell: gaps"
    ]  # fmt: skip
    assert (made[0]["levels"], made[0]["samples"]) == (Levels(), 5)
    assert "top@k" in printed.out and "83.3%" in printed.out


@pytest.mark.parametrize(
    ("canvas", "systems"), [("fixed", ["one: fixed (the paper's)"]), ("gaps", ["one: gaps"]),
                            ("both", ["one: fixed (the paper's)", "one: gaps"])],
)  # fmt: skip
def test_either_operator_can_be_evaluated_alone(
    made: list[dict[str, Any]], benchmark: Path, tmp_path: Path, canvas: str, systems: list[str]
) -> None:
    out = tmp_path / "out"
    run("--language", "powershell", "--benchmark", benchmark, "--out", out, "--checkpoint", "one", "--canvas", canvas)
    results = json.loads((out / "results.json").read_text())
    assert [system["label"] for system in results["systems"]] == systems


def test_a_model_without_slots_has_a_row_that_says_so_unless_its_gaps_are_asked_for(
    made: list[dict[str, Any]], benchmark: Path, tmp_path: Path
) -> None:
    wanted = ["--language", "powershell", "--benchmark", benchmark, "--out", tmp_path / "out", "--checkpoint", "full"]
    run(*wanted)
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [system["label"] for system in results["systems"]] == ["full: fixed (the paper's)"]
    assert {"system": "full: gaps", "origin": "not run", "reason": "literals=full"} in results["table2"]
    assert "literals=full" in refused(*wanted, "--canvas", "gaps")


def test_json_is_the_results_without_the_problems_on_one_line(
    made: list[dict[str, Any]], benchmark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--language", "powershell", "--benchmark", benchmark, "--out", tmp_path / "out", "--json")
    printed = capsys.readouterr()
    assert printed.err == "" and printed.out.count("\n") == 1
    stored = json.loads((tmp_path / "out" / "results.json").read_text())
    assert stored.pop("problems")
    assert json.loads(printed.out) == stored


def test_options_reach_the_systems(made: list[dict[str, Any]], benchmark: Path, tmp_path: Path) -> None:
    run(
        "--language", "powershell", "--benchmark", benchmark, "--out", tmp_path / "out", "--checkpoint", "one",
        "--checkpoint", "two", "--noise-levels", "0.1,0.3", "--samples", 3, "--steps", 20, "--seed", 9,
    )  # fmt: skip
    assert [call["folder"] for call in made] == [Path("one"), Path("one"), Path("two"), Path("two")]
    assert all({"steps": 20, "seed": 9}.items() <= call.items() for call in made)
    assert all((call["levels"], call["samples"]) == (Levels("level", (0.1, 0.3)), 3) for call in made[::2])


def test_columns_and_a_tuning_file_are_taken(made: list[dict[str, Any]], benchmark: Path, tmp_path: Path) -> None:
    mine, tune = tmp_path / "mine.jsonl", tmp_path / "tune.jsonl"
    mine.write_text("\n".join(json.dumps({"a": broken, "b": fixed}) for broken, fixed in PAIRS[:4]))
    tune.write_text("\n".join(json.dumps({"a": broken, "b": fixed}) for broken, fixed in PAIRS[3:]))
    run(
        "--language", "powershell", "--benchmark", mine, "--out", tmp_path / "out", "--tune", tune,
        "--broken-column", "a", "--fixed-column", "b",
    )  # fmt: skip
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert (results["benchmark"]["problems"], results["tune"]["problems"], results["tune"]["dropped"]) == (4, 2, 1)


def refused(*arguments: object) -> str:
    with pytest.raises(RequestError) as caught:
        run(*arguments)
    return str(caught.value)


def test_a_prompt_without_a_key_is_a_row_that_says_so(
    made: list[dict[str, Any]], benchmark: Path, tmp_path: Path
) -> None:
    run("--language", "powershell", "--benchmark", benchmark, "--out", tmp_path / "out", "--prompting", "ring")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    reasons = {row["system"]: row["reason"] for row in results["table2"] if row["origin"] == "not run"}
    assert reasons["RING"] == "no key in OPENAI_API_KEY"
    assert reasons["GPT-4o prompt"] == "not asked for; --prompting gpt4o"


def test_a_prompt_with_a_server_is_run(
    made: list[dict[str, Any]], benchmark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def make(kind: str, language: str, options: Any, storage: Any, **more: Any) -> FakeSystem:
        given.append((kind, language, options.base_url, options.model, options.budget, more["samples"], more["seed"]))
        return FakeSystem("RING (m)", {broken: at(None, fixed) for broken, fixed in PAIRS})

    monkeypatch.setattr("pipeline.evaluation.repair.prompting.PromptingSystem", make)
    run(
        "--language", "powershell", "--benchmark", benchmark, "--out", tmp_path / "out", "--prompting", "ring",
        "--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--budget", 3, "--seed", 4,
    )  # fmt: skip
    assert given == [("ring", "powershell", "http://127.0.0.1:9/v1", "m", 3.0, 5, 4)]
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert "RING (m)" in [row["system"] for row in results["table2"] if row["origin"] == "measured"]


def test_a_language_without_a_bundled_model_needs_some_other_system(
    benchmark: Path, tmp_path: Path, made: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from generators.checkpoints import CheckpointError

    def missing(language: str, path: str | None) -> Path:
        raise CheckpointError("no diffusion model is bundled")

    monkeypatch.setattr("generators.diffusion.checkpoint.find_checkpoint", missing)
    wanted = ["--language", "powershell", "--benchmark", benchmark, "--out", tmp_path / "out"]
    assert "no diffusion model is bundled" in refused(*wanted)
    fixer = FakeSystem("BIFI fixer", {broken: at(None, fixed) for broken, fixed in PAIRS}, beams=10)
    monkeypatch.setattr("pipeline.evaluation.repair.bifi.BifiSystem", lambda folder, language: fixer)
    run(*wanted, "--fixer", "folder")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    reasons = {row["system"]: row["reason"] for row in results["table2"] if row["origin"] == "not run"}
    assert "no model is bundled for powershell" in reasons["diffusion"]
    assert "BIFI" not in reasons


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--language", "cobol"], "cobol"),
        (["--canvas", "gaps", "--noise-levels", "0.1"], "--noise-levels: --canvas gaps does without it"),
        (["--canvas", "gaps", "--recovery", "0.9"], "--recovery: --canvas gaps does without it"),
        (["--prompting", "codex"], "--prompting 'codex' is unknown; choose one of ring, gpt4o"),
        (["--noise-levels", "0.1", "--recovery", "0.9"], "not both"),
        (["--budget", "0"], "gpt4o.budget"),
        (["--run-tests"], "no tests to run"),
        (["--broken-column", "mine"], "no column 'mine'"),
        (["--tune", "nowhere.json"], "nowhere.json cannot be read"),
    ],
)
def test_wrong_requests_are_refused(
    made: list[dict[str, Any]], benchmark: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    wanted = ["--language", "powershell", "--benchmark", benchmark, "--out", tmp_path / "out"]
    assert said in refused(*wanted, *arguments)
    assert not (tmp_path / "out" / "results.json").exists()

"""The command line: results on stdout, one line on stderr where something is wrong, exit codes 0, 1 and 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset

from pipeline.cli import app, main
from pipeline.cli.output import program
from pipeline.run.progress import Report
from schemas.config import RunConfig
from schemas.errors import RunError
from schemas.manifest import Manifest
from tests.pipeline.command_line import Cli
from tests.pipeline.fakes import make_config, run_fake

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = sorted(command.callback.__name__ for command in app.registered_commands if command.callback)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dataset")
    run_fake(make_config(out))
    return out


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[RunConfig, bool]]:
    """`run` with a generator that needs no model; the configurations that were launched."""
    calls: list[tuple[RunConfig, bool]] = []

    def launch(config: RunConfig, report: Report, *, local: bool) -> Manifest:
        calls.append((config, local))
        return run_fake(config, report=report)  # type: ignore[arg-type]

    monkeypatch.setattr("pipeline.run.launch.launch", launch)
    return calls


def spawn(*arguments: str, given: str = "", code: str | None = None) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter."""
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "pipeline", *arguments]
    environment = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "NO_COLOR")}
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, env=environment, timeout=120)


# --- the whole


def test_every_command_explains_itself_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom pipeline.cli import main\n"
        f"for command in {COMMANDS!r}:\n"
        "    try: main([command, '--help'])\n"
        "    except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'ray', 'datasets', 'pyarrow', 'numpy', 'yaml', 'fsspec'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    done = spawn(code=code)
    assert done.returncode == 0, done.stderr
    assert all(f"repairgen {command} " in done.stdout for command in COMMANDS)


def test_the_process_exits_with_two_and_one_line_for_a_wrong_request() -> None:
    done = spawn("check", "--language", "excel", "-", given="")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "repairgen: standard input is empty: it holds no snippet\n"


def test_the_process_exits_with_zero_and_prints_no_colour_into_a_pipe() -> None:
    done = spawn("check", "--language", "excel", "-", given="=SUM(A1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("rejected at line 1, column 5: unbalanced: ")
    assert "\x1b" not in done.stdout


def test_no_command_gives_the_help(cli: Cli) -> None:
    result = cli()
    assert result.code == 0
    assert all(command in result.out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shw"], "No such command 'shw'. Did you mean 'show'?; see repairgen --help"),
        (["show"], "Missing argument 'OUT'; see repairgen show --help"),
        (["check", "a.py"], "Missing option '--language'; see repairgen check --help"),
        (["show", "out", "--nn", "3"], "No such option: --nn"),
        (["show", "out", "-n", "many"], "Invalid value for '-n' / '--n': "),
        (["show", "out", "-n", "0"], "greater than or equal to 1"),
    ],
)
def test_a_command_line_that_is_wrong_is_explained(cli: Cli, arguments: list[str], message: str) -> None:
    assert message in cli.refused(*arguments)


# --- run


def test_run_prints_the_ledger_some_pairs_and_what_to_do_next(cli: Cli, tmp_path: Path, launched: Any) -> None:
    result = cli("run", "--language", "excel", "--pairs", 30, "--out", tmp_path, "--seed", 5)
    assert result.code == 0
    config, local = launched[0]
    assert (config.language, config.pairs, config.seed, local) == ("excel", 30, 5, False)
    assert "sampled rows" in result.out and "rejected: identical" in result.out
    assert result.out.count("\nexcel-diffusion-5-") == 5, "pairs as differences"
    assert "[-" in result.out or "{+" in result.out
    assert f" verify {tmp_path} --deep" in result.out
    assert result.err.splitlines()[-1] == "publishing 30 pairs"
    (line,) = [line for line in result.out.splitlines() if "load_dataset" in line]
    pairs = eval(line.split("datasets.")[1], {"load_dataset": partial(load_dataset, cache_dir=str(tmp_path / "cache"))})
    assert sum(len(split) for split in pairs.values()) == 30


def test_commands_to_copy_work_where_the_program_is_not_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    python = Path(sys.executable)
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(python.parent.parent)
    assert program() == f"{python.parent.name}/{python.name} -m pipeline"
    monkeypatch.chdir("/")
    assert program() == f"{python.relative_to('/')} -m pipeline"


def test_run_takes_a_file_then_settings_then_options(cli: Cli, tmp_path: Path, launched: Any) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("language: excel\npairs: 10\nseed: 1\nshard_rows: 32\nfilters: {max_distance: 3}\n")
    result = cli(
        "run", "--config", file, "--out", tmp_path / "out", "--set", "pairs=11", "--set",
        "filters.min_distance=1", "--set", "shard_rows=16", "--pairs", 12, "--allow-fewer", "--workers", 2, "--local",
    )  # fmt: skip
    assert result.code == 0
    config, local = launched[0]
    assert (config.pairs, config.seed, config.shard_rows, config.filters.max_distance) == (12, 1, 16, 3)
    assert (config.allow_fewer, config.workers, local) == (True, 2, True)


def test_run_prints_one_json_object_on_request(cli: Cli, tmp_path: Path, launched: Any) -> None:
    result = cli("run", "--language", "excel", "--pairs", 30, "--out", tmp_path, "--json")
    assert (result.code, result.err) == (0, "")
    assert (result.json["state"], result.json["pairs"], result.json["out"]) == ("finished", 30, str(tmp_path))
    assert result.json["ledger"]["written"] == 30


def test_a_finished_run_says_so(cli: Cli, tmp_path: Path, launched: Any) -> None:
    arguments = ("run", "--language", "excel", "--pairs", 30, "--out", tmp_path)
    first = cli(*arguments)
    second = cli(*arguments)
    assert second.code == 0
    assert second.err == f"nothing to do: 30 pairs are published in {tmp_path}\n"
    assert second.out == first.out


def test_the_next_steps_of_a_dataset_in_an_object_store_name_its_files(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.run.launch.launch", lambda config, report, local: run_fake(config))
    result = cli("run", "--language", "excel", "--pairs", 30, "--out", "memory://bucket/excel/")
    assert result.code == 0, result.err
    assert 'load_dataset("parquet", data_files="memory://bucket/excel/data/excel/*.parquet")' in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "language is missing"),
        (["--language", "cobol"], "language: input should be 'excel', 'powershell' or 'python', not 'cobol'"),
        (["--language", "excel", "--pairs", "0", "--out", "o"], "pairs: input should be greater than or equal to 1"),
        (["--language", "excel", "--pairs", "1"], "out is missing"),
        (["--set", "pairs"], "--set 'pairs' is not of the form key=value"),
        (["--language", "excel", "--pairs", "1", "--out", "o", "--set", "colour=red"], "colour is not a setting"),
        (["--config", "none.yaml"], "configuration none.yaml cannot be read"),
        (["--language", "excel", "--generator", "magic", "--pairs", "1", "--out", "o"], "generator: input should be"),
    ],
)
def test_a_run_that_cannot_be_is_refused(cli: Cli, launched: Any, arguments: list[str], message: str) -> None:
    assert message in cli.refused("run", *arguments)
    assert launched == []


def test_a_run_that_failed_exits_with_one(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def launch(config: RunConfig, report: Report, *, local: bool) -> Manifest:
        raise RunError("3 of 30 distinct pairs\nin 900 rows")

    monkeypatch.setattr("pipeline.run.launch.launch", launch)
    arguments = ("run", "--language", "excel", "--pairs", 30, "--out", tmp_path)
    assert cli.refused(*arguments, code=1) == "repairgen: 3 of 30 distinct pairs in 900 rows\n"


def test_an_interrupted_run_exits_with_one_and_says_how_to_go_on(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def launch(config: RunConfig, report: Report, *, local: bool) -> Manifest:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.run.launch.launch", launch)
    arguments = ("run", "--language", "excel", "--pairs", 30, "--out", tmp_path)
    assert cli.refused(*arguments, code=1) == "repairgen: interrupted; the same command resumes\n"


def test_a_defect_is_not_dressed_up_as_a_wrong_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def launch(config: RunConfig, report: Report, *, local: bool) -> Manifest:
        raise ZeroDivisionError

    monkeypatch.setattr("pipeline.run.launch.launch", launch)
    with pytest.raises(ZeroDivisionError):
        main(["run", "--language", "excel", "--pairs", "30", "--out", str(tmp_path)])


# --- check


def test_check_prints_one_line_for_a_snippet(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    assert (cli("check", "--language", "python", file).out) == "accepted\n"
    file.write_text("x = (\n")
    assert cli("check", "--language", "python", file).out.startswith("rejected at line 1, column 5: ")


def test_a_message_cannot_command_the_terminal(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("=A1+\x1b[2J")
    result = cli("check", "--language", "excel", file)
    assert result.out.startswith("rejected at line 1")
    assert "\x1b" not in result.out
    assert "\x1b" not in cli.refused("check", "--language", "excel", "\x1b[2J")


def test_check_prints_shares_for_many(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    codes = ["=A1", "=A2", "=SUM(", "=A1+"]
    file.write_text("".join(json.dumps({"code": code}) + "\n" for code in codes))
    lines = [line.split() for line in cli("check", "--language", "excel", file).out.splitlines()]
    assert lines[0] == ["snippets", "4", "100%"]
    assert lines[1] == ["accepted", "2", "50.0%"]
    assert sum(int(count) for *_, count, _ in lines[1:]) == 4


def test_check_prints_one_json_object_a_snippet(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"code": "=A1"}\n{"code": "=SUM(A1"}\n')
    verdicts = [json.loads(line) for line in cli("check", "--language", "excel", file, "--json").out.splitlines()]
    assert [list(verdict) for verdict in verdicts] == [["accepted", "kind", "message", "line", "column"]] * 2
    assert [(v["accepted"], v["kind"], v["column"]) for v in verdicts] == [(True, None, None), (False, "unbalanced", 5)]


def test_check_exits_with_one_for_a_rejected_snippet_only_if_strict(cli: Cli, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("x = 1\n")
    bad.write_text("x = (\n")
    codes = {
        (file.stem, bool(strict)): cli("check", "--language", "python", file, *strict).code
        for file in (good, bad)
        for strict in ([], ["--strict"])
    }
    assert codes == {("good", False): 0, ("good", True): 0, ("bad", False): 0, ("bad", True): 1}


def test_every_fixed_side_of_a_dataset_is_accepted(cli: Cli, dataset: Path) -> None:
    assert cli("check", "--language", "excel", dataset, "--column", "fixed", "--strict").code == 0
    assert cli("check", "--language", "excel", dataset, "--column", "broken", "--strict").code == 1


def test_check_refuses_what_it_cannot_read(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n")
    assert "holds no snippet" in cli.refused("check", "--language", "excel", tmp_path / "a.jsonl")
    assert "No such file" in cli.refused("check", "--language", "excel", tmp_path / "b.py")
    unknown = cli.refused("check", "--language", "cobol", tmp_path / "a.jsonl")
    assert "language 'cobol' is unknown; choose one of excel, powershell, python" in unknown


# --- show, verify, status


def test_show_prints_pairs_as_differences(cli: Cli, dataset: Path) -> None:
    blocks = cli("show", dataset, "-n", 3, "--seed", 1).out.split("\n\n")
    assert len(blocks) == 3
    for block in blocks:
        about, broken, fixed = block.strip().splitlines()
        assert about.startswith("excel-diffusion-0-") and "distance" in about
        assert broken.startswith("- =") and fixed.startswith("+ =")


def test_show_finds_one_pair_by_its_id(cli: Cli, dataset: Path) -> None:
    row = json.loads(cli("show", dataset, "-n", 1, "--json").out)
    assert json.loads(cli("show", dataset, "--id", row["id"], "--json").out) == row
    assert cli("show", dataset, "--id", row["id"]).out.startswith(row["id"])
    assert "holds no pair 'x'" in cli.refused("show", dataset, "--id", "x")


def test_verify_passes_what_was_published_and_names_what_was_changed(cli: Cli, tmp_path: Path) -> None:
    manifest = run_fake(make_config(tmp_path))
    assert cli("verify", tmp_path, "--deep").code == 0
    file = tmp_path / manifest.files[0].path
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    result = cli("verify", tmp_path)
    assert (result.code, result.err) == (1, "")
    assert manifest.files[0].path in result.out
    assert cli("verify", tmp_path, "--json").json["problems"] == result.out.splitlines()


def test_status_tells_how_far_a_run_is(cli: Cli, dataset: Path, tmp_path: Path) -> None:
    assert cli("status", tmp_path).out == f"not started: {tmp_path} holds no run\n"
    assert cli("status", tmp_path, "--json").json["state"] == "not started"
    (headline, table) = cli("status", dataset).out.split("\n", 1)
    assert headline.startswith("finished: 40 of 40 pairs published from ")
    assert table.startswith("sampled rows")


@pytest.mark.parametrize("command", ["show", "verify", "replay"])
def test_a_place_without_a_dataset_is_refused(cli: Cli, tmp_path: Path, command: str) -> None:
    arguments = (tmp_path, "excel-diffusion-0-000000-000000") if command == "replay" else (tmp_path,)
    assert "holds no published dataset" in cli.refused(command, *arguments)


# --- replay, train


@pytest.mark.parametrize(
    ("change", "last", "code"),
    [
        ({}, "equal to the published row", 0),
        ({"identical": False}, "differs from the published row", 1),
        ({"identical": False, "published": None, "reason": "too_far"}, "not published: too_far", 0),
    ],
)
def test_replay_compares_a_row_with_the_published_one(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, dataset: Path, change: dict[str, Any], last: str, code: int
) -> None:
    row = json.loads(cli("show", dataset, "-n", 1, "--json").out)
    asked: list[tuple[Any, ...]] = []

    def replay(out: str, row_id: str, **given: Any) -> dict[str, Any]:
        asked.append((out, row_id, *given.values()))
        return {"record": row, "reason": None, "published": row, "identical": True} | change

    monkeypatch.setattr("pipeline.inspection.replay.replay", replay)
    options = ("--checkpoint", "model", "--corpus", "c.jsonl", "--breaker", "none", "--benchmark", "a.jsonl")
    result = cli("replay", dataset, row["id"], *options)
    assert asked == [(str(dataset), row["id"], "model", "c.jsonl", "none", ("a.jsonl",))]
    assert (result.code, result.out.splitlines()[-1]) == (code, last)
    assert cli("replay", dataset, row["id"], "--json").json["record"] == row


def test_train_refuses_what_it_cannot_learn_from(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"code": "=A1"}\n')
    options = ("--corpus", tmp_path / "a.jsonl", "--out", tmp_path / "model")
    assert "language 'cobol' is unknown" in cli.refused("train", "--language", "cobol", *options)
    assert "preset 'huge' is unknown" in cli.refused("train", "--language", "excel", "--preset", "huge", *options)
    missing = ("--corpus", tmp_path / "b.jsonl", "--out", tmp_path / "model")
    assert "b.jsonl cannot be read" in cli.refused("train", "--language", "excel", *missing)


@pytest.mark.parametrize("as_json", [False, True])
def test_train_prints_its_figures_as_they_come(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, as_json: bool
) -> None:
    lines = [
        {"step": 50, "loss": 1.5, "tokens_per_second": 3200},
        {"step": 100, "loss": 1.25, "samples": 128, "accepted": 0.5, "distinct": 1.0, "examples": ["=A1"]},
    ]
    given: dict[str, Any] = {}

    def train(*, report: Any, **options: Any) -> Path:
        given.update(options)
        for line in lines:
            report(line)
        return tmp_path / "model"

    monkeypatch.setattr("pipeline.training.diffusion.train", train)
    arguments = (
        "train", "--language", "excel", "--corpus", "c.jsonl", "--out", "model", "--steps", 100,
        "--set", "model.width=64",
    )  # fmt: skip
    result = cli(*arguments, *(["--json"] if as_json else []))
    assert result.code == 0
    assert given == {
        "language": "excel", "corpus": "c.jsonl", "out": "model", "preset": "small", "variant": None,
        "steps": 100, "max_minutes": None, "finish": None, "without": (), "device": "auto", "seed": 0, "workers": 1,
        "settings": ["model.width=64"],
    }  # fmt: skip
    printed = result.out.splitlines()
    if as_json:
        assert [json.loads(line) for line in printed] == [*lines, {"checkpoint": str(tmp_path / "model")}]
    else:
        assert printed[:4] == [
            "step 50, loss 1.5000, 3,200 tokens/s",
            "step 100, loss 1.2500",
            "  128 samples: accepted 50.0%, distinct 100.0%",
            "  '=A1'",
        ]

"""`evaluate repair` as a whole, with systems whose proposals are fixed."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from pipeline.benchmarks.benchmark import Benchmark, Problem
from pipeline.evaluation.repair.evaluate import evaluate_repair
from pipeline.evaluation.repair.systems import Proposal
from pipeline.evaluation.statistics import pass_at_k, wilson
from schemas.errors import RequestError
from tests.pipeline.evaluation.repair.systems import FakeSystem, at, make_benchmark

N = 12
PROBLEMS = [(f"Get-Item -Path a{i} |", f"Get-Item -Path a{i}") for i in range(N)]
BENCHMARK = make_benchmark([*PROBLEMS, ("Get-Item b", "Get-Item c")], "powershell", "mistakes.json")  # one is accepted


def evaluate(**arguments: Any) -> dict[str, Any]:
    """`evaluate_repair`, told to be silent, and without the second that drawing takes."""
    with patch("pipeline.evaluation.repair.curves.save_figure", return_value=[]):
        return evaluate_repair(**{"benchmark": BENCHMARK, "report": lambda line: None} | arguments)


def diffusion(name: str = "model", **identity: Any) -> FakeSystem:
    """At 0.1 it repairs the first 3 problems with each of 4 samples; at 0.4 the first 8 with 3 of 4; at 0.8 none."""
    given: dict[str, list[Proposal]] = {"Get-Item b": [Proposal(text="Get-Item b")]}
    for i, (broken, fixed) in enumerate(PROBLEMS):
        low = at(0.1, *[fixed if i < 3 else broken] * 4)
        middle = at(0.4, *[fixed if i < 8 else None] * 3, "Get-Item")
        given[broken] = [*low, *middle, *at(0.8, "ls", None, broken, "ls")]
    return FakeSystem(name, given, recovery=[[0.1, 0.99], [0.4, 0.9], [0.8, 0.5]], **identity)


def prompt() -> FakeSystem:
    """Its first sample repairs the first 6 problems, its second the first 9."""
    given = {
        broken: at(None, fixed if i < 6 else "ls", fixed if i < 9 else None)
        for i, (broken, fixed) in enumerate(PROBLEMS)
    }
    return FakeSystem("prompt", given)


def beams() -> FakeSystem:
    """Finds the repair of the first 4 problems at once, of the next 4 with its third output."""
    given = {
        broken: at(None, *([fixed] if i < 4 else ["ls", "dir", fixed] if i < 8 else ["ls"]))
        for i, (broken, fixed) in enumerate(PROBLEMS)
    }
    return FakeSystem("fixer", given, beams=3)


def gaps() -> FakeSystem:
    """Ranks the repair of the first 5 problems first, of the next 2 third, of the next 3 as the last of seven."""
    given = {}
    for i, (broken, fixed) in enumerate(PROBLEMS):
        texts = [f"ls {k}" for k in range(7)]
        if i < 10:
            texts[0 if i < 5 else 2 if i < 7 else 6] = fixed
        given[broken] = at(None, *texts)
    return FakeSystem("model: gaps", given, ranked=50)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluation")


@pytest.fixture(scope="module")
def results(out: Path) -> dict[str, Any]:
    return evaluate_repair(
        benchmark=BENCHMARK, systems=[diffusion(), prompt(), beams()], out=out, ks=(1, 3, 5), report=len,
        not_run=[("RING", "no key")],
    )  # fmt: skip


def row(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    """The one row with these values."""
    (found,) = [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]
    return found


def share(successes: int, n: int = N + 1) -> dict[str, float]:
    low, high = wilson(successes, n)
    return {"value": round(successes / n, 6), "low": round(low, 6), "high": round(high, 6), "n": n}


# --- figures


def test_table_1_has_every_pooling_with_its_interval(results: dict[str, Any]) -> None:
    table = results["table1"]
    assert row(table, system="model", pooling="any")["executed"] == share(8)
    assert row(table, system="model", pooling="best, tuned on the benchmark itself")["executed"] == share(8)
    assert row(table, system="model", pooling="vote")["executed"] == share(8)
    assert row(table, system="prompt", pooling="any")["executed"] == share(9)
    assert row(table, system="prompt", pooling="first")["executed"] == share(6)
    assert row(table, system="fixer", pooling="first")["executed"] == share(4)
    assert row(table, system="fixer", pooling="any")["executed"] == share(8)


def test_the_papers_figures_stand_only_beside_what_they_measure(results: dict[str, Any]) -> None:
    table = results["table1"]
    assert row(table, system="model", pooling="any")["paper"] == {"sketch": 0.143, "executed": 0.212}
    assert row(table, system="model", pooling="vote")["paper"] == {"sketch": 0.117, "executed": 0.182}
    tuned_on_test = row(table, system="model", pooling="best, tuned on the benchmark itself")
    assert tuned_on_test["paper"] == {"sketch": 0.11, "executed": 0.174}
    assert row(table, system="model", pooling="best")["paper"] is None
    assert all(row["paper"] is None for row in table if row["system"] != "model")


def test_a_variant_is_compared_with_its_row_of_the_paper(tmp_path: Path) -> None:
    found = evaluate(systems=[diffusion("unet-clamp")], out=tmp_path)
    assert row(found["table1"], pooling="any")["paper"] == {"sketch": 0.021, "executed": 0.035}


def test_table_2_takes_no_oracle_but_the_papers_own_which_it_names(results: dict[str, Any]) -> None:
    table = results["table2"]
    measured = [(r["system"], r["answer"]) for r in table if r["origin"] == "measured"]
    assert measured == [
        ("model", "vote"), ("prompt", "first"), ("prompt", "vote"), ("fixer", "first"), ("fixer", "vote")
    ]  # fmt: skip
    assert row(table, system="model")["executed"] == share(8)
    assert row(table, system="RING", origin="reported")["executed"] == 0.18
    assert row(table, system="RING", origin="not run")["reason"] == "no key"
    assert [r["system"] for r in table if r.get("answer") == "any"] == ["CodeFusion"]
    assert not any(r["system"] in ("BIFI", "LaMirage") for r in table)  # the paper has no PowerShell of theirs


def test_pass_at_k_is_of_one_level_and_of_independent_samples_alone(results: dict[str, Any]) -> None:
    table = results["table3"]
    model = row(table, system="model", measure="pass@k")
    levels = results["systems"][0]["tuned_levels"]
    assert levels == [0.4]
    solved = [pass_at_k(4, 3, k) for k in (1, 3)]
    for k, each in zip((1, 3), solved, strict=True):
        assert model["values"][str(k)]["value"] == pytest.approx(8 * each / (N + 1), abs=1e-6)
    assert model["values"]["5"] is None  # four samples a level
    assert model["any"] == {"proposals": 12, "executed": share(8)}
    prompted = row(table, system="prompt")
    assert prompted["values"]["1"]["value"] == pytest.approx((6 + 3 * 0.5) / (N + 1), abs=1e-6)
    fixer = row(table, system="fixer")
    assert (fixer["measure"], fixer["values"]["1"], fixer["values"]["3"]) == ("top@k", share(4), share(8))


def test_ranked_candidates_have_top_at_k_and_any_and_are_not_voted_on(tmp_path: Path) -> None:
    found = evaluate(systems=[diffusion("model: fixed (the paper's)"), gaps()], out=tmp_path)
    ranked = row(found["table3"], system="model: gaps")
    assert (ranked["measure"], ranked["samples"]) == ("top@k", 7)
    assert [ranked["values"][str(k)] for k in (1, 3, 5)] == [share(5), share(7), share(7)]
    assert ranked["any"] == {"proposals": 7, "executed": share(10)}
    assert [r["pooling"] for r in found["table1"] if r["system"] == "model: gaps"] == ["any", "first"]
    assert row(found["table1"], system="model: gaps", pooling="first")["executed"] == share(5)
    assert [r["answer"] for r in found["table2"] if r["system"] == "model: gaps"] == ["first"]
    assert row(found["comparisons"], first="model: fixed (the paper's)")["only_first"] == 3
    assert set(found["figure5"]) == {"model: fixed (the paper's)"}
    report = (tmp_path / "report.md").read_text()
    assert "ranked, as the outputs of a beam search are, and no independent samples" in report


def test_the_papers_operator_is_compared_with_the_papers_figures_under_its_label(tmp_path: Path) -> None:
    found = evaluate(systems=[diffusion("unet-clamp: fixed (the paper's)"), diffusion("unet-clampy")], out=tmp_path)
    any_ = [r["paper"] for r in found["table1"] if r["pooling"] == "any"]
    assert any_ == [{"sketch": 0.021, "executed": 0.035}, {"sketch": 0.143, "executed": 0.212}]


def test_systems_are_compared_problem_by_problem(results: dict[str, Any]) -> None:
    pair = row(results["comparisons"], first="model", second="prompt")
    assert (pair["only_first"], pair["only_second"], pair["p"]) == (2, 0, 0.5)
    assert pair["difference"]["value"] == pytest.approx(2 / (N + 1), abs=1e-6)


def test_the_floor_and_the_ceiling_are_told(results: dict[str, Any]) -> None:
    floor, ceiling = results["references"]
    assert (floor["executed"], floor["accepted"]) == (share(0), share(1))
    assert ceiling["executed"] == share(N + 1)
    assert results["benchmark"]["inputs_accepted"] == 1
    assert [system["without_proposals"] for system in results["systems"]] == [0, 1, 1]


def test_figure_5_has_each_level_with_its_recovery_and_the_band(results: dict[str, Any]) -> None:
    figure = results["figure5"]["model"]
    assert [(p["level"], p["recovery"]) for p in figure["points"]] == [(0.1, 0.99), (0.4, 0.9), (0.8, 0.5)]
    assert [p["vote"] for p in figure["points"]] == [share(3), share(8), share(0)]
    shares = [3 / 13, 8 / 13, 0.0]
    mean = sum(shares) / 3
    assert figure["threshold"] == pytest.approx(mean + (sum((s - mean) ** 2 for s in shares) / 3) ** 0.5, abs=1e-6)
    assert figure["band"] == [0.4]
    assert set(results["figure5"]) == {"model"}


def test_figure_6_has_the_lowest_and_highest_level_of_repairs_by_distance(results: dict[str, Any]) -> None:
    (bin_,) = results["figure6"]["model"]  # each repaired problem is one token of four apart
    assert (bin_["from"], bin_["to"], bin_["repaired"], bin_["problems"]) == (0.2, 0.25, 8, 12)
    assert (bin_["lowest"], bin_["highest"]) == (0.1, 0.4)
    assert bin_["mean_lowest"] == pytest.approx((3 * 0.1 + 5 * 0.4) / 8)
    assert bin_["mean_highest"] == pytest.approx(0.4)


def test_every_problem_has_its_outcomes(results: dict[str, Any]) -> None:
    rows = results["problems"]
    assert [r["id"] for r in rows] == [str(i) for i in range(N + 1)]
    assert [r["input_accepted"] for r in rows] == [False] * N + [True]
    assert [r["systems"]["model"]["answer"]["executed"] for r in rows] == [i < 8 for i in range(N + 1)]
    assert rows[0]["systems"]["model"]["answer"]["text"] == PROBLEMS[0][1]


# --- files


def test_the_folder_holds_results_report_proposals_and_plots(out: Path, results: dict[str, Any]) -> None:
    assert json.loads((out / "results.json").read_text()) == json.loads(json.dumps(results))
    for name in ("figure-5", "figure-6"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (out / f"{name}.svg").read_text()
    with gzip.open(out / "proposals.jsonl.gz", "rt") as lines:
        proposals = [json.loads(line) for line in lines]
    assert len([p for p in proposals if p["system"] == "model"]) == 12 * N + 1
    assert proposals[0] == {
        "system": "model", "problem": "0", "level": 0.1, "sample": 0, "accepted": True, "sketch": True,
        "executed": True, "method": "text", "text": PROBLEMS[0][1],
    }  # fmt: skip


def test_the_report_labels_oracles_names_the_harness_and_shows_the_figures(out: Path, results: dict[str, Any]) -> None:
    report = (out / "report.md").read_text()
    assert "| model | any (oracle) |" in report
    assert "| CodeFusion | reported | any (oracle) |" in report
    assert "accepts the broken code of 1 of them" in report
    assert "None for 1 problems, which count as failures" in report
    assert BENCHMARK.sha256 in report and results["harness"]["execution"] in report
    assert "](figure-5.png)" in report and "](figure-6.png)" in report
    assert "| RING | not run: no key |" in report


def digests(folder: Path) -> dict[str, str]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_a_rerun_asks_no_system_again_and_gives_the_same_bytes(tmp_path: Path) -> None:
    systems = [diffusion(), beams()]
    for _ in range(2):
        evaluate_repair(benchmark=BENCHMARK, systems=systems, out=tmp_path / "one", report=len)
    assert [system.calls for system in systems] == [1, 1]
    evaluate_repair(benchmark=BENCHMARK, systems=[diffusion(), beams()], out=tmp_path / "two", report=len)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


@pytest.mark.parametrize("change", ["identity", "benchmark", "code", "damage"])
def test_proposals_are_not_taken_for_those_of_another_system_or_benchmark(tmp_path: Path, change: str) -> None:
    evaluate(systems=[prompt()], out=tmp_path)
    system: FakeSystem = prompt()
    benchmark: Benchmark = BENCHMARK
    match change:
        case "identity":
            system = FakeSystem("prompt", {}, seed=1)
        case "benchmark":
            benchmark = replace(BENCHMARK, sha256="0" * 64)
        case "code":  # another column of the same file
            benchmark = replace(BENCHMARK, problems=(Problem(id="0", broken="ls |", fixed="ls"),))
        case _:
            (kept,) = (tmp_path / ".work" / "proposals").iterdir()
            kept.write_bytes(kept.read_bytes()[:-20])
    evaluate(benchmark=benchmark, systems=[system], out=tmp_path)
    assert system.calls == 1


def test_an_evaluation_that_is_killed_keeps_the_systems_that_were_done(tmp_path: Path) -> None:
    class Killed(FakeSystem):
        def propose(self, problems: Any) -> Iterator[list[Proposal]]:
            yield []
            raise KeyboardInterrupt

    first = diffusion()
    with pytest.raises(KeyboardInterrupt):
        evaluate(systems=[first, Killed("second", {})], out=tmp_path)
    assert not (tmp_path / "results.json").exists()
    evaluate(systems=[first, beams()], out=tmp_path)
    assert first.calls == 1


@pytest.mark.parametrize("independent", [True, False])
def test_a_system_that_is_killed_is_asked_only_for_the_rest_if_its_problems_are_independent(
    tmp_path: Path, independent: bool
) -> None:
    asked: list[str] = []

    class Killed(FakeSystem):
        def propose(self, problems: Any) -> Iterator[list[Proposal]]:
            for given in super().propose(problems):
                if self.calls == 1 and len(asked) == 5:
                    raise KeyboardInterrupt
                asked.append(problems[0].broken)
                yield given

    system, straight = Killed("one", diffusion().given), FakeSystem("one", diffusion().given)
    system.independent = independent
    with pytest.raises(KeyboardInterrupt):
        evaluate(systems=[system], out=tmp_path / "killed")
    resumed = evaluate(systems=[system], out=tmp_path / "killed")
    assert len(asked) == len(BENCHMARK.problems) + (0 if independent else 5)
    assert resumed == evaluate(systems=[straight], out=tmp_path / "straight")
    assert digests(tmp_path / "killed") == digests(tmp_path / "straight")


def test_any_text_can_be_written_and_read_again(tmp_path: Path) -> None:
    texts = ["\ud800", "a|b\n\r\u2028\x00", "\x1f", "", "\N{SNOWMAN}", None]
    system = FakeSystem("odd | one", {"ls |": at(0.5, *texts)})
    benchmark = make_benchmark([("ls |", "ls")], "powershell")
    first, second = (evaluate(benchmark=benchmark, systems=[system], out=tmp_path) for _ in range(2))
    assert first == second and system.calls == 1
    with gzip.open(tmp_path / "proposals.jsonl.gz", "rt") as lines:
        assert [json.loads(line)["text"] for line in lines] == texts
    assert "| odd \\| one |" in (tmp_path / "report.md").read_text()


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    evaluate(systems=[prompt()], out=tmp_path, report=told.append)
    assert "prompt: 13 of 13 problems of mistakes.json" in told


# --- tuning


def tuning(level: float) -> tuple[Benchmark, dict[str, list[Proposal]]]:
    """Problems that only one level repairs."""
    pairs = [(f"Get-Date x{i} |", f"Get-Date x{i}") for i in range(4)]
    given = {
        broken: [p for x in (0.1, 0.4, 0.8) for p in at(x, fixed if x == level else "ls")] for broken, fixed in pairs
    }
    return make_benchmark(pairs, "powershell", "tuning.json"), given


def test_the_level_comes_from_the_tuning_benchmark_and_its_problems_are_not_reported(tmp_path: Path) -> None:
    tune, given = tuning(0.1)
    shared = replace(tune, problems=(*tune.problems, *BENCHMARK.problems[:2]))
    system = FakeSystem("model", {**diffusion().given, **given})
    found = evaluate(systems=[system], out=tmp_path, tune=shared)
    assert found["systems"][0]["tuned_levels"] == [0.1]
    assert row(found["table1"], pooling="best")["executed"] == share(3)
    assert row(found["table1"], pooling="best, tuned on the benchmark itself")["executed"] == share(8)
    assert (found["tune"]["problems"], found["tune"]["dropped"]) == (4, 2)
    assert found["table3"][0]["values"]["1"]["value"] == pytest.approx(3 / (N + 1), abs=1e-6)
    assert "tuning.json (4 problems, without 2" in (tmp_path / "report.md").read_text()


def refused(tmp_path: Path, **arguments: Any) -> str:
    with pytest.raises(RequestError) as caught:
        evaluate(**{"systems": [prompt()], "out": tmp_path} | arguments)
    assert not (tmp_path / "results.json").exists()
    return str(caught.value)


def test_a_benchmark_is_not_tuned_on_itself(tmp_path: Path) -> None:
    assert "every problem of mistakes.json is in mistakes.json" in refused(tmp_path, tune=BENCHMARK)
    other = make_benchmark([("x =", "x = 1")], "python")
    assert "is of python" in refused(tmp_path, tune=other)


# --- what there is to evaluate


def test_nothing_to_evaluate_is_refused(tmp_path: Path) -> None:
    assert "no system" in refused(tmp_path, systems=[])
    assert "no ground truth" in refused(tmp_path, benchmark=make_benchmark([("ls |", None)], "powershell"))
    assert "no tests to run" in refused(tmp_path, benchmark=make_benchmark([("x =", None)], "python"), run_tests=True)
    assert "given twice" in refused(tmp_path, systems=[prompt(), prompt()])


def test_systems_of_one_name_are_told_apart(tmp_path: Path) -> None:
    systems = [diffusion(seed=1), diffusion(seed=2)]
    found = evaluate(systems=systems, out=tmp_path)
    labels = [system["label"] for system in found["systems"]]
    assert len(set(labels)) == 2 and all(label.startswith("model ") for label in labels)


def test_python_without_truths_has_no_sketch_match_and_still_every_table(tmp_path: Path) -> None:
    pairs = [(f"f{i}(x", None) for i in range(4)]
    given = {
        broken: [*at(0.2, f"{broken})"), *at(0.5, f"{broken})" if i else broken)] for i, (broken, _) in enumerate(pairs)
    }
    found = evaluate(benchmark=make_benchmark(pairs, "python"), systems=[FakeSystem("model", given)], out=tmp_path)
    vote = row(found["table1"], pooling="vote")
    assert (vote["sketch"], vote["executed"]) == (None, share(4, 4))
    assert found["figure6"]["model"][0]["repaired"] == 4
    assert [reference["system"] for reference in found["references"]] == ["the broken code itself"]


def test_proposals_that_miss_failed_requests_are_asked_for_again(tmp_path: Path) -> None:
    system = FakeSystem("prompt", {"=SUM(A1": [Proposal(text=None)]})
    system.failed = 1
    lines: list[str] = []
    for _ in range(2):
        evaluate_repair(
            benchmark=make_benchmark([("=SUM(A1", "=SUM(A1)")]), systems=[system], out=tmp_path, report=lines.append
        )
    assert system.calls == 2
    assert any("1 requests failed" in line for line in lines)
    system.failed = 0
    for _ in range(2):
        evaluate_repair(
            benchmark=make_benchmark([("=SUM(A1", "=SUM(A1)")]), systems=[system], out=tmp_path, report=lines.append
        )
    assert system.calls == 3


def test_a_place_that_is_no_folder_is_refused_before_any_system_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    system = diffusion()
    with pytest.raises(RequestError, match="choose another --out"):
        evaluate(systems=[system], out=tmp_path / "file")
    assert system.calls == 0

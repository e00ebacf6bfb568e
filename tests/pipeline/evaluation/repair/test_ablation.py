"""The ablation: every variant is trained once, evaluated, and stands in the grid with its size."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from typer.testing import CliRunner

from generators.diffusion.checkpoint import load_checkpoint
from generators.diffusion.variants import VARIANTS
from pipeline.benchmarks.benchmark import Benchmark, Problem
from pipeline.cli.ablate import ablate as command
from pipeline.evaluation.repair import ablation
from pipeline.evaluation.repair.systems import Proposal
from schemas.config import ConfigError
from schemas.errors import RequestError

SETTINGS = [  # a model of a few thousand parameters
    "model.embedding_dim=8", "model.width=16", "model.heads=2", "model.feedforward=1", "model.denoiser_blocks=1",
    "model.max_tokens=20", "training.batch_tokens=64", "training.min_count=1", "training.warmup_steps=2",
    "training.warp=false", "training.validation_share=0.2", "training.sketch_cap=0", "sampling.steps=2",
]  # fmt: skip
NAMES = ("codefusion", "unet-clamp")
BENCHMARK = Benchmark(
    name="two.json", sha256="0" * 64, language="python",
    problems=(Problem(id="0", broken="print(x"), Problem(id="1", broken="y = x)")),
)  # fmt: skip
RIGHT = {"print(x": "print(x)", "y = x)": "y = x"}


class Fake:
    """Repairs, if it is codefusion, and keeps what is broken otherwise; at two levels."""

    failed = 0
    independent = True

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.checkpoint = load_checkpoint(folder, "python")  # it was trained
        self.identity: dict[str, Any] = {"system": "fake", "of": name}

    def propose(self, problems: Sequence[Problem]) -> Iterator[list[Proposal]]:
        for problem in problems:
            text = RIGHT[problem.broken] if self.name == "codefusion" else problem.broken
            yield [Proposal(text=text, level=level) for level in (0.1, 0.2)]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("corpus") / "snippets.jsonl"
    shapes = ("print(a{i})", "x{i} = y", "if x{i}:\n    f()", "for i in r{i}: g(i)", "y{i} = x + {i}", "r{i} = [x]")
    codes = [shape.format(i=i) for shape in shapes for i in range(1, 12)]
    path.write_text("".join(json.dumps({"code": code}) + "\n" for code in codes))
    return str(path)


def run(corpus: str, out: Path, lines: list[tuple[str, int]], **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "language": "python", "corpus": corpus, "benchmark": BENCHMARK, "preset": "small", "steps": 3, "out": out,
        "make_system": Fake, "variants": NAMES, "settings": SETTINGS, "tell": lambda line: None,
        "report_training": lambda variant, line: "step" in line and lines.append((variant, line["step"])),
    }  # fmt: skip
    return ablation.ablate(**arguments | changes)


@pytest.fixture(scope="module")
def finished(corpus: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("out")
    lines: list[tuple[str, int]] = []
    results = run(corpus, out, lines)
    assert lines == [("codefusion", 3), ("unet-clamp", 3)]
    return out, results


def test_the_grid_holds_every_variant_with_its_size_and_its_figures(finished: tuple[Path, dict[str, Any]]) -> None:
    out, results = finished
    assert json.loads((out / "ablation.json").read_text()) == results
    assert [each["variant"] for each in results["variants"]] == list(NAMES)
    for each in results["variants"]:
        loaded = load_checkpoint(out / each["variant"], "python")
        assert each["parameters"] == loaded.model.parameter_counts()
        assert each["vocabulary"] == len(loaded.tokenizer)
        assert each["training"]["steps"] == 3 and 0 <= each["training"]["accepted"] <= 1
        expected = 1.0 if each["variant"] == "codefusion" else 0.0
        by_pooling = {row["pooling"]: row for row in each["poolings"]}
        assert by_pooling["vote"]["executed"]["value"] == expected
        assert by_pooling["vote"]["paper"]["executed"] == {"codefusion": 0.624, "unet-clamp": 0.202}[each["variant"]]


def test_the_report_names_sizes_poolings_and_the_papers_figures(finished: tuple[Path, dict[str, Any]]) -> None:
    text = (finished[0] / "ablation.md").read_text()
    row = next(line for line in text.splitlines() if line.startswith("| codefusion |"))
    assert re.match(r"\| codefusion \| 0\.0\dM \| 0\.0\dM \| 45M \| any \(oracle\) \| .* \| 65\.3% \| 68\.1% \|$", row)
    assert (finished[0] / "evaluation" / "report.md").is_file()


def test_a_finished_ablation_trains_nothing_again(corpus: str, finished: tuple[Path, dict[str, Any]]) -> None:
    out, results = finished
    lines: list[tuple[str, int]] = []
    assert run(corpus, out, lines) == results
    assert lines == []


def test_one_more_variant_trains_that_one_alone(corpus: str, finished: tuple[Path, dict[str, Any]]) -> None:
    lines: list[tuple[str, int]] = []
    results = run(corpus, finished[0], lines, variants=(*NAMES, "codefusion-no-cpd"))
    assert lines == [("codefusion-no-cpd", 3)]
    assert [each["variant"] for each in results["variants"]] == [*NAMES, "codefusion-no-cpd"]
    papers = [[row["paper"] is None for row in each["poolings"]] for each in results["variants"]]
    assert papers == [[False, True, False, False]] * 2 + [[True] * 4]  # the paper has no row of the last


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"variants": ()}, RequestError, "at least one"),
        ({"variants": ("unet-clamp", "unet-clamp")}, RequestError, "each variant once"),
        ({"variants": ("unet-clamp", "gan")}, ConfigError, "variant 'gan' is unknown"),
        ({"settings": ["model.depth=3"]}, ConfigError, r"--set 'model\.depth=3'"),
        ({"preset": "large"}, ConfigError, "preset 'large' is unknown"),
    ],
)
def test_a_wrong_request_trains_nothing(
    corpus: str, tmp_path: Path, changes: dict[str, Any], error: type[RequestError], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(corpus, tmp_path / "out", [], **changes)
    assert not (tmp_path / "out").exists()


def test_the_command_passes_on_what_it_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, finished: tuple[Path, dict[str, Any]]
) -> None:
    given: dict[str, Any] = {}

    def ablate(**arguments: Any) -> dict[str, Any]:
        given.update(arguments)
        return finished[1]

    monkeypatch.setattr(ablation, "ablate", ablate)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "b.json").write_text('[{"Buggy": "print(x", "GroundTruth": "print(x)"}]')
    app = typer.Typer()
    app.command()(command)
    required = [
        "--language", "python", "--corpus", "c.jsonl", "--benchmark", str(tmp_path / "b.json"), "--steps", "7",
        "--out", str(tmp_path / "out"), "--variant", "codefusion", "--set", "model.width=64",
    ]  # fmt: skip
    shown = CliRunner().invoke(app, required)
    assert shown.exit_code == 0, shown.output
    assert "unet-clamp" in shown.output and "any (oracle)" in shown.output
    assert (given["corpus"], given["preset"], given["steps"], given["seed"]) == ("c.jsonl", "small", 7, 0)
    assert (given["variants"], given["settings"]) == (["codefusion"], ["model.width=64"])
    assert [problem.fixed for problem in given["benchmark"].problems] == ["print(x)"]
    in_json = CliRunner().invoke(app, [*required, "--json"])
    assert json.loads(in_json.output) == json.loads(json.dumps(finished[1]))
    CliRunner().invoke(app, [argument for argument in required if argument not in ("--variant", "codefusion")])
    assert given["variants"] == tuple(VARIANTS)

"""`ablate`: the variants of the diffusion model, trained alike and compared as repair operators (paper, Table 1).

    OUT/<variant>/        checkpoint and training of each variant
    OUT/evaluation/       what `evaluate repair` writes, for all of them
    OUT/ablation.json     the grid: sizes, trainings, figures with their intervals
    OUT/ablation.md       the same for people

Every part resumes: a training that is finished is not run again, and proposals that are kept are not made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from generators.diffusion.variants import VARIANTS, parameter_counts
from pipeline.benchmarks.benchmark import Benchmark
from pipeline.display.text_table import NONE, TextTable, share
from pipeline.evaluation.repair.evaluate import evaluate_repair
from pipeline.evaluation.repair.systems import System
from pipeline.training.diffusion import find_variant, load_preset, train
from schemas.errors import RequestError

MakeSystem = Callable[[Path, str], System]  # of a checkpoint's folder and the name that it shall have
TrainingReport = Callable[[str, dict[str, Any]], None]  # of a variant and a line of its log

FORMAT = 1


def ablate(
    *, language: str, corpus: str, benchmark: Benchmark, preset: str, steps: int, out: Path, make_system: MakeSystem,
    variants: Sequence[str] = tuple(VARIANTS), settings: Sequence[str] = (), tune: Benchmark | None = None,
    seed: int = 0, report_training: TrainingReport = lambda variant, line: None, tell: Callable[[str], None] = print,
) -> dict[str, Any]:  # fmt: skip
    """Train each variant for ``steps`` steps, evaluate all on the benchmark, write the grid; gives what it holds.

    Args:
        language: of corpus and benchmark.
        corpus: of correct snippets, as for `train`.
        benchmark: the problems that are reported.
        preset: that every variant changes.
        steps: of each training.
        out: a local folder.
        make_system: makes the repair system of a checkpoint.
        variants: names of those to compare.
        settings: changes to all of them, as ``training.batch_tokens=512``.
        tune: problems on which each variant's noise level is chosen, as for `evaluate_repair`.
        seed: of trainings and bootstraps.
        report_training: gets the log of the trainings.
        tell: gets lines of progress.

    Raises:
        RequestError: a variant, setting, corpus or folder will not do.
        RunError: stopped by a signal; the same call resumes.
    """
    if not variants or len(set(variants)) < len(variants):
        raise RequestError("give each variant once, and at least one")
    for name in variants:
        find_variant(name)
        load_preset(preset, steps, seed, settings, variant=name)
    for name in variants:
        tell(f"training {name}: {VARIANTS[name].description}")

        def report(line: dict[str, Any], name: str = name) -> None:
            report_training(name, line)

        train(
            language=language, corpus=corpus, out=str(out / name), preset=preset, variant=name, steps=steps, seed=seed,
            settings=settings, report=report,
        )  # fmt: skip
    systems = [make_system(out / name, name) for name in variants]
    evaluated = evaluate_repair(
        benchmark=benchmark, systems=systems, out=out / "evaluation", tune=tune, seed=seed, report=tell
    )
    results = {
        "format": FORMAT, "preset": preset, "settings": list(settings), "seed": seed,
        "benchmark": evaluated["benchmark"], "tune": evaluated["tune"], "harness": evaluated["harness"],
        "variants": [_about(name, out / name, language, evaluated["table1"]) for name in variants],
    }  # fmt: skip
    (out / "ablation.md").write_text(markdown(results))
    (out / "ablation.json").write_text(json.dumps(results, indent=1) + "\n")
    return results


def _about(name: str, folder: Path, language: str, table1: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One variant's part of the grid."""
    from generators.diffusion.checkpoint import TOKENIZER, load_tokenizer, read_config
    from generators.training_state import read_log

    config = read_config(folder, language)
    vocabulary = len(load_tokenizer(folder / TOKENIZER, config.training, language))
    printed = VARIANTS[name].paper_millions
    log = read_log(folder / "training", config.trained_steps)
    judged: dict[str, Any] = next((line for line in reversed(log) if "accepted" in line), {})
    kept = ("loss", "validation_cross_entropy", "samples", "accepted", "core_seconds")
    return {
        "variant": name, "description": VARIANTS[name].description, "vocabulary": vocabulary,
        "parameters": parameter_counts(config.model, vocabulary),
        "paper_millions": printed,
        "training": {"steps": config.trained_steps} | {key: judged[key] for key in kept if key in judged},
        "poolings": [
            {k: v for k, v in row.items() if k != "system"} | ({"paper": None} if printed is None else {})
            for row in table1
            if row["system"] == name
        ],
    }  # fmt: skip


def markdown(results: dict[str, Any]) -> str:
    """The grid for people."""
    benchmark, variants = results["benchmark"], results["variants"]
    sections = [
        f"# Ablation of the diffusion model: {benchmark['language']}, {benchmark['name']}",
        f"{benchmark['problems']:,} problems; preset {results['preset']}, seed {results['seed']}"
        + "".join(f", {setting}" for setting in results["settings"])
        + ". Figures with intervals of 95%; what the poolings mean stands in [the evaluation](evaluation/report.md), "
        "with every other table of it.",
        "## Table 1",
        grid(results).markdown(),
        "The paper's sizes are Table 1's, of 512-wide models; it gives a U-Net 15M with its decoder and without.",
        "## What was trained",
        training_table(variants).markdown(),
    ]
    return "\n\n".join(sections) + "\n"


def grid(results: dict[str, Any]) -> TextTable:
    """The paper's Table 1 with sizes."""
    rows = []
    for each in results["variants"]:
        counts, printed = each["parameters"], each["paper_millions"]
        sizes = (
            each["variant"], _millions(counts["total"]), _millions(counts["without_embeddings"]),
            NONE if printed is None else f"{printed}M",
        )  # fmt: skip
        for i, row in enumerate(each["poolings"]):
            paper = row["paper"] or {}
            rows.append(
                (
                    *(sizes if i == 0 else ("", "", "", "")),
                    "any (oracle)" if row["pooling"] == "any" else row["pooling"],
                    *(share(row[match]) for match in ("sketch", "executed")),
                    *(share(paper.get(match)) for match in ("sketch", "executed")),
                )
            )
    head = (
        "variant", "parameters", "without embeddings", "paper: parameters", "pooling", "sketch", "execution",
        "paper: sketch", "paper: execution",
    )  # fmt: skip
    return TextTable("Table 1: variants of the diffusion model", head, rows)


def training_table(variants: Sequence[dict[str, Any]]) -> TextTable:
    """What each training came to."""
    rows = []
    for each in variants:
        training = each["training"]
        figures = (training.get("loss"), training.get("validation_cross_entropy"), training.get("accepted"))
        hours = training.get("core_seconds", 0.0) / 3600
        rows.append(
            (
                each["variant"], each["description"], f"{training['steps']:,}",
                *(NONE if value is None else f"{value:.3f}" for value in figures), f"{hours:.2f}",
            )
        )  # fmt: skip
    head = (
        "variant", "what it is", "steps", "loss", "validation cross-entropy", "samples accepted", "core-hours",
    )  # fmt: skip
    return TextTable("Trainings", head, rows)


def _millions(count: int) -> str:
    return f"{count / 1e6:.2f}M"

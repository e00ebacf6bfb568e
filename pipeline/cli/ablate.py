"""The `ablate` command: the paper's Table 1 at a budget of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.models import print_figures
from pipeline.cli.options import LANGUAGE_NAMES, Json, Seed, Settings, option, require_language
from pipeline.cli.output import print_json, print_table, stdout
from pipeline.cli.repair import NoiseLevels, Recovery


def ablate(
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    corpus: Annotated[str, option(help="Correct snippets: .jsonl, .jsonl.gz or .parquet with a column `code`.")],
    benchmark: Annotated[str, option(metavar="FILE", help="Broken snippets with their repairs, as for `evaluate`.")],
    steps: Annotated[int, option(min=1, help="Number of training steps of each variant.")],
    out: Annotated[Path, option(metavar="DIR", help="Folder for the checkpoints, tables and plots.")],
    preset: Annotated[str, typer.Option(help="Preset that every variant starts from: small or paper.")] = "small",
    variants: Annotated[
        list[str] | None, option("--variant", metavar="NAME", help="Variant to train; may be repeated; default: all.")
    ] = None,
    tune: Annotated[
        str | None, option(metavar="FILE", help="Problems to choose the noise level on; default: cross-fitting.")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Number of samples at each noise level.")] = 5,
    noise_levels: NoiseLevels = None,
    recovery: Recovery = None,
    seed: Seed = 0,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Train the variants of the paper's Table 1 alike and compare what they repair. Resumes by itself."""
    require_language(language)
    from generators.diffusion.variants import VARIANTS
    from pipeline.benchmarks.formats import load_benchmark
    from pipeline.evaluation.repair import ablation
    from pipeline.evaluation.repair.diffusion import DiffusionSystem
    from pipeline.evaluation.repair.systems import System
    from pipeline.repair.noise_levels import read_levels

    levels = read_levels(noise_levels, recovery)
    console = stdout()

    def make_system(folder: Path, name: str) -> System:
        return DiffusionSystem(folder, language, levels=levels, samples=samples, seed=seed, name=name)

    def report_training(variant: str, line: dict[str, Any]) -> None:
        if as_json:
            print_json({"variant": variant, **line})
        else:
            print_figures(line)

    results = ablation.ablate(
        language=language, corpus=corpus, benchmark=load_benchmark(benchmark, language), preset=preset, steps=steps,
        out=out, make_system=make_system, variants=variants or tuple(VARIANTS), settings=settings or (), seed=seed,
        tune=None if tune is None else load_benchmark(tune, language), report_training=report_training,
        tell=(lambda line: None) if as_json else console.print,
    )  # fmt: skip
    if as_json:
        print_json(results)
        return
    made = ablation.grid(results)
    console.print(made.title, style="bold")
    print_table(made.head, made.rows)
    console.print(f"tables and figures are in {out}: ablation.md, evaluation/report.md")

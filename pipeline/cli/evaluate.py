"""`evaluate`: the paper's experiments on a model and a benchmark of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipeline.cli.evaluate_pairs import pairs
from pipeline.cli.evaluate_samples import samples
from pipeline.cli.evaluate_trajectory import trajectory
from pipeline.cli.options import LANGUAGE_NAMES, Json, Seed, Settings, option, require_language
from pipeline.cli.output import print_json, print_tables, silent, stdout, tell
from pipeline.cli.repair import NoiseLevels, Recovery, refuse_of_fixed
from schemas.errors import RequestError

if TYPE_CHECKING:
    from pipeline.evaluation.repair.systems import System
    from schemas.config import RunConfig

app = typer.Typer(
    help="The paper's tables and figures, for your models and benchmarks.", no_args_is_help=True
)  # fmt: skip

NotRun = list[tuple[str, str]]  # name and reason

_SAMPLES = 5  # what pass@5 needs


@app.command("repair")
def repair(
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    benchmark: Annotated[
        str,
        option(
            metavar="FILE", help="Pairs, or broken code alone: .json, .jsonl, .jsonl.gz, .parquet; or PyDex's folder."
        ),
    ],
    out: Annotated[Path, option(metavar="DIR", help="Folder for the results; a rerun resumes from what it holds.")],
    checkpoint: Annotated[
        list[str] | None,
        option(metavar="DIR", help="Folder of a diffusion model; may be repeated; default: the bundled one."),
    ] = None,
    tune: Annotated[
        str | None, option(metavar="FILE", help="Problems to choose the noise level on; default: cross-fitting.")
    ] = None,
    noise_levels: NoiseLevels = None,
    recovery: Recovery = None,
    samples: Annotated[int, typer.Option(min=1, help="Samples at each noise level and for each prompt.")] = _SAMPLES,
    steps: Annotated[
        int | None, option(min=1, help="Of the reverse process; if not given, 20 of a whole snippet and 3 in a gap.")
    ] = None,
    canvas: Annotated[
        Literal["both", "fixed", "gaps"],
        typer.Option(help="fixed: noise on the whole snippet, as in the paper; gaps: on one place at a time."),
    ] = "both",
    fixer: Annotated[
        str | None, option(metavar="DIR", help="BIFI's fixer, as `train --generator bifi` makes it.")
    ] = None,
    prompting: Annotated[
        list[str] | None, option(metavar="NAME", help="ring or gpt4o, a prompt of a language model; may be repeated.")
    ] = None,
    base_url: Annotated[str | None, option(metavar="URL", help="OpenAI-compatible server for prompts.")] = None,
    model: Annotated[str | None, option(help="Model name sent to the server.")] = None,
    budget: Annotated[float | None, option(help="Budget in dollars for all prompts of OUT; default: 10.")] = None,
    broken_column: Annotated[str | None, option(help="Column with the broken code, if its name is unusual.")] = None,
    fixed_column: Annotated[str | None, option(help="Column with the repair, if its name is unusual.")] = None,
    run_tests: Annotated[
        bool, option("--run-tests", help="Run the tests of Python problems that have some, in a sandbox.")
    ] = False,
    seed: Seed = 0,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Tables 1 to 3, Figures 5 and 6: what models repair, by noise level, pooling and number of samples."""
    require_language(language)
    from pipeline.benchmarks.formats import load_benchmark
    from pipeline.evaluation.repair.evaluate import evaluate_repair
    from pipeline.evaluation.repair.report import tables
    from pipeline.repair.noise_levels import read_levels
    from schemas.config import load_config

    if canvas == "gaps":
        refuse_of_fixed({"--noise-levels": noise_levels, "--recovery": recovery})
    levels = read_levels(noise_levels, recovery)
    paid = {"base_url": base_url, "model": model, "budget": budget}
    config = load_config(
        None, settings or (), {"language": language, "generator": "gpt4o", "pairs": 1, "out": str(out), "seed": seed}
        | {f"gpt4o.{name}": value for name, value in paid.items()},
    )  # fmt: skip
    report = silent if as_json else tell
    columns = {"broken_column": broken_column, "fixed_column": fixed_column}
    problems = load_benchmark(benchmark, language, **columns)
    tuning = None if tune is None else load_benchmark(tune, language, **columns)
    models, not_run = _checkpoints(language, checkpoint, optional=bool(fixer or prompting))
    systems: list[System] = []
    for folder, name in models:
        if canvas != "gaps":
            systems.append(_fixed(folder, language, name, levels=levels, samples=samples, steps=steps, seed=seed))
        if canvas != "fixed":
            more, missing = _gaps(folder, language, name, steps=steps, seed=seed, optional=canvas == "both")
            systems += more
            not_run += missing
    for more, missing in (_fixer(language, fixer), _prompts(config, prompting or (), samples, report)):
        systems += more
        not_run += missing
    results = evaluate_repair(
        benchmark=problems, systems=systems, out=out, tune=tuning, run_tests=run_tests, seed=seed, not_run=not_run,
        report=report,
    )  # fmt: skip
    if as_json:
        print_json({name: value for name, value in results.items() if name != "problems"})
        return
    print_tables(tables(results))
    stdout().print(f"what they mean, and figures: {out / 'report.md'}; every outcome: {out / 'results.json'}")


app.command("trajectory")(trajectory)
app.command("samples")(samples)
app.command("pairs")(pairs)


def _checkpoints(
    language: str, given: Sequence[str] | None, *, optional: bool
) -> tuple[list[tuple[Path, str]], NotRun]:
    """Folders and names of the diffusion models. One that is not bundled is missed only where nothing else runs."""
    from generators.checkpoints import CheckpointError
    from generators.diffusion.checkpoint import find_checkpoint

    if given:
        folders = [find_checkpoint(language, folder) for folder in given]
        return [(folder, folder.name) for folder in folders], []
    try:
        return [(find_checkpoint(language, None), f"diffusion, bundled for {language}")], []
    except CheckpointError:
        if optional:
            return [], [("diffusion", f"no model is bundled for {language}; --checkpoint DIR")]
        raise


def _fixed(folder: Path, language: str, name: str, **arguments: Any) -> System:
    from pipeline.evaluation.repair.diffusion import DiffusionSystem

    return DiffusionSystem(folder, language, name=f"{name}: fixed (the paper's)", **arguments)


def _gaps(
    folder: Path, language: str, name: str, *, steps: int | None, seed: int, optional: bool
) -> tuple[list[System], NotRun]:
    """A model's gaps; where they are not asked for by name, a model that knows none has a row that says so."""
    from generators.diffusion.gap_repair import NoSlotsError
    from pipeline.evaluation.repair.diffusion import GapSystem

    name = f"{name}: gaps"
    try:
        return [GapSystem(folder, language, steps=steps, seed=seed, name=name)], []
    except NoSlotsError as error:
        if optional:
            return [], [(name, str(error))]
        raise


def _fixer(language: str, folder: str | None) -> tuple[list[System], NotRun]:
    if folder is not None:
        from pipeline.evaluation.repair.bifi import BifiSystem

        return [BifiSystem(Path(folder), language)], []
    return [], [] if language == "excel" else [("BIFI", "no fixer is given; --fixer DIR")]


def _prompts(
    config: RunConfig, kinds: Sequence[str], samples: int, tell: Callable[[str], None]
) -> tuple[list[System], NotRun]:
    """The prompting systems; those that nobody asked for, or that have no key, with the reason."""
    from pipeline.evaluation.repair.prompting import LABELS, PromptingSystem, available
    from pipeline.files.storage import Storage

    unknown = [name for name in kinds if name not in LABELS]
    if unknown:
        raise RequestError(f"--prompting {unknown[0]!r} is unknown; choose one of {', '.join(LABELS)}")
    reason = available(config.gpt4o)
    systems: list[System] = []
    not_run: NotRun = []
    for kind, label in LABELS.items():
        if kind not in kinds:
            not_run.append((label, f"not asked for; --prompting {kind}"))
        elif reason is not None:
            not_run.append((label, reason))
        else:
            storage = Storage(config.out)
            systems.append(
                PromptingSystem(
                    kind, config.language, config.gpt4o, storage, samples=samples, seed=config.seed, message=tell
                )
            )  # fmt: skip
    return systems, not_run

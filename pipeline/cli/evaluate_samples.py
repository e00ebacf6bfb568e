"""`evaluate samples`: what a model of one's own writes from pure noise, and the pairs that it yields."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, Seed, option, require_language
from pipeline.cli.output import print_json, print_tables, silent, stdout, tell
from schemas.errors import RequestError


def samples(
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    checkpoint: Annotated[
        str | None, option(metavar="DIR", help="Folder of a diffusion model; default: the bundled one.")
    ] = None,
    count: Annotated[int, typer.Option("-n", "--n", min=1, help="Number of samples.")] = 2_000,
    steps: Annotated[int | None, option(min=1, help="Steps of the reverse process; default: the model's own.")] = None,
    feedback: Annotated[
        str | None, option(help="denoiser, decoder, softmax or nearest; default: the model's own.")
    ] = None,
    temperature: Annotated[
        float | None, option(help="Temperature of the softmax that is fed back; default: the model's own.")
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None, option(metavar="DIR", help="Folder for the tables and plots; without it they are only printed.")
    ] = None,
    record: Annotated[
        bool, option("--record", help="Store the yields in the model's folder, for its dataset cards.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What samples from pure noise are worth, how they compare with the training data, how many pairs they yield."""
    require_language(language)
    from schemas.config import load_config

    sampling = {"steps": steps, "feedback": feedback, "temperature": temperature}
    config = load_config(
        None, (), {"language": language, "generator": "diffusion", "pairs": 1, "out": "-", "seed": seed}
        | {f"diffusion.{name}": value for name, value in sampling.items()},
    )  # fmt: skip
    if record and any(value is not None for value in sampling.values()):
        raise RequestError("--record is of the model's own sampler; leave out --steps, --feedback and --temperature")
    from pipeline.evaluation.samples.evaluate import evaluate_samples
    from pipeline.evaluation.samples.report import tables

    results = evaluate_samples(
        language=language, checkpoint=checkpoint, count=count, seed=seed, options=config.diffusion, out=out,
        record=_command(language, checkpoint, count, seed) if record else None, tell=silent if as_json else tell,
    )  # fmt: skip
    if as_json:
        print_json(results)
        return
    print_tables(tables(results))
    console, measured = stdout(), results["measured"]
    console.print(
        f"{results['samples']:,} samples, {measured['samples_a_second_and_core']:.1f} a second and core "
        f"({measured['sampling_cpu_seconds']:,.0f} seconds of processor time to sample, "
        f"{measured['judging_cpu_seconds']:,.0f} to judge)"
    )
    if out is not None:
        console.print(f"what the figures mean, examples and plots: {out / 'samples.md'}")


def _command(language: str, checkpoint: str | None, count: int, seed: int) -> str:
    model = () if checkpoint is None else ("--checkpoint", checkpoint)
    return shlex.join(
        ("python", "-m", "pipeline", "evaluate", "samples", "--language", language, *model, "--n", str(count), "--seed",
         str(seed), "--record")
    )  # fmt: skip

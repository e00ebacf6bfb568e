"""Commands on models."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, Seed, Settings, option, require_language
from pipeline.cli.output import print_json, program, stdout

_TERMS = ("denoiser", "decoder", "cross_entropy")
_SHARES = ("accepted", "distinct", "novel")


def train(
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    corpus: Annotated[str, option(help="Correct snippets: .jsonl, .jsonl.gz or .parquet with a column `code`.")],
    out: Annotated[str, option(help="Folder of the checkpoint.")],
    preset: Annotated[str, typer.Option(help="small, for two CPU cores, or paper.")] = "small",
    steps: Annotated[int | None, option(min=1, help="The preset's if not given.")] = None,
    seed: Seed = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes that train together, through Ray.")] = 1,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Train a diffusion model on correct snippets. Resumes by itself."""
    from pipeline.train import train as train_model

    require_language(language)
    folder = train_model(
        language=language, corpus=corpus, out=out, preset=preset, steps=steps, seed=seed, workers=workers,
        settings=settings or (), report=print_json if as_json else _print_figures,
    )  # fmt: skip
    if as_json:
        print_json({"checkpoint": str(folder)})
    else:
        stdout().print(f"use it    {program()} run --language {language} --checkpoint {folder} --pairs 1000 --out OUT")


def _print_figures(figures: dict[str, Any]) -> None:
    """A line of the training log; where samples were judged, another with what they are worth."""
    console = stdout()
    parts = [f"step {figures['step']:,}", f"loss {figures['loss']:.4f}"]
    parts += [f"{name.replace('_', '-')} {figures[name]:.3f}" for name in _TERMS if name in figures]
    if "tokens_per_second" in figures:
        parts.append(f"{figures['tokens_per_second']:,} tokens/s")
    console.print(", ".join(parts))
    if "accepted" in figures:
        shares = ", ".join(f"{name} {figures[name]:.1%}" for name in _SHARES if name in figures)
        console.print(f"  {figures['samples']:,} samples: {shares}")
        for example in figures.get("examples", ()):
            console.print(f"  {example!r}")

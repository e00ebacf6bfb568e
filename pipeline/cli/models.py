"""Commands on models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.options import LANGUAGE_NAMES, Json, Seed, Settings, option, require_language
from pipeline.cli.output import print_json, program, stdout
from schemas.errors import RequestError

_TERMS = ("denoiser", "decoder", "cross_entropy")
_SHARES = ("accepted", "distinct", "novel")


def train(
    language: Annotated[str, option(help=LANGUAGE_NAMES)],
    corpus: Annotated[
        str, option(help="Correct snippets: .jsonl, .jsonl.gz or .parquet with a column `code`; for flame, pairs.")
    ],
    out: Annotated[str, option(help="Folder of the checkpoint; for flame, the file of weights.")],
    generator: Annotated[str, typer.Option(help="diffusion, bifi or flame.")] = "diffusion",
    preset: Annotated[str, typer.Option(help="small, for two CPU cores; paper, or for bifi faithful.")] = "small",
    variant: Annotated[
        str | None,
        option(
            help="Of the diffusion model, as in the paper's Table 1: codefusion, codefusion-no-cpd, unet-clamp, "
            "unet-decoder, transformer-clamp, transformer-decoder. The preset itself if not given."
        ),
    ] = None,
    steps: Annotated[int | None, option(min=1, help="The preset's if not given.")] = None,
    seed: Seed = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes that train together, through Ray.")] = 1,
    bad_corpus: Annotated[str | None, option(help="Real broken snippets, for bifi from round 1 on.")] = None,
    number: Annotated[int, typer.Option("--round", min=0, help="Of bifi: 0, then 1, 2, ... in the same folder.")] = 0,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Train what a generator needs: a diffusion model, BIFI's fixer and breaker, FLAME's weights. Resumes by itself."""
    require_language(language)
    if variant is not None and generator != "diffusion":
        raise RequestError(f"--variant is one of the diffusion model, and {generator} has none: leave it out")
    report = print_json if as_json else print_figures
    match generator:
        case "diffusion":
            from pipeline.train import train as train_diffusion

            made = train_diffusion(
                language=language, corpus=corpus, out=out, preset=preset, variant=variant, steps=steps, seed=seed,
                workers=workers, settings=settings or (), report=report,
            )  # fmt: skip
            use: str | None = f"--checkpoint {made}"
        case "bifi":
            from pipeline.train_bifi import train_bifi

            made = train_bifi(
                language=language, corpus=corpus, bad_corpus=bad_corpus, out=out, round=number, preset=preset,
                steps=steps, seed=seed, settings=settings or (), report=report,
            )  # fmt: skip
            use = f"--generator bifi --breaker {made}" if number else None
        case "flame":
            from generators.flame.weights import fit_file

            fit_file(corpus, out)
            made = Path(out)
            use = f"--generator flame --set flame.sampler=weighted --set flame.weights={made}"
        case _:
            raise RequestError(f"generator {generator!r} is not trained; choose one of diffusion, bifi, flame")
    if as_json:
        print_json({"weights" if generator == "flame" else "checkpoint": str(made)})
    elif use is None:
        again = f"{program()} train --language {language} --generator bifi --round 1 --corpus {corpus}"
        stdout().print(f"go on     {again} --bad-corpus FILE --out {out}")
    else:
        stdout().print(f"use it    {program()} run --language {language} {use} --pairs 1000 --out OUT")


def print_figures(figures: dict[str, Any]) -> None:
    """A line of the training log; where samples were judged, another with what they are worth."""
    console = stdout()
    if "step" not in figures:
        console.print(", ".join(f"{name.replace('_', ' ')} {_figure(value)}" for name, value in figures.items()))
        return
    parts = [f"{name} {figures[name]}" for name in ("round", "role") if name in figures]
    parts += [f"step {figures['step']:,}", f"loss {figures['loss']:.4f}"]
    parts += [f"{name.replace('_', '-')} {figures[name]:.3f}" for name in _TERMS if name in figures]
    if "tokens_per_second" in figures:
        parts.append(f"{figures['tokens_per_second']:,} tokens/s")
    console.print(", ".join(parts))
    if "accepted" in figures:
        shares = ", ".join(f"{name} {figures[name]:.1%}" for name in _SHARES if name in figures)
        console.print(f"  {figures['samples']:,} samples: {shares}")
        for example in figures.get("examples", ()):
            console.print(f"  {example!r}")


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_figure(inner)}" for name, inner in value.items()) + ")"
    return f"{value:,}" if isinstance(value, int) else str(value)

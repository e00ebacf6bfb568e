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
    out: Annotated[str, option(help="Folder for the checkpoint; for flame and edits, the file of weights.")],
    generator: Annotated[
        str,
        typer.Option(help="diffusion, bifi, flame, or edits: how the diffusion model's gaps are drawn."),
    ] = "diffusion",
    preset: Annotated[str, typer.Option(help="small, for two CPU cores; paper; or, for bifi, faithful.")] = "small",
    variant: Annotated[
        str | None,
        option(
            help="Variant of the diffusion model in the paper's Table 1: codefusion, codefusion-no-cpd, unet-clamp, "
            "unet-decoder, transformer-clamp, transformer-decoder. The preset itself if not given."
        ),
    ] = None,
    steps: Annotated[
        int | None, option(min=1, help="Number of training steps; default: the preset's, unless minutes are given.")
    ] = None,
    max_minutes: Annotated[
        float | None,
        option(
            min=0.01,
            help="Train for so many minutes of processor time (on a GPU, of wall-clock time) instead of a number of "
            "steps. The learning rate follows the share of the time that is gone, and a resumed run keeps what it "
            "has spent; judging samples is not counted. Two such runs differ: only --steps gives equal bytes.",
        ),
    ] = None,
    finish: Annotated[
        str | None,
        option(
            metavar="FROM",
            help="Folder of a training with the same options. A copy of it is finished in --out: its learning rate "
            "falls over --steps or --max-minutes more, a tenth of its steps so far if neither is given. FROM may be "
            "running and is left as it is; train it with --set training.decay_share=0, so that its rate is constant.",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        option(
            metavar="FILE",
            help="Benchmark whose solutions are left out of the corpus, without regard to white space and letter "
            "case; may be repeated.",
        ),
    ] = None,
    device: Annotated[
        str | None, option(help="For the diffusion model: cpu, cuda, or auto, which is a GPU if PyTorch sees one.")
    ] = None,
    checkpoint: Annotated[
        str | None, option(metavar="DIR", help="For edits: folder of the diffusion model; default: the bundled one.")
    ] = None,
    human: Annotated[
        list[str] | None,
        option(metavar="FILE", help="For edits: benchmark of people's mistakes to fit them on; may be repeated."),
    ] = None,
    seed: Seed = 0,
    workers: Annotated[int, typer.Option(min=1, help="Number of processes that train together, through Ray.")] = 1,
    bad_corpus: Annotated[str | None, option(help="Real broken snippets, for bifi from round 1 on.")] = None,
    number: Annotated[int, typer.Option("--round", min=0, help="Round of bifi: 0, then 1, 2 in the same folder.")] = 0,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Train what a generator needs: a diffusion model, BIFI's fixer and breaker, weights. Resumes by itself."""
    require_language(language)
    if variant is not None and generator != "diffusion":
        raise RequestError(f"--variant is one of the diffusion model, and {generator} has none: leave it out")
    own = {"--max-minutes": max_minutes, "--finish": finish, "--without": without, "--device": device}
    if generator != "diffusion" and (given := [name for name, value in own.items() if value is not None]):
        raise RequestError(f"{', '.join(given)}: only for the diffusion model, not for {generator}: leave it out")
    if generator != "edits" and (checkpoint is not None or human):
        raise RequestError(f"--checkpoint and --human are for edits, not for {generator}: leave them out")
    report = print_json if as_json else print_figures
    match generator:
        case "diffusion":
            from pipeline.training.diffusion import train as train_diffusion

            made = train_diffusion(
                language=language, corpus=corpus, out=out, preset=preset, variant=variant, steps=steps,
                max_minutes=max_minutes, finish=finish, seed=seed, workers=workers, device=device or "auto",
                without=without or (), settings=settings or (), report=report,
            )  # fmt: skip
            use: str | None = f"--checkpoint {made}"
        case "bifi":
            from pipeline.training.bifi import train_bifi

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
        case "edits":
            from pipeline.training.edits import fit_edits_file

            made = fit_edits_file(
                language=language, corpus=corpus, human=human or (), checkpoint=checkpoint, out=out, seed=seed,
                report=report,
            )  # fmt: skip
            use = f"--set diffusion.mode=renoise --set diffusion.edits={made}"
        case _:
            raise RequestError(f"generator {generator!r} is not trained; choose one of diffusion, bifi, flame, edits")
    if as_json:
        print_json({"weights" if generator in ("flame", "edits") else "checkpoint": str(made)})
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

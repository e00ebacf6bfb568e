"""The `train` command: a diffusion model from a corpus, in this process or on several through Ray Train."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from pipeline.corpus import Corpus
from schemas.config import ConfigError, parse_value
from schemas.errors import RequestError, RunError

if TYPE_CHECKING:
    from generators.diffusion.variants import Variant

Report = Callable[[dict[str, Any]], None]


def load_preset(
    name: str, steps: int | None, seed: int, settings: Sequence[str], presets: Mapping[str, Any] | None = None,
    variant: str | None = None,
) -> Any:  # fmt: skip
    """A preset with the given changes, as ``model.width=128`` or ``training.learning_rate=0.001``.

    ``presets`` are those of the diffusion model if not given; a ``variant`` of that is applied before the settings.

    Raises:
        ConfigError: unknown preset, variant or setting, or a value out of range.
    """
    if presets is None:
        from generators.diffusion.config import PRESETS

        presets = PRESETS
    if name not in presets:
        raise ConfigError(f"preset {name!r} is unknown; choose one of {', '.join(sorted(presets))}")
    values = (presets[name] if variant is None else find_variant(variant).apply(presets[name])).model_dump()
    values["training"] |= {"seed": seed} | ({"steps": steps} if steps is not None else {})
    for setting in settings:
        key, equals, text = setting.partition("=")
        section, _, field = key.partition(".")
        if not equals or field not in values.get(section, {}):
            fields = [f"{s}.{f}" for s in values for f in values[s]]
            raise ConfigError(f"--set {setting!r}: there is no such setting; there are {', '.join(fields)}")
        try:
            values[section][field] = parse_value(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {setting!r}: the value is not YAML; put it in quotes") from error
    try:
        return type(presets[name]).model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        got = "" if isinstance(first["input"], dict) else f", not {first['input']!r}"
        raise ConfigError(f"{path}: {first['msg'].removeprefix('Value error, ')}{got}") from error


def find_variant(name: str) -> Variant:
    """A configuration of the ablation.

    Raises:
        ConfigError: there is none of that name; with those that there are.
    """
    from generators.diffusion.variants import VARIANTS

    if name not in VARIANTS:
        raise ConfigError(f"variant {name!r} is unknown; choose one of {', '.join(sorted(VARIANTS))}")
    return VARIANTS[name]


def train(
    *, language: str, corpus: str, out: str, preset: str, report: Report, variant: str | None = None,
    steps: int | None = None, seed: int = 0, workers: int = 1, settings: Sequence[str] = (),
) -> Path:  # fmt: skip
    """Train, or go on training, in folder ``out``; gives the checkpoint's folder.

    Raises:
        RequestError: the corpus, the settings or the folder will not do.
        RunError: stopped by a signal; the state is saved and the same command resumes.
    """
    from pipeline.learning_curve import draw_learning_curve

    chosen = load_preset(preset, steps, seed, settings, variant=variant)
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"cannot write to {out} ({error.strerror}): choose another --out") from error
    share = partial(train_in_process, language, corpus, folder.resolve(), preset, chosen, report)
    if workers > 1:
        from pipeline.ray_train import train_with_ray

        Corpus(corpus).snippets()  # what is wrong with it is better said here than by a worker
        train_with_ray(share, folder, workers)
        draw_learning_curve(folder)
        return folder
    with stop_signals() as should_stop:
        finished = share(should_stop)
    draw_learning_curve(folder)
    if not finished:
        raise RunError(f"training was stopped; its state is saved in {folder}: the same command resumes")
    return folder


def train_in_process(
    language: str, corpus: str, folder: Path, preset_name: str, preset: Any, report: Report,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:  # fmt: skip
    """One process's share of a run: all of it, or one of several that `torch.distributed` connects."""
    import torch

    from generators.diffusion.session import Source, TrainingRun
    from validators import get_language

    device = "cuda" if torch.cuda.is_available() else "cpu"
    source = Corpus(corpus)
    run = TrainingRun(
        folder=folder, language=get_language(language), preset_name=preset_name, preset=preset,
        source=Source(name=source.uri.rsplit("/", 1)[-1], sha256=source.sha256), read=source.snippets, device=device,
    )  # fmt: skip
    if run.trainer.rank == 0:
        counts = run.trainer.model.parameter_counts()
        report(
            {
                "parameters": counts["total"], "without_embeddings": counts["without_embeddings"],
                "vocabulary": len(run.dataset.tokenizer), "snippets": len(run.dataset.train),
                "held_out": len(run.dataset.validation), "steps_done": run.trainer.step,
            }
        )  # fmt: skip
    return run.run(report, should_stop)


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Interrupt and terminate end the step that is running, save, and stop; a second one does not wait for that.

    Samples that are being judged take long with a large model: what was saved last is there in any case.
    """
    received: list[int] = []

    def note(signum: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(signum)

    before = {which: signal.signal(which, note) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)

"""The `train` command: a diffusion model from a corpus, in this process or on several through Ray Train."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from pipeline.benchmarks.formats import load_benchmark
from pipeline.benchmarks.overlap import normalise
from pipeline.corpus import Corpus
from schemas.config import ConfigError, parse_value
from schemas.errors import RequestError, RunError

if TYPE_CHECKING:
    from generators.diffusion.card import Source
    from generators.diffusion.variants import Variant

DEVICES = ("auto", "cpu", "cuda")

Report = Callable[[dict[str, Any]], None]


def load_preset(
    name: str, steps: int | None, seed: int, settings: Sequence[str], presets: Mapping[str, Any] | None = None,
    variant: str | None = None, max_minutes: float | None = None,
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
    given = {"seed": seed, "steps": steps, "max_minutes": max_minutes}
    values["training"] |= {key: value for key, value in given.items() if value is not None}
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
    steps: int | None = None, max_minutes: float | None = None, finish: str | None = None, seed: int = 0,
    workers: int = 1, device: str = "auto", without: Sequence[str] = (), settings: Sequence[str] = (),
) -> Path:  # fmt: skip
    """Train, or go on training, in folder ``out``; gives the checkpoint's folder.

    With ``finish``, the folder of a training of the same settings, a copy of that is trained in ``out`` to its end:
    ``steps`` or ``max_minutes`` then are those over which the learning rate falls.

    Raises:
        RequestError: the corpus, the benchmarks ``without`` which it is trained, the settings or a folder will not do.
        RunError: stopped by a signal; the state is saved and the same command resumes.
    """
    from pipeline.training.learning_curve import draw_learning_curve

    if steps is not None and max_minutes is not None:
        raise RequestError("--steps and --max-minutes both say when the training ends: give one of them")
    length = {"steps": steps, "max_minutes": max_minutes} if finish is None else {"steps": None}
    chosen = load_preset(preset, seed=seed, settings=settings, variant=variant, **length)
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"cannot write to {out} ({error.strerror}): choose another --out") from error
    snippets = Snippets.of(language, corpus, without)
    if finish is not None:
        from generators.diffusion.finishing import finish as begin_finishing
        from generators.diffusion.run_identity import run_identity

        identity = run_identity(language, snippets.source, chosen)
        chosen = begin_finishing(Path(finish), folder, chosen, identity, steps=steps, minutes=max_minutes)
    share = partial(train_in_process, snippets, folder.resolve(), preset, chosen, device, report)
    if workers > 1:
        from pipeline.training.ray import train_with_ray

        Corpus(corpus).snippets()  # what is wrong with it is better said here than by a worker
        train_with_ray(share, folder, workers, use_gpu=device != "cpu")
        draw_learning_curve(folder)
        return folder
    with stop_signals() as should_stop:
        finished = share(should_stop)
    draw_learning_curve(folder)
    if not finished:
        raise RunError(f"training was stopped; its state is saved in {folder}: the same command resumes")
    return folder


@dataclass(frozen=True, kw_only=True)
class Snippets:
    """What a training is of: a corpus, and what of it must stay unseen."""

    language: str
    corpus: str
    source: Source
    unseen: frozenset[bytes]  # solutions of benchmarks, normalised

    @classmethod
    def of(cls, language: str, corpus: str, without: Sequence[str]) -> Snippets:
        """Look at the files.

        Raises:
            RequestError: a benchmark or the corpus cannot be read.
        """
        from generators.diffusion.card import Source

        benchmarks = [load_benchmark(file, language) for file in without]
        solutions = [problem.fixed for benchmark in benchmarks for problem in benchmark.problems]
        file = Corpus(corpus)
        source = Source(
            name=file.uri.rsplit("/", 1)[-1], sha256=file.sha256, without={b.name: b.sha256 for b in benchmarks}
        )
        unseen = frozenset(normalise(solution) for solution in solutions if solution is not None)
        return cls(language=language, corpus=corpus, source=source, unseen=unseen)

    def drops(self, code: str) -> bool:
        """Whether a snippet is a solution of a benchmark."""
        return normalise(code) in self.unseen


def train_in_process(
    snippets: Snippets, folder: Path, preset_name: str, preset: Any, device: str, report: Report,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:  # fmt: skip
    """One process's share of a run: all of it, or one of several that `torch.distributed` connects."""
    from generators.diffusion.session import TrainingRun
    from validators import get_language

    run = TrainingRun(
        folder=folder, language=get_language(snippets.language), preset_name=preset_name, preset=preset,
        source=snippets.source, read=Corpus(snippets.corpus).snippets, drop=snippets.drops, device=find_device(device),
    )  # fmt: skip
    if run.trainer.rank == 0:
        report(run.header())
    return run.run(report, should_stop)


def find_device(name: str) -> str:
    """The device that PyTorch is to train on; ``auto`` is a GPU where there is one.

    Raises:
        RequestError: no such device, or none here.
    """
    import torch

    if name not in DEVICES:
        raise RequestError(f"--device {name} is unknown: choose one of {', '.join(DEVICES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise RequestError("--device cuda: PyTorch sees no GPU here; train with --device cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


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

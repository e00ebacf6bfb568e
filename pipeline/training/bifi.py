"""The `train --generator bifi` command: a round of BIFI's loop, stage by stage.

    OUT/round-0/    pairs.jsonl.gz         fixer/
    OUT/round-1/    real_pairs.jsonl.gz    breaker/    breaker_pairs.jsonl.gz    fixer/
    OUT/round-2/    as round 1, its breaker too continued from that of the round before

A stage that is finished is not made again, and a training goes on where it was stopped. Each round keeps what it was
begun with in `identity.json` and the figures of its finished stages in `stages.json`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from generators.bifi.config import PRESETS as MODELS
from generators.bifi.config import Preset, Role
from generators.bifi.critic import CATEGORIES, category
from generators.bifi.mixing import breaker_mixture, fixer_mixture
from generators.bifi.rounds import LOOPS, LoopConfig, Pair, breaker_pairs, real_pairs, round0_pairs
from pipeline.corpus import CorpusSource, accepted_snippets, open_corpus
from pipeline.training.bifi_folder import RoundFolder
from pipeline.training.diffusion import Report, load_preset, stop_signals
from schemas.errors import RequestError, RunError
from schemas.ids import derive_seed
from validators import Language, get_language

LANGUAGES = ("powershell", "python")
REPORT_EVERY = 1_000  # snippets
ROUND0, REAL, BROKEN = "pairs", "real_pairs", "breaker_pairs"


class BifiPreset(Preset):
    """A model, how it is trained and searched, and how many pairs a round makes."""

    loop: LoopConfig


PRESETS = {name: BifiPreset(**dict(preset), loop=LOOPS[name]) for name, preset in MODELS.items()}


class _Stopped(Exception):
    """A signal came."""


def train_bifi(
    *, language: str, corpus: str, bad_corpus: str | None, out: str, round: int, preset: str, report: Report,
    steps: int | None = None, seed: int = 0, settings: Sequence[str] = (),
) -> Path:  # fmt: skip
    """Run a round, or go on with it; gives the folder of its breaker, of round 0 that of its fixer.

    ``report`` gets the lines of the trainings' logs, each with its ``round`` and ``role``, and the progress and the
    figures of the other stages, each with its ``round`` and ``stage``.

    Raises:
        RequestError: the corpora, the settings or the folder will not do, or the round before is not finished.
        RunError: stopped by a signal, what is done is saved and the same command resumes; or a model is too weak to
            make a single pair.
    """
    if language not in LANGUAGES:
        raise RequestError(f"generator bifi is for {' and '.join(LANGUAGES)}, not for {language}")
    if round and bad_corpus is None:
        raise RequestError(f"round {round} of bifi repairs real broken code: give some with --bad-corpus")
    chosen = load_preset(preset, steps, seed, settings, PRESETS)
    as_it_is = all(setting.startswith("loop.") for setting in settings)
    model = preset if as_it_is else Preset(model=chosen.model, training=chosen.training, search=chosen.search)
    command = _command(language, corpus, bad_corpus, round, preset, steps, seed, settings)
    with stop_signals() as should_stop:
        work = _Round(
            number=round, folder=RoundFolder(Path(out) / f"round-{round}"), language=get_language(language),
            good=open_corpus(language, corpus), preset=chosen, model=model, command=command,
            report=report, should_stop=should_stop,
        )  # fmt: skip
        try:
            return work.later(open_corpus(language, bad_corpus)) if round else work.first()
        except _Stopped:
            raise RunError(f"training was stopped; its state is saved in {out}: the same command resumes") from None


def _command(
    language: str, corpus: str, bad_corpus: str | None, round: int, preset: str, steps: int | None, seed: int,
    settings: Sequence[str],
) -> str:  # fmt: skip
    """What was called, with the base names of the corpora alone."""
    parts = [f"train --language {language} --generator bifi --round {round} --preset {preset} --seed {seed}"]
    parts += [f"--corpus {Path(corpus).name}"] + ([f"--bad-corpus {Path(bad_corpus).name}"] if bad_corpus else [])
    parts += ([f"--steps {steps}"] if steps is not None else []) + [f"--set {setting}" for setting in settings]
    return " ".join([*parts, "--out OUT"])


@dataclass(frozen=True, kw_only=True)
class _Round:
    number: int
    folder: RoundFolder
    language: Language
    good: CorpusSource
    preset: BifiPreset
    command: str  # that a model's card shows
    model: str | Preset  # what the preset says of the models; its name where nothing of it was changed
    report: Report
    should_stop: Callable[[], bool]

    def first(self) -> Path:
        """Round 0: pairs by rules, and a fixer of them."""
        draws, seed = self.preset.loop.round0_draws, self.preset.training.seed
        self.folder.begin(self._identity())
        self._make(ROUND0, draws, lambda: round0_pairs(self.language, self._snippets, draws, seed))
        return self._train("fixer", lambda: _to_fix(self.folder.read(ROUND0)))

    def later(self, bad: CorpusSource) -> Path:
        """Round 1 and after: real pairs, a breaker of them, its pairs, and the fixer continued."""
        loop, seed = self.preset.loop, derive_seed("round", self.preset.training.seed, self.number)
        before = self._before()
        self.folder.begin(self._identity() | self._start(before) | {"bad_corpus": bad.identity})
        round0 = RoundFolder(self.folder.path.with_name("round-0"))

        if REAL not in self.folder.stages:
            broken, counts = self._broken(bad)
            fixer = self._load(before.path / "fixer")
            found = real_pairs(self.language, fixer, broken, loop.outputs, loop.max_distance)
            self._make(REAL, len(broken), lambda: found, counts)
        breaker = self._train(
            "breaker",
            lambda: _to_break(breaker_mixture(round0.read(ROUND0), self.folder.read(REAL), loop.breaker_mixture, seed)),
            before.path / "breaker" if "breaker" in before.stages else None,
        )
        if BROKEN not in self.folder.stages:
            count = min(len(self._snippets), loop.broken_snippets or len(self._snippets))
            codes = random.Random(seed).sample(self._snippets, count)
            made = breaker_pairs(self.language, self._load(breaker), codes, loop.outputs, loop.max_distance)
            self._make(BROKEN, len(codes), lambda: made)

        def mixture() -> list[tuple[str, str]]:
            made = self.folder.read(BROKEN)
            parts = {name: [pair for pair in made if pair.category == name] for name in CATEGORIES}
            return _to_fix(fixer_mixture(round0.read(ROUND0), self.folder.read(REAL), parts, seed))

        self._train("fixer", mixture, before.path / "fixer")
        return breaker

    def _before(self) -> RoundFolder:
        before = RoundFolder(self.folder.path.with_name(f"round-{self.number - 1}"))
        if "fixer" not in before.stages:
            raise RequestError(
                f"round {self.number} goes on from the fixer in {before.path}, which is not finished: "
                f"run --round {self.number - 1} to its end first"
            )
        return before

    def _identity(self) -> dict[str, Any]:
        settings = self.preset.model_dump()
        draws = settings["loop"].pop("round0_draws")
        settings["loop"] = settings["loop"] if self.number else {"round0_draws": draws}  # what this round looks at
        return {
            "language": self.language.name, "corpus": self.good.identity, "parsers": dict(self.language.parsers),
            **{f"{part}.{name}": value for part, values in settings.items() for name, value in values.items()},
        }  # fmt: skip

    def _start(self, before: RoundFolder) -> dict[str, Any]:
        """What ties this round to the one before, which must be of the same corpus, seed and model."""
        from generators.bifi.checkpoint import rewriter_hash

        shared = ("language", "corpus", "training.seed")
        before.require({k: v for k, v in self._identity().items() if k in shared or k.startswith("model.")})
        return {"fixer": rewriter_hash(before.path / "fixer")}

    @cached_property
    def _snippets(self) -> list[str]:
        """The good ones; whatever the parser rejects is counted and left out."""
        accepted = accepted_snippets(self.good, self.language.name)
        self._tell(stage="corpus", read=accepted.read, used=len(accepted.snippets))
        return [snippet.code for snippet in accepted.snippets]

    def _broken(self, bad: CorpusSource) -> tuple[list[str], dict[str, Any]]:
        """The snippets of the bad corpus that are bad, and how many were read, and of which category they are."""
        read = [code for code, _ in bad.rows()]
        kinds = {code: kind for code in dict.fromkeys(read) if (kind := category(self.language, code))}
        if not kinds:
            raise RequestError(
                f"corpus {bad.name} holds no broken snippet of {self.language.name}, of {len(read)} read"
            )
        return list(kinds), {"read": len(read), "snippets_by_category": Counter(kinds.values())}

    def _make(
        self, stage: str, snippets: int, make: Callable[[], Iterator[list[Pair]]], figures: Mapping[str, Any] = {}
    ) -> None:
        """Run a stage that makes pairs, unless it is finished."""
        if stage in self.folder.stages:
            return
        pairs: list[Pair] = []
        changed: Counter[str] = Counter()
        for done, found in enumerate(make(), 1):
            pairs += found
            changed.update(pair.category for pair in found[:1])
            if done % REPORT_EVERY == 0:
                self._tell(stage=stage, done=done, of=snippets, pairs=len(pairs))
            if self.should_stop():
                raise _Stopped
        if not pairs:
            raise RunError(
                f"round {self.number}, {stage}: not one pair from {snippets:,} snippets; the model that makes them "
                "needs more training: take another --out and more --steps"
            )
        counted = {
            "snippets": snippets, "with_pairs": changed.total(), "with_pairs_by_category": changed,
            "pairs": len(pairs), "pairs_by_category": Counter(pair.category for pair in pairs),
        }  # fmt: skip
        self.folder.write(stage, pairs, counted | dict(figures))
        self._tell(stage=stage, **self.folder.stages[stage])

    def _train(self, role: Role, pairs: Callable[[], list[tuple[str, str]]], start_from: Path | None = None) -> Path:
        """Train a model, unless that is finished; gives its folder."""
        from generators.bifi.session import train_rewriter

        folder = self.folder.path / role
        if role in self.folder.stages:
            return folder
        settings = self.preset.training
        finished = train_rewriter(
            folder=folder, language=self.language, role=role, pairs=pairs, start_from=start_from, preset=self.model,
            steps=settings.steps, seed=settings.seed, should_stop=self.should_stop, device=_device(),
            report=lambda line: self._tell(role=role, **line), provenance=self._provenance(),
        )  # fmt: skip
        if not finished:
            raise _Stopped
        self.folder.finish(role, {"steps": settings.steps})
        return folder

    def _provenance(self) -> dict[str, str]:
        """What a model's card says of the stages before it."""
        stages = {
            stage: f"{figures['pairs']:,} pairs from {figures['with_pairs']:,} of {figures['snippets']:,} snippets"
            for stage, figures in self.folder.stages.items() if "pairs" in figures
        }  # fmt: skip
        corpus = f"{self.good.name} ({self.good.identity[:12]})"
        return {"command": self.command, "round": str(self.number), "corpus": corpus, **stages}

    def _load(self, folder: Path) -> Any:
        from generators.bifi.checkpoint import load_rewriter

        return load_rewriter(folder, self.language.name, device=_device())

    def _tell(self, **figures: Any) -> None:
        self.report({"round": self.number} | figures)


def _to_fix(pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    return [(pair.broken, pair.fixed) for pair in pairs]


def _to_break(pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    return [(pair.fixed, pair.broken) for pair in pairs]


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"

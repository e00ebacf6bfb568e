"""The `repair` command: broken snippets in, the chosen repair and all candidates out.

The library call is `Repairer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.noise_levels import Levels
from pipeline.pooling import vote
from validators import Verdict, get_language

if TYPE_CHECKING:
    from generators.diffusion.repair import Canvas, RepairCandidate

SAMPLES = 7  # of each level: with nine levels, two tiles of 32 rows for one snippet


class Outcome(StrEnum):
    """What became of a snippet."""

    ACCEPTED = "accepted"  # it was right before, and is returned unchanged
    REPAIRED = "repaired"
    NOT_REPAIRED = "not repaired"  # no candidate is accepted
    TOO_LONG = "too long"  # for the model


@dataclass(frozen=True, slots=True)
class Judged:
    """One candidate with the language's verdict; a text of None cannot be decoded."""

    level: float  # t/T
    recovery: float  # token recovery at this level
    sample: int
    text: str | None
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A snippet and what became of it."""

    broken: str
    verdict: Verdict  # on the broken snippet
    outcome: Outcome
    fixed: str | None  # None where no repair was found
    candidates: tuple[Judged, ...] = ()

    def as_dict(self, *, candidates: bool) -> dict[str, Any]:
        """As `repair --json` prints it."""
        row: dict[str, Any] = {"broken": self.broken, "outcome": self.outcome.value, "fixed": self.fixed}
        if candidates:
            row["candidates"] = [
                {"noise_level": c.level, "recovery": c.recovery, "sample": c.sample, "accepted": c.accepted,
                 "text": c.text}
                for c in self.candidates
            ]  # fmt: skip
        return row


class Repairer:
    """Repairs snippets with a diffusion model: noise, reverse process, verdicts, vote.

    Args:
        folder: of the checkpoint.
        language: of the snippets.
        levels: noise levels to inject at; one level and its vote is what the paper calls `best`, several `vote`.
        samples: candidates of each level.
        steps: of the reverse process; the checkpoint's if not given.
        canvas: see `RepairOperator`.
        seed: of every random draw.
        device: to run on; a GPU where there is one, if not given.

    Raises:
        CheckpointError: no whole checkpoint, or one of another language.
    """

    max_tokens: int  # of a snippet that the model can be given

    def __init__(
        self, folder: Path, language: str, *, levels: Levels | None = None, samples: int = SAMPLES,
        steps: int | None = None, canvas: Canvas = "shifted", seed: int = 0, device: str | None = None,
    ) -> None:  # fmt: skip
        import torch

        from generators.diffusion.checkpoint import load_checkpoint
        from generators.diffusion.recovery import read_curve
        from generators.diffusion.repair import ROOM, RepairOperator

        checkpoint = load_checkpoint(folder, language)
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.language = get_language(language)
        self.max_tokens = checkpoint.config.model.max_tokens - ROOM - 1
        self.recovery = read_curve(folder, checkpoint.model)
        self.levels = (levels or Levels()).of_model(self.recovery)
        self.samples = samples
        self.seed = seed
        self.operator = RepairOperator(checkpoint, steps=steps, canvas=canvas, device=device)

    def __call__(self, snippets: Iterable[str]) -> Iterator[Repair]:
        """The repair of each snippet, in their order; what the language accepts is not touched."""
        from generators.diffusion.repair import WINDOW

        stream = iter(snippets)
        while window := list(islice(stream, WINDOW)):
            verdicts = [self.language.check(code) for code in window]
            broken = [code for code, verdict in zip(window, verdicts, strict=True) if not verdict.accepted]
            found = self.operator.candidates(broken, self.levels, self.samples, self.seed)
            for code, verdict in zip(window, verdicts, strict=True):
                if verdict.accepted:
                    yield Repair(broken=code, verdict=verdict, outcome=Outcome.ACCEPTED, fixed=code)
                else:
                    yield self._chosen(code, verdict, next(found))

    def _chosen(self, code: str, verdict: Verdict, candidates: Sequence[RepairCandidate]) -> Repair:
        from generators.diffusion.recovery import recovery_at

        accepted = {text: self.language.check(text).accepted for text in {c.text for c in candidates} if text}
        fixed = vote(self.language, code, [c.text for c in candidates])
        outcome = Outcome.REPAIRED if fixed is not None else Outcome.NOT_REPAIRED
        judged = tuple(
            Judged(
                c.level, round(recovery_at(self.recovery, c.level), 4), c.sample, c.text,
                c.text is not None and accepted.get(c.text, False),
            )
            for c in candidates
        )  # fmt: skip
        return Repair(
            broken=code, verdict=verdict, outcome=outcome if candidates else Outcome.TOO_LONG, fixed=fixed,
            candidates=judged,
        )  # fmt: skip

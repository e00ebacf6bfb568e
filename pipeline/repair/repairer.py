"""The `repair` command: broken snippets in, the chosen repair and all candidates out.

The library calls are `Repairer` and, for the paper's operator, `FixedRepairer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.repair.noise_levels import Levels
from pipeline.repair.vote import vote
from validators import Verdict, get_language

if TYPE_CHECKING:
    from generators.diffusion.checkpoint import Checkpoint
    from generators.diffusion.gap_ranking import GapCandidate
    from generators.diffusion.repair import RepairCandidate

SAMPLES = 7  # of each level: with nine levels, two tiles of 32 rows for one snippet


class Outcome(StrEnum):
    """What became of a snippet."""

    ACCEPTED = "accepted"  # it was right before, and is returned unchanged
    REPAIRED = "repaired"
    UNSURE = "unsure"  # the first candidate's confidence is below what was asked for
    NOT_REPAIRED = "not repaired"  # no candidate is accepted
    TOO_LONG = "too long"  # for the model


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One candidate with the language's verdict; what its operator does not know of it is None."""

    text: str | None  # None: it cannot be decoded
    accepted: bool
    level: float | None = None  # t/T, of the fixed canvas as the two below
    recovery: float | None = None  # token recovery at this level
    sample: int | None = None
    rank: int | None = None  # from 1, of gaps as the three below
    distance: int | None = None  # in tokens, to the broken snippet
    votes: int | None = None  # canvases that gave it; 0 for an edit that needs no model
    confidence: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """As `repair --json` prints it."""
        return {
            "noise_level": self.level, "recovery": self.recovery, "sample": self.sample, "rank": self.rank,
            "distance": self.distance, "votes": self.votes, "confidence": self.confidence, "accepted": self.accepted,
            "text": self.text,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A snippet and what became of it."""

    broken: str
    verdict: Verdict  # on the broken snippet
    outcome: Outcome
    fixed: str | None  # None where no repair was found
    confidence: float | None = None  # in [0, 1], of the first candidate; None where the operator tells none
    candidates: tuple[Judged, ...] = ()

    def as_dict(self, *, candidates: bool) -> dict[str, Any]:
        """As `repair --json` prints it."""
        row: dict[str, Any] = {
            "broken": self.broken, "outcome": self.outcome.value, "fixed": self.fixed, "confidence": self.confidence
        }  # fmt: skip
        if candidates:
            row["candidates"] = [candidate.as_dict() for candidate in self.candidates]
        return row


class AnyRepairer(Protocol):
    """What repairs snippets."""

    def __call__(self, snippets: Iterable[str]) -> Iterator[Repair]:
        """The repair of each snippet, in their order; what the language accepts is not touched."""
        ...

    def why_not(self, repair: Repair) -> str:
        """Why a snippet has no repair, and what to do, for people."""
        ...


def _load(folder: Path, language: str, device: str | None) -> tuple[Checkpoint, str]:
    """The model, and where it runs."""
    import torch

    from generators.diffusion.checkpoint import load_checkpoint

    return load_checkpoint(folder, language), device or ("cuda" if torch.cuda.is_available() else "cpu")


class Repairer:
    """Repairs snippets by gaps: noise where something may be wrong, verdicts, ranking.

    Args:
        folder: of the checkpoint.
        language: of the snippets.
        steps: of the reverse process in a gap; `GapOptions` has the default.
        min_confidence: of the first candidate, below which there is no repair.
        seed: of every random draw.
        device: to run on; a GPU where there is one, if not given.

    Raises:
        CheckpointError: no whole checkpoint, or one of another language.
        RequestError: the model's tokens have no slots.
    """

    def __init__(
        self, folder: Path, language: str, *, steps: int | None = None, min_confidence: float = 0.0, seed: int = 0,
        device: str | None = None,
    ) -> None:  # fmt: skip
        from generators.diffusion.gap_repair import GapOperator, GapOptions

        checkpoint, device = _load(folder, language, device)
        self.language = get_language(language)
        self.min_confidence = min_confidence
        self.seed = seed
        options = GapOptions() if steps is None else GapOptions(steps=steps)
        self.operator = GapOperator(checkpoint, options, device=device)

    def __call__(self, snippets: Iterable[str]) -> Iterator[Repair]:
        """See `AnyRepairer`."""
        from generators.diffusion.gap_repair import WINDOW

        stream = iter(snippets)
        while window := list(islice(stream, WINDOW)):
            verdicts = [self.language.check(code) for code in window]
            broken = [code for code, verdict in zip(window, verdicts, strict=True) if not verdict.accepted]
            found = self.operator.candidates(broken, self.seed)
            for code, verdict in zip(window, verdicts, strict=True):
                if verdict.accepted:
                    yield Repair(broken=code, verdict=verdict, outcome=Outcome.ACCEPTED, fixed=code)
                else:
                    yield self._chosen(code, verdict, next(found))

    def why_not(self, repair: Repair) -> str:
        """See `AnyRepairer`."""
        return (
            f"no edit of a few tokens is accepted ({repair.verdict.message}): the snippet may be broken in several "
            "places, which are best repaired one after the other"
        )

    def _chosen(self, code: str, verdict: Verdict, candidates: Sequence[GapCandidate]) -> Repair:
        judged = tuple(
            Judged(
                text=c.text, accepted=True, rank=rank, distance=c.distance, votes=c.votes,
                confidence=round(c.confidence, 4),
            )
            for rank, c in enumerate(candidates, 1)
        )  # fmt: skip
        if not judged:
            return Repair(broken=code, verdict=verdict, outcome=Outcome.NOT_REPAIRED, fixed=None)
        sure = candidates[0].confidence >= self.min_confidence
        return Repair(
            broken=code, verdict=verdict, outcome=Outcome.REPAIRED if sure else Outcome.UNSURE,
            fixed=candidates[0].text if sure else None, confidence=judged[0].confidence, candidates=judged,
        )  # fmt: skip


class FixedRepairer:
    """Repairs snippets as the paper does: noise on the whole of each, reverse process, verdicts, vote.

    Args:
        folder: of the checkpoint.
        language: of the snippets.
        levels: noise levels to inject at; one level and its vote is what the paper calls `best`, several `vote`.
        samples: candidates of each level.
        steps: of the reverse process; the checkpoint's if not given.
        seed: of every random draw.
        device: to run on; a GPU where there is one, if not given.

    Raises:
        CheckpointError: no whole checkpoint, or one of another language.
    """

    max_tokens: int  # of a snippet that the model can be given

    def __init__(
        self, folder: Path, language: str, *, levels: Levels | None = None, samples: int = SAMPLES,
        steps: int | None = None, seed: int = 0, device: str | None = None,
    ) -> None:  # fmt: skip
        from generators.diffusion.recovery import read_curve
        from generators.diffusion.repair import RepairOperator

        checkpoint, device = _load(folder, language, device)
        self.language = get_language(language)
        self.max_tokens = checkpoint.config.model.max_tokens - 1
        self.recovery = read_curve(folder, checkpoint.model)
        self.levels = (levels or Levels()).of_model(self.recovery)
        self.samples = samples
        self.seed = seed
        self.operator = RepairOperator(checkpoint, steps=steps, device=device)

    def __call__(self, snippets: Iterable[str]) -> Iterator[Repair]:
        """See `AnyRepairer`."""
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

    def why_not(self, repair: Repair) -> str:
        """See `AnyRepairer`."""
        if repair.outcome is Outcome.TOO_LONG:
            return f"the snippet has more than {self.max_tokens} tokens; train a model with a larger model.max_tokens"
        return f"none of {len(repair.candidates)} candidates is accepted; try more samples or other noise levels"

    def _chosen(self, code: str, verdict: Verdict, candidates: Sequence[RepairCandidate]) -> Repair:
        from generators.diffusion.recovery import recovery_at

        accepted = {text: self.language.check(text).accepted for text in {c.text for c in candidates} if text}
        fixed = vote(self.language, code, [c.text for c in candidates])
        outcome = Outcome.REPAIRED if fixed is not None else Outcome.NOT_REPAIRED
        judged = tuple(
            Judged(
                text=c.text, accepted=c.text is not None and accepted.get(c.text, False), level=c.level,
                recovery=round(recovery_at(self.recovery, c.level), 4), sample=c.sample,
            )
            for c in candidates
        )  # fmt: skip
        return Repair(
            broken=code, verdict=verdict, outcome=outcome if candidates else Outcome.TOO_LONG, fixed=fixed,
            candidates=judged,
        )  # fmt: skip

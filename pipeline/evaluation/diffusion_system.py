"""The diffusion model as a system of the experiments (paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.evaluation.systems import Problem, Proposal
from pipeline.noise_levels import Levels
from pipeline.repair import Outcome, Repairer

if TYPE_CHECKING:
    from generators.diffusion.repair import Canvas


class DiffusionSystem:
    """Proposals by noise level; what the language already accepts is its own and only proposal, without a level."""

    failed = 0

    def __init__(
        self, folder: Path, language: str, *, levels: Levels | None = None, samples: int = 5, steps: int | None = None,
        canvas: Canvas = "fixed", seed: int = 0, name: str | None = None,
    ) -> None:  # fmt: skip
        """For the arguments see `Repairer`; ``name`` is the folder's if not given."""
        from generators.diffusion.checkpoint import checkpoint_hash
        from generators.diffusion.recovery import recovery_at

        self.name = name or folder.name
        self._repairer = Repairer(
            folder, language, levels=levels, samples=samples, steps=steps, canvas=canvas, seed=seed
        )
        curve = self._repairer.recovery
        self._identity = {
            "system": "diffusion", "checkpoint": checkpoint_hash(folder), "levels": self._repairer.levels,
            "recovery": [[level, round(recovery_at(curve, level), 4)] for level in self._repairer.levels],
            "samples": samples, "steps": steps, "canvas": canvas, "seed": seed,
        }  # fmt: skip

    @property
    def identity(self) -> dict[str, Any]:
        """The checkpoint's hash, every setting of the operator, and the token recovery at each level."""
        return self._identity

    def propose(self, problems: Sequence[Problem]) -> Iterator[list[Proposal]]:
        """See `System.propose`."""
        for repair in self._repairer([problem.broken for problem in problems]):
            if repair.outcome is Outcome.ACCEPTED:
                yield [Proposal(text=repair.fixed)]
            else:
                yield [Proposal(text=c.text, sample=c.sample, level=c.level) for c in repair.candidates]

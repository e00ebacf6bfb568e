"""The diffusion model as systems of the experiments: the paper's operator (section 3.2), and gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.benchmarks.benchmark import Problem
from pipeline.evaluation.repair.systems import Proposal
from pipeline.repair.noise_levels import Levels
from pipeline.repair.repairer import FixedRepairer, Outcome, Repairer

RANKED = 50  # candidates of gaps that are looked at, at most


class DiffusionSystem:
    """Proposals by noise level; what the language already accepts is its own and only proposal, without a level."""

    failed = 0
    independent = True

    def __init__(
        self, folder: Path, language: str, *, levels: Levels | None = None, samples: int = 5, steps: int | None = None,
        seed: int = 0, name: str | None = None,
    ) -> None:  # fmt: skip
        """For the arguments see `FixedRepairer`; ``name`` is the folder's if not given."""
        from generators.diffusion.checkpoint import checkpoint_hash
        from generators.diffusion.recovery import recovery_at

        self.name = name or folder.name
        self._repairer = FixedRepairer(folder, language, levels=levels, samples=samples, steps=steps, seed=seed)
        curve = self._repairer.recovery
        self._identity = {
            "system": "diffusion", "checkpoint": checkpoint_hash(folder), "levels": self._repairer.levels,
            "recovery": [[level, round(recovery_at(curve, level), 4)] for level in self._repairer.levels],
            "samples": samples, "steps": steps, "canvas": "fixed", "seed": seed,
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
                yield [Proposal(text=c.text, sample=c.sample or 0, level=c.level) for c in repair.candidates]


class GapSystem:
    """Proposals by rank, the best first; ``ranked`` in its identity says that they are no independent samples."""

    failed = 0
    independent = True

    def __init__(
        self, folder: Path, language: str, *, steps: int | None = None, seed: int = 0, name: str | None = None
    ) -> None:
        """For the arguments see `Repairer`; ``name`` is the folder's if not given."""
        from generators.diffusion.checkpoint import checkpoint_hash

        self.name = name or folder.name
        self._repairer = Repairer(folder, language, steps=steps, seed=seed)
        self._identity = {
            "system": "diffusion", "checkpoint": checkpoint_hash(folder), "canvas": "gaps", "ranked": RANKED,
            "options": asdict(self._repairer.operator.options), "seed": seed,
        }  # fmt: skip

    @property
    def identity(self) -> dict[str, Any]:
        """The checkpoint's hash and every setting of the operator."""
        return self._identity

    def propose(self, problems: Sequence[Problem]) -> Iterator[list[Proposal]]:
        """See `System.propose`. What the language already accepts is its own and only proposal."""
        for repair in self._repairer([problem.broken for problem in problems]):
            if repair.outcome is Outcome.ACCEPTED:
                yield [Proposal(text=repair.fixed)]
            else:
                yield [Proposal(text=c.text, sample=i) for i, c in enumerate(repair.candidates[:RANKED])]

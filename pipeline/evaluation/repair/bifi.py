"""BIFI's fixer as a system: the outputs of its beam search, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from generators.bifi.checkpoint import load_rewriter, read_config, rewriter_hash
from pipeline.benchmarks.benchmark import Problem
from pipeline.evaluation.repair.systems import Proposal

BEAMS = 10  # of the authors' evaluation


class BifiSystem:
    """A fixer that `train --generator bifi` made.

    Its beams are no independent samples: ``beams`` in its identity says so.
    """

    failed = 0
    independent = False  # beams of one call are batched together, and arithmetic differs with the batch

    def __init__(self, folder: Path, language: str, *, beams: int = BEAMS) -> None:
        """Raises CheckpointError where the folder holds no fixer of the language."""
        config = read_config(folder, language, "fixer")
        self.name = "BIFI fixer"
        self._folder = folder
        self._language = language
        self._beams = beams
        self._identity = {
            "system": "bifi", "language": language, "checkpoint": rewriter_hash(folder),
            "trained_steps": config.trained_steps, "beams": beams,
        }  # fmt: skip

    @property
    def identity(self) -> dict[str, Any]:
        """The checkpoint's hash and the number of beams."""
        return dict(self._identity)

    def propose(self, problems: Sequence[Problem]) -> Iterator[list[Proposal]]:
        """Up to as many proposals as there are beams; none where the code cannot be masked or is too long."""
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        fixer = load_rewriter(self._folder, self._language, "fixer", device)
        for texts in fixer.rewrite([problem.broken for problem in problems], self._beams):
            yield [Proposal(text=text, sample=sample) for sample, text in enumerate(texts)]

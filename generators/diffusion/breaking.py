"""Correct snippets broken by gaps: the model fills an opening as at an early step, and the parser refuses it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import SamplingConfig
from generators.diffusion.edits import EditWeights, literals_of, token_class
from generators.diffusion.gaps import Canvas, GapFiller
from generators.diffusion.text.vocabulary import StructureVocabulary
from schemas.errors import RequestError
from schemas.ids import derive_seed
from validators import Language, get_language
from validators.structure import Bank, Structure, splice

TRIES = 8  # fillings of one gap that are drawn until the language refuses one


@dataclass(frozen=True, slots=True)
class Broken:
    """What a gap made of a snippet."""

    text: str  # the last that was drawn where the language accepts all of them
    kind: str  # of the edit, as ``2>1``
    place: str  # class of the first token that went, or of the token that the gap opened behind


@dataclass(frozen=True, slots=True)
class _Job:
    index: int
    code: str
    structure: Structure
    canvas: Canvas
    rng: random.Random


class GapBreaker:
    """Breaks snippets, each in one place.

    Args:
        checkpoint: of a model of structure tokens.
        weights: of the kinds and places of edits.
        sampling: of the reverse process in the gap; 0 steps guess it from pure noise at once.
        temperature: of the softmax from which the gap's tokens are drawn.
        device: to run on.

    Raises:
        RequestError: the model has no structure tokens.
    """

    def __init__(
        self, checkpoint: Checkpoint, weights: EditWeights, sampling: SamplingConfig, temperature: float,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        if not isinstance(checkpoint.tokenizer, StructureVocabulary):
            raise RequestError(
                "this model was trained with full literals and knows no gaps: use diffusion.mode=trajectory, "
                "or a model that was trained with training.literals=slots"
            )
        self._vocabulary = checkpoint.tokenizer
        self._language: Language = get_language(checkpoint.config.language)
        self._first = 1 if self._language.name == "excel" else 0  # the leading = stays
        self._weights = weights
        self._temperature = temperature
        self._filler = GapFiller(checkpoint, sampling, tile=64, padded=False, device=device)

    def __call__(self, snippets: Sequence[str], seeds: Sequence[int], *, own_literals: bool) -> list[Broken | None]:
        """Break each snippet by its seed; None where no gap fits it. The result is of the whole list.

        Args:
            snippets: accepted by the language.
            seeds: as many.
            own_literals: new slots take the literals of the other snippets, not those of the language's bank.
        """
        structures = [self._vocabulary.structure(code) for code in snippets]
        bank = literals_of([structure.slots for structure in structures]) if own_literals else None
        jobs = [
            job
            for i, (code, structure) in enumerate(zip(snippets, structures, strict=True))
            if (job := self._job(i, code, structure, random.Random(derive_seed("gap", seeds[i])))) is not None
        ]
        open_jobs = [job for job in jobs if job.canvas.opened]
        own_seeds = [seeds[job.index] for job in open_jobs]
        rows = self._filler.log_probabilities([job.canvas for job in open_jobs], own_seeds)
        by_index = {job.index: row for job, row in zip(open_jobs, rows, strict=True)}
        broken: list[Broken | None] = [None] * len(snippets)
        for job in jobs:
            text = self._refused(job, by_index.get(job.index), bank)
            broken[job.index] = Broken(text, f"{job.canvas.removed}>{job.canvas.opened}", _place(job))
        return broken

    def _job(self, index: int, code: str, structure: Structure, rng: random.Random) -> _Job | None:
        removed, opened = self._weights.draw_kind(rng)
        place = self._weights.draw_place(structure.tokens, self._first, removed, rng)
        if place is None:
            return None
        canvas = Canvas.cut(self._vocabulary.ids(structure.tokens), place, removed, opened)
        return _Job(index, code, structure, canvas, rng) if self._filler.fits(canvas) else None

    def _refused(self, job: _Job, log_probability_MV: Tensor | None, bank: Bank | None) -> str:
        """The first filling that differs and is refused, else the last."""
        if log_probability_MV is None:
            return splice(job.code, job.structure, job.canvas.first, job.canvas.removed, "", self._vocabulary.joins)
        cumulated_MV = (log_probability_MV / self._temperature).softmax(-1).double().cumsum(-1).numpy()
        seen: set[tuple[int, ...]] = set()
        text = job.code
        for _ in range(TRIES):
            drawn = tuple(
                int(np.searchsorted(row_V, job.rng.random() * row_V[-1], side="right")) for row_V in cumulated_MV
            )
            if drawn in seen:
                continue
            seen.add(drawn)
            text = self._written(job, drawn, bank)
            if text != job.code and not self._language.check(text).accepted:
                break
        return text

    def _written(self, job: _Job, drawn: Sequence[int], bank: Bank | None) -> str:
        tokens, canvas = job.structure.tokens, job.canvas
        filling = self._vocabulary.tokens(drawn) or []
        whole = [*tokens[: canvas.first], *filling, *tokens[canvas.first + canvas.removed :]]
        slots = self._vocabulary.fill_in(whole, job.structure.slots, random.Random(derive_seed("fill", *drawn)), bank)
        text = self._vocabulary.write(filling, slots)
        return splice(job.code, job.structure, canvas.first, canvas.removed, text, self._vocabulary.joins)


def _place(job: _Job) -> str:
    tokens, canvas = job.structure.tokens, job.canvas
    if canvas.removed:
        return token_class(tokens[canvas.first])
    return token_class(tokens[canvas.first - 1]) if canvas.first else ""

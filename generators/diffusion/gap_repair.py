"""Gaps as repair operators: noise at one place of a broken snippet, everything else exactly clean.

Every gap of a few tokens, at every place where the mistake may be, is a canvas that the reverse process fills (see
`generators.diffusion.gaps`). What several canvases give counts as often. Beside them stand edits that need no model
(`generators.diffusion.plain_edits`) and, where nothing is accepted, gaps in what a first gap mended in part: a text
that is still refused, but further to the right. What the language accepts is ranked
(`generators.diffusion.gap_ranking`).

The paper injects noise into the whole snippet (section 3.2; `generators.diffusion.repair`). In training it also has
paragraph denoising, where some tokens are noised and the others clean (section 4.1); this is a repair of that kind.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import RequestedPrecision
from generators.diffusion.gap_places import Gap, View, gaps, view
from generators.diffusion.gap_ranking import GapCandidate, Ranking, rank, ranking_of
from generators.diffusion.gap_search import Search, Start
from generators.diffusion.gaps import GapFiller
from generators.diffusion.precision import choose_precision
from generators.diffusion.text.vocabulary import StructureVocabulary
from schemas.errors import RequestError
from schemas.ids import derive_seed
from validators import get_language

WINDOW = 16  # snippets whose canvases are batched together


class NoSlotsError(RequestError):
    """The model's tokens have no slots, and gaps are of tokens that have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapOptions:
    """How gaps are opened and filled, and what is made of the texts."""

    removed: int = 2  # tokens that a gap takes out, at most
    opened: int = 3  # places that it opens, at most
    near: int = 2  # tokens beside the line of the mistake at which gaps open, see `gap_places.places`
    steps: int = 3  # of the reverse process
    precision: RequestedPrecision = "auto"  # of the matrix products; auto measures both and chooses
    temperature: float = 0.8  # of the softmax that is fed back
    rounds: int = 2  # a further one where nothing that was found is accepted
    followed: int = 3  # refused texts of a round in which the next opens gaps, at most
    ranking: Ranking | None = None  # None: the language's own


@dataclass(frozen=True, slots=True)
class _Job:
    search: Search
    start: Start
    gap: Gap
    view: View

    def add(self, filling: Sequence[str], probability: float = 1.0) -> None:
        """What the gap was filled with, and how sure the model was of it."""
        tokens, gap = self.start.source.tokens, self.gap
        whole = [*tokens[: gap.first], *map(self.view.named, filling), *tokens[gap.first + gap.removed :]]
        self.search.add(self.start, whole, mass=probability)


class GapOperator:
    """Repairs snippets with a model that has only seen correct ones, a few tokens at a time.

    The candidates for a snippet depend on it, on the options and on the seed, and not on what is repaired beside it.
    With the precision ``auto`` they may differ from one kind of processor to another; ``options`` tells what was taken.

    Args:
        checkpoint: of the model.
        options: see `GapOptions`.
        tile: canvases in one call of the model.
        device: to run on.

    Raises:
        NoSlotsError: the model was trained with full literals.
    """

    def __init__(
        self, checkpoint: Checkpoint, options: GapOptions = GapOptions(), *, tile: int = 32,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        if not isinstance(checkpoint.tokenizer, StructureVocabulary):
            raise NoSlotsError(
                "gaps need a model whose literals are slots, and this one was trained with training.literals=full: "
                "repair with --canvas fixed, or with another model"
            )
        self._vocabulary = checkpoint.tokenizer
        self._language = get_language(checkpoint.config.language)
        self._ranking = options.ranking or ranking_of(self._language.name)
        self._max_ids = checkpoint.config.model.max_tokens - 1
        choice = choose_precision(options.precision, torch.device(device), checkpoint.config.model.width)
        self.options = replace(options, precision=choice.precision, ranking=self._ranking)
        changes = {"steps": options.steps, "temperature": options.temperature, "precision": choice.precision}
        sampling = checkpoint.config.sampling.model_copy(update=changes)
        self._filler = GapFiller(checkpoint, sampling, tile=tile, device=device)

    def candidates(self, snippets: Iterable[str], seed: int) -> Iterator[list[GapCandidate]]:
        """For each snippet the texts that the language accepts, the best first; none where none is accepted."""
        stream = iter(snippets)
        while window := list(islice(stream, WINDOW)):
            for search in self.search(window, seed):
                yield rank(self._language, search, self._ranking)

    def search(self, snippets: Sequence[str], seed: int) -> list[Search]:
        """All that is found for each snippet, those that are still refused as well; canvases are batched together."""
        searches = [Search(self._language, self._vocabulary, code, seed) for code in snippets]
        starts = [(search, search.start) for search in searches]
        for search in searches:
            search.add_plain()
        for n in range(self.options.rounds):
            if n:
                unsolved = [search for search in searches if not search.accepted()]
                starts = [(search, start) for search in unsolved for start in search.promising(self.options.followed)]
            self._fill([job for search, start in starts for job in self._jobs(search, start)], seed)
        return searches

    def _jobs(self, search: Search, start: Start) -> Iterator[_Job]:
        """Every gap of a text; of those that show the model the same, one."""
        options = self.options
        seen: set[tuple[int, ...]] = set()
        for gap in gaps(start.source, start.verdict, removed=options.removed, opened=options.opened, near=options.near):
            shown = view(start.source, gap, self._max_ids)
            if shown.canvas.ids not in seen:
                seen.add(shown.canvas.ids)
                yield _Job(search, start, gap, shown)

    def _fill(self, jobs: Sequence[_Job], seed: int) -> None:
        """Run the model in all gaps that are open; those that are not are filled with nothing."""
        open_jobs = [job for job in jobs if job.gap.opened]
        canvases = [job.view.canvas for job in open_jobs]
        seeds = [derive_seed("gap", seed, *canvas.ids) for canvas in canvases]
        rows = self._filler.log_probabilities(canvases, seeds)
        for job, log_probabilities_MV in zip(open_jobs, rows, strict=True):
            best_M = log_probabilities_MV.max(-1)
            job.add(self._vocabulary.tokens(best_M.indices.tolist()) or (), math.exp(float(best_M.values.sum())))
        for job in jobs:
            if not job.gap.opened:
                job.add(())

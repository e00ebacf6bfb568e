"""From a run's configuration to its generator, and what the generator is made from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from generators.base import Generator, Snippet
from pipeline.corpus import AcceptedSnippets, CorpusSource, accepted_snippets, open_corpus
from pipeline.files.storage import Storage
from schemas.config import RunConfig
from schemas.errors import RequestError
from validators import get_language


class Ingredients:
    """What a run's generator is made from besides its settings: a model, a corpus, weights, a prompt.

    Their hashes are part of the run's identity and are had at once; torch is not loaded, snippets are not judged.

    Raises:
        RequestError: one of them is missing, damaged, or of another language.
    """

    def __init__(self, config: RunConfig) -> None:
        self._config = config
        self._source: CorpusSource | None = None
        self.hashes: dict[str, str | None] = _hashes(config)
        self._yields: dict[str, Any] = {}
        if config.generator == "diffusion":
            self._yields = _model_yields(config)
        if config.generator != "diffusion" or config.diffusion.mode == "corpus":
            self._source = _open_corpus(config)
            self.hashes["corpus"] = self._source.identity

    @cached_property
    def corpus(self) -> AcceptedSnippets | None:
        """The snippets that the language accepts, judged when first asked for; None for a generator without corpus."""
        return None if self._source is None else accepted_snippets(self._source, self._config.language)

    @property
    def snippets(self) -> list[Snippet]:
        """Of the corpus, in its order; none for a generator without."""
        return [] if self.corpus is None else self.corpus.snippets

    def statistics(self) -> dict[str, Any]:
        """What the manifest says of them."""
        if self.corpus is None or self._source is None:
            return self._yields
        counts = {k: getattr(self.corpus, k) for k in ("read", "rejected", "too_long", "duplicates")}
        return {"corpus": {"name": self._source.name, **counts, "used": len(self.corpus.snippets)}}


def _open_corpus(config: RunConfig) -> CorpusSource:
    """The corpus of a run.

    Raises:
        RequestError: it cannot be read, or a model's own texts would stand for people's.
    """
    if config.generator == "diffusion" and config.corpus is None and config.language != "python":
        raise RequestError(
            f"diffusion.mode=corpus breaks snippets that people wrote, and none of {config.language} come with the "
            "project: give some with --corpus, or use diffusion.mode=renoise"
        )
    return open_corpus(config.language, config.corpus, config.corpus_column)


def _model_yields(config: RunConfig) -> dict[str, Any]:
    """What was measured of the model's pairs under several settings, where that was recorded beside its weights."""
    from generators.diffusion.checkpoint import find_checkpoint
    from generators.diffusion.yields import read_yields

    yields = read_yields(find_checkpoint(config.language, config.checkpoint))
    return {} if yields is None else {"model_yields": yields.model_dump()}


def _hashes(config: RunConfig) -> dict[str, str | None]:
    """The content hash of each ingredient but the corpus, by its name in the identity."""
    match config.generator:
        case "diffusion":
            from generators.checkpoints import check_weights
            from generators.diffusion.checkpoint import checkpoint_hash, find_checkpoint, read_config

            folder = find_checkpoint(config.language, config.checkpoint)
            read_config(folder, config.language)
            check_weights(folder)
            hashes: dict[str, str | None] = {"model": checkpoint_hash(folder)}
            if config.diffusion.mode != "trajectory":
                from generators.diffusion.edits import load_edits

                hashes["edits"] = load_edits(config.language, config.diffusion.edits).hash
            return hashes
        case "flame":
            from generators.flame.weights import load_weights, weights_hash

            weighted = config.flame.sampler == "weighted"
            return {"weights": weights_hash(load_weights(config.flame.weights)) if weighted else None}
        case "bifi":
            from generators.bifi.checkpoint import find_breaker, rewriter_hash

            breaker = find_breaker(config.language, config.bifi.breaker)
            return {"model": None if breaker is None else rewriter_hash(breaker)}
        case "gpt4o":
            from generators.gpt4o.prompts import prompt_hash

            return {"prompt": prompt_hash(config.language, config.gpt4o)}


def build_generator(
    config: RunConfig, device: str = "cpu", snippets: Sequence[Snippet] = (), storage: Storage | None = None
) -> Generator:
    """The generator of a run, its model loaded.

    On a CPU it computes with one thread: the workers share the cores, and how a sum is split over threads would
    otherwise be part of the result.

    Args:
        device: cpu or cuda.
        snippets: what a baseline generator starts from; see `Ingredients`.
        storage: of OUT, where the answers lie that were paid for.
    """
    match config.generator:
        case "flame":
            from generators.flame.generator import FlameGenerator
            from generators.flame.weights import load_weights

            return FlameGenerator(snippets, config.flame, load_weights(config.flame.weights))
        case "bifi":
            return _bifi(config, device, snippets)
        case "gpt4o":
            from generators.gpt4o.generator import Gpt4oGenerator
            from pipeline.run.answer_store import AnswerStore

            answers = AnswerStore(storage or Storage(config.out))
            return Gpt4oGenerator(config.language, snippets, config.gpt4o, answers)  # has no way to ask for more
        case "diffusion":
            return _diffusion(config, device, snippets)


def _diffusion(config: RunConfig, device: str, snippets: Sequence[Snippet]) -> Generator:
    import torch

    from generators.diffusion.checkpoint import checkpoint_hash, find_checkpoint, load_checkpoint
    from generators.diffusion.gap_generators import CorpusGenerator, RenoiseGenerator
    from generators.diffusion.generator import DiffusionGenerator

    if device == "cpu":
        torch.set_num_threads(1)
    folder = find_checkpoint(config.language, config.checkpoint)
    checkpoint = load_checkpoint(folder, config.language)
    model_hash = checkpoint_hash(folder)
    match config.diffusion.mode:
        case "corpus":
            return CorpusGenerator(checkpoint, model_hash, config.diffusion, snippets, device)
        case "renoise":
            return RenoiseGenerator(checkpoint, model_hash, config.diffusion, device)
        case "trajectory":
            return DiffusionGenerator(checkpoint, model_hash, config.diffusion, device)


def _bifi(config: RunConfig, device: str, snippets: Sequence[Snippet]) -> Generator:
    from generators.bifi.checkpoint import find_breaker, load_rewriter, rewriter_hash
    from generators.bifi.generator import BifiGenerator

    language = get_language(config.language)
    folder = find_breaker(config.language, config.bifi.breaker)
    if folder is None:
        return BifiGenerator(snippets, config.bifi, language, None, None)
    import torch

    if device == "cpu":
        torch.set_num_threads(1)
    breaker = load_rewriter(folder, config.language)
    return BifiGenerator(snippets, config.bifi, language, breaker, rewriter_hash(folder))

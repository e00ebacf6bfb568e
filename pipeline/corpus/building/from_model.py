"""A corpus from a diffusion model: the fixed sides c_0 that it generates from pure noise."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count as naturals

from pipeline.benchmarks.overlap import benchmark_texts, normalise
from pipeline.corpus.building.build import BuildReport, KindFigures, Progress
from pipeline.corpus.building.excerpts import SnippetReason
from pipeline.corpus.building.writer import CorpusRow, prepare_output, write_rows
from schemas.errors import RunError
from schemas.ids import derive_seed
from validators import get_language

SAMPLES = 1_024  # drawn at a time; part of what a corpus follows from, as arithmetic differs with the shape of a batch

_LEAST_SHARE = 0.02  # of samples that can be used


def model_source(checkpoint_hash: str) -> str:
    """What a snippet of a model has for its source."""
    return f"model-{checkpoint_hash[:12]}"


def corpus_from_model(
    *, language: str, checkpoint: str | None, count: int, out: str, seed: int = 0, benchmarks: Sequence[str] = (),
    progress: Progress | None = None,
) -> BuildReport:  # fmt: skip
    """Write ``count`` samples that are accepted, distinct and non-trivial; the same bytes for the same arguments.

    One thread computes, since how a sum is split over threads would otherwise be part of the result.

    Args:
        language: of the model.
        checkpoint: folder of the model; None is the one bundled for the language.
        count: how many.
        out: a .jsonl, .jsonl.gz or .parquet file; local path or fsspec URI.
        seed: of every draw.
        benchmarks: files of {"Buggy", "GroundTruth"} whose texts are left out.
        progress: told what is kept so far.

    Raises:
        RequestError: no such checkpoint or benchmark, or ``out`` will not do.
        RunError: the model gives too few snippets.
    """
    import torch

    from generators.diffusion.checkpoint import checkpoint_hash, find_checkpoint, load_checkpoint
    from generators.diffusion.quality import draw_texts, is_non_trivial

    prepare_output(out)
    judge, forbidden = get_language(language), benchmark_texts(tuple(benchmarks))
    folder = find_checkpoint(language, checkpoint)
    model, source = load_checkpoint(folder, language), model_source(checkpoint_hash(folder))
    torch.set_num_threads(1)
    figures = KindFigures()
    report = BuildReport(language=language, out=out, kinds={"samples": figures})
    kept: dict[str, CorpusRow] = {}
    for number in naturals():
        texts = draw_texts(model, SAMPLES, derive_seed("corpus", seed, number))
        random.Random(derive_seed("order", seed, number)).shuffle(texts)  # they come by length
        for text in texts:
            reason: SnippetReason | None = None
            if not text:
                reason = SnippetReason.UNDECODABLE
            elif text in kept:
                reason = SnippetReason.DUPLICATE
            elif not judge.check(text).accepted:
                reason = SnippetReason.DOES_NOT_PARSE
            elif not is_non_trivial(judge, text):
                reason = SnippetReason.TRIVIAL
            elif normalise(text) in forbidden:
                reason = SnippetReason.BENCHMARK
            figures.found += 1
            if reason is not None:
                report.left_out[reason.value] += 1
                continue
            kept[text] = CorpusRow(code=text, source=source)
            if len(kept) == count:
                break
        figures.kept = len(kept)
        if progress:
            progress(figures.kept, count)
        if figures.kept == count:
            break
        if figures.kept < _LEAST_SHARE * figures.found:
            raise RunError(
                f"only {figures.kept:,} of {figures.found:,} samples of {folder} can be used: train it longer"
            )
    report.sha256 = write_rows(out, list(kept.values()))
    return report

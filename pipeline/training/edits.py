"""`train --generator edits`: how often each kind of gap is opened, fitted on mistakes that people made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.benchmarks.formats import load_benchmark
from pipeline.corpus import accepted_snippets, open_corpus
from schemas.errors import RequestError
from validators import get_language

ROWS = 4_096  # snippets broken in each round

Report = Callable[[dict[str, Any]], None]


def fit_edits_file(
    *, language: str, corpus: str | None, human: Sequence[str], checkpoint: str | None, out: str, seed: int,
    report: Report, rows: int = ROWS,
) -> Path:  # fmt: skip
    """Fit weights for `diffusion.edits` and write them; one thread computes, so that a rerun gives the same.

    Args:
        language: of the model, the corpus and the mistakes.
        corpus: correct snippets that gaps are opened in; None: the language's own.
        human: benchmark files of people's mistakes with their repairs, taken together.
        checkpoint: of the diffusion model; None: the bundled one.
        out: the file of weights.
        seed: of every draw.
        report: gets the divergence to people's mistakes of each round.
        rows: snippets broken in each round.

    Raises:
        RequestError: a file or model cannot be read, no mistake can be used, or ``out`` cannot be written.
    """
    import torch

    from generators.diffusion.breaking import GapBreaker
    from generators.diffusion.checkpoint import checkpoint_hash, find_checkpoint, load_checkpoint
    from generators.diffusion.edit_fitting import METHOD, fit_edits
    from generators.diffusion.edits import EditProvenance, save_edits

    judge = get_language(language)
    benchmarks = [load_benchmark(file, language) for file in human]
    pairs = [
        (problem.broken, problem.fixed)
        for benchmark in benchmarks
        for problem in benchmark.problems
        if problem.fixed is not None
        and judge.check(problem.fixed).accepted
        and not judge.check(problem.broken).accepted
    ]
    if not pairs:
        raise RequestError(
            "--human names no pair whose broken side the language refuses and whose fixed side it accepts: give a "
            "benchmark of people's mistakes"
        )
    folder = find_checkpoint(language, checkpoint)
    model = load_checkpoint(folder, language)
    source = open_corpus(language, corpus, None)
    torch.set_num_threads(1)
    sampling = model.config.sampling.model_copy(update={"steps": 0, "temperature": 1.0})
    provenance = EditProvenance(
        files={benchmark.name: benchmark.sha256 for benchmark in benchmarks}, pairs=len(pairs),
        model=checkpoint_hash(folder), corpus=f"{source.name}, {rows:,} snippets a round, seed {seed}", method=METHOD,
        date=datetime.now(UTC).date().isoformat(),
    )  # fmt: skip
    weights, divergences = fit_edits(
        language=judge, breaker_of=lambda given: GapBreaker(model, given, sampling, 1.0),
        snippets=accepted_snippets(source, language).snippets, human=pairs, rows=rows, seed=seed, provenance=provenance,
    )  # fmt: skip
    report({"human_pairs": len(pairs), "divergence": [round(value, 4) for value in divergences]})
    try:
        save_edits(weights, Path(out))
    except OSError as error:
        raise RequestError(f"cannot write to {out} ({error.strerror}): choose another --out") from error
    return Path(out)

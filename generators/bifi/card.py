"""The model card of a rewriter: what it was trained on, how, for how long, and what its outputs are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generators.bifi.checkpoint import CheckpointConfig
from generators.bifi.data import Dataset

_WEAK_AT = (
    "Bad at: mistakes that need more than a few edits or knowledge of what names mean; strings and comments, whose "
    "contents it never sees; snippets longer than those it was trained on."
)


def write_card(
    config: CheckpointConfig, parameters: int, dataset: Dataset, provenance: Mapping[str, str],
    log: Sequence[Mapping[str, Any]],
) -> str:  # fmt: skip
    """Markdown; every figure is read off the run's own log. ``provenance`` says where the pairs are from."""
    core_minutes = max((line.get("core_seconds", 0.0) for line in log), default=0.0) / 60
    judged = [line for line in log if "exact_match" in line]
    rows = [
        f"| {line['step']:,} | {line.get('core_seconds', 0.0) / 60:.1f} | {line['forced_match']:.3f} "
        f"| {line['outputs_of']} | {line['exact_match']:.3f} | {line['critic_top']:.3f} | {line['critic_any']:.3f} |"
        for line in judged
    ]
    examples = [f"    {a!r}\n    -> {b!r}\n" for a, b in (judged[-1]["examples"] if judged else [])]
    passes = "accepts" if config.role == "fixer" else "rejects"
    model, training = config.model, config.training
    lines = [
        f"# BIFI {config.role} for {config.language} ({config.preset})",
        "",
        f"An encoder-decoder that {'repairs' if config.role == 'fixer' else 'breaks'} snippets, after Break-It-Fix-It "
        f"(Yasunaga and Liang, ICML 2021): {config.trained_steps:,} steps, {core_minutes:.1f} core-minutes.",
        "",
        f"- Parameters: {parameters:,}; width {model.width}, {model.encoder_layers} + {model.decoder_layers} layers, "
        f"vocabulary {len(dataset.vocabulary)}, at most {model.max_words - 1} words a snippet",
        f"- Data: {len(dataset.train):,} pairs to train on, {len(dataset.held_out):,} held out by their target",
        f"- Training: batches of {training.batch_tokens:,} tokens, learning rate {training.learning_rate:g}, "
        f"{training.schedule} schedule, label smoothing {training.label_smoothing:g}, seed {training.seed}",
        *(f"- {name}: {value}" for name, value in provenance.items()),
        "",
        "On held-out pairs. Forced match: the share whose every word is the likeliest given the words before it; "
        "exact match: the first output of the beam search is the target; critic: it "
        f"{passes} the first output, or any of five, within 1 to 4 edits of a word.",
        "",
        "| step | core-minutes | forced match | searched | exact match | critic, first | critic, any |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        "Some first outputs, right or wrong:",
        "",
        *examples,
        _WEAK_AT,
        "",
    ]
    return "\n".join(lines)

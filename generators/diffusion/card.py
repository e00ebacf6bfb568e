"""The model card of a checkpoint: what it was trained on, how, for how long, and what its samples are worth."""

from __future__ import annotations

from typing import Any

from generators.diffusion.checkpoint import Checkpoint, CheckpointConfig
from generators.diffusion.config import PRESETS, Preset
from generators.diffusion.data import Dataset
from generators.diffusion.recovery import level_at, recovery_curve
from generators.diffusion.variants import VARIANTS

CURVE = "curve.png"  # which `train` draws when it ends


def write_card(checkpoint: Checkpoint, source: str, dataset: Dataset, log: list[dict[str, Any]]) -> str:
    """Markdown; every figure is read off the run's own log."""
    config = checkpoint.config
    counts = checkpoint.model.parameter_counts()
    core_hours = max((line.get("core_seconds", 0.0) for line in log), default=0.0) / 3600
    evaluated = [line for line in log if "accepted" in line]
    spent = {line["step"]: line["core_seconds"] / 3600 for line in log if "core_seconds" in line}
    rows = [
        f"| {line['step']:,} | {spent.get(line['step'], core_hours):.2f} | {line['samples']} "
        f"| {line['validation_cross_entropy']:.3f} | {line['accepted']:.3f} "
        f"| {line['distinct']:.3f} | {line['accepted_novel_distinct_nontrivial']:.3f} |"
        for line in evaluated
    ]
    examples = [f"    {text!r}" for text in (evaluated[-1]["examples"] if evaluated else [])]
    lines = [
        f"# {config.preset} code diffusion model for {config.language}",
        "",
        f"Trained by `python -m pipeline train --language {config.language} --corpus {source} "
        f"--preset {config.preset}{_changes(config)} --out DIR`: {config.trained_steps:,} steps, "
        f"{core_hours:.1f} core-hours.",
        "",
        f"- Parameters: {counts['total']:,} ({counts['without_embeddings']:,} without embeddings), "
        f"vocabulary {len(checkpoint.tokenizer)}",
        f"- Data: {len(dataset.train):,} snippets to train on, {len(dataset.validation):,} held out by sketch; "
        f"corpus SHA-256 `{config.corpus_sha256}`",
        f"- Literals delexicalised: {'yes' if config.training.delexicalise else 'no'}; "
        f"at most {config.model.max_tokens - 1} tokens a snippet",
        f"- Token recovery of the noised embeddings by noise level t/T: {_recovery(checkpoint)}",
        f"- Sampler: {config.sampling.steps} steps, fed back: {config.sampling.feedback} at temperature "
        f"{config.sampling.temperature:g}, eta {config.sampling.eta:g}",
        "",
        "Samples from pure noise, judged by the language's validator:",
        "",
        "| step | core-hours | samples | validation cross-entropy | accepted | distinct "
        "| accepted, novel, distinct, non-trivial |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"![learning curve]({CURVE})",
        "",
        "Some samples of the last row, accepted or not:",
        "",
        *examples,
        "",
    ]
    return "\n".join(lines)


def _changes(config: CheckpointConfig) -> str:
    """The options that make the preset what was trained: a variant where one fits, and settings."""
    given = config.settings
    preset = PRESETS.get(config.preset)
    if preset is None:
        return ""
    variants = {name: variant.apply(preset) for name, variant in VARIANTS.items()}
    bases = {"": preset} | {f" --variant {name}": changed for name, changed in variants.items()}
    option, base = min(bases.items(), key=lambda item: len(_settings(item[1], given)))
    return option + "".join(_settings(base, given))


def _settings(base: Preset, given: Preset) -> list[str]:
    before, after = base.model_dump(), given.model_dump()
    changed = []
    for section, values in after.items():
        for name, value in values.items():
            if value == before[section][name]:
                continue
            own = {"steps": "--steps", "seed": "--seed"}.get(name) if section == "training" else None
            changed.append(f" {own} {value}" if own else f" --set {section}.{name}={value}")
    return changed


def _recovery(checkpoint: Checkpoint) -> str:
    curve = recovery_curve(checkpoint.model)
    return ", ".join(f"{share} at {level_at(curve, share):.3f}" for share in (0.99, 0.9, 0.7, 0.5, 0.3))

"""The model card of a checkpoint: what it was trained on, how, for how long, and what its samples are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from generators.diffusion.checkpoint import Checkpoint, CheckpointConfig
from generators.diffusion.config import PRESETS, Preset
from generators.diffusion.data import Dataset
from generators.diffusion.learning_rate import falling_steps
from generators.diffusion.recovery import level_at, recovery_curve
from generators.diffusion.variants import VARIANTS

CURVE = "curve.png"  # which `train` draws when it ends
_OPTIONS = {"steps": "--steps", "max_minutes": "--max-minutes", "seed": "--seed"}  # of training settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the snippets of a run come from, and what of it was not to be trained on."""

    name: str
    sha256: str
    without: Mapping[str, str] = field(default_factory=dict)  # benchmarks: the SHA-256 of each by its file's name


def write_card(
    checkpoint: Checkpoint, source: Source, dataset: Dataset, log: Sequence[dict[str, Any]], dropped: int = 0
) -> str:
    """Markdown; every figure is read off the run's own log. ``dropped`` snippets were solutions of benchmarks."""
    config = checkpoint.config
    counts = checkpoint.model.parameter_counts()
    seconds = max((line.get("core_seconds", 0.0) for line in log), default=0.0)
    core_hours = seconds / 3600
    judging = sum(line.get("judging_seconds", 0.0) for line in log)
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
        f"Trained by `python -m pipeline train --language {config.language} --corpus {source.name} "
        f"--preset {config.preset}{_changes(config)}{''.join(f' --without {name}' for name in source.without)} "
        f"--out DIR`: {config.trained_steps:,} steps, {_spent(seconds, log)}, and {_spent(judging, log)} more to judge "
        "samples.",
        "",
        f"- Parameters: {counts['total']:,} ({counts['without_embeddings']:,} without embeddings), "
        f"vocabulary {len(checkpoint.tokenizer)}",
        f"- Data: {len(dataset.train):,} snippets to train on, {len(dataset.validation):,} held out by sketch; "
        f"corpus SHA-256 `{config.corpus_sha256}`",
        *_without(source, dropped),
        f"- Learning rate: {_rate(config, seconds)}",
        *_products(log),
        f"- Literals: {'numbered slots' if config.training.literals == 'slots' else 'in full'}; "
        f"at most {config.model.max_tokens - 1} tokens a snippet",
        f"- Token recovery of the noised embeddings by noise level t/T: {_recovery(checkpoint)}",
        f"- Sampler: {config.sampling.steps} steps, fed back: {config.sampling.feedback} at temperature "
        f"{config.sampling.temperature:g}, eta {config.sampling.eta:g}",
        "",
        "Samples from pure noise, judged by the language's validator:",
        "",
        f"| step | {hours(log)} | samples | validation cross-entropy | accepted | distinct "
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


def hours(log: Sequence[Mapping[str, Any]]) -> str:
    """What the hours of a training are: of processor cores, or of a GPU where its last part ran on one."""
    devices = [line["device"] for line in log if "device" in line]
    return "GPU-hours" if devices[-1:] == ["cuda"] else "core-hours"


def _spent(seconds: float, log: Sequence[Mapping[str, Any]]) -> str:
    """A time, in seconds where it is under six minutes."""
    unit = hours(log)
    return f"{seconds / 3600:.1f} {unit}" if seconds >= 360 else f"{seconds:.0f} {unit.replace('hours', 'seconds')}"


def _without(source: Source, dropped: int) -> list[str]:
    """What was left out so that benchmarks stay unseen; nothing where no benchmark was named."""
    files = ", ".join(f"{name} (SHA-256 `{sha256}`)" for name, sha256 in source.without.items())
    return [f"- Left out of the corpus: {dropped:,} snippets that are solutions in {files}"] if files else []


def _rate(config: CheckpointConfig, seconds: float) -> str:
    """What was trained at the constant rate, and what while it fell, as far as the training has come."""
    training = config.training
    if training.max_minutes is None:
        constant = training.steps - falling_steps(training) if training.decay_share else training.steps
        done = min(config.trained_steps, training.steps)
        before, after = f"{min(done, constant):,} steps", f"{max(0, done - constant):,} steps"
    else:
        minutes, constant_minutes = seconds / 60, (1 - training.decay_share) * training.max_minutes
        before = f"{min(minutes, constant_minutes):.1f} minutes"
        after = f"{max(0.0, minutes - constant_minutes):.1f} minutes"
    warmup = f" after a warm-up of {training.warmup_steps:,} steps" if training.warmup_steps else ""
    return f"{training.learning_rate:g}{warmup}; constant for {before}, then falling linearly to 3% of it for {after}"


def _products(log: Sequence[Mapping[str, Any]]) -> list[str]:
    """The precision of the products in the last part of the training, and why."""
    chosen = [line for line in log if "precision" in line]
    return [f"- Matrix products: {chosen[-1]['precision']} ({chosen[-1]['precision_reason']})"] if chosen else []


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
    timed = given.training.max_minutes is not None
    for section, values in after.items():
        for name, value in values.items():
            if value == before[section][name] or (timed and (section, name) == ("training", "steps")):
                continue
            own = _OPTIONS.get(name) if section == "training" else None
            changed.append(f" {own} {value}" if own else f" --set {section}.{name}={value}")
    return changed


def _recovery(checkpoint: Checkpoint) -> str:
    curve = recovery_curve(checkpoint.model)
    return ", ".join(f"{share} at {level_at(curve, share):.3f}" for share in (0.99, 0.9, 0.7, 0.5, 0.3))

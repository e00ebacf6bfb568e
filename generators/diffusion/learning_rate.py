"""How far a training is, and the learning rate there: as a share of its steps, or of its time.

Equal settings give equal weights only where a training is measured in steps: time is what the machine makes of it.
"""

from __future__ import annotations

from generators.diffusion.config import TrainingConfig

LEAST = 0.03  # of the rate, when the training ends


def share_done(step: int, seconds: float, settings: TrainingConfig) -> float:
    """The share of the training that is over after ``step`` steps that took ``seconds`` seconds; 1 ends it."""
    if settings.max_minutes is None:
        return step / settings.steps
    return seconds / (60 * settings.max_minutes)


def learning_rate(step: int, seconds: float, settings: TrainingConfig) -> float:
    """Linear warm-up, constant, linear decay to 3% over the last ``decay_share`` of the steps or of the time.

    Without a decay the rate depends on no end: a run may then be made longer as if it had been meant to be.
    """
    warmup = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    if settings.max_minutes is None:
        remaining = (settings.steps - step) / falling_steps(settings)
    else:
        total = 60 * settings.max_minutes
        remaining = (total - seconds) / max(1e-9, settings.decay_share * total)
    return settings.learning_rate * warmup * (LEAST + (1 - LEAST) * min(1.0, max(0.0, remaining)))


def falling_steps(settings: TrainingConfig) -> int:
    """Steps over which the rate falls, at least the last one."""
    return max(1, round(settings.decay_share * settings.steps))

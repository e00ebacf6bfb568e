"""Token recovery: how much of a noised snippet its own embeddings still tell.

What a noise level t/T does depends on the scale and the width of the embeddings: with wide ones a snippet can be read
at 85% noise, with narrow ones not at 5%. The share of tokens that the nearest embedding gives back is an axis that
means the same for every model.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from generators.checkpoints import CheckpointError
from generators.diffusion.config import SamplingConfig
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.sampler import nearest_embedding
from schemas.files import write_whole
from schemas.ids import derive_seed

FILE = "recovery.json"  # in a checkpoint's folder; no sample depends on it
KNOTS = 101  # noise levels 0, 0.01, ... 1
_DRAWS = 2_048  # tokens drawn at every level


@torch.inference_mode()
def recovery_curve(model: CodeDiffusion) -> list[float]:
    """Share of tokens, drawn uniformly from the vocabulary, whose noised embedding is nearest to their own.

    Returns:
        one share for each noise level t/T = 0, 0.01, ... 1; it never rises.
    """
    table_VE = model.embeddings().cpu()
    generator = torch.Generator().manual_seed(derive_seed("recovery"))
    tokens_D = torch.randint(len(table_VE), (_DRAWS,), generator=generator)
    noise_DE = torch.randn(_DRAWS, table_VE.shape[1], generator=generator)
    x0_DE = table_VE[tokens_D]
    shares = []
    for level in torch.linspace(0, 1, KNOTS, device=model.process.warp.knots.device):
        signal = model.process.alpha_bar(level[None]).cpu()
        xt_DE = signal.sqrt() * x0_DE + (1 - signal).sqrt() * noise_DE
        nearest_DE = nearest_embedding(xt_DE[None], table_VE)[0]
        shares.append(float((nearest_DE == x0_DE).all(-1).float().mean()))
    return [min(shares[: i + 1]) for i in range(KNOTS)]


def recovery_at(curve: Sequence[float], level: float) -> float:
    """The token recovery at a noise level t/T, by linear interpolation."""
    place = min(max(level, 0.0), 1.0) * (len(curve) - 1)
    left = min(int(place), len(curve) - 2)
    return curve[left] + (place - left) * (curve[left + 1] - curve[left])


def level_at(curve: Sequence[float], recovery: float) -> float:
    """The smallest noise level t/T at which the token recovery has fallen to ``recovery``; 1 where it never does."""
    for right in range(1, len(curve)):
        if curve[right] <= recovery:
            left = right - 1
            fall = curve[left] - curve[right]
            share = (curve[left] - recovery) / fall if fall > 0 else 1.0
            return (left + min(max(share, 0.0), 1.0)) / (len(curve) - 1)
    return 1.0


def recovery_falls(curve: Sequence[float], sampling: SamplingConfig, timesteps: Sequence[int]) -> list[float]:
    """By how much the token recovery falls from t - 1 to t, for each of the timesteps; weights that make it uniform."""
    shares = [recovery_at(curve, (t / sampling.steps) ** sampling.time_power) for t in range(sampling.steps + 1)]
    return [max(0.0, shares[t - 1] - shares[t]) for t in timesteps]


def write_curve(folder: Path, curve: Sequence[float]) -> None:
    """Keep the curve in a checkpoint's folder."""
    write_whole(folder / FILE, json.dumps([round(share, 4) for share in curve]) + "\n")


def read_curve(folder: Path, model: CodeDiffusion) -> list[float]:
    """The curve of a checkpoint; made anew from the model where an older version of `train` left none.

    Raises:
        CheckpointError: the file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return recovery_curve(model)
    try:
        curve = [float(share) for share in json.loads(path.read_bytes())]
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"checkpoint {path} is damaged ({error}): delete it, it is made anew") from error
    if len(curve) != KNOTS or not all(0 <= share <= 1 for share in curve):
        raise CheckpointError(f"checkpoint {path} does not hold {KNOTS} shares: delete it, it is made anew")
    return curve

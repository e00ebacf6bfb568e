"""The forward process q(x_t | x_0) and the reverse update (paper, sections 2.1, 3.1), a noise level for each token.

Shape suffixes: B batch, L frame length in tokens, E embedding. A level is t/T in [0, 1]. Levels are (B, L), or (B, 1)
where all tokens of a row share one.
"""

from __future__ import annotations

from torch import Tensor, nn

from generators.diffusion.config import ScheduleName
from generators.diffusion.schedule import TimeWarp, alpha_bar

# x_0 is the noise taken off x_t, divided by the share of signal. Close to pure noise that would multiply the
# denoiser's error by hundreds, so the share is taken for no less than this, and the estimate of x_0 fades to nothing.
_LEAST_SIGNAL = 0.01


class NoiseProcess(nn.Module):
    """How much noise a level means, and the ways between x_0, x_t and the noise."""

    def __init__(self, schedule: ScheduleName) -> None:
        super().__init__()
        self.schedule = schedule
        self.warp = TimeWarp()

    def alpha_bar(self, level_BL: Tensor) -> Tensor:
        """Share of the signal's variance, shape (B, L, 1)."""
        return alpha_bar(self.warp(level_BL), self.schedule)[..., None]

    def add_noise(self, x0_BLE: Tensor, level_BL: Tensor, noise_BLE: Tensor) -> Tensor:
        """x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise."""
        signal = self.alpha_bar(level_BL)
        return signal.sqrt() * x0_BLE + (1 - signal).sqrt() * noise_BLE

    def predict_x0(self, xt_BLE: Tensor, level_BL: Tensor, noise_BLE: Tensor) -> Tensor:
        """The x_0 that this noise made x_t of; it fades to nothing where hardly any signal is left."""
        signal = self.alpha_bar(level_BL)
        return (xt_BLE - (1 - signal).sqrt() * noise_BLE) / signal.clamp(min=_LEAST_SIGNAL).sqrt()

    def predict_noise(self, xt_BLE: Tensor, level_BL: Tensor, x0_BLE: Tensor) -> Tensor:
        """The noise that makes x_t of this x_0: the inverse of `predict_x0`."""
        signal = self.alpha_bar(level_BL)
        return (xt_BLE - signal.clamp(min=_LEAST_SIGNAL).sqrt() * x0_BLE) / (1 - signal).sqrt()

    def step(
        self, xt_BLE: Tensor, x0_BLE: Tensor, level_BL: Tensor, next_level_BL: Tensor, eta: float, fresh_BLE: Tensor
    ) -> Tensor:
        """x_{t-1} from an estimate of x_0: fresh noise at eta = 1 (the paper), the old noise at eta = 0 (DDIM).

        The paper writes alpha_bar_t where x_{t-1} needs alpha_bar_{t-1}.
        """
        signal, next_signal = self.alpha_bar(level_BL), self.alpha_bar(next_level_BL)
        variance = eta**2 * (1 - next_signal)
        next_BLE = next_signal.sqrt() * x0_BLE + variance.sqrt() * fresh_BLE
        if eta < 1:
            old_BLE = (xt_BLE - signal.sqrt() * x0_BLE) / (1 - signal).sqrt()
            next_BLE = next_BLE + (1 - next_signal - variance).clamp(min=0).sqrt() * old_BLE
        return next_BLE

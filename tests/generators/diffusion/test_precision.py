"""The precision of the products: asked for, or the quicker one."""

from __future__ import annotations

import pytest
import torch

from generators.diffusion import precision
from generators.diffusion.precision import choose_precision, processor, product_speed

CPU = torch.device("cpu")


def measured(monkeypatch: pytest.MonkeyPatch, fp32: float, bf16: float, kind: str) -> None:
    speeds = {torch.float32: fp32, torch.bfloat16: bf16}
    monkeypatch.setattr(precision, "product_speed", lambda dtype, device, width: speeds[dtype])
    monkeypatch.setattr(precision, "processor", lambda device: kind)


@pytest.mark.parametrize("asked", ["fp32", "bf16"])
def test_what_is_asked_for_is_taken_unmeasured(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setattr(precision, "product_speed", lambda *arguments: pytest.fail("nothing is to be measured"))
    assert choose_precision(asked, CPU, 64).precision == asked  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fp32", "bf16", "kind", "chosen"),
    [
        (150, 1200, "a CPU with AMX", "bf16"),
        (150, 190, "a CPU with AVX512-BF16", "fp32"),  # the casts would take more than that
        (75, 8, precision.NO_BF16, "fp32"),
        (10, 100, precision.NO_BF16, "fp32"),  # whatever a busy machine makes of the measurement
    ],
)
def test_auto_takes_bf16_where_it_is_clearly_quicker(
    monkeypatch: pytest.MonkeyPatch, fp32: float, bf16: float, kind: str, chosen: str
) -> None:
    measured(monkeypatch, fp32, bf16, kind)
    choice = choose_precision("auto", CPU, 64)
    assert (choice.precision, choice.processor) == (chosen, kind)
    assert choice.reason == f"measured {fp32:,} GFLOP/s in fp32 and {bf16:,} in bf16 on {kind}"


def test_this_machine_is_measured_and_without_bf16_instructions_stays_with_fp32() -> None:
    speed = product_speed(torch.float32, CPU, 64)
    assert 0.1 < speed < 100_000
    choice = choose_precision("auto", CPU, 16)
    assert choice.processor == processor(CPU)
    if choice.processor == precision.NO_BF16:
        assert choice.precision == "fp32"

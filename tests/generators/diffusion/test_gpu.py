"""What training does on a GPU, as far as a CPU can show it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import torch

from generators.diffusion.config import EOS, PAD, Preset
from generators.diffusion.data import Dataset, pad
from generators.diffusion.draws import draw
from generators.diffusion.gpu import DeviceBatches, RecordedPasses, compile_blocks
from generators.diffusion.layers import Block, rotation
from generators.diffusion.loss import DiffusionLoss
from generators.diffusion.model import CodeDiffusion
from tests.generators.diffusion.trainers import changed

CPU = torch.device("cpu")


@pytest.fixture
def batches(dataset: Dataset, preset: Preset) -> DeviceBatches:
    return DeviceBatches(dataset, changed(preset, batch_tokens=64), CPU)


def test_all_batches_of_a_frame_have_one_shape(batches: DeviceBatches) -> None:
    shapes = {tuple(batch.shape) for epoch in range(4) for batch in batches.epoch(epoch)}
    assert len({length for _, length in shapes}) == len(shapes) > 1
    assert all(rows * length <= 64 for rows, length in shapes)


def test_a_frame_of_few_rows_is_one_batch(dataset: Dataset, preset: Preset) -> None:
    whole = DeviceBatches(dataset, changed(preset, batch_tokens=10_000), CPU).epoch(0)
    assert sum(map(len, whole)) == len(dataset.train)
    assert len(whole) == len({batch.shape[1] for batch in whole})


def test_every_row_comes_at_most_once_an_epoch_and_all_come_in_time(batches: DeviceBatches, dataset: Dataset) -> None:
    rows = Counter(tuple(ids) for ids in dataset.train)
    seen: Counter[tuple[int, ...]] = Counter()
    for epoch in range(20):
        found = Counter(tuple(ids[: ids.index(EOS)]) for batch in batches.epoch(epoch) for ids in batch.tolist())
        assert found <= rows
        seen += found
    assert seen.keys() == rows.keys()
    shares = [seen[ids] / count for ids, count in rows.items()]  # of the epochs in which a row came
    assert min(shares) > 10


def test_rows_are_padded_as_they_are_elsewhere(batches: DeviceBatches) -> None:
    for batch in batches.epoch(0):
        for ids in batch.tolist():
            assert torch.equal(pad([ids[: ids.index(EOS)]], len(ids))[0], torch.tensor(ids))
            assert ids.count(EOS) == 1 and set(ids[ids.index(EOS) + 1 :]) <= {PAD}


def test_an_epoch_is_the_same_on_every_call_and_other_than_the_next(batches: DeviceBatches) -> None:
    one, again, other = (torch.cat([b.flatten() for b in batches.epoch(e)]) for e in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_a_block_is_compiled_whole_and_computes_and_learns_the_same() -> None:
    """Without a code generator, which takes long: that the graph has no break is what is tested."""
    block = Block(width=16, heads=2, feedforward=1)
    rng = torch.Generator().manual_seed(0)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=rng)
    x, turn = torch.randn(3, 8, 16, generator=rng), rotation(8, 8)

    def run() -> list[torch.Tensor]:
        block.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                sampled = block(x, turn)
            block(x, turn).square().sum().backward()
        return [sampled, *(parameter.grad.clone() for parameter in block.parameters() if parameter.grad is not None)]

    plain, names = run(), list(block.state_dict())
    compile_blocks(torch.nn.ModuleList([block]), backend="eager")
    assert block._compiled_call_impl is not None
    for expected, got in zip(plain, run(), strict=True):
        torch.testing.assert_close(got, expected, atol=2e-2, rtol=2e-2)
    assert list(block.state_dict()) == names


@pytest.mark.skipif(not torch.cuda.is_available(), reason="passes are recorded on a GPU alone")
@pytest.mark.parametrize("self_condition", [False, True])
def test_a_recorded_pass_gives_the_losses_and_gradients_of_the_pass_itself(
    dataset: Dataset, preset: Preset, self_condition: bool
) -> None:
    device = torch.device("cuda")
    model = CodeDiffusion(preset.model, len(dataset.tokenizer)).to(device)
    loss = DiffusionLoss(model, 0.3)
    recorded = RecordedPasses(loss)
    for seed, tokens_BL in enumerate(DeviceBatches(dataset, preset, device).epoch(0)[:3]):
        draws = replace(draw(tokens_BL, None, preset.model, preset.training, seed), self_condition=self_condition)
        model.zero_grad(set_to_none=True)
        plain = loss(tokens_BL, draws.level_B1, draws.noise_BLE, self_condition)
        plain.total.backward()
        expected = [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]
        for _ in range(2):  # recorded, then replayed
            terms = recorded(tokens_BL, draws)
            got = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
            torch.testing.assert_close(terms.total, plain.total.detach())
            for one, other in zip(got, expected, strict=True):
                torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)

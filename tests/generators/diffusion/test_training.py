"""The training loop: exact resume, whole states, averaged weights, golden losses."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from torch import Tensor

from generators.checkpoints import CheckpointError
from generators.diffusion.config import Preset
from generators.diffusion.data import Batches, CorpusError, Dataset
from generators.diffusion.learning_rate import learning_rate
from generators.diffusion.schedule import TimeWarp
from generators.diffusion.training import Trainer
from generators.diffusion.variants import VARIANTS
from tests.generators.diffusion.trainers import Line, MakeTrainer, changed, equal, figures, trainer, weights

Golden = tuple[list[Line], dict[str, Tensor]]


@pytest.fixture(scope="module")
def golden(make_trainer: MakeTrainer) -> Golden:
    """A run of 12 steps that nothing interrupts."""
    whole = make_trainer()
    return figures(whole.run()), weights(whole)


def test_the_loss_falls(make_trainer: MakeTrainer) -> None:
    losses = [line["cross_entropy"] for line in figures(make_trainer(steps=60, warp=False, decay_share=0.0).run())]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


RECORD_SETTINGS: dict[str, dict[str, object]] = {"adamw": {}, "gaps": {"gap_rate": 0.5}, "muon": {"optimiser": "muon"}}
RECORD = {
    "adamw": [6.484672, 6.331141, 6.180077, 6.117446, 5.960492, 5.828135, 5.798259, 5.694460],
    "gaps": [6.523444, 6.307272, 6.202452, 6.108250, 6.017355, 5.873691, 5.820371, 5.704260],
    "muon": [6.484672, 6.321384, 6.154774, 6.051124, 5.869372, 5.700489, 5.672388, 5.560320],
}


def test_the_losses_are_those_of_the_record(preset: Preset) -> None:
    """Of random rows: only a change of the arithmetic or of the draws can change them."""
    rng = random.Random(0)
    rows = [[rng.randrange(3, 40) for _ in range(rng.randrange(1, 15))] for _ in range(100)]
    data = Dataset(train=rows, validation=[], tokenizer=None)  # type: ignore[arg-type]
    got = {}
    for name, changes in RECORD_SETTINGS.items():
        settings = changed(preset, steps=8, **changes)
        got[name] = [line["loss"] for line in figures(Trainer(settings, Batches(data, settings), 40).run())]
    for name, losses in RECORD.items():
        assert got[name] == pytest.approx(losses, rel=1e-4), name


def test_products_in_bf16_learn_as_well_from_weights_in_fp32(make_trainer: MakeTrainer) -> None:
    runs = {}
    for precision in ("fp32", "bf16"):
        trained = make_trainer(steps=60, warp=False, decay_share=0.0, precision=precision)
        runs[precision] = [line["cross_entropy"] for line in figures(trained.run())]
        assert {p.dtype for p in trained.model.parameters()} == {torch.float32}
    assert runs["bf16"] != runs["fp32"]
    assert runs["bf16"] == pytest.approx(runs["fp32"], rel=0.05)


@pytest.mark.parametrize("settings", [{}, {"precision": "bf16"}, {"optimiser": "muon"}])
def test_two_runs_of_a_seed_lose_the_same_at_each_of_fifty_steps(
    make_trainer: MakeTrainer, settings: dict[str, object]
) -> None:
    first, second = (figures(make_trainer(steps=50, **settings).run()) for _ in range(2))
    assert len(first) == 50
    assert first == second


def test_progress_says_what_was_done(golden: Golden, preset: Preset) -> None:
    lines, _ = golden
    assert [line["step"] for line in lines] == list(range(1, 13))
    for line in lines:
        assert line["loss"] == pytest.approx(line["denoiser"] + line["decoder"] + line["cross_entropy"])
        assert line["learning_rate"] == learning_rate(line["step"] - 1, 0.0, preset.training)
        assert 0 < line["tokens"] <= preset.training.batch_tokens


def test_a_run_that_is_killed_at_any_step_ends_as_if_it_had_not_been(
    make_trainer: MakeTrainer, golden: Golden, tmp_path: Path
) -> None:
    lines, final = golden
    fresh = torch.linspace(0, 1, len(final["model.process.warp.knots"]))
    assert not torch.equal(final["model.process.warp.knots"], fresh)  # the warp is refitted on the way
    for killed_at in range(1, 12):
        first = make_trainer()
        for progress in first.run():
            if progress.step == killed_at:
                first.save(tmp_path)
            if progress.step == min(killed_at + 2, 11):  # the work since the last save is lost
                break
        second = make_trainer()
        assert second.resume(tmp_path)
        assert second.step == killed_at
        assert figures(second.run()) == lines[killed_at:]
        assert equal(weights(second), final)


@pytest.mark.parametrize("settings", [{}, {"optimiser": "muon"}, {"gap_rate": 0.5}, {"paragraph_denoising": 0.5}])
def test_a_run_killed_at_every_step_ends_the_same(
    make_trainer: MakeTrainer, tmp_path: Path, settings: dict[str, object]
) -> None:
    whole = make_trainer(**settings)
    for expected in figures(whole.run()):
        killed = make_trainer(**settings)
        killed.resume(tmp_path)
        assert figures([next(killed.run())]) == [expected]
        killed.save(tmp_path)
    assert equal(weights(killed), weights(whole))
    assert list(killed.run()) == []


def test_every_step_draws_its_own_noise_and_spreads_t_evenly(make_trainer: MakeTrainer) -> None:
    trained = make_trainer()
    inputs: list[tuple[Tensor, Tensor]] = []
    trained.loss.register_forward_pre_hook(lambda module, arguments: inputs.append(arguments[1:3]))
    list(trained.run())
    assert len({float(noise.sum()) for _, noise in inputs}) == 12
    assert len({float(level.min()) for level, _ in inputs}) == 12
    for level_B1, noise in inputs:
        level_B = level_B1[:, 0]
        assert float(level_B.min()) >= 0 and float(level_B.max()) < 1
        torch.testing.assert_close(level_B.sort()[0].diff(), torch.full((len(level_B) - 1,), 1 / len(level_B)))
        assert float(noise.std()) == pytest.approx(1, abs=0.1)


def test_another_seed_trains_another_model(make_trainer: MakeTrainer, golden: Golden) -> None:
    assert next(make_trainer(seed=1).run()).figures()["loss"] != golden[0][0]["loss"]


def test_training_leaves_the_callers_random_numbers_reproducible(make_trainer: MakeTrainer, golden: Golden) -> None:
    torch.manual_seed(123)
    trained = make_trainer()
    torch.manual_seed(456)
    torch.rand(3)
    assert figures([next(trained.run())]) == golden[0][:1]


@pytest.fixture
def saved(make_trainer: MakeTrainer, tmp_path: Path) -> Path:
    """The state after two steps."""
    trained = make_trainer()
    steps = trained.run()
    next(steps)
    next(steps)
    trained.save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("key", ["file", "step", "epoch", "batch", "curve", "averaged"])
def test_a_state_without_one_of_its_counters_is_damaged(make_trainer: MakeTrainer, saved: Path, key: str) -> None:
    state = json.loads((saved / "state.json").read_text())
    del state[key]
    (saved / "state.json").write_text(json.dumps(state))
    with pytest.raises(CheckpointError, match=f"KeyError: '{key}'"):
        make_trainer().resume(saved)


def test_a_state_from_before_time_and_precision_were_kept_is_resumed_exactly(
    make_trainer: MakeTrainer, golden: Golden, saved: Path
) -> None:
    state = json.loads((saved / "state.json").read_text())
    (saved / "state.json").write_text(json.dumps({k: v for k, v in state.items() if k not in ("seconds", "precision")}))
    old = make_trainer()
    assert old.resume(saved)
    assert figures(old.run()) == golden[0][2:]
    assert equal(weights(old), golden[1])


def test_a_state_of_another_model_is_refused(
    make_trainer: MakeTrainer, dataset: Dataset, preset: Preset, saved: Path
) -> None:
    wider = preset.model_copy(update={"model": preset.model.model_copy(update={"width": 32})})
    with pytest.raises(CheckpointError, match="size mismatch"):
        trainer(wider, dataset).resume(saved)


def test_fewer_batches_than_processes_are_refused(make_trainer: MakeTrainer) -> None:
    trained = make_trainer()
    trained.world = 1000
    trained._agree_on_precision = lambda: None  # type: ignore[method-assign]
    with pytest.raises(CorpusError, match="batches for 1000 processes"):
        next(trained.run())


def test_training_minimises_the_loss_with_the_weight_it_was_given(make_trainer: MakeTrainer) -> None:
    one, three = (next(make_trainer(cross_entropy_weight=weight).run()).figures() for weight in (1.0, 3.0))
    assert one["cross_entropy"] == three["cross_entropy"]  # of the same first batch
    assert three["loss"] - one["loss"] == pytest.approx(2 * one["cross_entropy"])


def test_averaged_weights_follow_the_weights_slowly(make_trainer: MakeTrainer) -> None:
    trained = make_trainer(ema=0.9, warp=False)
    name = "denoiser.project_in.weight"
    expected: Tensor | None = None
    for progress in trained.run():
        current = trained.model.state_dict()[name]
        decay = min(0.9, (1 + progress.step) / (50 + progress.step))  # early weights are soon forgotten
        expected = current.clone() if expected is None else decay * expected + (1 - decay) * current
        torch.testing.assert_close(trained.averaged.state_dict()[name], expected)
        if progress.step > 1:
            assert not torch.equal(trained.averaged.state_dict()[name], current)


def test_the_warp_is_refitted_when_it_should_be_and_then_left_alone(make_trainer: MakeTrainer) -> None:
    trained = make_trainer()  # every 3 steps, from the second time on, until step 9
    knots = [TimeWarp().knots]
    for _ in trained.run():
        knots.append(trained.model.process.warp.knots.clone())
        assert torch.equal(trained.averaged.process.warp.knots, knots[-1])
    changes = [step for step in range(1, 13) if not torch.equal(knots[step], knots[step - 1])]
    assert changes == [6, 9]


def test_without_the_warp_time_stays_as_it_is(make_trainer: MakeTrainer) -> None:
    trained = make_trainer(warp=False)
    list(trained.run())
    assert torch.equal(trained.model.process.warp.knots, TimeWarp().knots)


def test_rows_with_context_do_not_tell_how_hard_a_level_is(make_trainer: MakeTrainer) -> None:
    trained = make_trainer(paragraph_denoising=1.0, warp_every=1000)
    whole: set[int] = set()

    def note(module: torch.nn.Module, arguments: tuple[Tensor, ...]) -> None:
        if trained.step < trained.settings.warp_until:
            levels = arguments[1][arguments[4].all(1)].flatten()
            whole.update(min(int(level * TimeWarp.bins()), TimeWarp.bins() - 1) for level in levels.tolist())

    trained.loss.register_forward_pre_hook(note)
    list(trained.run())
    seen = {i for i, value in enumerate(trained._curve.values) if value >= 0}
    assert seen == whole


def test_a_u_net_that_clamps_resumes_exactly(dataset: Dataset, preset: Preset, tmp_path: Path) -> None:
    short = VARIANTS["unet-clamp"].apply(changed(preset, steps=4))
    whole, first, second = (trainer(short, dataset) for _ in "123")
    lines = figures(whole.run())
    next(first.run())
    first.save(tmp_path)
    assert second.resume(tmp_path)
    assert figures(second.run()) == lines[1:]
    assert equal(weights(second), weights(whole))

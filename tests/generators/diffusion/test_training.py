"""The training loop: exact resume, whole states, the learning rate, averaged weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from generators.checkpoints import CheckpointError
from generators.diffusion.config import SMALL, Preset
from generators.diffusion.data import Batches, CorpusError, Dataset
from generators.diffusion.schedule import TimeWarp
from generators.diffusion.training import Progress, Trainer, learning_rate
from generators.diffusion.variants import VARIANTS
from validators import Language

MakeTrainer = Callable[..., Trainer]


@pytest.fixture(scope="module")
def make_trainer(excel: Language, dataset: Dataset, preset: Preset) -> MakeTrainer:
    batches: dict[Preset, Batches] = {}

    def make(**changes: object) -> Trainer:
        changed = preset.model_copy(update={"training": preset.training.model_copy(update=changes)})
        if changed not in batches:
            batches[changed] = Batches(excel, dataset, changed)
        return Trainer(changed, batches[changed], len(dataset.tokenizer))

    return make


def weights(trainer: Trainer) -> dict[str, Tensor]:
    """Everything learned: the model, its average, the moments."""
    state = {f"model.{k}": v.clone() for k, v in trainer.model.state_dict().items()}
    state |= {f"average.{k}": v.clone() for k, v in trainer.averaged.state_dict().items()}
    for name, parameter in trainer.model.named_parameters():
        state |= {f"{name}.{k}": v.clone() for k, v in trainer.optimiser.state[parameter].items()}
    return state


def equal(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


@pytest.fixture(scope="module")
def golden(make_trainer: MakeTrainer) -> tuple[list[Progress], dict[str, Tensor]]:
    """A run of 12 steps that nothing interrupts."""
    trainer = make_trainer()
    return list(trainer.run()), weights(trainer)


def test_the_loss_falls(make_trainer: MakeTrainer) -> None:
    losses = [progress.cross_entropy for progress in make_trainer(steps=60, warp=False, decay_share=0.0).run()]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_products_in_bf16_learn_as_well_from_weights_in_fp32(make_trainer: MakeTrainer) -> None:
    runs = {}
    for precision in ("fp32", "bf16"):
        trainer = make_trainer(steps=60, warp=False, decay_share=0.0, precision=precision)
        runs[precision] = [progress.cross_entropy for progress in trainer.run()]
        assert {p.dtype for p in trainer.model.parameters()} == {torch.float32}
    assert runs["bf16"] != runs["fp32"]
    assert runs["bf16"] == pytest.approx(runs["fp32"], rel=0.05)


def test_two_runs_of_a_seed_lose_the_same_at_each_of_fifty_steps(make_trainer: MakeTrainer) -> None:
    for precision in ("fp32", "bf16"):
        first, second = ([p.loss for p in make_trainer(steps=50, precision=precision).run()] for _ in range(2))
        assert len(first) == 50
        assert first == second


def test_progress_says_what_was_done(golden: tuple[list[Progress], dict[str, Tensor]], preset: Preset) -> None:
    lines, _ = golden
    assert [line.step for line in lines] == list(range(1, 13))
    for line in lines:
        assert line.loss == pytest.approx(line.denoiser + line.decoder + line.cross_entropy)
        assert line.learning_rate == learning_rate(line.step - 1, preset.training)
        assert 0 < line.tokens <= preset.training.batch_tokens


def test_a_run_that_is_killed_at_any_step_ends_as_if_it_had_not_been(
    make_trainer: MakeTrainer, golden: tuple[list[Progress], dict[str, Tensor]], tmp_path: Path
) -> None:
    lines, final = golden
    fresh = torch.linspace(0, 1, len(final["model.warp.knots"]))
    assert not torch.equal(final["model.warp.knots"], fresh)  # the warp is refitted on the way
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
        assert list(second.run()) == lines[killed_at:]
        assert equal(weights(second), final)


def test_a_run_killed_at_every_step_ends_the_same(
    make_trainer: MakeTrainer, golden: tuple[list[Progress], dict[str, Tensor]], tmp_path: Path
) -> None:
    lines, final = golden
    for expected in lines:
        trainer = make_trainer()
        trainer.resume(tmp_path)
        assert next(trainer.run()) == expected
        trainer.save(tmp_path)
    assert equal(weights(trainer), final)
    assert list(trainer.run()) == []


def test_every_step_draws_its_own_noise_and_spreads_t_evenly(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    inputs: list[tuple[Tensor, Tensor]] = []
    trainer.loss.register_forward_pre_hook(lambda module, arguments: inputs.append(arguments[1:3]))
    list(trainer.run())
    assert len({float(noise.sum()) for _, noise in inputs}) == 12
    assert len({float(level.min()) for level, _ in inputs}) == 12
    for level, noise in inputs:
        assert float(level.min()) >= 0 and float(level.max()) < 1
        torch.testing.assert_close(level.sort()[0].diff(), torch.full((len(level) - 1,), 1 / len(level)))
        assert float(noise.std()) == pytest.approx(1, abs=0.1)


def test_with_timesteps_t_is_one_of_them(
    make_trainer: MakeTrainer, preset: Preset, excel: Language, dataset: Dataset
) -> None:
    discrete = preset.model_copy(update={"model": preset.model.model_copy(update={"num_timesteps": 4})})
    trainer = Trainer(discrete, Batches(excel, dataset, discrete), len(dataset.tokenizer))
    levels: list[Tensor] = []
    trainer.loss.register_forward_pre_hook(lambda module, arguments: levels.append(arguments[1]))
    list(trainer.run())
    assert {float(level) for level in torch.cat(levels)} == {0.25, 0.5, 0.75, 1.0}


def test_another_seed_trains_another_model(
    make_trainer: MakeTrainer, golden: tuple[list[Progress], dict[str, Tensor]]
) -> None:
    assert next(make_trainer(seed=1).run()).loss != golden[0][0].loss


def test_training_leaves_the_callers_random_numbers_reproducible(
    make_trainer: MakeTrainer, golden: tuple[list[Progress], dict[str, Tensor]]
) -> None:
    torch.manual_seed(123)
    trainer = make_trainer()
    torch.manual_seed(456)
    torch.rand(3)
    assert next(trainer.run()) == golden[0][0]


@pytest.fixture
def saved(make_trainer: MakeTrainer, tmp_path: Path) -> Path:
    """The state after two steps."""
    trainer = make_trainer()
    steps = trainer.run()
    next(steps)
    next(steps)
    trainer.save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("key", ["file", "step", "epoch", "batch", "curve", "averaged"])
def test_a_state_without_one_of_its_counters_is_damaged(make_trainer: MakeTrainer, saved: Path, key: str) -> None:
    state = json.loads((saved / "state.json").read_text())
    del state[key]
    (saved / "state.json").write_text(json.dumps(state))
    with pytest.raises(CheckpointError, match=f"KeyError: '{key}'"):
        make_trainer().resume(saved)


def test_a_state_of_another_model_is_refused(
    make_trainer: MakeTrainer, excel: Language, dataset: Dataset, preset: Preset, saved: Path
) -> None:
    wider = preset.model_copy(update={"model": preset.model.model_copy(update={"width": 32})})
    with pytest.raises(CheckpointError, match="size mismatch"):
        Trainer(wider, Batches(excel, dataset, wider), len(dataset.tokenizer)).resume(saved)


def test_fewer_batches_than_processes_are_refused(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    trainer.world = 1000
    with pytest.raises(CorpusError, match="batches for 1000 processes"):
        next(trainer.run())


def test_learning_rate_warms_up_stays_and_decays_to_three_percent() -> None:
    settings = SMALL.training.model_copy(
        update={"steps": 1000, "warmup_steps": 100, "decay_share": 0.3, "learning_rate": 1.0}
    )
    rates = [learning_rate(step, settings) for step in range(1000)]
    assert rates[:100] == pytest.approx([(step + 1) / 100 for step in range(100)])
    assert rates[100:701] == [1.0] * 601
    assert rates[850] == pytest.approx(0.03 + 0.97 / 2)
    assert all(later < earlier for earlier, later in pairwise(rates[700:]))
    assert rates[-1] == pytest.approx(0.03, abs=0.005)
    assert learning_rate(1000, settings) == pytest.approx(0.03)


def test_learning_rate_without_warm_up_or_decay_is_constant() -> None:
    settings = SMALL.training.model_copy(update={"warmup_steps": 0, "decay_share": 0.0, "learning_rate": 0.5})
    assert {learning_rate(step, settings) for step in range(0, settings.steps, 100)} == {0.5}


def test_training_minimises_the_loss_with_the_weight_it_was_given(make_trainer: MakeTrainer) -> None:
    one, three = (next(make_trainer(cross_entropy_weight=weight).run()) for weight in (1.0, 3.0))
    assert one.cross_entropy == three.cross_entropy  # of the same first batch
    assert three.loss - one.loss == pytest.approx(2 * one.cross_entropy)


def test_averaged_weights_follow_the_weights_slowly(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(ema=0.9, warp=False)
    name = "denoiser.project_in.weight"
    expected: Tensor | None = None
    for progress in trainer.run():
        current = trainer.model.state_dict()[name]
        decay = min(0.9, (1 + progress.step) / (50 + progress.step))  # early weights are soon forgotten
        expected = current.clone() if expected is None else decay * expected + (1 - decay) * current
        torch.testing.assert_close(trainer.averaged.state_dict()[name], expected)
        if progress.step > 1:
            assert not torch.equal(trainer.averaged.state_dict()[name], current)


def test_the_warp_is_refitted_when_it_should_be_and_then_left_alone(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()  # every 3 steps, from the second time on, until step 9
    knots = [TimeWarp().knots]
    for _ in trainer.run():
        knots.append(trainer.model.warp.knots.clone())
        assert torch.equal(trainer.averaged.warp.knots, knots[-1])
    changes = [step for step in range(1, 13) if not torch.equal(knots[step], knots[step - 1])]
    assert changes == [6, 9]


def test_without_the_warp_time_stays_as_it_is(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(warp=False)
    list(trainer.run())
    assert torch.equal(trainer.model.warp.knots, TimeWarp().knots)


def test_without_paragraph_denoising_every_token_is_noised(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    noised: list[Tensor | None] = []
    trainer.loss.register_forward_pre_hook(lambda module, arguments: noised.append(arguments[4]))
    list(trainer.run())
    assert noised == [None] * 12


def test_paragraph_denoising_noises_the_keywords_of_its_share_of_rows(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(paragraph_denoising=0.5)
    given: list[tuple[Tensor, Tensor]] = []
    trainer.loss.register_forward_pre_hook(lambda module, arguments: given.append((arguments[0], arguments[4])))
    list(trainer.run())
    rows = of_keywords = 0
    for tokens, noised in given:
        keyword = trainer._batches.keywords(tokens)
        assert noised[~keyword.any(1)].all()  # what has none is noised whole
        for row in range(len(tokens)):
            if keyword[row].any():
                rows += 1
                if not noised[row].all():
                    of_keywords += 1
                    assert torch.equal(noised[row], keyword[row])
    assert rows > 100
    assert of_keywords / rows == pytest.approx(0.5, abs=0.15)


def test_paragraph_denoising_draws_the_same_rows_on_resuming(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    whole = make_trainer(paragraph_denoising=0.5)
    lines = list(whole.run())
    assert lines != list(make_trainer().run())
    first = make_trainer(paragraph_denoising=0.5)
    for progress in first.run():
        if progress.step == 5:
            break
    first.save(tmp_path)
    second = make_trainer(paragraph_denoising=0.5)
    assert second.resume(tmp_path)
    assert list(second.run()) == lines[5:]
    assert equal(weights(second), weights(whole))


def test_rows_with_context_do_not_tell_how_hard_a_level_is(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(paragraph_denoising=1.0, warp_every=1000)
    whole: set[int] = set()

    def note(module: torch.nn.Module, arguments: tuple[Tensor, ...]) -> None:
        if trainer.step < trainer.settings.warp_until:
            levels = arguments[1][arguments[4].all(1)]
            whole.update(min(int(level * TimeWarp.bins()), TimeWarp.bins() - 1) for level in levels.tolist())

    trainer.loss.register_forward_pre_hook(note)
    list(trainer.run())
    seen = {i for i, value in enumerate(trainer._counters.curve) if value >= 0}
    assert seen == whole


def test_a_u_net_that_clamps_resumes_exactly(excel: Language, dataset: Dataset, preset: Preset, tmp_path: Path) -> None:
    short = preset.model_copy(update={"training": preset.training.model_copy(update={"steps": 4})})
    changed = VARIANTS["unet-clamp"].apply(short)
    whole, first, second = (Trainer(changed, Batches(excel, dataset, changed), len(dataset.tokenizer)) for _ in "123")
    lines = list(whole.run())
    next(first.run())
    first.save(tmp_path)
    assert second.resume(tmp_path)
    assert list(second.run()) == lines[1:]
    assert equal(weights(second), weights(whole))

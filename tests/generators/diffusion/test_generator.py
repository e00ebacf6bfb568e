"""Pairs from pure noise: the same whatever else is computed, drawn uniformly, with their provenance."""

from __future__ import annotations

import copy
import random
import re
from collections import Counter
from collections.abc import Iterable
from typing import get_args

import pytest
import torch

from generators.base import Candidate
from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import UNKNOWN, Feedback
from generators.diffusion.generator import DiffusionGenerator
from generators.diffusion.recovery import recovery_at, recovery_curve
from generators.diffusion.sampling import TrajectoryTiles, sampling_settings
from generators.diffusion.text.vocabulary import StructureVocabulary
from schemas.config import ConfigError, DiffusionOptions
from schemas.reasons import Reason
from validators import Language
from validators.diff import token_diff

SEED, ROWS = 5, 21  # not a multiple of tile x draws
CHI_SQUARE_49 = 74.92  # 99th percentile with 49 degrees of freedom
FEEDBACKS = get_args(Feedback)
STRATIFIED: dict[str, object] = {"selection": "stratified", "distances": (1, 4)}
BY_RECOVERY: dict[str, object] = {"t_axis": "recovery"}
BF16: dict[str, object] = {"precision": "bf16"}
# every way to feed back, every way to select, and coarser arithmetic
SETTINGS: list[dict[str, object]] = [{"feedback": feedback} for feedback in FEEDBACKS]
SETTINGS += [STRATIFIED, BY_RECOVERY, STRATIFIED | BY_RECOVERY, BF16]
RECIPE = "model=c0ffeec0ffeec0ff steps=6 feedback=softmax temperature=1 eta={} time_power=1 tile=4{}"


def generator(checkpoint: Checkpoint, **options: object) -> DiffusionGenerator:
    values = {"tile": 4, "draws": 2} | options
    return DiffusionGenerator(checkpoint, "c0ffee" * 10, DiffusionOptions.model_validate(values))


def full_run(checkpoint: Checkpoint, **options: object) -> list[Candidate]:
    return list(generator(checkpoint, **options).generate(SEED, ROWS))


@pytest.mark.parametrize("options", SETTINGS)
def test_candidates_do_not_depend_on_what_else_is_asked_for(checkpoint: Checkpoint, options: dict[str, object]) -> None:
    full = full_run(checkpoint, **options)
    assert len({candidate.fixed for candidate in full}) > ROWS / 4  # there is something to confuse
    rows = list(range(ROWS))
    rng = random.Random(14)
    for size in (1, 3, 8):
        rng.shuffle(rows)
        for first in range(0, ROWS, size):
            wanted = rows[first : first + size]
            part = list(generator(checkpoint, **options).candidates(SEED, wanted))
            assert sorted(c.row for c in part) == sorted(wanted)
            assert all(candidate == full[candidate.row] for candidate in part)


@pytest.mark.parametrize("options", SETTINGS)
def test_decoding_every_step_gives_the_same_candidates(checkpoint: Checkpoint, options: dict[str, object]) -> None:
    assert full_run(checkpoint, **options, decode="all") == full_run(checkpoint, **options, decode="selected")


@pytest.mark.parametrize("rows", [[0], [20], [3, 9], range(ROWS)])
def test_every_tile_is_computed_whole(checkpoint: Checkpoint, rows: Iterable[int]) -> None:
    """A matrix product may round differently for another shape."""
    sizes = set[int]()
    handle = checkpoint.model.denoiser.register_forward_pre_hook(lambda module, inputs: sizes.add(len(inputs[0])))
    list(generator(checkpoint).candidates(SEED, rows))
    handle.remove()
    assert sizes == {4}


def test_a_rerun_and_a_longer_shard_give_the_same_candidates(checkpoint: Checkpoint) -> None:
    one = generator(checkpoint)
    first = list(one.generate(SEED, ROWS))
    assert list(one.generate(SEED, ROWS)) == first
    assert list(one.generate(SEED, 3 * ROWS))[:ROWS] == first


def test_another_shard_seed_gives_other_candidates(checkpoint: Checkpoint) -> None:
    one = generator(checkpoint)
    ids = [{c.trajectory_id for c in one.generate(seed, ROWS)} for seed in (1, 2)]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("draws", [1, 2, 3])
@pytest.mark.parametrize("rows", [0, 1, 7, 12, 25])
def test_exactly_as_many_rows_as_asked_for_in_order(checkpoint: Checkpoint, rows: int, draws: int) -> None:
    assert [c.row for c in generator(checkpoint, draws=draws).generate(SEED, rows)] == list(range(rows))


def test_timesteps_are_drawn_uniformly(checkpoint: Checkpoint) -> None:
    one = generator(checkpoint, draws=1, steps=50)
    draws = 100_000
    counts = Counter(one.timesteps(SEED, trajectory)[0] for trajectory in range(draws))
    assert counts.keys() == set(range(1, 51))
    expected = draws / 50
    assert sum((n - expected) ** 2 / expected for n in counts.values()) < CHI_SQUARE_49


def test_draws_of_a_trajectory_do_not_repeat(checkpoint: Checkpoint) -> None:
    one = generator(checkpoint, draws=6)
    assert all(sorted(one.timesteps(SEED, trajectory)) == [1, 2, 3, 4, 5, 6] for trajectory in range(20))


@pytest.mark.parametrize(
    ("t_range", "timesteps"), [((0.0, 1.0), {*range(1, 11)}), ((0.2, 0.5), {3, 4, 5}), ((0.0, 0.1), {1})]
)
def test_only_timesteps_in_the_range_are_drawn(
    checkpoint: Checkpoint, t_range: tuple[float, float], timesteps: set[int]
) -> None:
    one = generator(checkpoint, draws=1, steps=10, t_range=t_range)
    assert {one.timesteps(SEED, trajectory)[0] for trajectory in range(300)} == timesteps


@pytest.mark.parametrize("options", [{"draws": 7}, {"draws": 2, "t_range": (0.5, 0.7)}, {"t_range": (0.4, 0.45)}])
def test_more_draws_than_timesteps_are_refused(checkpoint: Checkpoint, options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"^diffusion\.draws is \d.*diffusion\.t_range .* of 6 timesteps: widen"):
        generator(checkpoint, **options)


def test_options_left_open_come_from_the_checkpoint(checkpoint: Checkpoint) -> None:
    own = checkpoint.config.sampling
    assert sampling_settings(DiffusionOptions(), own) == own
    given = sampling_settings(DiffusionOptions(steps=9, eta=0.0), own)
    assert given == own.model_copy(update={"steps": 9, "eta": 0.0})


def test_provenance_is_complete(checkpoint: Checkpoint) -> None:
    full = full_run(checkpoint, eta=0.5)
    one = generator(checkpoint)
    for candidate in full:
        trajectory, draw = divmod(candidate.row, 2)
        assert candidate.timestep == one.timesteps(SEED, trajectory)[draw]
        assert candidate.num_steps == 6
        assert candidate.noise_level == candidate.timestep / 6
        assert candidate.trajectory_id == f"{candidate.seed:016x}"
        assert candidate.source_id is None  # from pure noise
        assert candidate.recipe == RECIPE.format("0.5", "")
    trajectories = Counter(candidate.trajectory_id for candidate in full)
    assert sorted(trajectories.values()) == [1] + [2] * (ROWS // 2)


@pytest.mark.parametrize(
    ("options", "mark"),
    [
        (STRATIFIED, " selection=stratified:1-4"),
        (BY_RECOVERY, " t_axis=recovery"),
        (BF16, " precision=bf16"),
        (STRATIFIED | BY_RECOVERY | BF16, " precision=bf16 t_axis=recovery selection=stratified:1-4"),
    ],
)
def test_the_recipe_marks_what_departs_from_the_paper(
    checkpoint: Checkpoint, options: dict[str, object], mark: str
) -> None:
    assert {c.recipe for c in full_run(checkpoint, **options)} == {RECIPE.format("1", mark)}


def test_stratified_rows_are_within_the_strata_wherever_the_trajectory_is(
    checkpoint: Checkpoint, excel: Language
) -> None:
    every = generator(checkpoint, draws=6).generate(SEED, 6 * 40)  # all six timesteps
    states = {(c.trajectory_id, c.timestep): c for c in every}
    near = {
        key: 1 <= token_diff(excel, c.broken, c.fixed).distance <= 4 and not excel.check(c.broken).accepted
        for key, c in states.items()
    }
    hits = 0
    for c in generator(checkpoint, **STRATIFIED, draws=1, t_range=(0.1, 0.9)).generate(SEED, 40):
        key = (c.trajectory_id, c.timestep)
        assert (c.broken, c.fixed) == (states[key].broken, states[key].fixed)
        assert c.timestep in (1, 2, 3, 4, 5)
        possible = any(near[c.trajectory_id, t] for t in range(1, 6))
        assert possible == near[key]
        hits += possible
    assert 5 < hits < 40  # both happen


def test_both_sides_of_a_pair_are_what_stood_there_with_one_text_for_each_slot(checkpoint: Checkpoint) -> None:
    """The tokens are those of the trajectory at t and at 0, and one table of slots writes the two."""
    vocabulary = checkpoint.tokenizer
    assert isinstance(vocabulary, StructureVocabulary)
    rows = list(generator(checkpoint, draws=6).generate(SEED, 4 * 6))  # one tile, every timestep
    seeds, steps = TrajectoryTiles(checkpoint, checkpoint.config.sampling, 4).run(SEED, 0, decode_when=lambda t: True)
    ids = {step.t: step.tokens_BL.tolist() for step in steps if step.tokens_BL is not None}
    shared = 0
    for row in rows:
        slot, t = row.row // 6, row.timestep
        assert t is not None and row.seed == seeds[slot]
        broken, fixed = (vocabulary.tokens(ids[at][slot]) for at in (t, 0))
        if broken is None or fixed is None:
            assert row.failure is Reason.UNDECODABLE
            continue
        table = vocabulary.fill(broken, row.seed, fixed)
        assert row.fixed == vocabulary.write(fixed, table)
        assert row.broken == vocabulary.write(broken, table)
        shared += len({token for token in table if token in broken and token in fixed})
    assert shared > 10


def test_timesteps_on_the_axis_of_recovery_are_drawn_by_what_it_falls(checkpoint: Checkpoint) -> None:
    one = generator(checkpoint, draws=1, **BY_RECOVERY)
    curve, draws = recovery_curve(checkpoint.model), 20_000
    shares = [recovery_at(curve, t / 6) for t in range(7)]
    counts = Counter(one.timesteps(SEED, trajectory)[0] for trajectory in range(draws))
    expected = {t: draws * (shares[t - 1] - shares[t]) / (shares[0] - shares[6]) for t in range(1, 7)}
    assert max(expected.values()) > 2 * min(expected.values())  # nothing like uniform
    for t, number in expected.items():
        assert counts[t] == pytest.approx(number, abs=4 * number**0.5 + 4)


def test_a_stratified_trajectory_gives_another_text_with_each_draw_where_it_can(checkpoint: Checkpoint) -> None:
    one = generator(checkpoint, **STRATIFIED, draws=4, steps=24)
    repeated = 0
    for first in range(0, 80, 4):
        texts = [c.broken for c in one.candidates(SEED, range(first, first + 4))]
        repeated += len(set(texts)) < 4
    uniform = generator(checkpoint, draws=4, steps=24)
    assert repeated < sum(
        len({c.broken for c in uniform.candidates(SEED, range(first, first + 4))}) < 4 for first in range(0, 80, 4)
    )


def test_the_rows_of_a_trajectory_share_their_fixed_side(checkpoint: Checkpoint) -> None:
    full = full_run(checkpoint)
    for left, right in zip(full[::2], full[1::2], strict=False):
        assert (left.fixed, left.trajectory_id) == (right.fixed, right.trajectory_id)
        assert left.timestep != right.timestep


def test_frames_of_any_trained_length_are_sampled(checkpoint: Checkpoint) -> None:
    lengths = set[int]()
    handle = checkpoint.model.denoiser.register_forward_pre_hook(lambda module, inputs: lengths.add(inputs[0].shape[1]))
    list(generator(checkpoint, tile=1, draws=1).generate(SEED, 40))
    handle.remove()
    trained = {f for f, n in zip(checkpoint.config.model.frames, checkpoint.config.frame_counts, strict=True) if n}
    assert lengths == trained


@pytest.mark.parametrize("options", [{}, STRATIFIED])
def test_text_that_cannot_be_decoded_is_a_failed_candidate_not_a_crash(
    checkpoint: Checkpoint, options: dict[str, object]
) -> None:
    deaf = Checkpoint(config=checkpoint.config, model=copy.deepcopy(checkpoint.model), tokenizer=checkpoint.tokenizer)
    with torch.no_grad():
        deaf.model.head.bias[UNKNOWN] = 1000.0
    for candidate in full_run(deaf, **options):
        assert candidate.failure is Reason.UNDECODABLE
        assert (candidate.broken, candidate.fixed) == ("", "")
    assert any(c.failure is None and re.search(r"\S", c.fixed) for c in full_run(checkpoint))

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
from generators.diffusion.generator import DiffusionGenerator, sampling_settings
from generators.diffusion.literals import aligned
from schemas.config import ConfigError, DiffusionOptions
from schemas.reasons import Reason
from validators import Language
from validators.diff import token_diff

SEED, ROWS = 5, 21  # not a multiple of tile x draws
CHI_SQUARE_49 = 74.92  # 99th percentile with 49 degrees of freedom
FEEDBACKS = get_args(Feedback)
STRATIFIED: dict[str, object] = {"selection": "stratified", "distances": (1, 4)}
ALIGNED: dict[str, object] = {"align_literals": True}
BF16: dict[str, object] = {"precision": "bf16"}
# every way to feed back, every way to select, and coarser arithmetic
SETTINGS: list[dict[str, object]] = [{"feedback": feedback} for feedback in FEEDBACKS]
SETTINGS += [STRATIFIED, ALIGNED, STRATIFIED | ALIGNED, BF16]
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
        (ALIGNED, " align=literals"),
        (STRATIFIED | ALIGNED, " selection=stratified:1-4 align=literals"),
    ],
)
def test_the_recipe_marks_what_departs_from_the_paper(
    checkpoint: Checkpoint, options: dict[str, object], mark: str
) -> None:
    assert {c.recipe for c in full_run(checkpoint, **options)} == {RECIPE.format("1", mark)}


@pytest.mark.parametrize("alignment", [{}, ALIGNED])
def test_stratified_rows_are_within_the_strata_wherever_the_trajectory_is(
    checkpoint: Checkpoint, excel: Language, alignment: dict[str, object]
) -> None:
    every = generator(checkpoint, draws=6, **alignment).generate(SEED, 6 * 40)  # all six timesteps
    states = {(c.trajectory_id, c.timestep): c for c in every}
    distances = {key: token_diff(excel, c.broken, c.fixed).distance for key, c in states.items()}
    hits = 0
    for c in generator(checkpoint, **STRATIFIED, draws=1, t_range=(0.1, 0.9), **alignment).generate(SEED, 40):
        key = (c.trajectory_id, c.timestep)
        assert (c.broken, c.fixed) == (states[key].broken, states[key].fixed)
        assert c.timestep in (1, 2, 3, 4, 5)
        possible = any(1 <= distances[c.trajectory_id, t] <= 4 for t in range(1, 6))
        assert possible == (1 <= distances[key] <= 4)
        hits += possible
    assert 5 < hits < 40  # both happen


@pytest.mark.parametrize("draws", [1, 3])
def test_alignment_changes_literals_of_the_broken_side_alone(
    checkpoint: Checkpoint, excel: Language, draws: int
) -> None:
    plain, changed = (full_run(checkpoint, draws=draws, **options) for options in ({}, ALIGNED))
    for before, after in zip(plain, changed, strict=True):
        assert (after.fixed, after.timestep) == (before.fixed, before.timestep)
        assert after.broken == aligned(excel, before.broken, before.fixed)
    assert any(after.broken != before.broken for before, after in zip(plain, changed, strict=True))


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


@pytest.mark.parametrize("options", [{}, STRATIFIED | ALIGNED])
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

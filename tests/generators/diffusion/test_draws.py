"""What a training step draws: levels, noise, and which tokens are noised."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from generators.diffusion.config import EOS, PAD, Preset
from generators.diffusion.draws import GAP, Draws, draw
from tests.generators.diffusion.trainers import changed

B, L = 400, 12


@pytest.fixture(scope="module")
def tokens() -> Tensor:
    """Rows of 1 to 8 tokens, an end of sequence, padding."""
    rng = torch.Generator().manual_seed(5)
    tokens_BL = torch.full((B, L), PAD)
    for row, length in enumerate(torch.randint(1, 9, (B,), generator=rng).tolist()):
        tokens_BL[row, :length] = torch.randint(3, 30, (length,), generator=rng)
        tokens_BL[row, length] = EOS
    return tokens_BL


def drawn(
    preset: Preset, tokens_BL: Tensor, seed: int = 0, keyword_BL: Tensor | None = None, **training: object
) -> Draws:
    return draw(tokens_BL, keyword_BL, preset.model, changed(preset, **training).training, seed)


def test_all_follows_from_the_seed(preset: Preset, tokens: Tensor) -> None:
    one, again, other = (drawn(preset, tokens, seed, gap_rate=0.5) for seed in (0, 0, 1))
    assert one.noised_BL is not None and again.noised_BL is not None
    assert torch.equal(one.noise_BLE, again.noise_BLE) and torch.equal(one.level_B1, again.level_B1)
    assert torch.equal(one.noised_BL, again.noised_BL)
    assert not torch.equal(one.noise_BLE, other.noise_BLE) and not torch.equal(one.level_B1, other.level_B1)


def test_with_timesteps_t_is_one_of_them(preset: Preset, tokens: Tensor) -> None:
    discrete = preset.model_copy(update={"model": preset.model.model_copy(update={"num_timesteps": 4})})
    assert set(drawn(discrete, tokens).level_B1.flatten().tolist()) == {0.25, 0.5, 0.75, 1.0}


def test_self_conditioning_is_drawn_as_often_as_its_rate_says(preset: Preset, tokens: Tensor) -> None:
    for rate in (0.0, 0.25, 1.0):
        share = sum(drawn(preset, tokens[:1], s, self_conditioning_rate=rate).self_condition for s in range(400)) / 400
        assert share == pytest.approx(rate, abs=0.07)


def test_without_paragraphs_and_gaps_every_token_is_noised(preset: Preset, tokens: Tensor) -> None:
    assert drawn(preset, tokens).noised_BL is None


def test_paragraph_denoising_noises_the_keywords_of_its_share_of_rows(preset: Preset, tokens: Tensor) -> None:
    keyword_BL = (tokens > 2) & (tokens < 8)
    noised_BL = drawn(preset, tokens, keyword_BL=keyword_BL, paragraph_denoising=0.5).noised_BL
    assert noised_BL is not None
    has_B = keyword_BL.any(1)
    assert noised_BL[~has_B].all()  # what has none is noised whole
    partly_B = ~noised_BL.all(1)
    assert torch.equal(noised_BL[partly_B], keyword_BL[partly_B])
    assert float(partly_B.sum() / has_B.sum()) == pytest.approx(0.5, abs=0.1)


def test_gaps_are_a_few_neighbours_within_the_snippet_in_their_share_of_rows(preset: Preset, tokens: Tensor) -> None:
    noised_BL = drawn(preset, tokens, gap_rate=0.4).noised_BL
    assert noised_BL is not None
    gapped_B = ~noised_BL.all(1)
    assert float(gapped_B.float().mean()) == pytest.approx(0.4, abs=0.1)
    widths = set[int]()
    for row in noised_BL[gapped_B]:
        places = row.nonzero().flatten()
        widths.add(len(places))
        assert int(places[-1] - places[0]) == len(places) - 1
    assert widths == set(range(1, GAP + 1))
    first_B = noised_BL[gapped_B].float().argmax(1)
    assert bool((first_B <= (tokens[gapped_B] != PAD).sum(1) - 1).all())  # the end of sequence may be in it, no padding

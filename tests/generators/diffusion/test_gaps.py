"""Gaps: the rest of a snippet stays as it is, a row depends on itself alone, and what fills a gap is a token."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from generators.diffusion.checkpoint import Checkpoint
from generators.diffusion.config import EOS, PAD, UNKNOWN, SamplingConfig
from generators.diffusion.gaps import OPEN, Canvas, GapFiller
from generators.diffusion.sampler import Given, RowNoise, reverse_diffusion
from tests.generators.diffusion.tiny import tiny_checkpoint

MAX_TOKENS = 16
TINY = tiny_checkpoint(max_tokens=MAX_TOKENS)
VOCABULARY = len(TINY.tokenizer)
SEVEN = [3, 4, 5, 6, 7, 8, 9]
CANVASES = [
    Canvas.cut(SEVEN, 2, 1, 1), Canvas.cut(SEVEN, 0, 0, 2), Canvas.cut([*SEVEN, *SEVEN], 5, 3, 3),
    Canvas.cut(SEVEN, 7, 0, 1), Canvas.cut(SEVEN[:3], 0, 3, 2), Canvas.cut([*SEVEN, 3, 4], 4, 2, 4),
    Canvas.cut(SEVEN, 3, 4, 0),
]  # fmt: skip
SEEDS = [11, 22, 33, 44, 55, 66, 77]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def sampling(**changes: object) -> SamplingConfig:
    return TINY.config.sampling.model_copy(update={"steps": 3, **changes})


def filler(steps: int = 3, checkpoint: Checkpoint = TINY, **given: object) -> GapFiller:
    values = {"tile": 4} | given
    return GapFiller(checkpoint, sampling(steps=steps), **values)  # type: ignore[arg-type]


def found(canvases: Sequence[Canvas], seeds: Sequence[int], **given: object) -> list[Tensor]:
    return filler(**given).log_probabilities(canvases, seeds)  # type: ignore[arg-type]


@given(ids=st.lists(st.integers(3, 99), max_size=12), data=st.data())
def test_a_canvas_is_the_snippet_but_for_its_gap(ids: list[int], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(ids)))
    removed = data.draw(st.integers(0, len(ids) - first))
    opened = data.draw(st.integers(0, 4))
    canvas = Canvas.cut(ids, first, removed, opened)
    assert list(canvas.ids) == ids[:first] + [OPEN] * opened + ids[first + removed :]
    assert (canvas.first, canvas.removed, canvas.opened) == (first, removed, opened)
    tokens = data.draw(st.lists(st.integers(3, 99), max_size=4))
    assert canvas.filled(tokens) == ids[:first] + tokens + ids[first + removed :]
    assert Canvas.cut(ids, first, removed, removed).filled(ids[first : first + removed]) == ids


@pytest.mark.parametrize("steps", [0, 3])
def test_each_place_of_a_gap_has_probabilities_of_all_tokens_and_none_of_what_is_no_token(steps: int) -> None:
    for canvas, log_probabilities in zip(CANVASES, found(CANVASES, SEEDS, steps=steps), strict=True):
        assert log_probabilities.shape == (canvas.opened, VOCABULARY)
        torch.testing.assert_close(log_probabilities.exp().sum(-1), torch.ones(canvas.opened))
        assert bool((log_probabilities[:, [PAD, EOS, UNKNOWN]] == -torch.inf).all())
        assert bool(log_probabilities[:, 3:].isfinite().all())


@pytest.mark.parametrize("token", [PAD, EOS, UNKNOWN])
def test_what_is_no_token_never_fills_a_gap_however_sure_the_model_is_of_it(token: int) -> None:
    sure = tiny_checkpoint(max_tokens=MAX_TOKENS)
    with torch.no_grad():
        sure.model.head.bias[token] += 1_000
    for log_probabilities in found(CANVASES, SEEDS, checkpoint=sure):
        assert bool((log_probabilities.argmax(-1) >= 3).all())
        torch.testing.assert_close(log_probabilities.exp().sum(-1), torch.ones(len(log_probabilities)))


@pytest.mark.parametrize("steps", [0, 3])
def test_a_row_depends_on_its_canvas_and_its_seed_alone(steps: int) -> None:
    together = found(CANVASES, SEEDS, steps=steps)
    for canvas, seed, expected in zip(CANVASES, SEEDS, together, strict=True):
        assert torch.equal(found([canvas], [seed], steps=steps)[0], expected)
    order = [4, 2, 6, 0, 3, 1, 5]
    turned = found([CANVASES[i] for i in order], [SEEDS[i] for i in order], steps=steps)
    assert all(torch.equal(turned[place], together[i]) for place, i in enumerate(order))
    many = found(CANVASES * 3, SEEDS * 3, steps=steps)
    assert all(torch.equal(one, together[place % len(CANVASES)]) for place, one in enumerate(many))


def test_another_seed_gives_another_row_and_so_does_another_context() -> None:
    (base,) = found(CANVASES[:1], [1])
    assert not torch.allclose(found(CANVASES[:1], [2])[0], base, atol=1e-3)
    for place in (0, 1, 3, 6):  # tokens that stay
        ids = list(SEVEN)
        ids[place] += 1
        assert not torch.allclose(found([Canvas.cut(ids, 2, 1, 1)], [1])[0], base, atol=1e-4)
    ids = [*SEVEN[:2], 12, *SEVEN[3:]]
    assert torch.equal(found([Canvas.cut(ids, 2, 1, 1)], [1])[0], base)  # what was taken out is not seen


@pytest.mark.parametrize("rows", [1, 3, 4, 5])
def test_tiles_have_one_shape_where_they_are_padded_and_else_that_of_their_rows(rows: int) -> None:
    shapes = list[tuple[int, ...]]()
    handle = TINY.model.denoiser.register_forward_pre_hook(lambda module, inputs: shapes.append(inputs[0].shape[:2]))
    padded = found(CANVASES[:1] * rows, SEEDS[:rows], steps=0)
    loose = found(CANVASES[:1] * rows, SEEDS[:rows], steps=0, padded=False)
    handle.remove()
    calls = -(-rows // 4)
    assert shapes[:calls] == [(4, 8)] * calls
    assert shapes[calls:] == [(min(4, rows - 4 * call), 8) for call in range(calls)]
    for left, right in zip(padded, loose, strict=True):
        torch.testing.assert_close(left, right, atol=1e-4, rtol=1e-4)


def test_rows_run_in_the_shortest_frame_that_holds_them_with_one_end_behind() -> None:
    frames = list[int]()
    handle = TINY.model.denoiser.register_forward_pre_hook(lambda module, inputs: frames.append(inputs[0].shape[1]))
    found(CANVASES, SEEDS, steps=0)
    handle.remove()
    assert sorted(frames) == sorted(
        frame
        for frame in TINY.config.model.frames
        for _ in range(-(-sum(TINY.config.model.frame(len(canvas.ids)) == frame for canvas in CANVASES) // 4))
    )


@pytest.mark.parametrize("steps", [0, 3])
def test_a_gap_is_what_the_reverse_process_makes_of_it_round_the_given_tokens(steps: int) -> None:
    """A tile of one row, put together by hand."""
    ids, seed = [*SEVEN[:2], PAD, PAD, *SEVEN[4:], EOS], 9
    is_open = torch.tensor([[False, False, True, True, False, False, False, False]])
    given = Given(~is_open, TINY.model.embeddings().detach()[torch.tensor([ids])])
    noise = RowNoise([seed], 8, TINY.config.model.embedding_dim, torch.device("cpu"))
    *_, last = reverse_diffusion(TINY.model, noise(), noise, sampling(steps=steps), given=given)
    assert last.logits_BLV is not None
    logits = last.logits_BLV[0, 2:4].clone()
    logits[:, [PAD, EOS, UNKNOWN]] = -torch.inf
    (row,) = found([Canvas.cut([*SEVEN[:2], 12, *SEVEN[4:]], 2, 1, 2)], [seed], steps=steps, tile=1)
    torch.testing.assert_close(row, logits.log_softmax(-1))


def test_the_model_is_shown_the_snippet_its_end_and_padding_without_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    table = TINY.model.embeddings().detach()
    denoise = TINY.model.denoise
    seen: list[tuple[Tensor, Tensor]] = []

    def watched(x_BLE: Tensor, level_BL: Tensor, previous_BLE: Tensor | None = None) -> Tensor:
        seen.append((x_BLE, level_BL))
        return denoise(x_BLE, level_BL, previous_BLE)

    monkeypatch.setattr(TINY.model, "denoise", watched)
    found([Canvas.cut(SEVEN[:5], 1, 2, 1)], [5], steps=2, tile=2)
    expected = [SEVEN[0], OPEN, *SEVEN[3:5], EOS, PAD, PAD, PAD]
    assert len(seen) == 3
    for t, (x, level) in zip((2, 1, 0), seen, strict=True):
        for place, token in enumerate(expected):
            assert float(level[0, place]) == (t / 2 if token == OPEN else 0)
            assert torch.equal(x[0, place], table[token]) == (token != OPEN)
        assert torch.equal(level[1], torch.zeros(8))  # the empty row beside it: nothing but padding


def test_a_canvas_fits_where_an_end_has_room_behind_it() -> None:
    assert filler().fits(Canvas.cut([3] * (MAX_TOKENS - 2), 4, 0, 1))
    assert not filler().fits(Canvas.cut([3] * (MAX_TOKENS - 2), 4, 0, 2))
    longest = Canvas.cut([3] * (MAX_TOKENS - 2), 4, 0, 1)
    assert found([longest], [1])[0].shape == (1, VOCABULARY)


def test_no_canvas_is_no_row() -> None:
    assert found([], []) == []

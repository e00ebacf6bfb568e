"""The configurations of the ablation: what each changes, how large it is, that it learns and samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from generators.diffusion.checkpoint import Checkpoint, CheckpointConfig, load_checkpoint, save_checkpoint
from generators.diffusion.config import PAPER, PRESETS, SMALL, Preset
from generators.diffusion.data import Batches, Dataset, frame_counts
from generators.diffusion.quality import draw_texts
from generators.diffusion.training import Trainer
from generators.diffusion.variants import VARIANTS, parameter_table

CHANGES: dict[str, dict[str, Any]] = {
    "codefusion": {"model.prediction": "noise", "training.paragraph_denoising": 0.5},
    "codefusion-no-cpd": {"model.prediction": "noise"},
    "unet-clamp": {"model.denoiser": "unet", "model.rounding": "clamp", "sampling.feedback": "nearest"},
    "unet-decoder": {"model.denoiser": "unet"},
    "transformer-clamp": {"model.rounding": "clamp", "sampling.feedback": "nearest"},
    "transformer-decoder": {},
}


def flat(preset: Preset) -> dict[str, Any]:
    return {f"{s}.{key}": value for s, fields in preset.model_dump().items() for key, value in fields.items()}


@pytest.mark.parametrize("base", PRESETS.values(), ids=PRESETS)
@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_changes_what_its_name_says_and_nothing_else(name: str, base: Preset) -> None:
    before, after = flat(base), flat(VARIANTS[name].apply(base))
    assert before.keys() == after.keys()
    assert {key: after[key] for key in after if after[key] != before[key]} == CHANGES[name]


def test_the_papers_table_is_covered() -> None:
    sizes = {name: variant.paper_millions for name, variant in VARIANTS.items()}
    assert sizes == {
        "codefusion": 45, "codefusion-no-cpd": None, "unet-clamp": 15, "unet-decoder": 15, "transformer-clamp": 30,
        "transformer-decoder": 45,
    }  # fmt: skip


@pytest.mark.parametrize("vocabulary", [2_000, 32_100])
def test_sizes_are_counted_with_and_without_embeddings(vocabulary: int) -> None:
    table = {size.variant: size for size in parameter_table(vocabulary, PAPER)}
    assert list(table) == list(VARIANTS)
    for size in table.values():
        assert size.total - size.without_embeddings == vocabulary * 512
        assert size.paper_millions == VARIANTS[size.variant].paper_millions
    without = {name: size.without_embeddings for name, size in table.items()}
    assert without["unet-clamp"] == pytest.approx(15e6, rel=0.02)
    assert without["transformer-clamp"] == pytest.approx(32.6e6, rel=0.01)
    assert without["codefusion"] == without["codefusion-no-cpd"] == without["transformer-decoder"]
    decoder_and_head = without["transformer-decoder"] - without["transformer-clamp"]
    assert without["unet-decoder"] - without["unet-clamp"] == decoder_and_head
    assert decoder_and_head == pytest.approx(19.5e6 + 513 * vocabulary, rel=0.01)


def test_counting_sizes_draws_no_weights() -> None:
    before = torch.random.get_rng_state()
    parameter_table(300, SMALL)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_learns_is_saved_loaded_and_samples(
    name: str, dataset: Dataset, preset: Preset, tmp_path: Path
) -> None:
    quick = {"steps": 40, "batch_tokens": 128, "learning_rate": 1e-2, "warp": False}
    changed = VARIANTS[name].apply(preset.model_copy(update={"training": preset.training.model_copy(update=quick)}))
    trainer = Trainer(changed, Batches(dataset, changed), len(dataset.tokenizer))
    losses = [progress.figures()["cross_entropy"] for progress in trainer.run()]
    assert sum(losses[-6:]) < 0.85 * sum(losses[:6])
    assert [name for name, p in trainer.model.named_parameters() if p.grad is None] == []  # as several processes need
    config = CheckpointConfig(
        language="excel", preset="small", model=changed.model, training=changed.training, sampling=changed.sampling,
        frame_counts=frame_counts(dataset, changed), trained_steps=40, corpus_sha256="0" * 64,
    )  # fmt: skip
    trained = Checkpoint(config=config, model=trainer.averaged.eval(), tokenizer=dataset.tokenizer)
    save_checkpoint(tmp_path, trained, "# card")
    loaded = load_checkpoint(tmp_path, "excel")
    assert loaded.config == config
    trained.model.load_state_dict({name: tensor.half() for name, tensor in trained.model.state_dict().items()})
    texts = draw_texts(trained, 9, seed=1)
    assert draw_texts(loaded, 9, seed=1) == texts
    assert len(set(texts)) > 1

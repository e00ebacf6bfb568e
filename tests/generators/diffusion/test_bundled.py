"""The models that come with the project are whole, small, and write their language."""

from __future__ import annotations

import pytest

from generators.diffusion.checkpoint import BUNDLED, load_checkpoint
from generators.diffusion.quality import draw_texts, sample_quality
from generators.diffusion.recovery import FILE as RECOVERY
from generators.diffusion.training_set import load_training_set
from validators import get_language

LANGUAGES = ("excel", "powershell", "python")
MEGABYTE = 1_000_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bundled_folder_is_whole_and_small(language: str) -> None:
    folder = BUNDLED / language
    files = {file.name: file.stat().st_size for file in folder.iterdir()}
    assert files.keys() >= {"README.md", "config.json", "model.safetensors", "tokenizer.json", RECOVERY}
    assert sum(files.values()) < 25 * MEGABYTE
    training = load_training_set(folder)
    assert training is not None and sum(training.lengths.values()) == training.snippets > 10_000
    card = (folder / "README.md").read_text()
    assert f"--language {language}" in card
    for section in ("Data and licences", "When and where", "What it is bad at"):
        assert f"\n## {section}\n" in card


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bundled_model_writes_its_language(language: str) -> None:
    checkpoint, training = load_checkpoint(BUNDLED / language, language), load_training_set(BUNDLED / language)
    assert training is not None
    texts = draw_texts(checkpoint, 64, 0, checkpoint.config.sampling.model_copy(update={"steps": 20}))
    quality = sample_quality(get_language(language), texts, {text for text in texts if training.knows(text)})
    assert quality["accepted_novel_distinct_nontrivial"] > 0.25

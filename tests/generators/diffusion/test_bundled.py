"""The models that come with the project are whole, small, and write their language."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from generators.checkpoints import CONFIG, WEIGHTS, CheckpointError
from generators.diffusion.checkpoint import BUNDLED, TOKENIZER, find_checkpoint, load_checkpoint, read_config
from generators.diffusion.quality import draw_texts, sample_quality
from generators.diffusion.recovery import FILE as RECOVERY
from generators.diffusion.recovery import KNOTS, read_curve
from generators.diffusion.training_set import load_training_set
from schemas.errors import RequestError
from validators import LANGUAGES, get_language
from validators.structure import STRUCTURED, get_structure_tokens

FOLDERS = sorted(folder for folder in BUNDLED.glob("*") if (folder / CONFIG).is_file())
MEGABYTE = 1_000_000


def test_every_bundled_model_is_of_a_language_that_can_have_one() -> None:
    assert {folder.name for folder in FOLDERS} <= {*LANGUAGES}
    for folder in FOLDERS:
        assert folder.name in STRUCTURED
        assert find_checkpoint(folder.name, None) == folder


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {folder.name for folder in FOLDERS}))
def test_a_language_without_a_bundled_model_is_told_in_one_line(language: str) -> None:
    with pytest.raises(RequestError, match=f"no diffusion model is bundled for {language} .*: .*; train one with"):
        find_checkpoint(language, None)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_bundled_folder_is_whole_and_small(folder: Path) -> None:
    files = {file.name: file.stat().st_size for file in folder.iterdir()}
    assert files.keys() >= {"README.md", CONFIG, WEIGHTS, TOKENIZER, RECOVERY}
    assert sum(files.values()) < 25 * MEGABYTE
    with safe_open(folder / WEIGHTS, framework="pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118
    training = load_training_set(folder, get_language(folder.name))
    assert training is not None and sum(training.lengths.values()) == training.snippets > 10_000
    card = (folder / "README.md").read_text()
    assert f"--language {folder.name}" in card
    for section in ("Data and licences", "When and where", "What it is bad at"):
        assert f"\n## {section}\n" in card


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_bundled_model_reads_and_writes_its_language(folder: Path) -> None:
    language = get_language(folder.name)
    checkpoint, training = load_checkpoint(folder, language.name), load_training_set(folder, language)
    assert training is not None
    assert len(read_curve(folder, checkpoint.model)) == KNOTS
    texts = draw_texts(checkpoint, 64, 0, checkpoint.config.sampling.model_copy(update={"steps": 20}))
    quality = sample_quality(language, texts, training.knows)
    assert quality["accepted_novel_distinct_nontrivial"] > 0.25
    for text in texts:
        if language.check(text).accepted:
            assert checkpoint.tokenizer.decode(checkpoint.tokenizer.encode(text)) is not None


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_vocabulary_of_a_bundled_model_is_what_its_language_is_made_of(folder: Path) -> None:
    config = read_config(folder, folder.name)
    assert config.training.literals == "slots"
    words = load_checkpoint(folder, folder.name).tokenizer.words
    code = {
        "excel": '=IF(SUM(A1:B7)>=2,"Yes",-C3)',
        "powershell": "if ($x -eq 'a') {\n    Get-ChildItem -Path $x | % { $_.Name }\n}",
        "python": "def f(x):\n    if x == 'a':\n        return [1]",
    }
    assert {*get_structure_tokens(folder.name).structure(code[folder.name], words).tokens} <= words


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_bundled_model_is_refused_for_another_language(folder: Path) -> None:
    other = next(name for name in LANGUAGES if name != folder.name)
    with pytest.raises(CheckpointError, match=f"is a model of {folder.name}, not of {other}"):
        read_config(folder, other)

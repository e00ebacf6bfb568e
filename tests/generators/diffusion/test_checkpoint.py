"""A checkpoint is a folder that gives the same samples everywhere, or one clear line."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from generators.checkpoints import CARD, CONFIG, WEIGHTS, CheckpointError
from generators.diffusion import recovery
from generators.diffusion.checkpoint import (
    FORMAT_VERSION,
    TOKENIZER,
    Checkpoint,
    checkpoint_hash,
    find_checkpoint,
    load_checkpoint,
    load_tokenizer,
    read_config,
    save_checkpoint,
)
from generators.diffusion.quality import draw_texts
from generators.diffusion.text.lexemes import SnippetTokenizer
from generators.diffusion.text.vocabulary import StructureVocabulary

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(checkpoint: Checkpoint, tmp_path: Path) -> Path:
    """A saved checkpoint that a test may damage."""
    save_checkpoint(tmp_path / "model", checkpoint, "# A card\n")
    return tmp_path / "model"


def test_a_loaded_checkpoint_samples_what_the_saved_one_did(checkpoint: Checkpoint, folder: Path) -> None:
    """A model as training leaves it: what is saved are its weights in half precision, what is loaded is exact again."""
    loaded = load_checkpoint(folder, "excel")
    assert loaded.config == checkpoint.config
    assert not loaded.model.training
    rounded = Checkpoint(
        config=checkpoint.config, model=copy.deepcopy(checkpoint.model), tokenizer=checkpoint.tokenizer
    )
    rounded.model.load_state_dict({name: tensor.half() for name, tensor in checkpoint.model.state_dict().items()})
    texts = draw_texts(rounded, 40, seed=3)
    assert draw_texts(loaded, 40, seed=3) == texts
    assert len(set(texts)) > 10


def test_weights_are_kept_in_half_precision_and_saved_again_without_loss(
    checkpoint: Checkpoint, folder: Path, tmp_path: Path
) -> None:
    stored, before = load_file(folder / WEIGHTS), checkpoint.model.state_dict()
    assert stored.keys() == before.keys()
    loaded = load_checkpoint(folder, "excel")
    for name, tensor in loaded.model.state_dict().items():
        assert stored[name].dtype == torch.float16 and tensor.dtype == torch.float32
        assert torch.equal(tensor, before[name].half().float()), name
    assert next(checkpoint.model.parameters()).dtype == torch.float32  # that of the one that was saved stays
    save_checkpoint(tmp_path / "again", loaded, "# A card\n")
    assert checkpoint_hash(tmp_path / "again") == checkpoint_hash(folder)


def test_the_tokenizer_is_that_of_the_literals(checkpoint: Checkpoint, folder: Path, tmp_path: Path) -> None:
    loaded = load_checkpoint(folder, "excel").tokenizer
    assert isinstance(loaded, StructureVocabulary) and loaded.language == "excel"
    assert loaded.words == checkpoint.tokenizer.words
    plain = SnippetTokenizer.train("excel", ["=SUM(A1)"], 1, 200)
    plain.save(tmp_path / TOKENIZER)
    full = checkpoint.config.training.model_copy(update={"literals": "full"})
    found = load_tokenizer(tmp_path / TOKENIZER, full, "excel")
    assert isinstance(found, SnippetTokenizer) and found.language == "excel" and found.words == plain.words
    for literals, file in (("slots", tmp_path / TOKENIZER), ("full", folder / TOKENIZER)):
        training = full.model_copy(update={"literals": literals})
        with pytest.raises(CheckpointError, match=rf"{TOKENIZER} is damaged .*: copy it anew"):
            load_tokenizer(file, training, "excel")


def test_a_checkpoint_of_the_first_format_is_refused_in_one_line_that_says_what_to_do(folder: Path) -> None:
    """Its other fields, which this version spells otherwise, are not looked at."""
    assert FORMAT_VERSION == 2
    changed(format_version=1, training={"delexicalise": True, "shift_rate": 0.5})(folder / CONFIG)
    expected = f"checkpoint {folder / CONFIG} has format 1, this version reads 2: train it anew"
    for load in (load_checkpoint, read_config):
        with pytest.raises(CheckpointError) as caught:
            load(folder, "excel")
        assert str(caught.value) == expected


def test_a_folder_holds_plain_files_and_no_pickle(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {CONFIG, WEIGHTS, TOKENIZER, CARD, recovery.FILE}
    for name in (CONFIG, TOKENIZER, recovery.FILE):
        assert json.loads((folder / name).read_text())
    weights = (folder / WEIGHTS).read_bytes()
    header = int.from_bytes(weights[:8], "little")
    assert json.loads(weights[8 : 8 + header])  # safetensors: a length, JSON, numbers
    assert (folder / CARD).read_text() == "# A card\n"


def test_saving_over_a_checkpoint_replaces_it(checkpoint: Checkpoint, folder: Path) -> None:
    before = checkpoint_hash(folder)
    save_checkpoint(folder, checkpoint, "# Another card\n")
    assert checkpoint_hash(folder) == before
    assert (folder / CARD).read_text() == "# Another card\n"
    assert len(list(folder.iterdir())) == 5


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, TOKENIZER])
def test_hash_changes_with_every_file_that_can_change_a_sample(folder: Path, name: str) -> None:
    before = checkpoint_hash(folder)
    data = bytearray((folder / name).read_bytes())
    data[-2] ^= 1
    (folder / name).write_bytes(data)
    assert checkpoint_hash(folder) != before


def test_hash_ignores_the_card(folder: Path) -> None:
    before = checkpoint_hash(folder)
    (folder / CARD).write_text("other words")
    assert checkpoint_hash(folder) == before


def changed(**values: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without_a_tensor(path: Path) -> None:
    tensors = load_file(path)
    del tensors["head.bias"]
    save_file(tensors, path)


def one_token_less(path: Path) -> None:
    content = json.loads(path.read_text())
    content["tokens"].pop()
    path.write_text(json.dumps(content))


def smaller_model(path: Path) -> None:
    config = json.loads(path.read_text())
    config["model"]["width"] = 32
    path.write_text(json.dumps(config))


DAMAGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "no configuration": (CONFIG, Path.unlink, CONFIG),
    "no weights": (WEIGHTS, Path.unlink, WEIGHTS),
    "no tokenizer": (TOKENIZER, Path.unlink, TOKENIZER),
    "truncated weights": (WEIGHTS, truncate, WEIGHTS),
    "empty weights": (WEIGHTS, lambda path: path.write_bytes(b""), WEIGHTS),
    "a tensor is missing": (WEIGHTS, without_a_tensor, "head.bias"),
    "weights of another shape": (CONFIG, smaller_model, WEIGHTS),
    "truncated tokenizer": (TOKENIZER, truncate, TOKENIZER),
    "another tokenizer": (TOKENIZER, lambda path: path.write_text("[1]"), TOKENIZER),
    "a tokenizer of another language": (TOKENIZER, changed(language="python"), "holds tokens of python, not of excel"),
    "a token less": (TOKENIZER, one_token_less, WEIGHTS),
    "garbage tokenizer": (TOKENIZER, lambda path: path.write_bytes(b"\xff\x00"), TOKENIZER),
    "truncated configuration": (CONFIG, truncate, CONFIG),
    "garbage configuration": (CONFIG, lambda path: path.write_bytes(b"\xff\x00 not JSON"), CONFIG),
    "configuration is a list": (CONFIG, lambda path: path.write_text("[1]"), CONFIG),
    "unknown setting": (CONFIG, changed(colour="red"), "colour"),
    "missing setting": (CONFIG, changed(model={}), "model.embedding_dim"),
    "too few frames": (CONFIG, changed(frame_counts=[1]), "frame_counts"),
    "no frame at all": (CONFIG, changed(frame_counts=[0, 0, 0]), "frame_counts"),
    "another language": (CONFIG, changed(language="python"), "a model of python, not of excel"),
    "another format": (CONFIG, changed(format_version=3, novelty=True), "has format 3, this version reads 2"),
}


@pytest.mark.parametrize(("name", "damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_bad_checkpoint_is_one_line_that_names_the_file(
    folder: Path, name: str, damage: Callable[[Path], object], message: str
) -> None:
    damage(folder / name)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(folder, "excel")
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 700
    assert str(folder) in text
    assert message in text


def test_a_missing_folder_is_one_line_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckpointError, match="nowhere is not a folder; pass the folder that `train` wrote"):
        find_checkpoint("excel", str(tmp_path / "nowhere"))
    (tmp_path / "python").mkdir()
    monkeypatch.setattr("generators.diffusion.checkpoint.BUNDLED", tmp_path)
    with pytest.raises(CheckpointError, match=r"no diffusion model is bundled for excel \(bundled: python\); train"):
        find_checkpoint("excel", None)


def test_a_given_folder_comes_before_the_bundled_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generators.diffusion.checkpoint.BUNDLED", folder.parent)
    folder.rename(folder.parent / "excel")
    assert find_checkpoint("excel", None) == folder.parent / "excel"
    with pytest.raises(CheckpointError):
        find_checkpoint("excel", str(folder))


def test_looking_up_a_checkpoint_does_not_import_torch() -> None:
    code = "import sys, generators.diffusion.checkpoint; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

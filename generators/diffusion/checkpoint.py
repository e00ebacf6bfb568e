"""A checkpoint is a folder: config.json, model.safetensors, tokenizer.json, recovery.json, README.md.

Beside them may stand what was learned of it: training_set.json and training_set.safetensors, yields.json. Nothing is
unpickled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import model_validator

from generators.checkpoints import CONFIG, WEIGHTS, CheckpointError, check_files, hash_files, parse_config, save_files
from generators.diffusion.config import ModelConfig, Preset, SamplingConfig, TrainingConfig
from schemas.frozen import Frozen
from validators.structure import STRUCTURED

if TYPE_CHECKING:  # torch is loaded when a model is, not when a checkpoint is looked up
    from generators.diffusion.data import Tokenizer
    from generators.diffusion.model import CodeDiffusion

FORMAT_VERSION = 2
TOKENIZER = "tokenizer.json"
BUNDLED = Path(__file__).parent / "models"


class CheckpointConfig(Frozen):
    """The config.json of a checkpoint."""

    format_version: int = FORMAT_VERSION
    language: str
    preset: str
    model: ModelConfig
    training: TrainingConfig
    sampling: SamplingConfig
    frame_counts: list[int]  # training snippets in each frame: frames are drawn from these when sampling
    trained_steps: int
    corpus_sha256: str

    @model_validator(mode="after")
    def _every_frame_has_a_count(self) -> CheckpointConfig:
        if len(self.frame_counts) != len(self.model.frames) or min(self.frame_counts) < 0 or not any(self.frame_counts):
            raise ValueError(f"frame_counts must count the snippets in each of {len(self.model.frames)} frames")
        return self

    @property
    def settings(self) -> Preset:
        """Model, training and sampling settings together."""
        return Preset(model=self.model, training=self.training, sampling=self.sampling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A model ready to sample."""

    config: CheckpointConfig
    model: CodeDiffusion
    tokenizer: Tokenizer


def find_checkpoint(language: str, path: str | None) -> Path:
    """The folder at ``path``, or the one bundled for the language.

    Raises:
        CheckpointError: there is none, or it lacks a file.
    """
    folder = Path(path) if path is not None else BUNDLED / language
    if path is None and not folder.is_dir():
        have = ", ".join(sorted(p.name for p in BUNDLED.glob("*") if p.is_dir())) or "none"
        literals = "" if language in STRUCTURED else " --set training.literals=full` (it has no structure tokens yet)"
        raise CheckpointError(
            f"no diffusion model is bundled for {language} (bundled: {have}); train one with "
            f"`python -m pipeline train --language {language}{literals or '`'} and pass it with --checkpoint"
        )
    check_files(folder, TOKENIZER)
    return folder


def checkpoint_hash(folder: Path) -> str:
    """SHA-256, in hex, of everything in a checkpoint that can change a sample."""
    return hash_files(folder, TOKENIZER)


def read_config(folder: Path, language: str) -> CheckpointConfig:
    """The config.json of a checkpoint, checked against the language that is asked for.

    Raises:
        CheckpointError: no whole checkpoint, not valid, of another format version, or of another language.
    """
    config = parse_config(folder, TOKENIZER, CheckpointConfig, FORMAT_VERSION)
    if config.language != language:
        raise CheckpointError(f"checkpoint {folder / CONFIG} is a model of {config.language}, not of {language}")
    return config


def load_checkpoint(folder: Path, language: str) -> Checkpoint:
    """Model, tokenizer and configuration of a checkpoint folder, on the CPU, in evaluation mode.

    Raises:
        CheckpointError: as `read_config`, or the tokenizer is damaged, or the weights do not fit the configuration.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from generators.diffusion.model import CodeDiffusion

    config = read_config(folder, language)
    tokenizer = load_tokenizer(folder / TOKENIZER, config.training, language)
    model = CodeDiffusion(config.model, len(tokenizer))
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))  # half precision becomes the model's single
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]  # torch lists every tensor that does not fit
        raise CheckpointError(f"checkpoint {folder / WEIGHTS} is damaged: {reason}") from error
    return Checkpoint(config=config, model=model.eval(), tokenizer=tokenizer)


def load_tokenizer(path: Path, training: TrainingConfig, language: str) -> Tokenizer:
    """The tokenizer of a checkpoint or of a training run.

    Raises:
        CheckpointError: the file is missing, damaged, or of another language.
    """
    from generators.diffusion.text.lexemes import SnippetTokenizer
    from generators.diffusion.text.vocabulary import StructureVocabulary

    try:
        if training.literals == "full":
            return SnippetTokenizer.load(path, language)
        vocabulary = StructureVocabulary.load(path)
    except Exception as error:  # the library of lexemes raises bare Exception
        reason = f"{type(error).__name__}: {error}"
        raise CheckpointError(f"checkpoint {path} is damaged ({reason}): copy it anew") from error
    if vocabulary.language != language:
        raise CheckpointError(
            f"checkpoint {path} holds tokens of {vocabulary.language}, not of {language}: copy it anew"
        )
    return vocabulary


def save_checkpoint(folder: Path, checkpoint: Checkpoint, card: str) -> None:
    """Write a checkpoint folder, weights in half precision; each file appears whole or not at all, config.json last."""
    from safetensors.torch import save

    from generators.diffusion.recovery import recovery_curve, write_curve

    weights = {k: v.detach().cpu().half().contiguous() for k, v in checkpoint.model.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_curve(folder, recovery_curve(checkpoint.model))
    save_files(folder, checkpoint.config, save(weights), TOKENIZER, checkpoint.tokenizer.save, card)

"""A checkpoint is a folder: config.json, model.safetensors, tokenizer.json, README.md. Nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from generators.diffusion.config import ModelConfig, Preset, SamplingConfig, TrainingConfig
from schemas.errors import RequestError

if TYPE_CHECKING:  # torch is loaded when a model is, not when a checkpoint is looked up
    from generators.diffusion.model import CodeDiffusion
    from generators.diffusion.tokenizer import SnippetTokenizer

FORMAT_VERSION = 1
WEIGHTS, CONFIG, TOKENIZER, CARD = "model.safetensors", "config.json", "tokenizer.json", "README.md"
BUNDLED = Path(__file__).parent / "models"


class CheckpointError(RequestError):
    """A checkpoint that is missing, incomplete, damaged, or of another language. One line, with the way out."""


class _Format(BaseModel):
    """What every version of a config.json holds."""

    format_version: int


class CheckpointConfig(BaseModel):
    """The config.json of a checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    tokenizer: SnippetTokenizer


def find_checkpoint(language: str, path: str | None) -> Path:
    """The folder at ``path``, or the one bundled for the language.

    Raises:
        CheckpointError: there is none, or it lacks a file.
    """
    folder = Path(path) if path is not None else BUNDLED / language
    if not folder.is_dir():
        if path is None:
            have = ", ".join(sorted(p.name for p in BUNDLED.glob("*") if p.is_dir())) or "none"
            raise CheckpointError(
                f"no diffusion model is bundled for {language} (bundled: {have}); train one with "
                f"`python -m pipeline train --language {language}` and pass it with --checkpoint"
            )
        raise CheckpointError(f"checkpoint {folder} is not a folder; pass the folder that `train` wrote")
    missing = [name for name in (CONFIG, WEIGHTS, TOKENIZER) if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(f"checkpoint {folder} lacks {', '.join(missing)}; pass a folder that `train` wrote")
    return folder


def checkpoint_hash(folder: Path) -> str:
    """SHA-256, in hex, of everything in a checkpoint that can change a sample."""
    sha = hashlib.sha256()
    for name in (CONFIG, TOKENIZER, WEIGHTS):
        data = (folder / name).read_bytes()
        sha.update(f"{name}:{len(data)}:".encode())
        sha.update(data)
    return sha.hexdigest()


def read_config(folder: Path, language: str) -> CheckpointConfig:
    """The config.json of a checkpoint, checked against the language that is asked for.

    Raises:
        CheckpointError: not valid, of another format version, or of another language.
    """
    data = (folder / CONFIG).read_bytes()
    try:
        format_version = _Format.model_validate_json(data).format_version
        if format_version != FORMAT_VERSION:  # before the rest, which another format may spell otherwise
            raise CheckpointError(
                f"checkpoint {folder / CONFIG} has format {format_version}, this version reads {FORMAT_VERSION}: "
                "train it anew"
            )
        config = CheckpointConfig.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"]) or "the file"
        raise CheckpointError(f"checkpoint {folder / CONFIG} is damaged at {where}: {first['msg']}") from error
    if config.language != language:
        raise CheckpointError(f"checkpoint {folder / CONFIG} is a model of {config.language}, not of {language}")
    return config


def check_weights(folder: Path) -> None:
    """Make sure that the weights are a whole file; torch is not loaded.

    Raises:
        CheckpointError: truncated, or no such file format.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / WEIGHTS, framework="np") as file:
            file.keys()
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"checkpoint {folder / WEIGHTS} is damaged ({error}): copy it anew") from error


def load_checkpoint(folder: Path, language: str) -> Checkpoint:
    """Model, tokenizer and configuration of a checkpoint folder, on the CPU, in evaluation mode.

    Raises:
        CheckpointError: as `find_checkpoint` and `read_config`, or the weights do not fit the configuration.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from generators.diffusion.model import CodeDiffusion
    from generators.diffusion.tokenizer import SnippetTokenizer

    find_checkpoint(language, str(folder))
    config = read_config(folder, language)
    try:
        tokenizer = SnippetTokenizer.load(folder / TOKENIZER)
    except Exception as error:  # the library raises bare Exception
        raise CheckpointError(f"checkpoint {folder / TOKENIZER} is damaged: {error}") from error
    model = CodeDiffusion(config.model, len(tokenizer))
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]  # torch lists every tensor that does not fit
        raise CheckpointError(f"checkpoint {folder / WEIGHTS} is damaged: {reason}") from error
    return Checkpoint(config=config, model=model.eval(), tokenizer=tokenizer)


def save_checkpoint(folder: Path, checkpoint: Checkpoint, card: str) -> None:
    """Write a checkpoint folder; each file appears whole or not at all, the configuration last."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    weights = {k: v.detach().cpu().contiguous() for k, v in checkpoint.model.state_dict().items()}
    (folder / f".{WEIGHTS}").write_bytes(save(weights))  # `save_file` would let nobody else read it
    checkpoint.tokenizer.save(folder / f".{TOKENIZER}")
    (folder / f".{CARD}").write_text(card)
    text = json.dumps(checkpoint.config.model_dump(), indent=1) + "\n"
    (folder / f".{CONFIG}").write_text(text)
    for name in (WEIGHTS, TOKENIZER, CARD, CONFIG):
        (folder / f".{name}").replace(folder / name)

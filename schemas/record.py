"""The record: one published pair, flat and typed, the same for every generator."""

from __future__ import annotations

import json

import pyarrow as pa

SCHEMA_VERSION = 1

_COLUMNS: dict[str, tuple[pa.DataType, str]] = {
    "id": (pa.string(), "identifier, LANGUAGE-GENERATOR-SEED-SHARD-ROW: enough to replay the row"),
    "language": (pa.string(), "excel, powershell or python"),
    "generator": (pa.string(), "diffusion, bifi, flame or gpt4o"),
    "broken": (pa.string(), "the broken code"),
    "fixed": (pa.string(), "the repaired code"),
    "error_kind": (pa.string(), "what is wrong with the broken side; null where the parser accepts it"),
    "error_message": (pa.string(), "the parser's words"),
    "error_line": (pa.int32(), "from 1"),
    "error_column": (pa.int32(), "from 1, in characters"),
    "token_edit_distance": (pa.int32(), "Levenshtein distance in significant tokens"),
    "normalized_edit_distance": (pa.float32(), "divided by the longer side's tokens"),
    "edit_hunks": (pa.int32(), "groups of neighbouring edits on the fixed side"),
    "edit_span": (pa.int32(), "tokens between the first and the last edit on the fixed side"),
    "timestep": (pa.int32(), "t of the broken side in the reverse process; null without a trajectory"),
    "noise_level": (pa.float32(), "t/T"),
    "num_steps": (pa.int32(), "T of the reverse process that was run"),
    "trajectory_id": (pa.string(), "pairs of one trajectory share it"),
    "seed": (pa.int64(), "of the row"),
    "source_id": (pa.string(), "the snippet that the pair started from; null for pure noise"),
    "recipe": (pa.string(), "what made the row: model hash and sampler, operator, prompt hash"),
    "sketch_hash": (pa.string(), "of the fixed side; the split follows from it"),
}
COLUMNS = {name: description for name, (_, description) in _COLUMNS.items()}


def _features(types: dict[str, pa.DataType]) -> dict[str, dict[str, str]]:
    return {name: {"dtype": str(kind), "_type": "Value"} for name, kind in types.items()}


def _schema(types: dict[str, pa.DataType]) -> pa.Schema:
    """An Arrow schema that carries its version and its Hugging Face features."""
    metadata = {
        "huggingface": json.dumps({"info": {"features": _features(types)}}),
        "repairgen.schema_version": str(SCHEMA_VERSION),
    }
    return pa.schema([pa.field(name, kind) for name, kind in types.items()], metadata=metadata)


PAIR_SCHEMA = _schema({name: kind for name, (kind, _) in _COLUMNS.items()})
REJECT_SCHEMA = _schema({name: kind for name, (kind, _) in _COLUMNS.items()} | {"reason": pa.string()})


def pair_id(language: str, generator: str, seed: int, shard: int, row: int) -> str:
    """The identifier of a row of a run."""
    return f"{language}-{generator}-{seed}-{shard:06d}-{row:06d}"


def parse_pair_id(text: str) -> tuple[str, str, int, int, int]:
    """Language, generator, run seed, shard and row of an identifier.

    Raises:
        ValueError: not an identifier of this form.
    """
    parts = text.split("-")
    if len(parts) != 5 or not all(p.isascii() and p.isdigit() for p in parts[2:]):
        raise ValueError(f"id {text!r} is not of the form LANGUAGE-GENERATOR-SEED-SHARD-ROW; copy it from a dataset")
    return parts[0], parts[1], int(parts[2]), int(parts[3]), int(parts[4])

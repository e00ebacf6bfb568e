"""What a checkpoint knows of its training set, so that samples can be compared with it where the corpus is not.

Two files beside the weights, which no sample depends on: hashes of all snippets and sketches in
training_set.safetensors; and in training_set.json how many snippets there are, how long, and which words they hold.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from generators.checkpoints import CheckpointError
from generators.diffusion.quality import shape
from schemas.files import written_whole
from schemas.frozen import Frozen
from schemas.ids import digest
from validators import Language, TokenKind
from validators.diff import significant

HASHES, SUMMARY = "training_set.safetensors", "training_set.json"

_COUNTED = {
    "excel": ("functions", frozenset({TokenKind.FUNCTION})),
    "python": ("keywords", frozenset({TokenKind.KEYWORD})),
    "powershell": ("keywords and commands", frozenset({TokenKind.KEYWORD, TokenKind.FUNCTION})),
}

Hashes = NDArray[np.int64]


class _Summary(Frozen):
    """The training_set.json of a checkpoint."""

    snippets: int
    counted: str
    lengths: dict[int, int]
    words: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """The snippets that a model was trained on, with literals of the bank where it knows slots."""

    snippets: int
    lengths: Mapping[int, int]  # in significant tokens of the language: number of snippets
    words: Mapping[str, int]  # number of snippets that hold it
    counted: str  # which words are counted
    language: Language
    shapes: Hashes  # of the snippets, see `quality.shape`; sorted, each once
    sketches: Hashes

    def knows(self, text: str) -> bool:
        """Whether a snippet has the shape of the text."""
        return _holds(self.shapes, shape(self.language, text))

    def knows_sketch(self, text: str) -> bool:
        """Whether a snippet has the sketch of the text."""
        return _holds(self.sketches, self.language.sketch(text))

    def save(self, folder: Path) -> None:
        """Write both files into a checkpoint's folder, each whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        summary = _Summary(
            snippets=self.snippets, counted=self.counted, lengths=dict(self.lengths), words=dict(self.words)
        )
        with written_whole(folder / SUMMARY) as summarised, written_whole(folder / HASHES) as hashed:
            hashed.write_bytes(save({"shapes": self.shapes, "sketches": self.sketches}))
            summarised.write_text(json.dumps(summary.model_dump(), indent=1) + "\n")


def describe(language: Language, snippets: Collection[str]) -> TrainingSet:
    """What is kept of the snippets that a model is trained on."""
    lengths: Counter[int] = Counter()
    words: Counter[str] = Counter()
    for code in snippets:
        lengths[length(language, code)] += 1
        words.update(words_of(language, code))
    return TrainingSet(
        snippets=len(snippets),
        lengths=dict(sorted(lengths.items())),
        words=dict(sorted(words.items(), key=lambda item: (-item[1], item[0]))),
        counted=_COUNTED[language.name][0],
        language=language,
        shapes=_hashes(shape(language, code) for code in snippets),
        sketches=_hashes(map(language.sketch, snippets)),
    )


def load_training_set(folder: Path, language: Language) -> TrainingSet | None:
    """What a checkpoint knows of its training set; None where an older version of `train` left nothing.

    Raises:
        CheckpointError: a file is damaged, or one of the two is missing.
    """
    path = folder / HASHES
    if not path.is_file() and not (folder / SUMMARY).is_file():
        return None
    try:
        arrays = load(path.read_bytes())
        shapes, sketches = (_checked(arrays[name]) for name in ("shapes", "sketches"))
        path = folder / SUMMARY
        summary = _Summary.model_validate_json(path.read_bytes())
    except (SafetensorError, ValidationError, ValueError, KeyError, OSError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise CheckpointError(
            f"checkpoint {path} is damaged ({reason}): copy both {HASHES} and {SUMMARY} anew, or delete both"
        ) from error
    return TrainingSet(**summary.model_dump(), language=language, shapes=shapes, sketches=sketches)


def length(language: Language, code: str) -> int:
    """In significant tokens of the language."""
    return len(significant(language, code))


def words_of(language: Language, code: str) -> frozenset[str]:
    """The words that are counted: functions of Excel, keywords of Python, keywords and commands of PowerShell."""
    found = frozenset(token.text for token in language.tokens(code) if token.kind in _COUNTED[language.name][1])
    match language.name:
        case "excel":
            return frozenset(map(str.upper, found))
        case "powershell":
            return frozenset(map(str.lower, found))
        case _:
            return found


def counted_words(language: Language) -> str:
    """Which words `words_of` gives."""
    return _COUNTED[language.name][0]


def _hash(text: str) -> int:
    return int.from_bytes(bytes.fromhex(digest(text)[:16]), "big", signed=True)


def _hashes(texts: Iterable[str]) -> Hashes:
    return np.array(sorted(set(map(_hash, texts))), dtype=np.int64)


def _holds(hashes: Hashes, text: str) -> bool:
    wanted = _hash(text)
    place = int(np.searchsorted(hashes, wanted))
    return place < len(hashes) and int(hashes[place]) == wanted


def _checked(hashes: Hashes) -> Hashes:
    if hashes.dtype != np.int64 or hashes.ndim != 1 or bool((np.diff(hashes) <= 0).any()):
        raise ValueError("these are no sorted hashes")
    return hashes

"""Which gaps are opened in a correct snippet so that it breaks: how many tokens go and come, and where.

An edit kind ``2>1`` takes out two tokens and opens one place. Weights are even over the kinds, or fitted on mistakes
that people made, as FLAME's are; ``fit_edits`` in ``generators.diffusion.edit_fitting`` fits them. Where a gap opens
hangs on the class of the first token that goes or, where none goes, of the token before the gap.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from schemas.errors import RequestError
from schemas.files import write_whole
from schemas.frozen import Frozen, first_fault
from schemas.ids import fingerprint
from validators.structure import slot_kind

KINDS = ("1>0", "2>0", "0>1", "0>2", "1>1", "2>1", "1>2", "2>2", "3>3")
EVEN, FITTED = "even", "fitted"

_FOLDER = Path(__file__).parent / "edit_weights"
_NO_CHANGE = 1.0  # the weight of a class that is not named

Weight = Annotated[float, Field(ge=0)]


class EditProvenance(Frozen):
    """What weights were fitted on, and how."""

    files: dict[str, str]  # SHA-256 of each file of human pairs, by its name
    pairs: int  # of people's that were used
    model: str  # hash of the checkpoint whose gaps were weighted
    corpus: str  # whose snippets they were opened in
    method: str
    date: str


class EditWeights(Frozen):
    """How often each kind of edit is drawn, and how likely a gap is at a token of each class."""

    kinds: dict[str, Weight]
    removed: dict[str, Weight] = Field(default_factory=dict)  # by the class of the first token that goes
    behind: dict[str, Weight] = Field(
        default_factory=dict
    )  # by the class of the token that a gap opens behind, where none goes
    provenance: EditProvenance | None = None

    @property
    def hash(self) -> str:
        """SHA-256, in hex, of the weights; where they come from changes no row."""
        return fingerprint(self.model_dump(exclude={"provenance"}))

    def draw_kind(self, rng: random.Random) -> tuple[int, int]:
        """Tokens that go, and places that open."""
        names = [name for name in KINDS if self.kinds.get(name, 0) > 0]
        return parse_kind(rng.choices(names, [self.kinds[name] for name in names])[0])

    def draw_place(self, tokens: Sequence[str], first: int, removed: int, rng: random.Random) -> int | None:
        """The index of the first token that goes, or before which the gap opens; None where there is no place.

        Args:
            tokens: of the structure.
            first: no place lies before it.
            removed: how many tokens go.
            rng: of the row.
        """
        places = range(first, len(tokens) - removed + 1)
        if removed:
            weights = [self.removed.get(token_class(tokens[place]), _NO_CHANGE) for place in places]
        else:
            before = [token_class(tokens[place - 1]) if place else "" for place in places]
            weights = [self.behind.get(name, _NO_CHANGE) for name in before]
        return rng.choices(places, weights)[0] if sum(weights) > 0 else None


def parse_kind(name: str) -> tuple[int, int]:
    """Tokens that go and places that open of ``2>1``."""
    removed, _, opened = name.partition(">")
    return int(removed), int(opened)


def token_class(token: str) -> str:
    """The class of a structure token: a slot's kind, ``word``, ``line`` for a line break, a quote, else the token."""
    if (kind := slot_kind(token)) is not None:
        return f"<{kind}>"
    if token.startswith(("\n", "  ")):
        return "line"
    if token.endswith(('"', "'")):
        return token[-1]
    return "word" if token[:1].isalnum() or token.startswith("_") else token


def load_edits(language: str, name: str) -> EditWeights:
    """The weights called ``even`` or ``fitted``, or those of a file that was fitted.

    Raises:
        RequestError: the file is missing or damaged.
    """
    if name == EVEN:
        return EditWeights(kinds=dict.fromkeys(KINDS, 1.0))
    file = _FOLDER / f"{language}.json" if name == FITTED else Path(name)
    try:
        return EditWeights.model_validate_json(file.read_bytes())
    except OSError as error:
        raise RequestError(
            f"diffusion.edits={name}: {file} cannot be read ({error.strerror}): give even, fitted or a file of weights"
        ) from error
    except ValidationError as error:
        where, why = first_fault(error)
        raise RequestError(f"diffusion.edits={name}: {file} is damaged at {where}: {why}") from error


def save_edits(weights: EditWeights, file: Path) -> None:
    """Write weights so that the file appears whole or not at all."""
    write_whole(file, weights.model_dump_json(indent=1) + "\n")


def literals_of(structures: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """The texts of the slots of snippets by their kind, as a bank for other slots."""
    bank: dict[str, set[str]] = {}
    for slots in structures:
        for token, text in slots.items():
            if (kind := slot_kind(token)) is not None:
                bank.setdefault(kind, set()).add(text)
    return {kind: sorted(texts) for kind, texts in bank.items()}

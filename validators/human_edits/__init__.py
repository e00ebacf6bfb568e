"""What people do to code, as shares of edit types: one file a language, which dataset cards compare pairs with.

A file holds aggregated shares alone: no snippet, name or string of anybody. It is made, and made anew, by

    python -m pipeline evaluate pairs --language LANGUAGE --human FILE --record validators/human_edits/LANGUAGE.json

where FILE is a benchmark of real mistakes; each file says which ones it was made of.
"""

from __future__ import annotations

from math import isclose
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from schemas.errors import RequestError
from schemas.files import write_whole
from schemas.frozen import Frozen, first_fault

FOLDER = Path(__file__).parent

Share = Annotated[float, Field(ge=0, le=1)]


class HumanFile(Frozen):
    """A benchmark of real mistakes, by name and content."""

    name: str
    sha256: str


class Floor(Frozen):
    """How far people are from people: the mean divergence of two random halves of the pairs."""

    divergence: Share
    pairs: int  # of each half
    splits: int  # that the mean is of


class HumanEdits(Frozen):
    """The edit types of real mistakes in a language."""

    language: str
    pairs: Annotated[int, Field(gt=0)]  # those that count: the parser refuses the broken side and accepts the fixed one
    files: list[HumanFile]
    floor: Floor | None  # None where there is but one pair
    date: str
    command: str
    shares: dict[str, Share]  # by edit type, the most frequent first

    @model_validator(mode="after")
    def _shares_are_a_histogram(self) -> HumanEdits:
        if not isclose(sum(self.shares.values()), 1, abs_tol=1e-3):
            raise ValueError(f"shares must sum to 1, not to {sum(self.shares.values()):g}")
        return self


def load_human_edits(language: str) -> HumanEdits | None:
    """The edit types of people that come with the project; None where a language has none.

    Raises:
        RequestError: the file is damaged.
    """
    file = FOLDER / f"{language}.json"
    try:
        return HumanEdits.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        where, why = first_fault(error)
        raise RequestError(
            f"{file} is damaged at {where} ({why}): install the project anew, or make the file with "
            "`evaluate pairs --record`"
        ) from error


def write_human_edits(file: Path, edits: HumanEdits) -> None:
    """Write such a file, whole or not at all.

    Raises:
        RequestError: it cannot be written.
    """
    try:
        write_whole(file, edits.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise RequestError(f"{file} cannot be written ({error.strerror}): name a file in a folder of yours") from error

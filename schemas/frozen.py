"""What all documents of the project have in common: they cannot be changed, and they have no field too many."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class Frozen(BaseModel):
    """A document that is read and written, and otherwise left alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Strict(Frozen):
    """The same, and a value of another type is not taken for one of the right type: "1" is no number."""

    model_config = ConfigDict(strict=True)


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Where the first fault of a document is, as a dotted path (the document itself: "the file"), and what it is."""
    fault = error.errors()[0]
    return ".".join(map(str, fault["loc"])) or "the file", fault["msg"]

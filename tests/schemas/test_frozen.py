"""Documents cannot be changed and have no field too many, and their first fault is one line."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.frozen import Frozen, Strict, first_fault


class Inner(Frozen):
    number: int


class Outer(Frozen):
    inner: list[Inner]


class Exact(Strict):
    number: int


def test_a_document_cannot_be_changed_and_has_no_field_too_many() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Inner(number=1).number = 2  # type: ignore[misc]
    with pytest.raises(ValidationError, match="extra"):
        Inner.model_validate({"number": 1, "other": 2})


def test_a_strict_one_takes_no_text_for_a_number_and_is_frozen_as_well() -> None:
    assert Inner.model_validate({"number": "1"}).number == 1
    with pytest.raises(ValidationError, match="valid integer"):
        Exact.model_validate({"number": "1"})
    with pytest.raises(ValidationError, match="extra"):
        Exact.model_validate({"number": 1, "other": 2})


@pytest.mark.parametrize(
    ("content", "where"), [('{"inner": [{"number": 1}, {"number": "x"}]}', "inner.1.number"), ("[", "the file")]
)
def test_the_first_fault_has_its_place(content: str, where: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate_json(content)
    place, what = first_fault(caught.value)
    assert place == where and what and "\n" not in what

"""Seeds and fingerprints come out the same on every machine, and differ where what they stand for differs."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import canonical_json, derive_seed, digest, fingerprint

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def test_values_are_those_of_every_earlier_version() -> None:
    """Changing these changes every row of every run."""
    assert digest("a", 1) == hashlib.sha256(b"1:a\x1f1:1").hexdigest()
    assert derive_seed("shard", 0, 0) == 7925847999953443418
    assert fingerprint({"b": [1, 0.5, None], "a": "é"}) == (
        hashlib.sha256(rb'{"a":"\u00e9","b":[1,0.5,null]}').hexdigest()
    )


@given(st.lists(st.text()), st.lists(st.text()))
def test_parts_are_told_from_their_neighbours(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


@given(st.lists(st.one_of(st.text(), st.integers())))
def test_a_seed_fits_in_a_signed_64_bit_column(parts: list[str | int]) -> None:
    assert 0 <= derive_seed(*parts) < 2**63


@given(st.characters(categories=["Cs"]))
def test_half_a_surrogate_pair_has_a_digest_too(character: str) -> None:
    assert digest(character) != digest("?")


@given(st.dictionaries(st.text(), JSON))
@settings(max_examples=30)
def test_the_order_of_keys_changes_no_fingerprint(value: dict[str, object]) -> None:
    assert fingerprint(dict(reversed(value.items()))) == fingerprint(value)


@given(JSON)
@settings(max_examples=30)
def test_a_value_keeps_its_fingerprint_through_a_file(value: object) -> None:
    assert fingerprint(json.loads(canonical_json(value))) == fingerprint(value)
    assert canonical_json(value).isascii()

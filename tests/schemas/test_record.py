"""The record's schema is one for all files, carries its version, and its identifiers lead back to a row."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.record import COLUMNS, PAIR_SCHEMA, REJECT_SCHEMA, SCHEMA_VERSION, pair_id, parse_pair_id

NUMBER = st.integers(0, 2**63 - 1)


def test_a_rejected_row_is_a_pair_with_a_reason() -> None:
    assert REJECT_SCHEMA.names == [*PAIR_SCHEMA.names, "reason"] == [*COLUMNS, "reason"]
    assert [REJECT_SCHEMA.field(name) for name in PAIR_SCHEMA.names] == list(PAIR_SCHEMA)


@pytest.mark.parametrize("schema", [PAIR_SCHEMA, REJECT_SCHEMA])
def test_a_file_carries_the_schema_its_version_and_its_features(schema: pa.Schema) -> None:
    file = io.BytesIO()
    pq.write_table(schema.empty_table(), file)
    read = pq.read_schema(file)
    assert read.equals(schema, check_metadata=True)
    assert read.metadata[b"repairgen.schema_version"] == str(SCHEMA_VERSION).encode()
    features = json.loads(read.metadata[b"huggingface"])["info"]["features"]
    assert list(features) == schema.names


def test_the_features_are_those_that_datasets_gives_to_the_schema() -> None:
    from datasets import Features

    stored = Features.from_dict(json.loads(PAIR_SCHEMA.metadata[b"huggingface"])["info"]["features"])
    assert stored == Features.from_arrow_schema(PAIR_SCHEMA.remove_metadata())


def test_every_column_is_explained() -> None:
    assert all(COLUMNS.values())


@given(st.sampled_from(["excel", "powershell", "python"]), NUMBER, NUMBER, NUMBER)
def test_an_identifier_reads_back(language: str, seed: int, shard: int, row: int) -> None:
    assert parse_pair_id(pair_id(language, "diffusion", seed, shard, row)) == (language, "diffusion", seed, shard, row)


@given(st.lists(st.tuples(st.integers(0, 999_999), st.integers(0, 999_999)), min_size=2))
def test_identifiers_sort_as_the_rows_of_the_plan(places: list[tuple[int, int]]) -> None:
    assert sorted(pair_id("excel", "diffusion", 7, *place) for place in places) == [
        pair_id("excel", "diffusion", 7, *place) for place in sorted(places)
    ]


@pytest.mark.parametrize("text", ["", "excel-diffusion-1-2", "a-b-1-2-3-4", "a-b-1-2-x", "a-b-1-2-²", "a-b--1-2-3"])
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        parse_pair_id(text)

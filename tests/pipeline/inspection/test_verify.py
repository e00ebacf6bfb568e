"""`verify` finds what is wrong with a published version; flipped bytes are in test_reliability."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.dataset.version import CARD, MANIFEST, encode_card, encode_manifest, read_manifest
from pipeline.files.parquet import decode, describe, encode
from pipeline.files.storage import Storage
from pipeline.inspection.verify import verify
from schemas.manifest import Manifest, PublishedFile
from tests.pipeline.fakes import make_config, published, run_fake


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    run_fake(make_config(tmp_path))
    return Storage(str(tmp_path))


def republish(storage: Storage, manifest: Manifest) -> None:
    data = encode_manifest(manifest)
    storage.write(MANIFEST, data)
    storage.write(CARD, encode_card(manifest, data))


def rewrite(storage: Storage, change: Callable[[pa.Table], pa.Table]) -> str:
    """Change the first file as one would who also mends the manifest and the card; its path."""
    manifest, _ = read_manifest(storage) or pytest.fail("nothing is published")
    first = manifest.files[0]
    table = change(decode(storage.read(first.path)))
    data = encode(table)
    storage.write(first.path, data)
    stored = describe(first.path, data, table.num_rows).model_dump()
    file = PublishedFile(**stored, config=first.config, split=first.split)
    republish(storage, manifest.model_copy(update={"files": [file, *manifest.files[1:]]}))
    return first.path


def with_column(table: pa.Table, name: str, values: list[object]) -> pa.Table:
    index = table.schema.get_field_index(name)
    return table.set_column(index, table.field(name), pa.array(values, table.field(name).type))


def test_a_sound_version_has_no_problems(storage: Storage) -> None:
    assert verify(storage, deep=True) == []


def test_every_missing_file_is_named(storage: Storage, tmp_path: Path) -> None:
    for path, data in published(tmp_path).items():
        storage.delete(path)
        problems = verify(storage)
        assert len(problems) == 1 and path in problems[0]
        storage.write(path, data)


def test_a_row_too_many_breaks_the_books(storage: Storage) -> None:
    rewrite(storage, lambda table: table.slice(1))
    assert verify(storage) == ["manifest.json: the files hold 39 pairs, the ledger has 40"]


def test_an_id_that_is_used_twice_is_named(storage: Storage) -> None:
    path = rewrite(storage, lambda t: with_column(t, "id", [t["id"][0].as_py(), *t["id"].to_pylist()[:-1]]))
    assert len(verify(storage)) == 1
    assert verify(storage)[0].startswith(f"{path}: the id excel-diffusion-0-") and "used twice" in verify(storage)[0]


def test_another_schema_is_named(storage: Storage) -> None:
    path = rewrite(storage, lambda table: table.drop_columns(["seed"]))
    assert verify(storage) == [f"{path} does not have the schema of version 1"]
    path = rewrite(storage, lambda table: table.replace_schema_metadata({}))
    assert verify(storage) == [f"{path} does not have the schema of version 1"]


def test_a_pair_that_is_none_is_found_when_it_is_judged_again(storage: Storage) -> None:
    path = rewrite(storage, lambda t: with_column(t, "broken", [t["fixed"][0].as_py(), *t["broken"].to_pylist()[1:]]))
    assert verify(storage) == []
    problems = verify(storage, deep=True)
    assert len(problems) == 1
    assert problems[0].startswith(f"{path}: excel-diffusion-0-") and problems[0].endswith("is no pair: identical")


def test_a_figure_that_is_another_when_judged_again_is_named(storage: Storage) -> None:
    rewrite(storage, lambda t: with_column(t, "token_edit_distance", [99, *t["token_edit_distance"].to_pylist()[1:]]))
    assert verify(storage) == []
    problems = verify(storage, deep=True)
    assert len(problems) == 1 and problems[0].endswith("has another token_edit_distance when it is judged again")


def test_a_card_of_another_version_is_found(storage: Storage) -> None:
    manifest, _ = read_manifest(storage) or pytest.fail("nothing is published")
    storage.write(MANIFEST, encode_manifest(manifest.model_copy(update={"shards": 4})))
    assert verify(storage)[0].startswith("README.md and manifest.json do not belong together")


def test_books_that_do_not_close_are_found(storage: Storage) -> None:
    manifest, _ = read_manifest(storage) or pytest.fail("nothing is published")
    republish(storage, manifest.model_copy(update={"shards": 4}))
    assert [p for p in verify(storage) if p.startswith("manifest.json: planned 96 rows, sampled 72")]


def test_an_empty_place_and_a_foreign_manifest_are_explained(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    assert verify(storage) == [f"{tmp_path} holds no manifest.json: nothing is published there"]
    storage.write(MANIFEST, b'{"name": "web app"}')
    assert verify(storage)[0].startswith(f"{tmp_path} has a manifest.json that is damaged or not of repairgen: ")

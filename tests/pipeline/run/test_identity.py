"""The identity holds everything that can change a row, and is found without loading a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.run.identity import run_identity
from schemas.config import EXCLUDED, identity_settings
from schemas.errors import RequestError
from schemas.manifest import Identity
from tests.pipeline.fakes import make_config
from validators import LANGUAGES, get_language


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_model_parsers_schema_and_versions_are_in_it(language: str, tmp_path: Path) -> None:
    config = make_config(tmp_path, language=language)
    fields = run_identity(config, {"model": "hash"}).fields
    assert identity_settings(config).items() <= fields.items()
    assert fields["model"] == "hash"
    assert {f"parsers.{name}" for name in get_language(language).parsers} <= fields.keys()
    assert {f"versions.{name}" for name in ("torch", "numpy", "rapidfuzz", "repairgen")} <= fields.keys()
    assert fields["schema_version"] == 1
    assert not (EXCLUDED - {"filters.benchmarks"}) & fields.keys()


def test_it_survives_being_written_and_read(tmp_path: Path) -> None:
    identity = run_identity(make_config(tmp_path), {"model": None})
    read = Identity.model_validate_json(identity.model_dump_json())
    assert read.fingerprint == identity.fingerprint
    assert read.differences(identity) == []


def test_differences_are_named_whichever_side_has_the_field() -> None:
    one, other = Identity(fields={"a": 1, "b": 2, "c": None}), Identity(fields={"a": 1, "b": 3, "d": 4})
    assert one.differences(other) == other.differences(one) == ["b", "d"]


def test_a_benchmark_that_is_not_there_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"nothing\.json cannot be read"):
        run_identity(make_config(tmp_path, filters__benchmarks=(str(tmp_path / "nothing.json"),)), {})

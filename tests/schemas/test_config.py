"""A configuration is strict, and an error names the field, the place and what is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from schemas.config import (
    EXCLUDED,
    ConfigError,
    GeneratorName,
    RunConfig,
    config_from_identity,
    identity_settings,
    load_config,
)

NEEDED: dict[str, Any] = {"language": "excel", "pairs": 10, "out": "out"}
GENERATORS = get_args(GeneratorName)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.yaml"


def test_options_stand_over_settings_and_settings_over_the_file(file: Path) -> None:
    file.write_text("language: python\npairs: 1\nout: a\nseed: 1\ndiffusion: {steps: 10, eta: 0.5}\n")
    config = load_config(str(file), ["pairs=2", "seed=2", "diffusion.steps=20"], {"seed": 3, "out": None})
    assert (config.language, config.pairs, config.seed, config.out) == ("python", 2, 3, "a")
    assert (config.diffusion.steps, config.diffusion.eta) == (20, 0.5)


def test_lists_and_nothing_can_be_set() -> None:
    settings = ["diffusion.t_range=[0.1, 0.9]", "filters.benchmarks=[a.json, b.json]", "filters.max_distance=null"]
    config = load_config(settings=settings, options=NEEDED)
    assert config.diffusion.t_range == (0.1, 0.9)
    assert config.filters.benchmarks == ("a.json", "b.json")
    assert config.filters.max_distance is None


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("pairz=3", "pairz is not a setting; there are allow_fewer, attempts_per_pair, "),
        ("filters.max=3", "filters.max is not a setting; there are benchmarks, max_chars, "),
        ("pairs=0", "pairs: input should be greater than or equal to 1, not 0"),
        ("pairs=many", "pairs: input should be a valid integer, not 'many'"),
        ("pairs=true", "pairs: input should be a valid integer, not True"),
        ("pairs='3'", "pairs: input should be a valid integer, not '3'"),
        ("language=cobol", "language: input should be 'excel', 'powershell' or 'python', not 'cobol'"),
        ("diffusion.t_range=[0.5, 0.5]", "diffusion: t_range must be [low, high] with low < high"),
        ("diffusion.t_range=[0, 2]", "diffusion.t_range.1: input should be less than or equal to 1, not 2"),
        ("diffusion.distances=[3, 2]", "diffusion: distances must be [low, high] with low <= high"),
        ("diffusion.distances=[0, 2]", "diffusion.distances.0: input should be greater than or equal to 1, not 0"),
        ("diffusion.distances=[1, 2.5]", "diffusion.distances.1: input should be a valid integer, not 2.5"),
        ("diffusion.distances=3", "diffusion.distances: input should be a valid tuple, not 3"),
        ("diffusion.selection=near", "diffusion.selection: input should be 'uniform' or 'stratified', not 'near'"),
        ("diffusion.mode=pairs", "diffusion.mode: input should be 'trajectory', 'renoise' or 'corpus', not 'pairs'"),
        ("publish.test_share=0.95", "publish: validation_share + test_share must be below 1, the rest is train"),
        ("pairs", "--set 'pairs' is not of the form key=value"),
        ("=3", "--set '=3' is not of the form key=value"),
        ("pairs=[", "--set 'pairs=[': the value is not YAML"),
        ("pairs.more=3", "--set pairs.more: pairs is not a section"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(setting: str, message: str, file: Path) -> None:
    file.write_text("language: excel\npairs: 10\nout: out\n")
    with pytest.raises(ConfigError) as error:
        load_config(str(file), [setting])
    assert str(error.value).replace(f" (in {file})", "").startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_what_is_missing_is_named(missing: str) -> None:
    with pytest.raises(ConfigError, match=f"^{missing} is missing; give it on the command line"):
        load_config(options={key: value for key, value in NEEDED.items() if key != missing})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must hold keys and values"),
        (b"- a\n", "must hold keys and values"),
        (b"a: 1\nb: [\n", "is not YAML at line 3"),
        (b"\xff\xfe\x00", "cannot be read|is not YAML"),
        (b"1: 2\n", "1 "),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_in_a_line(content: bytes, message: str, file: Path) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as error:
        load_config(str(file), options=NEEDED)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"run\.yaml cannot be read"):
        load_config(str(file))


def leaves(section: type[BaseModel], prefix: str = "") -> set[str]:
    found = set()
    for name, field in section.model_fields.items():
        nested = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        found |= leaves(field.annotation, f"{prefix}{name}.") if nested else {f"{prefix}{name}"}
    return found


@pytest.mark.parametrize("generator", GENERATORS)
def test_every_setting_of_the_generator_is_in_the_identity_or_excluded_by_name(generator: str) -> None:
    language = "python" if generator == "bifi" else "excel"
    config = load_config(options=NEEDED | {"generator": generator, "language": language})
    assert leaves(RunConfig) > EXCLUDED
    others = tuple(f"{name}." for name in GENERATORS if name != generator)
    mine = {path for path in leaves(RunConfig) if not path.startswith(others)}
    assert identity_settings(config).keys() == mine - EXCLUDED


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"generator": "flame", "language": "python"}, "generator flame is for excel, not for python"),
        ({"generator": "bifi", "language": "excel"}, "generator bifi is for python and powershell, not for excel"),
        ({"generator": "diffusion", "corpus": "c.jsonl"}, "takes no corpus"),
        ({"generator": "flame", "checkpoint": "model"}, "checkpoint is of a diffusion model"),
    ],
)
def test_what_the_generator_cannot_use_is_refused(options: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load_config(options=NEEDED | options)


def test_a_configuration_comes_back_from_its_identity() -> None:
    settings = [
        "diffusion.t_range=[0.1, 0.9]", "filters.max_distance=9", "publish.keep_rejected=true", "shard_rows=8",
        "diffusion.selection=stratified", "diffusion.distances=[2, 7]", "diffusion.mode=renoise",
    ]  # fmt: skip
    config = load_config(settings=settings, options=NEEDED)
    again = config_from_identity({**identity_settings(config), "model": "hash", "parsers.x": "1"}, {"out": "out"})
    assert again == config


def test_an_identity_of_another_version_is_refused() -> None:
    with pytest.raises(ConfigError):
        config_from_identity({"language": "cobol", "pairs": 1}, {"out": "out"})

"""The configuration of a run: strict, and clear about which settings can change a row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.errors import RequestError

LanguageName = Literal["excel", "powershell", "python"]
GeneratorName = Literal["diffusion"]
Feedback = Literal["denoiser", "decoder", "softmax", "nearest"]
Share = Annotated[float, Field(ge=0, le=1)]


class ConfigError(RequestError):
    """A request that is wrong. One line: the path of the field, what it is, what is allowed."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DiffusionOptions(_Section):
    """How trajectories are sampled and pairs selected. None means what the checkpoint's own configuration says."""

    steps: Annotated[int, Field(ge=1, le=10_000)] | None = None  # T of the reverse process
    feedback: Feedback | None = None  # what estimates x_0 in the update
    eta: Share | None = None
    time_power: Annotated[float, Field(gt=0)] | None = None
    draws: Annotated[int, Field(ge=1)] = 1  # timesteps drawn a trajectory; each is a row
    t_range: tuple[Share, Share] = (0.0, 1.0)  # of t/T; the paper draws from the whole trajectory
    tile: Annotated[int, Field(ge=1, le=4096)] = 32  # trajectories in one model call, of one frame length
    decode: Literal["selected", "all"] = "selected"

    @model_validator(mode="after")
    def _range_is_not_empty(self) -> DiffusionOptions:
        if self.t_range[0] >= self.t_range[1]:
            raise ValueError("t_range must be [low, high] with low < high")
        return self


class FilterOptions(_Section):
    """Which candidates are kept as pairs."""

    min_distance: Annotated[int, Field(ge=1)] = 1  # in significant tokens
    max_distance: Annotated[int, Field(ge=1)] | None = None
    max_normalized_distance: Annotated[float, Field(gt=0, le=1)] | None = None
    max_chars: Annotated[int, Field(ge=1)] = 4_000  # of either side
    require_broken_rejected: bool = True
    benchmarks: tuple[str, ...] = ()  # files of {"Buggy", "GroundTruth"}: pairs that touch them are dropped


class PublishOptions(_Section):
    """What the published dataset looks like."""

    validation_share: Share = 0.05
    test_share: Share = 0.05
    rows_per_file: Annotated[int, Field(ge=1)] = 100_000
    keep_rejected: bool = False  # as the configuration LANGUAGE_rejected, each row with its reason

    @model_validator(mode="after")
    def _splits_leave_train(self) -> PublishOptions:
        if self.validation_share + self.test_share >= 1:
            raise ValueError("validation_share + test_share must be below 1, the rest is train")
        return self


class RunConfig(_Section):
    """Everything that `run` can be told."""

    language: LanguageName
    generator: GeneratorName = "diffusion"
    pairs: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    out: str  # local path or fsspec URI
    checkpoint: str | None = None  # None: the model bundled for the language
    shard_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    attempts_per_pair: Annotated[float, Field(gt=0)] = 200.0  # at most pairs x this many rows are sampled
    allow_fewer: bool = False  # publish what there is where the attempts give fewer pairs
    workers: Annotated[int, Field(ge=1)] | None = None  # sampling workers; None: as many as the cluster holds
    device: Literal["auto", "cpu", "cuda"] = "auto"  # auto: GPUs where the cluster has them
    diffusion: DiffusionOptions = DiffusionOptions()
    filters: FilterOptions = FilterOptions()
    publish: PublishOptions = PublishOptions()


# Settings that change no row: where the data goes, who computes it, how it is decoded on the way, when to give up. The
# checkpoint and the benchmark files enter the identity by their content.
EXCLUDED = frozenset(
    {
        "out", "checkpoint", "attempts_per_pair", "allow_fewer", "workers", "device", "diffusion.decode",
        "filters.benchmarks",
    }
)  # fmt: skip


def load_config(
    file: str | None = None, settings: Sequence[str] = (), options: Mapping[str, Any] | None = None
) -> RunConfig:
    """A run's configuration from a YAML file, ``key=value`` settings and named options, the later over the earlier.

    Raises:
        ConfigError: unreadable file, unknown key, wrong type or value out of range.
    """
    values: dict[str, Any] = _read_yaml(file) if file is not None else {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set {setting!r} is not of the form key=value, as in --set diffusion.steps=20")
        try:
            value = parse_value(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {setting!r}: the value is not YAML; put it in quotes") from error
        _assign(values, key.split("."), value)
    values |= {key: value for key, value in (options or {}).items() if value is not None}
    try:
        return RunConfig.model_validate(_tuples(values))
    except ValidationError as error:
        raise ConfigError(_one_line(error, file)) from error


def parse_value(text: str) -> Any:
    """The value of a ``key=value`` setting; YAML, but 1e-3 is a number, which YAML 1.1 takes for a text.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    try:
        return json.loads(text)
    except ValueError:
        return yaml.safe_load(text)


def _read_yaml(file: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(Path(file).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {file} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}" if where else ""
        raise ConfigError(f"configuration {file} is not YAML{line}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"configuration {file} must hold keys and values, as in `language: excel`")
    return values


def _assign(values: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {'.'.join(path)}: {key} is not a section")
        values = inner
    values[path[-1]] = value


def _tuples(value: Any) -> Any:
    """YAML has lists where strict models want tuples."""
    if isinstance(value, dict):
        return {k: _tuples(v) for k, v in value.items()}
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _one_line(error: ValidationError, file: str | None) -> str:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"]) or "the configuration"
    where = f" (in {file})" if file else ""
    if first["type"] == "extra_forbidden":
        section: Any = RunConfig
        for part in first["loc"][:-1]:
            section = section.model_fields[str(part)].annotation
        return f"{path}{where} is not a setting; there are {', '.join(sorted(section.model_fields))}"
    if first["type"] == "missing":
        return f"{path}{where} is missing; give it on the command line or in the configuration"
    message = first["msg"].removeprefix("Value error, ")
    got = "" if isinstance(first["input"], dict) else f", not {first['input']!r}"
    return f"{path}{where}: {message[0].lower()}{message[1:]}{got}"


def identity_settings(config: RunConfig) -> dict[str, Any]:
    """The settings that can change a published row, flat, by dotted path."""
    return {k: v for k, v in _flatten(config.model_dump(mode="json"), "").items() if k not in EXCLUDED}


def _flatten(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{prefix}{key}"
        flat |= _flatten(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return flat


def _paths(section: type[BaseModel]) -> set[str]:
    """The dotted paths of all settings."""
    paths: set[str] = set()
    for name, field in section.model_fields.items():
        inner: Any = field.annotation
        nested = isinstance(inner, type) and issubclass(inner, _Section)
        paths |= {f"{name}.{path}" for path in _paths(inner)} if nested else {name}
    return paths


def config_from_identity(
    fields: Mapping[str, Any], *, out: str, checkpoint: str | None = None, benchmarks: Sequence[str] = ()
) -> RunConfig:
    """The inverse of `identity_settings`, for replaying a row; what is excluded is given anew.

    Raises:
        ConfigError: the fields are not a configuration of this version.
    """
    known = _paths(RunConfig)
    values: dict[str, Any] = {"out": out, "checkpoint": checkpoint}
    for path, value in fields.items():
        if path in known - EXCLUDED:
            _assign(values, path.split("."), value)
    _assign(values, ["filters", "benchmarks"], list(benchmarks))
    try:
        return RunConfig.model_validate(_tuples(values))
    except ValidationError as error:
        raise ConfigError(_one_line(error, None)) from error

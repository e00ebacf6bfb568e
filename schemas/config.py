"""The configuration of a run: strict, and clear about which settings can change a row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from schemas.errors import RequestError
from schemas.frozen import Strict

LanguageName = Literal["excel", "powershell", "python"]
GeneratorName = Literal["diffusion", "flame", "bifi", "gpt4o"]
Feedback = Literal["denoiser", "decoder", "softmax", "nearest"]
Precision = Literal["fp32", "bf16"]
Share = Annotated[float, Field(ge=0, le=1)]
TokenCount = Annotated[int, Field(ge=1)]


class ConfigError(RequestError):
    """A request that is wrong. One line: the path of the field, what it is, what is allowed."""


class DiffusionOptions(Strict):
    """How trajectories are sampled and pairs selected. None means what the checkpoint's own configuration says."""

    mode: Literal["trajectory", "renoise", "corpus"] = "trajectory"  # the paper's, or by gaps in c_0 or in a corpus
    steps: Annotated[int, Field(ge=1, le=10_000)] | None = None  # T of the reverse process
    feedback: Feedback | None = None  # what estimates x_0 in the update
    temperature: Annotated[float, Field(gt=0, le=10)] | None = None  # of the softmax that is fed back
    eta: Share | None = None
    time_power: Annotated[float, Field(gt=0)] | None = None
    precision: Precision | None = None  # of the matrix products; bf16 is quicker where the processor has it
    draws: Annotated[int, Field(ge=1)] = 1  # timesteps drawn a trajectory; each is a row
    t_range: tuple[Share, Share] = (0.0, 1.0)  # of t/T; the paper draws from the whole trajectory
    selection: Literal["uniform", "stratified"] = "uniform"  # of t: the paper's, or by distance
    distances: tuple[TokenCount, TokenCount] = (1, 5)  # of a refused c_t to c_0: the strata, both ends included
    t_axis: Literal["level", "recovery"] = "level"  # on which t is uniform: t/T, or token recovery
    edits: str = "fitted"  # weights of the kinds and places of gaps: fitted on people's mistakes, even, or a file
    gaps: Annotated[int, Field(ge=1, le=4)] = 4  # rows of one c_0 in mode renoise
    gap_steps: Annotated[int, Field(ge=0, le=1_000)] = 0  # of the reverse process in a gap; 0 guesses it at once
    gap_temperature: Annotated[float, Field(gt=0, le=10)] = 1.0  # of the softmax that a gap's tokens are drawn from
    tile: Annotated[int, Field(ge=1, le=4096)] = 32  # trajectories in one model call, of one frame length
    decode: Literal["selected", "all"] = "selected"

    @model_validator(mode="after")
    def _ranges_are_not_empty(self) -> DiffusionOptions:
        if self.t_range[0] >= self.t_range[1]:
            raise ValueError("t_range must be [low, high] with low < high")
        if self.distances[0] > self.distances[1]:
            raise ValueError("distances must be [low, high] with low <= high")
        return self


class FlameOptions(Strict):
    """How FLAME's operators are drawn."""

    sampler: Literal["uniform", "weighted"] = "uniform"  # uniform is the paper's
    weights: str | None = None  # a file that `train` wrote; None: the one that comes with the project


class BifiOptions(Strict):
    """How BIFI's breaker, or the operators of its round 0, break a snippet."""

    breaker: str | None = None  # a folder that `train` wrote, or "none"; None: the bundled one, if there is one
    max_distance: Annotated[int, Field(ge=1)] = 4  # in the breaker's own, anonymised tokens (BIFI: below 5)
    beams: Annotated[int, Field(ge=1, le=32)] = 5  # outputs of the breaker among which a row's seed chooses
    tile: Annotated[int, Field(ge=1, le=1024)] = 32  # snippets in one call of the model


class Gpt4oOptions(Strict):
    """Which server is asked, how, and what it may cost."""

    base_url: str = "https://api.openai.com/v1"
    model: str = "gpt-4o-2024-08-06"
    prompt: Literal["free", "guided"] = "guided"
    syntactic_only: bool = True  # ask for mistakes that a parser sees; the paper's prompts allow others
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    max_completion_tokens: Annotated[int, Field(ge=1)] = 1_024
    transport: Literal["live", "batch"] = "live"
    budget: Annotated[float, Field(gt=0)] = 10.0  # dollars for the whole run, what earlier attempts paid included
    input_price: Annotated[float, Field(ge=0)] = 2.5  # dollars for a million tokens
    output_price: Annotated[float, Field(ge=0)] = 10.0
    batch_discount: Share = 0.5  # of both prices
    requests_per_minute: Annotated[int, Field(ge=1)] = 500
    tokens_per_minute: Annotated[int, Field(ge=1)] = 30_000
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = 16
    timeout: Annotated[float, Field(gt=0)] = 60.0  # seconds for one answer
    retries: Annotated[int, Field(ge=0, le=100)] = 6
    poll_seconds: Annotated[float, Field(gt=0)] = 30.0  # between two looks at a batch
    batch_requests: Annotated[int, Field(ge=1, le=50_000)] = 20_000  # in one batch


class FilterOptions(Strict):
    """Which candidates are kept as pairs."""

    min_distance: Annotated[int, Field(ge=1)] = 1  # in significant tokens
    max_distance: Annotated[int, Field(ge=1)] | None = None
    max_normalized_distance: Annotated[float, Field(gt=0, le=1)] | None = None
    max_chars: Annotated[int, Field(ge=1)] = 4_000  # of either side
    require_broken_rejected: bool = True
    benchmarks: tuple[str, ...] = ()  # files of {"Buggy", "GroundTruth"}: pairs that touch them are dropped


class PublishOptions(Strict):
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


class RunConfig(Strict):
    """Everything that `run` can be told."""

    language: LanguageName
    generator: GeneratorName = "diffusion"
    pairs: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    out: str  # local path or fsspec URI
    checkpoint: str | None = None  # of the diffusion model; None: the one bundled for the language
    corpus: str | None = None  # correct snippets to break; None: the language's own default
    corpus_column: str | None = None  # that holds the snippets; None: `code`, or `fixed` of a repairgen dataset
    shard_rows: Annotated[int, Field(ge=1, le=1_000_000)]  # by the generator if not given
    attempts_per_pair: Annotated[float, Field(gt=0)] = 200.0  # at most pairs x this many rows are sampled
    allow_fewer: bool = False  # publish what there is where the attempts give fewer pairs
    workers: Annotated[int, Field(ge=1)] | None = None  # sampling workers; None: as many as the cluster holds
    device: Literal["auto", "cpu", "cuda"] = "auto"  # auto: GPUs where the cluster has them
    diffusion: DiffusionOptions = DiffusionOptions()
    flame: FlameOptions = FlameOptions()
    bifi: BifiOptions = BifiOptions()
    gpt4o: Gpt4oOptions = Gpt4oOptions()
    filters: FilterOptions = FilterOptions()
    publish: PublishOptions = PublishOptions()

    @model_validator(mode="before")
    @classmethod
    def _shards_fit_the_generator(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("shard_rows") is None:
            return values | {"shard_rows": _shard_rows(values)}
        return values

    @model_validator(mode="after")
    def _generator_fits_the_rest(self) -> RunConfig:
        languages = _LANGUAGES_OF.get(self.generator, get_args(LanguageName))
        if self.language not in languages:
            raise ValueError(f"generator {self.generator} is for {' and '.join(languages)}, not for {self.language}")
        if self.generator == "diffusion" and self.diffusion.mode != "corpus" and self.corpus is not None:
            raise ValueError(f"diffusion.mode={self.diffusion.mode} starts from noise and takes no corpus")
        if self.generator != "diffusion" and self.checkpoint is not None:
            raise ValueError(f"checkpoint is of a diffusion model, which generator {self.generator} does not use")
        return self


_SHARD_ROWS = {"flame": 4_096, "gpt4o": 64}  # quick rows in large shards; paid ones in small, as the last has a surplus


def _shard_rows(values: Mapping[str, Any]) -> int:
    generator, options = str(values.get("generator", "diffusion")), values.get("diffusion")
    if generator == "diffusion" and isinstance(options, Mapping) and options.get("mode") == "corpus":
        return 2_048
    return _SHARD_ROWS.get(generator, 256)


_LANGUAGES_OF: dict[str, tuple[str, ...]] = {"flame": ("excel",), "bifi": ("python", "powershell")}

# Settings that change no row: where the data goes, who computes it, how it is decoded or asked for on the way, when to
# give up. Models, weights, corpora and benchmark files enter the identity by their content.
EXCLUDED = frozenset(
    {
        "out", "checkpoint", "corpus", "attempts_per_pair", "allow_fewer", "workers", "device", "diffusion.decode",
        "diffusion.edits",
        "flame.weights", "bifi.breaker", "filters.benchmarks",
        *(f"gpt4o.{name}" for name in (
            "transport", "budget", "input_price", "output_price", "batch_discount", "requests_per_minute",
            "tokens_per_minute", "concurrency", "timeout", "retries", "poll_seconds", "batch_requests",
        )),
    }
)  # fmt: skip


def load_config(
    file: str | None = None, settings: Sequence[str] = (), options: Mapping[str, Any] | None = None
) -> RunConfig:
    """A run's configuration from a YAML file, ``key=value`` settings and options by path, the later over the earlier.

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
    for path, value in (options or {}).items():
        if value is not None:
            _assign(values, path.split("."), value)
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
    """The settings that can change a published row, flat, by dotted path; of the generators, the run's own."""
    others = set(get_args(GeneratorName)) - {config.generator}
    settings = _flatten(config.model_dump(mode="json", exclude=others), "")
    return {path: value for path, value in settings.items() if path not in EXCLUDED}


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
        nested = isinstance(inner, type) and issubclass(inner, Strict)
        paths |= {f"{name}.{path}" for path in _paths(inner)} if nested else {name}
    return paths


def config_from_identity(fields: Mapping[str, Any], given: Mapping[str, Any]) -> RunConfig:
    """The inverse of `identity_settings`, for replaying a row; what is excluded is given anew, by dotted path.

    Raises:
        ConfigError: the fields are not a configuration of this version.
    """
    known = _paths(RunConfig)
    kept = {path: value for path, value in fields.items() if path in known - EXCLUDED}
    values: dict[str, Any] = {}
    for path, value in (kept | dict(given)).items():
        _assign(values, path.split("."), value)
    try:
        return RunConfig.model_validate(_tuples(values))
    except ValidationError as error:
        raise ConfigError(_one_line(error, None)) from error

"""The identity of a run: everything that can change a published row."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from pipeline.benchmarks.overlap import benchmark_hashes
from schemas.config import RunConfig, identity_settings
from schemas.manifest import Identity
from schemas.record import SCHEMA_VERSION
from validators import get_language

_PACKAGES = ("rapidfuzz", "repairgen")
_COMPUTING = {"diffusion": ("torch", "numpy"), "bifi": ("torch", "numpy", "transformers", "libcst")}


def run_identity(config: RunConfig, hashes: Mapping[str, str | None]) -> Identity:
    """The settings, the model or corpus, the parsers, the benchmarks and the versions, by dotted path.

    Args:
        config: of the run.
        hashes: of the content of what the generator is made from, as `pipeline.run.ingredients.Ingredients` has them.

    Raises:
        RequestError: a benchmark file cannot be read.
    """
    fields = identity_settings(config)
    fields |= hashes
    fields["schema_version"] = SCHEMA_VERSION
    fields["filters.benchmarks"] = benchmark_hashes(config.filters.benchmarks)
    fields |= {f"parsers.{name}": value for name, value in get_language(config.language).parsers.items()}
    fields |= {f"versions.{name}": _version(name) for name in (*_PACKAGES, *_COMPUTING.get(config.generator, ()))}
    return Identity(fields=fields)


def _version(package: str) -> str | None:
    """Asked of the installed metadata: importing torch for it would take seconds."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None

"""The identity of a run: everything that can change a published row."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from pipeline.decontamination import benchmark_hashes
from schemas.config import RunConfig, identity_settings
from schemas.manifest import Identity
from schemas.record import SCHEMA_VERSION
from validators import get_language

_PACKAGES = ("torch", "numpy", "rapidfuzz", "repairgen")


def run_identity(config: RunConfig, model_hash: str | None) -> Identity:
    """The settings, the model, the parsers, the benchmarks and the versions, by dotted path.

    Args:
        config: of the run.
        model_hash: of the checkpoint's content; None where the generator has no model.

    Raises:
        RequestError: a benchmark file cannot be read.
    """
    fields = identity_settings(config)
    fields["model"] = model_hash
    fields["schema_version"] = SCHEMA_VERSION
    fields["filters.benchmarks"] = benchmark_hashes(config.filters.benchmarks)
    fields |= {f"parsers.{name}": value for name, value in get_language(config.language).parsers.items()}
    fields |= {f"versions.{name}": _version(name) for name in _PACKAGES}
    return Identity(fields=fields)


def _version(package: str) -> str | None:
    """Asked of the installed metadata: importing torch for it would take seconds."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None

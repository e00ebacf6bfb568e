"""How often each operator is drawn: shares fitted on pairs that people broke and repaired."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from math import isclose
from pathlib import Path
from statistics import fmean
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from generators.flame.base import EvenSites, Sites, apply
from generators.flame.formula import Formula
from generators.flame.operators import NAMES, OPERATORS
from schemas.errors import RequestError
from schemas.files import write_whole
from schemas.frozen import Strict
from schemas.ids import fingerprint
from validators.excel.lexer import NOT_OPERATORS, scan

DEFAULT = Path(__file__).with_name("weights.json")
SMOOTHING = 0.5  # pairs added to what each operator explains: the prior of Jeffreys
_TOLERANCE, _ROUNDS = 1e-9, 10_000
_METHOD = (
    "EM over P(broken | fixed) = sum of share x (part of the operator's sites on fixed that give broken); "
    f"{SMOOTHING:g} pairs added to each operator; white space and case ignored where they mean nothing"
)
_RELATIONAL = {"<=", ">=", "<>", *NOT_OPERATORS}


class Provenance(Strict):
    """What shares were fitted on, and how."""

    file: str | None = None  # its name
    sha256: str | None = None
    pairs: int
    explained: int  # pairs that some operator can make; the others have no part in the shares
    method: str


class Weights(Strict):
    """The share of each operator, by its name; they sum to 1."""

    shares: dict[str, Annotated[float, Field(ge=0)]]
    provenance: Provenance

    @model_validator(mode="after")
    def _shares_are_of_the_operators(self) -> Weights:
        if set(self.shares) != set(NAMES):
            raise ValueError(f"shares must name each operator once: {', '.join(NAMES)}")
        if not isclose(sum(self.shares.values()), 1, abs_tol=1e-4):
            raise ValueError(f"shares must sum to 1, not to {sum(self.shares.values()):g}")
        return self


def weights_hash(weights: Weights) -> str:
    """SHA-256, in hex, of the shares; where they come from does not change a row."""
    return fingerprint(weights.shares)


def load_weights(path: str | None = None) -> Weights:
    """Shares from a file that `fit_file` wrote; without a path those that come with the project.

    Raises:
        RequestError: the file is missing or damaged.
    """
    file = DEFAULT if path is None else Path(path)
    try:
        return Weights.model_validate_json(file.read_bytes())
    except OSError as error:
        raise RequestError(f"weights {file} cannot be read ({error.strerror}): give a file that train wrote") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        reason = f"{where}: {first['msg']}" if where else first["msg"]
        raise RequestError(f"weights {file} are damaged ({reason}): give a file that train wrote") from error


def fit_file(path: str, out: str) -> Weights:
    """Fit shares on a JSON list of objects with ``Buggy`` and ``GroundTruth``, and write them to the file ``out``.

    Raises:
        RequestError: the pairs cannot be read, no operator makes any of them, or ``out`` cannot be written.
    """
    data = _read(path)
    weights = fit_weights(_pairs(path, data))
    origin = {"file": Path(path).name, "sha256": hashlib.sha256(data).hexdigest()}
    weights = weights.model_copy(update={"provenance": weights.provenance.model_copy(update=origin)})
    target = Path(out)
    try:
        write_whole(target, weights.model_dump_json(indent=2) + "\n")
    except OSError as error:
        reason = f"{out} cannot be written ({error.strerror})"
        raise RequestError(f"{reason}: give a file in a folder that exists") from error
    return weights


def fit_weights(pairs: Iterable[tuple[str, str]]) -> Weights:
    """The shares that make (broken, fixed) pairs most likely, by expectation maximisation.

    Raises:
        RequestError: no operator makes any of the pairs.
    """
    likelihoods = [likelihood(broken, fixed) for broken, fixed in pairs]
    explained = [row for row in likelihoods if any(row.values())]
    if not explained:
        raise RequestError(
            f"no operator makes any of the {len(likelihoods)} pairs: give Excel formulas that people broke and repaired"
        )
    return Weights(
        shares={name: round(share, 6) for name, share in expectation_maximisation(explained).items()},
        provenance=Provenance(pairs=len(likelihoods), explained=len(explained), method=_METHOD),
    )


def expectation_maximisation(likelihoods: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The shares of a mixture, given for each pair the likelihood under each operator; none may be all zero."""
    total = len(likelihoods) + SMOOTHING * len(NAMES)
    shares = dict.fromkeys(NAMES, 1 / len(NAMES))
    for _ in range(_ROUNDS):
        counts = dict.fromkeys(NAMES, SMOOTHING)
        for row in likelihoods:
            evidence = sum(shares[name] * p for name, p in row.items())
            for name, p in row.items():
                counts[name] += shares[name] * p / evidence
        before, shares = shares, {name: count / total for name, count in counts.items()}
        if max(abs(shares[name] - before[name]) for name in NAMES) < _TOLERANCE:
            break
    return shares


def likelihood(broken: str, fixed: str) -> dict[str, float]:
    """For each operator the part of its sites on ``fixed`` that give ``broken``."""
    formula, wanted = Formula(fixed), canonical(broken)
    return {operator.name: _part(operator.sites(formula), fixed, wanted) for operator in OPERATORS}


def canonical(text: str) -> str:
    """A formula in capitals, without the spaces that mean nothing.

    A space means something between two operands, which it joins, and between two characters that without it were
    one relational operator.
    """
    parts = [""]
    spaced = False
    for group, token, _ in scan(text.upper()):
        if group == "space":
            spaced = True
            continue
        if spaced and parts[-1] and _means_something(parts[-1], token):
            parts.append(" ")
        parts.append(token)
        spaced = False
    return "".join(parts)


def _means_something(before: str, after: str) -> bool:
    """Whether a space between two tokens does."""
    if before + after in _RELATIONAL:
        return True
    return before[-1] not in "=<>+-*/^&,;:([{@" and after[0] not in "=<>+-*/^&%,;:)]}!"


def _part(sites: Sites, fixed: str, wanted: str) -> float:
    if isinstance(sites, EvenSites):
        return fmean(_part(kind, fixed, wanted) for kind in sites.kinds) if sites.kinds else 0.0
    squeezed = _squeeze(wanted)
    texts = (apply(fixed, sites[i]).text for i in range(len(sites)))
    hits = sum(_squeeze(text) == squeezed and canonical(text) == wanted for text in texts)
    return hits / len(sites) if len(sites) else 0.0


def _squeeze(text: str) -> str:
    """A text without white space: where these differ, the canonical texts do."""
    return "".join(text.split()).upper()


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise RequestError(
            f"pairs {path} cannot be read ({error.strerror}): give a JSON list of objects with Buggy and GroundTruth"
        ) from error


def _pairs(path: str, data: bytes) -> list[tuple[str, str]]:
    try:
        pairs = [(pair["Buggy"], pair["GroundTruth"]) for pair in json.loads(data)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RequestError(f"pairs {path}: not a JSON list of objects with Buggy and GroundTruth") from error
    if not all(isinstance(side, str) for pair in pairs for side in pair):
        raise RequestError(f"pairs {path}: Buggy and GroundTruth must be strings")
    return pairs

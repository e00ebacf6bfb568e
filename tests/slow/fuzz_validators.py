"""Throws hostile and mutated snippets at a language, in one process; run by hand.

    python tests/slow/fuzz_validators.py --language powershell --cases 100000 --seed 7 --corpora DIR

Every input must get a verdict, tokens whose texts join to the input, and a sketch; of a language that is cut into
structure tokens or statements those too, and a normal form where it is accepted. Nothing may raise, and no call may
take more processor time than ``--limit`` seconds and ``--limit-a-character`` microseconds. The exit code is 1 if
something did. A crash of the interpreter or a hang ends the run, and the log of `faulthandler` says where.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Run as a file, only this folder would be on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.slow.hostile import MAKERS, snippets
from validators import LANGUAGES, Language, get_language
from validators.powershell.normal import normal_form
from validators.powershell.parser.recovery import find_statements
from validators.powershell.structure import structure

HANG = 600.0  # seconds for a thousand inputs; beyond them the run ends and says where it hangs
LIMITS = {"excel": (1.0, 0.0), "powershell": (0.05, 20.0), "python": (1.0, 0.0)}
"""Processor time of one call: seconds, and microseconds a character beside them."""

Check = Callable[[str], str | None]


@dataclass(slots=True)
class Slowest:
    """The call that came closest to its limit, or furthest beyond it."""

    share: float = 0.0  # of the limit
    seconds: float = 0.0
    call: str = ""
    code: str = ""


def faulty_verdict(language: Language, code: str) -> str | None:
    """What is wrong with the verdict on ``code``."""
    verdict = language.check(code)
    if verdict.accepted == (verdict.kind is not None):
        return f"contradicts itself: {verdict}"
    if verdict.offset is not None and not 0 <= verdict.offset <= len(code):
        return f"offset outside of the text: {verdict}"
    return None


def faulty_tokens(language: Language, code: str) -> str | None:
    """What is wrong with the tokens of ``code``."""
    tokens = language.tokens(code)
    if "".join(token.text for token in tokens) != code:
        return "the tokens do not join to the text"
    if any(not code.startswith(token.text, token.start) for token in tokens):
        return "a token's offset is wrong"
    return None


def faulty_structure(code: str) -> str | None:
    """What is wrong with the structure tokens of ``code``."""
    found = structure(code)
    stretches = list(zip(found.starts, found.ends, strict=True))
    if len(stretches) != len(found.tokens) or any(not 0 <= start <= end <= len(code) for start, end in stretches):
        return "a structure token's place is outside of the text"
    return None


def faulty_statements(code: str) -> str | None:
    """What is wrong with the statements found in ``code``."""
    place = 0
    for statement in find_statements(code):
        if not place <= statement.start <= statement.end <= len(code):
            return f"statements overlap at {statement.start}"
        place = statement.end
    return None


def unfailing(call: Callable[[str], object]) -> Check:
    """A check that ``call`` does not raise."""

    def check(code: str) -> None:
        call(code)

    return check


def checks(language: Language, code: str) -> Iterator[tuple[str, Check]]:
    """What is asked about ``code``: its name, and a function that says what is wrong."""
    yield "verdict", lambda code: faulty_verdict(language, code)
    yield "tokens", lambda code: faulty_tokens(language, code)
    yield "sketch", unfailing(language.sketch)
    if language.name == "powershell" and len(code) <= language.max_chars:
        yield "structure", faulty_structure
        yield "statements", faulty_statements
        if language.check(code).accepted:
            yield "normal form", unfailing(normal_form)


def faults(language: Language, code: str, limit: tuple[float, float], slowest: Slowest) -> list[str]:
    """The promises that ``language`` breaks on ``code``."""
    found: list[str] = []
    try:
        for name, check in checks(language, code):
            start = time.process_time()
            fault = check(code)
            seconds = time.process_time() - start
            share = seconds / (limit[0] + limit[1] * 1e-6 * len(code))
            if share > slowest.share:
                slowest.share, slowest.seconds, slowest.call, slowest.code = share, seconds, name, code
            if fault is not None:
                found.append(f"{name}: {fault}")
            if share > 1:
                found.append(f"{name}: {seconds:.3f} s, {share:.2f} of the limit")
    except Exception:  # any exception at all is the finding, and is reported with its traceback
        found.append(traceback.format_exc())
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", required=True, choices=LANGUAGES)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, help="else one is drawn and printed")
    parser.add_argument("--corpora", type=Path, help="a folder of LANGUAGE*.jsonl.gz, whose snippets are mutated too")
    parser.add_argument("--limit", type=float, help="seconds of processor time for one call")
    parser.add_argument("--limit-a-character", type=float, help="microseconds a character beside them")
    arguments = parser.parse_args()
    faulthandler.enable()

    language = get_language(arguments.language)
    seconds, micros = LIMITS[arguments.language]
    limit = (
        seconds if arguments.limit is None else arguments.limit,
        micros if arguments.limit_a_character is None else arguments.limit_a_character,
    )
    seed = random.SystemRandom().randrange(1_000_000) if arguments.seed is None else arguments.seed
    rng = random.Random(seed)
    seeds = snippets(arguments.language, arguments.corpora)
    makers = rng.choices(list(MAKERS), weights=list(MAKERS.values()), k=arguments.cases)
    faults(language, seeds[0], limit, Slowest())  # what is loaded once is not counted
    faulty, characters = 0, 0
    slowest = Slowest()
    for number, maker in enumerate(makers):
        if number % 1000 == 0:
            faulthandler.dump_traceback_later(HANG, exit=True)
        code = maker(rng, arguments.language, seeds)
        characters += len(code)
        found = faults(language, code, limit, slowest)
        faulty += bool(found)
        for fault in found:
            print(f"case {number}, {maker.__name__}: {code[:200]!r} ({len(code)} characters): {fault}", flush=True)
    print(
        f"{arguments.language}: {arguments.cases} inputs, {characters} characters, seed {seed}: {faulty} faulty; "
        f"closest to the limit: {slowest.call}, {slowest.seconds:.3f} s, {slowest.share:.0%} of it, on "
        f"{len(slowest.code)} characters starting {slowest.code[:40]!r}"
    )
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())

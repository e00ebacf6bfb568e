"""Throws hostile and mutated snippets at a language, in one process; run by hand.

    python tests/slow/fuzz_validators.py --language excel --cases 100000 --seed 0

Every input must get a verdict, tokens whose texts join to the input, and a sketch, without an exception and within
``--limit`` seconds. The exit code is 1 if one did not. A crash of the interpreter or a hang ends the run, and the log
of `faulthandler` says where.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

# Run as a file, only this folder would be on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from validators import LANGUAGES, Language, get_language

SEEDS = {
    "excel": [
        '=IF(SUM(A1:A9)>=5%,"yes",\'My sheet\'!$B$2&" no")',
        '=SUMPRODUCT(--(Sheet1!A1:A9="x"),{1,2;3,4}*B:B)',
        "=LET(x,[@Qty]*Sales[[#This Row],[Net pay]],LAMBDA(y,x^y)(2))",
        "=IFERROR(VLOOKUP(A1#,[1]Data!$A:$D,2,FALSE),#N/A)",
    ],
    "powershell": [
        "Get-ChildItem -Path 'C:\\temp' -Recurse | Where-Object { $_.Length -gt 1MB } | Sort-Object Length",
        '$total = @{ Name = "a $($x.y) b"; Size = [int]::Parse("12") }; if ($total.Size -ge 10) { return 1..9 }',
        'foreach ($item in @(1, 2, 3)) { "$item" -replace \'\\d\', "`n" } # done',
        "function Get-Thing { param([Parameter(Mandatory)][string]$Name) try { & $Name @args } catch { throw } }",
        '$text = @"\nhello $name\n"@\n[regex]::Match($text, "h(.)") 2>&1 > $null',
    ],
    "python": [
        "def f(a, *b, c=1, **d):\n    return [x for x in b if x > a] or {**d, 'c': c}\n",
        "class A(B):\n    @property\n    async def g(self) -> int:\n        async with x as y:\n            await y\n",
        "for i, (a, b) in enumerate(zip(xs, ys)):\n    print(f'{a!r:>{b}} {i:03d}')\nelse:\n    pass\n",
        "try:\n    x = lambda *a: (yield a)\nexcept (E, F) as e:\n    raise G from e\nfinally:\n    del x[1:2, ::3]\n",
        "match p:\n    case {'k': [1, *_], **r} if r:\n        global q\n        q = 0x1F + 1_0j ** -2\n",
    ],
}
HANG = 600.0  # seconds for a thousand inputs; beyond them the run ends and says where it hangs
BRACKETS = "()[]{}<>"
STRANGE = (
    "\x00\x01\x1b\x7f\x85\xa0\xad\u200b\u200e\u202e\u2028\u2066\ufeff\uffff\ud800\udfff\U0001f600\u0301\u0130\u00df"
)
SIGNS = "=+-*/^&%#@!?.,;:'\"`\\|~$_ \t\r\n"


def random_text(rng: random.Random) -> str:
    """Characters of all planes, signs and brackets, lone surrogates included."""
    pools = (
        lambda: chr(rng.randrange(0x110000)),
        lambda: chr(rng.randrange(32, 127)),
        lambda: rng.choice(STRANGE),
        lambda: rng.choice(SIGNS + BRACKETS),
    )
    return "".join(rng.choice(pools)() for _ in range(rng.randrange(60)))


def mutated(rng: random.Random, seeds: list[str]) -> str:
    """A seed with a few characters or spans deleted, inserted, copied, moved or replaced."""
    text = rng.choice(seeds)
    for _ in range(rng.randrange(1, 6)):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.choice((0, 1, 1, 2, 5, 20)))
        other = rng.choice(seeds)
        at = rng.randrange(len(other))
        piece = rng.choice(
            (
                "",
                rng.choice(SIGNS + BRACKETS),
                rng.choice(STRANGE),
                other[at : at + rng.randrange(12)],
                text[start:end] * 2,
            )
        )
        text = text[:start] + piece + text[end:]
    return text


def spliced(rng: random.Random, seeds: list[str]) -> str:
    """The beginning of one seed and the end of another."""
    first, second = rng.choice(seeds), rng.choice(seeds)
    return first[: rng.randrange(len(first) + 1)] + second[rng.randrange(len(second)) :]


def repeated(rng: random.Random, seeds: list[str]) -> str:
    """A short piece many times over: deep nesting, long chains, long runs."""
    seed = rng.choice(seeds)
    at = rng.randrange(len(seed))
    piece = rng.choice((rng.choice(BRACKETS + SIGNS), seed[at : at + rng.randrange(1, 8)], rng.choice(STRANGE)))
    count = rng.choice((10, 100, 100, 1_000, 1_000, 3_000))
    tail = rng.choice(("", "1", rng.choice(BRACKETS) * count))
    return rng.choice(("", "=", seed)) + piece * count + tail


def huge(rng: random.Random, seeds: list[str]) -> str:
    """Hundreds of thousands to millions of characters."""
    piece = rng.choice((rng.choice(BRACKETS + SIGNS), rng.choice(seeds), rng.choice(STRANGE), "a", "1.", "''", '""'))
    return rng.choice(("", "=")) + piece * (rng.choice((100_000, 1_000_000, 3_000_000)) // len(piece))


MAKERS: tuple[tuple[Callable[[random.Random, list[str]], str], int], ...] = (
    (lambda rng, _: random_text(rng), 3000),
    (mutated, 5500),
    (spliced, 1000),
    (repeated, 495),
    (huge, 5),
)


def fault(language: Language, code: str) -> str | None:
    """What promise ``language`` breaks on ``code``, if any."""
    try:
        verdict = language.check(code)
        if verdict.accepted == (verdict.kind is not None):
            return f"contradicts itself: {verdict}"
        if verdict.offset is not None and not 0 <= verdict.offset <= len(code):
            return f"offset outside of the text: {verdict}"
        tokens = language.tokens(code)
        if "".join(token.text for token in tokens) != code:
            return "the tokens do not join to the text"
        if any(not code.startswith(token.text, token.start) for token in tokens):
            return "a token's offset is wrong"
        language.sketch(code)
    except Exception:  # any exception at all is the finding, and is reported with its traceback
        return traceback.format_exc()
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", required=True, choices=LANGUAGES)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=1.0, help="seconds for the three calls on one input")
    arguments = parser.parse_args()
    faulthandler.enable()

    language = get_language(arguments.language)
    seeds = SEEDS[arguments.language]
    rng = random.Random(arguments.seed)
    makers = rng.choices([maker for maker, _ in MAKERS], [weight for _, weight in MAKERS], k=arguments.cases)
    fault(language, seeds[0])  # what is loaded once is not counted
    faults = 0
    slowest, slowest_code = 0.0, ""
    for number, maker in enumerate(makers):
        if number % 1000 == 0:
            faulthandler.dump_traceback_later(HANG, exit=True)
        code = maker(rng, seeds)
        start = time.perf_counter()
        found = fault(language, code)
        seconds = time.perf_counter() - start
        if seconds > slowest:
            slowest, slowest_code = seconds, code
        if found is None and seconds > arguments.limit:
            found = f"took {seconds:.2f} s"
        if found is not None:
            faults += 1
            print(f"case {number}: {code[:200]!r} ({len(code)} characters): {found}")
    print(
        f"{arguments.language}: {arguments.cases} cases, seed {arguments.seed}: {faults} faults, "
        f"slowest {slowest:.3f} s on {len(slowest_code)} characters starting {slowest_code[:40]!r}"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""Hostile and mutated texts, drawn at random from a language's seeds and fragments."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path

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
BRACKETS = "()[]{}<>"
STRANGE = (
    "\x00\x01\x1b\x7f\x85\xa0\xad\u200b\u200e\u202e\u2028\u2066\ufeff\uffff\ud800\udfff\U0001f600\u0301\u0130\u00df"
)
SIGNS = "=+-*/^&%#@!?.,;:'\"`\\|~$_ \t\r\n"
FRAGMENTS = {
    "excel": (
        *("=", "A1", "$B$2:C9", "Sheet1!", "'My sheet'!", "SUM(", "IF(", "LET(x,", "{1,2;3}", "[@a]", '"a"', "#N/A"),
    ),
    "powershell": (
        *("$(", "@(", "@{", "${", "$a", "$a:", "$a.b", "$a[", "$using:a ", '"', "'", '"$(', '""', "''", "``", "`"),
        *("`\n", '@"\n', '\n"@', "@'\n", "\n'@", "\n '@", "#", "<#", "#>", "#requires a\n", "--%", " -a", " -a:"),
        *("a=", "a =", " -eq ", " -not ", "!", "++", "--", "..", "::", "?.", "?[", " ? ", " : ", "&&", "||", "|"),
        *("&", ",", "1", "0x1F", "[a]", "[a[", "[a(", ")]", "[a(b=", "]", "if (", "} else {", "while (", "{", "}"),
        *("foreach ($i in ", "switch (1) {", "class a {", "enum a {", "function f {", "param(", "try {", "} catch {"),
        *("data {", "trap {", "begin {", "$a = ", "return ", "2>&1", "> ", "*>", "foo ", "foo -a 'b' ", "\n", "\r\n"),
        *("; ", "    ", "`u{41}", "`u{z}", "\u2018", "\u201c", "\u2013", "\ud800", "\x00", "${}", ":a ", ".a", "%"),
        *("%{", "@a", "-f", "-join", "(", ")"),
    ),
    "python": ("(", "[", "{", "lambda:", "f'{", "'''", "\\\n", "    ", "if x:\n", "not ", "await ", "#", "@a\n", "1."),
}
CLOSING = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}
MAX_LONG = 100_000  # characters

Maker = Callable[[random.Random, str, list[str]], str]


def random_text(rng: random.Random, language: str, seeds: list[str]) -> str:
    """Characters of all planes, signs and brackets, lone surrogates included."""
    pools = (
        lambda: chr(rng.randrange(0x110000)),
        lambda: chr(rng.randrange(32, 127)),
        lambda: rng.choice(STRANGE),
        lambda: rng.choice(SIGNS + BRACKETS),
    )
    return "".join(rng.choice(pools)() for _ in range(rng.randrange(60)))


def mutated(rng: random.Random, language: str, seeds: list[str]) -> str:
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
                rng.choice(FRAGMENTS[language]),
                other[at : at + rng.randrange(12)],
                text[start:end] * 2,
            )
        )
        text = text[:start] + piece + text[end:]
    return text


def spliced(rng: random.Random, language: str, seeds: list[str]) -> str:
    """The beginning of one seed and the end of another."""
    first, second = rng.choice(seeds), rng.choice(seeds)
    return first[: rng.randrange(len(first) + 1)] + second[rng.randrange(len(second)) :]


def repeated(rng: random.Random, language: str, seeds: list[str]) -> str:
    """A short piece many times over: deep nesting, long chains, long runs."""
    seed = rng.choice(seeds)
    at = rng.randrange(len(seed))
    piece = rng.choice((rng.choice(BRACKETS + SIGNS), seed[at : at + rng.randrange(1, 8)], rng.choice(STRANGE)))
    count = rng.choice((10, 100, 100, 1_000, 1_000, 3_000))
    tail = rng.choice(("", "1", rng.choice(BRACKETS) * count))
    return rng.choice(("", "=", seed)) + piece * count + tail


def joined(rng: random.Random, language: str, seeds: list[str]) -> str:
    """Fragments of the language in any order."""
    few = rng.choices(FRAGMENTS[language], k=rng.randrange(1, 7))
    pool = rng.choice((few, FRAGMENTS[language]))
    return rng.choice(("", " ")).join(rng.choices(pool, k=rng.randrange(1, 40)))


def built(rng: random.Random, language: str, seeds: list[str]) -> str:
    """Up to 100,000 characters of one piece or a few over and over, what closes it as often, and others around."""
    length = int(10 ** rng.uniform(2, 5))

    def piece(most: int) -> str:
        parts = rng.choices(FRAGMENTS[language], k=rng.randrange(most + 1))
        return "".join(parts) + rng.choice(("", "", " ", "\n", rng.choice(seeds)[:30]))

    unit = piece(3) or "a"
    units = [unit] + [piece(2) for _ in range(rng.choice((0, 0, 1, 2)))]
    closing = rng.choice(("", "".join(CLOSING.get(sign, "") for sign in reversed(unit)), piece(1)))
    count = max(1, length // len(unit + closing))
    body = "".join(rng.choices(units, k=count))
    return (piece(2) + body + piece(3) + closing * count + piece(2))[:MAX_LONG]


def stacked(rng: random.Random, language: str, seeds: list[str]) -> str:
    """Up to 100,000 characters of seeds below one another, some of them mutated: a long script with mistakes."""
    length = int(10 ** rng.uniform(2, 5))
    rate = rng.choice((0.0, 0.02, 0.3, 1.0))
    lines: list[str] = []
    size = 0
    while size < length:
        line = mutated(rng, language, seeds) if rng.random() < rate else rng.choice(seeds)
        lines.append(rng.choice(("", "    ")) + line)
        size += len(lines[-1]) + 1
    return rng.choice(("\n", "\r\n", "; ")).join(lines)[:MAX_LONG]


def huge(rng: random.Random, language: str, seeds: list[str]) -> str:
    """Hundreds of thousands to millions of characters."""
    piece = rng.choice((rng.choice(BRACKETS + SIGNS), rng.choice(seeds), rng.choice(STRANGE), "a", "1.", "''", '""'))
    return rng.choice(("", "=")) + piece * (rng.choice((100_000, 1_000_000, 3_000_000)) // len(piece))


MAKERS: dict[Maker, int] = {
    random_text: 2000,
    mutated: 4675,
    spliced: 1000,
    joined: 2000,
    repeated: 200,
    built: 90,
    stacked: 30,
    huge: 5,
}
"""What makes the texts, and how many of 10,000 it makes."""


def snippets(language: str, corpora: Path | None) -> list[str]:
    """The seeds of a language, and up to 20,000 snippets from the files ``LANGUAGE*.jsonl.gz`` in a folder."""
    found = list(SEEDS[language])
    for path in sorted(corpora.glob(f"{language}*.jsonl.gz")) if corpora else ():
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            found += [json.loads(line)["code"] for _, line in zip(range(10_000), lines, strict=False)]
    return found

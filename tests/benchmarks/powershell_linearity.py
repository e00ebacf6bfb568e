"""How the processor time of PowerShell's calls grows with the length of the text; run by hand.

    python tests/benchmarks/powershell_linearity.py --corpus snippets.jsonl.gz

Prints a table of texts of 1,000, 10,000 and 100,000 characters: milliseconds of a verdict at each length, then
microseconds a character of each call at the last. Of ``--corpus``, JSON lines with a ``code``, ordinary code is taken,
and verdicts a second on its snippets of median length are printed. All on one core, in processor time, the best of
three.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

# Run as a file, only this folder would be on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from validators import get_language
from validators.powershell.normal import normal_form
from validators.powershell.parser.recovery import find_statements
from validators.powershell.structure import structure

SIZES = (1_000, 10_000, 100_000)  # characters
MEDIAN = 1_001  # snippets around the median length
ROUNDS = 3
ORDINARY = (
    "function Get-Report {\n    param([string]$Path, [int]$Days = 7)\n    $limit = (Get-Date).AddDays(-$Days)\n"
    "    foreach ($file in Get-ChildItem -Path $Path -Recurse) {\n        if ($file.LastWriteTime -gt $limit) {\n"
    '            Write-Output "new: $($file.Name) of $limit"  # recent\n        }\n    }\n}\n'
)
SHAPES = {  # what the text repeats
    "a script of functions": ORDINARY,
    "the same, each function with a mistake": ORDINARY.replace("$limit)", "$limit"),
    "`$a + 1 - $b * `": "$a + 1 - $b * ",
    "`(`": "(",
    "`@{ a = @{ `": "@{ a = @{ ",
    '`"$(` in strings that nest': '"$(',
    "here-strings": '$a = @"\nb $c\n"@\n',
    "the header of a here-string, then `$a:`": '@"\n',
    "`'` and a line end": "'\n",
    "a backtick and a line end": "a `\n",
    "comments": "# a comment\n",
    "`}`": "}",
    "`[a[`": "[a[",
    "`if ($a) {`": "if ($a) {\n",
}
TAILS = {"the header of a here-string, then `$a:`": "$a: b"}


def text(shape: str, size: int) -> str:
    """Characters of this shape, as many as ``size`` or a few fewer."""
    unit, tail = SHAPES[shape], TAILS.get(shape, "")
    return unit * ((size - len(tail)) // len(unit)) + tail


def script(snippets: list[str], size: int) -> str:
    """Snippets below one another, those that may stand behind others, up to ``size`` characters."""
    check = get_language("powershell").check
    taken: list[str] = []
    for snippet in snippets:
        size -= len(snippet) + 1
        if size < 0:
            break
        if check(f"1\n{snippet}\n1").accepted:
            taken.append(snippet)
        else:
            size += len(snippet) + 1
    return "\n".join(taken)


def seconds(call: Callable[[str], object], code: str) -> float:
    """Processor time of one call, the best of three."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        call(code)
        taken.append(time.process_time() - start)
    return min(taken)


def row(shape: str, texts: list[str]) -> str:
    """A line of the table."""
    language = get_language("powershell")
    times = [seconds(language.check, code) for code in texts]
    calls: list[Callable[[str], object]] = [language.check, language.tokens, structure, find_statements]
    last = texts[-1]
    rates = [f"{seconds(call, last) / len(last) * 1e6:.1f}" for call in calls]
    accepted = language.check(last).accepted
    rates.append(f"{seconds(normal_form, last) / len(last) * 1e6:.1f}" if accepted else "")
    return f"| {shape} | {' | '.join(f'{taken * 1e3:.2f}' for taken in times)} | {' | '.join(rates)} |"


def read(path: Path) -> list[str]:
    """The snippets of a corpus."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["code"] for line in lines]


def report_speed(snippets: list[str]) -> None:
    """Prints the verdicts a second on the snippets around the median length."""
    check = get_language("powershell").check
    middle = len(snippets) // 2
    median = sorted(snippets, key=len)[max(0, middle - MEDIAN // 2) :][:MEDIAN]
    rate = len(median) / seconds(lambda _: [check(code) for code in median], "")
    lengths = f"{len(median[0])} to {len(median[-1])} characters"
    print(f"verdicts a second on {len(median)} snippets of median length, {lengths}: {rate:,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="JSON lines of snippets, gzipped or not")
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}")
    snippets = read(arguments.corpus) if arguments.corpus else []
    if snippets:
        report_speed(snippets)
    sizes = " | ".join(f"{size:,}" for size in SIZES)
    print(f"| text | {sizes} | verdict | tokens | structure | statements | normal form |")
    print("|" + "---|" * 9)
    if snippets:
        print(row("the corpus's snippets, one below the other", [script(snippets, size) for size in SIZES]), flush=True)
    for shape in SHAPES:
        print(row(shape, [text(shape, size) for size in SIZES]), flush=True)


if __name__ == "__main__":
    main()

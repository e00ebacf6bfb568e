"""How far the parser of PowerShell agrees with PowerShell's own, by what that said of texts.

Run as ``make oracle ORACLE=DIR``; DIR holds ``verdicts.jsonl.gz`` and ``syntax.jsonl.gz``. Rows whose every error
depends on what is installed count as accepted. ``--held-out`` takes the tenth of the rows, drawn by a hash of the text,
that nobody looks at while the parser is mended; without it the other nine tenths are taken.

Structure tokens (`validators.powershell.structure`) leave out spaces. Where PowerShell accepts a text and refuses
another that differs from it in blanks and tabs alone, the two ought to have different tokens, or no repair could tell
them apart; more groups of such texts than `MAX_CONFUSED` that do not are an error.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Run as a file, only this folder would be on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from validators.powershell.parser import Parsed, ParseError, Token, parse
from validators.powershell.structure import structure

MAX_CONFUSED = 20  # of 382 groups
Row = dict[str, Any]
Difference = tuple[str, str]  # what differs, and the text with both answers


def rows(path: Path, options: argparse.Namespace) -> list[Row]:
    """The rows that the options ask for."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    if options.kind:
        found = [row for row in found if row["kind"] in options.kind.split(",")]
    if options.split != "all":
        kept = options.split == "held-out"
        found = [row for row in found if (zlib.crc32(row["code"].encode()) % 10 == 0) == kept]
    if options.sample and options.sample < len(found):
        found = random.Random(options.seed).sample(found, options.sample)
    return found


def touches(error: ParseError, place: list[Any]) -> bool:
    """Whether the error's place lies within the oracle's, or touches it."""
    return bool(error.start <= place[2] and error.end >= place[1])


def shape(tree: Any) -> Counter[tuple[str, int, int]]:
    """The names and extents of a tree of the oracle."""
    found: Counter[tuple[str, int, int]] = Counter()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "node" in node:
                found[(node["node"], *node["at"])] += 1
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def own_shape(parsed: Parsed) -> Counter[tuple[str, int, int]]:
    """The names and extents of our tree."""
    if parsed.tree is None:
        return Counter()
    return Counter((node.kind, node.start, node.end) for node in parsed.tree.walk())


def flat(tokens: list[Any]) -> Iterator[tuple[str, int, int]]:
    """The oracle's tokens, those inside others behind them."""
    for token in tokens:
        if token[0] != "EndOfInput":
            yield token[0], token[1], token[2]
        for nested in token[4:]:
            yield from flat(nested)


def own_flat(tokens: list[Token]) -> Iterator[tuple[str, int, int]]:
    """Our tokens, those inside others behind them."""
    for token in tokens:
        if token.kind != "EndOfInput":
            yield token.kind, token.start, token.end
        yield from own_flat(token.nested or [])


def verdicts(found: list[Row], options: argparse.Namespace) -> list[Difference]:
    """Prints the agreement of verdicts and first errors, and gives what differs."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    differences: list[Difference] = []
    for row in found:
        parsed, count = parse(row["code"]), counts[row["kind"]]
        accepted = row["accepted"] or row.get("machine", False)
        agrees = accepted == (not parsed.errors)
        count["rows"] += 1
        count["verdict"] += agrees
        if not agrees:
            oracle = row.get("errors", [])
            what = f"wrongly refused: {parsed.errors[0].id}" if parsed.errors else f"wrongly accepted: {oracle[0][0]}"
            differences.append((what, f"{row['code']!r} {parsed.errors[:2] or oracle[:2]}"))
        elif not accepted:
            error, place = parsed.errors[0], row["errors"][0]
            count["refused"] += 1
            count["place"] += touches(error, place)
            count["id"] += error.id == place[0]
            if options.errors and not (touches(error, place) and error.id == place[0]):
                what = f"first error: {place[0]} and ours {error.id}"
                differences.append((what, f"{row['code']!r} {place} ours {error.start}-{error.end}"))
    for kind, count in sorted(counts.items()):
        refused = count["refused"] or 1
        print(
            f"{kind:10} verdicts {count['verdict'] / count['rows']:8.3%} of {count['rows']:6}   of refused: "
            f"place {count['place'] / refused:7.2%}, id {count['id'] / refused:7.2%} of {count['refused']}"
        )
    return differences


def syntax(found: list[Row], options: argparse.Namespace) -> list[Difference]:
    """Prints the agreement of tokens and trees, and gives what differs."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    differences: list[Difference] = []
    for row in found:
        parsed, count = parse(row["code"]), counts[row["kind"]]
        count["rows"] += 1
        theirs, ours = list(flat(row["tokens"])), list(own_flat(parsed.tokens))
        count["tokens"] += theirs == ours
        if theirs != ours and options.tokens:
            pair = next(((a, b) for a, b in zip(theirs, ours, strict=False) if a != b), (theirs[-1:], ours[-1:]))
            differences.append((f"tokens: {pair[0][0]} and ours {pair[1][0]}", f"{row['code']!r} {pair}"))
        nodes, own = shape(row["tree"]), own_shape(parsed)
        count["nodes"] += nodes == own
        if nodes != own and options.nodes:
            missing, more = sorted(nodes - own), sorted(own - nodes)
            what = f"nodes: {missing[0][0] if missing else '-'} and ours {more[0][0] if more else '-'}"
            differences.append((what, f"{row['code']!r} {missing[:4]} ours {more[:4]}"))
    for kind, count in sorted(counts.items()):
        print(
            f"{kind:10} tokens {count['tokens'] / count['rows']:8.3%}, nodes {count['nodes'] / count['rows']:8.3%} "
            f"of {count['rows']:6}"
        )
    return differences


def spaces(found: list[Row], options: argparse.Namespace) -> list[Difference]:
    """Prints how many texts of opposite verdicts that differ in blanks and tabs alone have the same structure tokens.

    Raises:
        SystemExit: they are more than allowed.
    """
    groups: dict[str, dict[bool, set[str]]] = defaultdict(lambda: {True: set(), False: set()})
    for row in found:
        accepted = row["accepted"] or row.get("machine", False)
        groups[row["code"].translate({ord(" "): None, ord("\t"): None})][accepted].add(row["code"])
    opposed = [group for group in groups.values() if all(group.values())]
    differences: list[Difference] = []
    for group in opposed:
        read = [{structure(code).tokens: code for code in group[accepted]} for accepted in (True, False)]
        if shared := read[0].keys() & read[1].keys():
            tokens = min(shared)
            differences.append(("spaces without a token", f"{read[0][tokens]!r} {read[1][tokens]!r}"))
    print(f"structure  {len(differences)} of {len(opposed)} groups of opposite verdicts have texts of the same tokens")
    if len(differences) > MAX_CONFUSED:
        show(differences, options)
        sys.exit(f"at most {MAX_CONFUSED} are allowed")
    return differences


def show(differences: list[Difference], options: argparse.Namespace) -> None:
    """Prints the differences by what differs, the most frequent first."""
    groups: dict[str, list[str]] = defaultdict(list)
    for what, text in differences:
        groups[what].append(text)
    for what, texts in sorted(groups.items(), key=lambda group: -len(group[1]))[: options.groups]:
        print(f"{len(texts):5} {what}")
        for text in sorted(texts, key=len)[: options.show]:
            print("        ", text[:400])


def main() -> None:
    """Reads the options, compares, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of the oracle's files")
    parser.add_argument("--sample", type=int, default=0, help="compare so many rows of each file, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", default="", help="only rows of these kinds, between commas")
    parser.add_argument("--split", choices=("all", "open", "held-out"), default="all")
    parser.add_argument("--part", choices=("all", "verdicts", "syntax", "spaces"), default="all")
    parser.add_argument("--show", type=int, default=0, help="print so many texts of each kind of difference")
    parser.add_argument("--groups", type=int, default=40, help="print so many kinds of differences")
    parser.add_argument("--errors", action="store_true", help="first errors that differ, too")
    parser.add_argument("--tokens", action="store_true", help="tokens that differ, too")
    parser.add_argument("--nodes", action="store_true", help="nodes that differ, too")
    options = parser.parse_args()
    parts: dict[str, tuple[str, Callable[[list[Row], argparse.Namespace], list[Difference]]]] = {
        "verdicts": ("verdicts", verdicts),
        "syntax": ("syntax", syntax),
        "spaces": ("verdicts", spaces),
    }
    for name, (file, part) in parts.items():
        if options.part in ("all", name):
            differences = part(rows(options.folder / f"{file}.jsonl.gz", options), options)
            if options.show:
                show(differences, options)


if __name__ == "__main__":
    main()

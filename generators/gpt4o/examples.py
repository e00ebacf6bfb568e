"""The examples that the prompts show, a few for each language. Their broken sides are what the parsers refuse."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A snippet and the reply that is hoped for, in the three steps of the prompt."""

    kind: str  # of the mistakes, by its name in `prompts.KINDS`
    mistakes: int
    fixed: str
    explanation: str
    slips: tuple[str, ...]  # likely mistakes, of which the broken side shows the first ones
    broken: str


EXAMPLES: dict[str, tuple[Example, ...]] = {
    "excel": (
        Example(
            kind="brackets",
            mistakes=1,
            fixed="=IF(SUM(C2:C13)>5000,ROUND(SUM(C2:C13)*0.05,2),0)",
            explanation="Gives a bonus of 5%, rounded to cents, where the year's sum exceeds 5,000.",
            slips=(
                "closing SUM inside ROUND and taking that for the end of ROUND too",
                "forgetting the last parenthesis of IF",
                "comparing inside SUM, before its parenthesis is closed",
            ),
            broken="=IF(SUM(C2:C13)>5000,ROUND(SUM(C2:C13)*0.05,2,0)",
        ),
        Example(
            kind="white space",
            mistakes=1,
            fixed='=IF(B2>=C2,"late","on time")',
            explanation="Says whether B2 has reached C2.",
            slips=(
                "a blank between the two characters of >=",
                "a blank inside a cell reference",
            ),
            broken='=IF(B2> =C2,"late","on time")',
        ),
        Example(
            kind="other syntax",
            mistakes=2,
            fixed="=VLOOKUP(A2,'Price list'!$A$2:$D$90,3,FALSE)",
            explanation="Looks A2 up in the price list and returns the third column of an exact match.",
            slips=(
                "a semicolon instead of the colon of the range",
                "a comma too many between the arguments",
                "leaving out the quotes of a sheet name that has a blank",
            ),
            broken="=VLOOKUP(A2,'Price list'!$A$2;$D$90,,3,FALSE)",
        ),
    ),
    "powershell": (
        Example(
            kind="brackets",
            mistakes=1,
            fixed="foreach ($file in Get-ChildItem *.csv) {\n"
            "    $rows = Import-Csv $file.FullName\n"
            '    Write-Host "$($file.Name): $($rows.Count) rows"\n'
            "}",
            explanation="Prints how many rows each CSV file of the current folder has.",
            slips=(
                "forgetting the brace that ends the loop, which stands alone on the last line",
                "forgetting a parenthesis of the subexpressions in the string",
            ),
            broken="foreach ($file in Get-ChildItem *.csv) {\n"
            "    $rows = Import-Csv $file.FullName\n"
            '    Write-Host "$($file.Name): $($rows.Count) rows"',
        ),
        Example(
            kind="white space",
            mistakes=2,
            fixed="if ($hours -ge $limit -and $name.StartsWith('x')) {\n    throw \"Over the limit: $name\"\n}",
            explanation="Throws where the hours reach the limit and the name starts with an x.",
            slips=(
                "a blank after the dash of an operator",
                "a blank between a method and its parenthesis",
                "running two words together",
            ),
            broken="if ($hours - ge $limit -and $name.StartsWith ('x')) {\n    throw \"Over the limit: $name\"\n}",
        ),
        Example(
            kind="other syntax",
            mistakes=1,
            fixed="Get-Service |\n    Where-Object Status -eq 'Stopped' |\n    Select-Object -First 5 Name",
            explanation="Lists the names of the first five services that are stopped.",
            slips=(
                "a pipe at the end of one line and again at the start of the next",
                "leaving the string Stopped open",
                "a comma after the property",
            ),
            broken="Get-Service |\n    Where-Object Status -eq 'Stopped' |\n    | Select-Object -First 5 Name",
        ),
    ),
    "python": (
        Example(
            kind="brackets",
            mistakes=1,
            fixed="def mean(values):\n    return sum(float(v) for v in values) / max(len(values), 1)",
            explanation="Returns the average of numbers given as texts; of none it is zero.",
            slips=(
                "closing float, and taking that for the end of sum as well",
                "leaving max open at the end of the line",
            ),
            broken="def mean(values):\n    return sum(float(v for v in values) / max(len(values), 1)",
        ),
        Example(
            kind="indentation",
            mistakes=1,
            fixed="for name in names:\n    if name in seen:\n        continue\n    seen.add(name)\n    print(name)",
            explanation="Prints each name once.",
            slips=(
                "leaving the body of the if at the level of the if",
                "one blank too few before a line in the middle of the loop",
            ),
            broken="for name in names:\n    if name in seen:\n    continue\n    seen.add(name)\n    print(name)",
        ),
        Example(
            kind="other syntax",
            mistakes=2,
            fixed="with open(path) as file:\n"
            "    rows = [line.split(',') for line in file]\n"
            "if len(rows) == 0:\n"
            "    raise ValueError('no rows')",
            explanation="Reads comma-separated rows from a file and complains where there are none.",
            slips=(
                "forgetting the colon after the condition",
                "a single equals sign in the comparison",
                "not closing the quotes around the comma",
            ),
            broken="with open(path) as file:\n"
            "    rows = [line.split(',') for line in file]\n"
            "if len(rows) = 0\n"
            "    raise ValueError('no rows')",
        ),
    ),
}

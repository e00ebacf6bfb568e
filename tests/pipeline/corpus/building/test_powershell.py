"""Cutting PowerShell into statements, from scripts and from the code in Markdown."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpus.building.excerpts import Excerpt, FileReason, Length, SkippedFileError
from pipeline.corpus.building.powershell import blocks, cut, decode, read_markdown, read_script
from pipeline.corpus.building.sieve import Sieve
from tests.validators.powershell.fragments import texts
from validators import get_language

ANY = Length(min_tokens=1)
SHORT = Length(min_tokens=1, max_tokens=12)


def codes(text: str, length: Length = ANY) -> list[str]:
    return [excerpt.code for excerpt in cut(text, length)]


def test_the_statements_of_a_script_are_its_snippets() -> None:
    script = "# About\nparam([string]$Name)\n\n$x = Get-Item .; Stop-It\nGet-ChildItem |\n    Sort-Object Length\n"
    assert list(cut(script, ANY)) == [
        Excerpt("$x = Get-Item .", 4),
        Excerpt("Stop-It", 4),
        Excerpt("Get-ChildItem |\n    Sort-Object Length", 5),
    ]


def test_what_is_too_long_is_cut_from_its_inside_and_moved_to_the_margin() -> None:
    script = (
        "function Get-Size {\n"
        "    param([string]$Path)\n"
        "    process {\n"
        "        foreach ($file in $files) {\n"
        "            $total += $file.Length\n"
        "            if ($total -gt 5) {\n"
        "                break\n"
        "            }\n"
        "        }\n"
        "    }\n"
        "}\n"
    )
    assert codes(script) == [script.rstrip()]
    assert codes(script, SHORT) == ["$total += $file.Length", "if ($total -gt 5) {\n    break\n}"]


def test_a_mistake_costs_the_statement_that_it_is_in() -> None:
    found = codes("Get-Item .\n$x = (1 +\nif ($y) { Get-Date }\nStop-It -Now\n")
    assert found == ["Get-Item .", "$x = (1 +", "if ($y) { Get-Date }", "Stop-It -Now"]


def test_a_mistake_in_a_function_leaves_the_functions_other_statements() -> None:
    script = (
        "function Get-Size {\n"
        "    $total = 0\n"
        "    foreach ($file in $files) {\n"
        "        $total += $file.Length 1\n"
        "        if ($total -gt 5) {\n"
        "            break\n"
        "        }\n"
        "        else {\n"
        "            continue\n"
        "        }\n"
        "    }\n"
        "    return $total\n"
        "}\n"
        "Get-Size"
    )
    assert list(cut(script, ANY)) == [
        Excerpt("$total = 0", 2),
        Excerpt("$total += $file.Length 1", 4),
        Excerpt("if ($total -gt 5) {\n    break\n}\nelse {\n    continue\n}", 5),
        Excerpt("return $total", 12),
        Excerpt("Get-Size", 14),
    ]


def test_what_a_file_is_cut_off_in_is_no_statement() -> None:
    assert codes("if ($x) {\n    Get-Item .\n    Get-Chi") == ["Get-Item ."]


def test_a_statement_that_the_language_refuses_is_cut_from_its_inside() -> None:
    assert codes("function f {\n    Get-Item .\n    $x = @{ a = 1; a = 2 }\n}") == [
        "Get-Item .",
        "$x = @{ a = 1; a = 2 }",
    ]


def test_clauses_stay_with_their_statement_and_blocks_of_a_script_are_opened() -> None:
    assert codes("begin {\n    $x = if ($y) { 1 }\n    else { 2 }\n}\nend { $x }") == [
        "$x = if ($y) { 1 }\nelse { 2 }",
        "$x",
    ]


def test_comments_stay_inside_statements_and_are_none() -> None:
    script = (
        "#Requires -Version 5\n<#\n.SYNOPSIS\nAbout\n#>\nusing namespace System.Text\n"
        "function f {\n    <#\n    .SYNOPSIS\n    Help\n    #>\n    Get-Item . # here\n}\n# end\n"
    )
    assert list(cut(script, ANY)) == [
        Excerpt("function f {\n    <#\n    .SYNOPSIS\n    Help\n    #>\n    Get-Item . # here\n}", 7)
    ]


def test_no_line_of_a_here_string_is_a_statement() -> None:
    assert (
        codes("$x = @'\nGet-Date\n'@ )\n$y = ) @'\nGet-Date\n'@\n$z = @'\nGet-Date\n'@\n")[-1]
        == "$z = @'\nGet-Date\n'@"
    )
    assert "Get-Date" not in codes("$x = @'\nGet-Date\n'@ )\n$y = ) @'\nGet-Date\n'@\n$z = 1\n")


@pytest.mark.parametrize(
    "data",
    [
        "$name = 'é'\r\n".encode(),
        codecs.BOM_UTF8 + "$name = 'é'\r\n".encode(),
        codecs.BOM_UTF16_LE + "$name = 'é'\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "$name = 'é'\n".encode("utf-16-be"),
    ],
    ids=["UTF-8", "UTF-8 with its mark", "UTF-16, little end first", "UTF-16, big end first"],
)
def test_a_script_is_read_in_the_encoding_that_its_mark_names(data: bytes) -> None:
    assert list(read_script(data, ANY)) == [Excerpt("$name = 'é'", 1)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("$name = 'é'".encode("cp1252"), FileReason.ENCODING),
        ("$x = 1".encode("utf-16-le"), FileReason.BINARY),
        (codecs.BOM_UTF16_LE + b"$", FileReason.ENCODING),
        (b"MZ\0\0", FileReason.BINARY),
        (b"}}}} )))) ((((", FileReason.DOES_NOT_PARSE),
    ],
    ids=str,
)
def test_what_is_no_script_is_skipped_with_its_reason(data: bytes, reason: FileReason) -> None:
    with pytest.raises(SkippedFileError) as caught:
        list(read_script(data, ANY))
    assert caught.value.reason == reason


DOCUMENT = """\
# Files

```powershell
Get-ChildItem -Recurse
Get-Date
```

Text with `Get-Nothing` and a list:

- first

   ~~~~ PowerShell title="x"
   if ($x) {
       Get-Item .
   }
   ~~~~

```python
print("no")
```

```azurepowershell-interactive
New-AzVM `
  -Name "vm"
```

```powershell
PS C:\\Users\\me> Get-Process -Name pwsh |
>> Select-Object Id

  Id
  --
  42

PS> Stop-Process -Id 42
```

```text
PS> Get-Secret
```
"""


def test_markdown_gives_the_blocks_of_powershell_without_prompts_and_outputs() -> None:
    assert list(read_markdown(DOCUMENT.encode(), ANY)) == [
        Excerpt("Get-ChildItem -Recurse", 4),
        Excerpt("Get-Date", 5),
        Excerpt("if ($x) {\n    Get-Item .\n}", 13),
        Excerpt('New-AzVM `\n  -Name "vm"', 23),
        Excerpt("Get-Process -Name pwsh |\nSelect-Object Id", 28),
        Excerpt("Stop-Process -Id 42", 35),
    ]


def test_a_fence_is_closed_by_one_as_long_and_an_open_one_holds_nothing() -> None:
    assert list(blocks("````powershell\n```\nGet-Date\n````\n")) == [("```\nGet-Date", 2)]
    assert list(blocks("```powershell\nGet-Date\n")) == []


def test_a_block_that_does_not_parse_is_given_whole_to_be_counted() -> None:
    assert list(read_markdown(b"\n```powershell\n}}}} ((((\n```\n", ANY)) == [Excerpt("}}}} ((((", 3)]


@given(st.text(alphabet="`~PS> C:\\powershell\n\t $x=(){}|'\"#-", max_size=200))
def test_any_text_is_read_or_skipped(text: str) -> None:
    for read in (read_script, read_markdown):
        try:
            for code, line in read(text.encode(), ANY):
                assert code and line is not None and 1 <= line <= text.count("\n") + 1
        except SkippedFileError as error:
            assert error.reason is FileReason.DOES_NOT_PARSE


@given(texts)
def test_every_snippet_stands_in_the_file_at_its_line(text: str) -> None:
    text = decode(text.encode("utf-8", "replace").replace(b"\0", b""))
    lines = text.split("\n")
    try:
        excerpts = list(cut(text, SHORT))
    except SkippedFileError:
        return
    for code, line in excerpts:
        assert line is not None
        first, *further = code.split("\n")
        assert first in lines[line - 1]
        assert all(there.endswith(part) for part, there in zip(further[:-1], lines[line:], strict=False))


@given(st.lists(texts, max_size=4).map("\n".join))
def test_the_figures_add_up_and_what_is_kept_is_accepted(text: str) -> None:
    language = get_language("powershell")
    sieve = Sieve(language, ANY)
    try:
        excerpts = list(cut(text, ANY))
    except SkippedFileError:
        return
    kept = list(sieve.sift(excerpts))
    assert sieve.found == len(excerpts) == len(kept) + sum(sieve.left_out.values())
    assert all(language.check(excerpt.code).accepted for excerpt in kept)


@given(texts)
def test_a_statement_before_a_mistake_is_found_whatever_stands_behind(text: str) -> None:
    assert codes(f"Get-Item .\n$x = 1 1\n{text}")[0] == "Get-Item ."


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000,
        "if (1) { " * 2_000 + "1" + " }" * 2_000,
        "$x = (1 +\n" * 10_000,
        '"a $(' * 20_000,
        "@{a=" * 20_000,
        "PS> a\n" * 10_000,
        "a;" * 50_000,
        "a 'b\n" * 20_000,
        "$x = @{\n a = 1\n" * 5_000,
    ],
    ids=lambda text: text[:10],
)
def test_a_hostile_script_takes_no_time(text: str) -> None:
    """Each is read in a second or two; looking at what is nested level by level would take hours."""
    for data in (text.encode(), f"```powershell\n{text}\n```\n".encode()):
        for read in (read_script, read_markdown):
            try:
                assert all(code for code, _ in read(data, ANY))
            except SkippedFileError as error:
                assert error.reason is FileReason.DOES_NOT_PARSE

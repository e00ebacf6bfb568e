"""Small scripts that are right, spaced at random, and what becomes of people's after a few careless edits."""

from __future__ import annotations

from hypothesis import strategies as st

_SPACE = st.sampled_from(["", "", " ", "  "])
_GAP = st.sampled_from([" ", " ", "  ", " `\n  "])
_NAMES = ("a", "b1", "Name", "name", "_", "this", "true", "env:PATH", "script:c", "{a b}", "é")
_MEMBERS = ("Length", "b", "Trim", "name", "'c d'", "$a")
_VARIABLES = st.sampled_from(_NAMES).map("${}".format)
_LITERALS = st.sampled_from(
    ["0", "1", "2", "7", "-3", "0x1F", "1kb", "1.5", "''", "'it''s'", "' a  b '", '""', '"a $b"', '"$($a.b) `" c"',
     "\u2018q\u2019", "@'\na 'b'\n'@", '@"\n$a\n"@', "@{}", "@()", "[int]::MaxValue", "[A.B[c]]::new()", "$null"]
)  # fmt: skip
_BINARY = st.sampled_from(["+", "-", "*", "/", "%", "-eq", "-NE", "\u2013like", "-and", "-f", "..", ",", "-join", "??"])
_PREFIXES = st.sampled_from(["-not ", "!", "! ", "-join ", "[int]", "[string[]] ", "-", ","])


def _joined(*parts: str | st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The parts with space drawn anew where it may be or not."""
    spaced = [each for part in parts for each in (_SPACE, st.just(part) if isinstance(part, str) else part)][1:]
    return st.tuples(*spaced).map("".join)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(_joined(st.sampled_from(["a", "'b'", "Name", "$c"]), "=", inner), min_size=1, max_size=2)
    return st.one_of(
        st.builds("{}{}{}{}{}".format, inner, _GAP, _BINARY, _GAP, inner),
        st.builds("{}{}".format, _PREFIXES, inner),
        st.builds("{}.{}".format, _VARIABLES, st.sampled_from(_MEMBERS)),
        st.builds("{}.{}({})".format, _VARIABLES, st.sampled_from(_MEMBERS), inner),
        st.builds("{}[{}]".format, _VARIABLES, inner),
        _joined("(", inner, ")"), _joined("$(", inner, ")"), _joined("@(", inner, ")"),
        pairs.map(lambda pairs: "@{" + "; ".join(pairs) + " }"),
    )  # fmt: skip


EXPRESSIONS = st.recursive(st.one_of(_VARIABLES, _LITERALS), _larger, max_leaves=5)
_ARGUMENTS = st.one_of(
    _VARIABLES, _joined("(", EXPRESSIONS, ")"), st.sampled_from(["'a b'", '"c$d"', "{ $_ }", "[a]", "~", "..", "a/b"]),
    st.sampled_from(["b", "*.txt", r"C:\a", "-Path", "-Force", "-x:$true", "-eq", "-1", "10GB", "@c", "$a.b", "$a[0]"]),
    st.sampled_from(["> c", "2>&1", "2>$null", "--long", "a,b", "Mandatory", "$a$b", "'c'd", "$a (1)", "$a.b (1)"]),
)  # fmt: skip
_COMMANDS = st.builds(
    lambda name, arguments: " ".join([name, *arguments]),
    st.sampled_from(["foo", "Get-Item", "%", "& $a", ". ./c.ps1", "git", "foo.exe"]), st.lists(_ARGUMENTS, max_size=4),
)  # fmt: skip


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.builds("{{{}{}{}}}".format, st.sampled_from([" ", "\n\t"]), inner, st.sampled_from([" ", "\n", " # c\n"]))
    condition = _joined("(", EXPRESSIONS, ")")
    return st.one_of(
        _joined("if", condition, body), _joined("if", condition, body, "else", body),
        _joined("foreach", "($x in", EXPRESSIONS, ")", body), _joined("while", condition, body),
        _joined("function f", "($a)", body), _joined("try", body, "catch [A.B]", body),
        _joined("switch", condition, "{", "'a'", body, "default", body, "}"),
        st.builds("{}{}{}".format, inner, st.sampled_from(["\n", " ; ", "\r\n\r\n  "]), inner),
    )  # fmt: skip


_ASSIGNMENTS = _joined(_VARIABLES, st.sampled_from(["=", "+=", "??="]), st.one_of(EXPRESSIONS, _COMMANDS))
_PIPELINES = st.lists(_COMMANDS, min_size=1, max_size=3).map(" | ".join)
SCRIPTS = st.recursive(st.one_of(_ASSIGNMENTS, _PIPELINES, EXPRESSIONS), _blocks, max_leaves=4)

_SNIPPETS = (
    "Get-ChildItem -Path $env:TEMP -Filter '*.log' | Where-Object { $_.Length -gt 1kb } | Remove-Item -Force",
    "if ($a -eq \"x $($b.c)\") {\n    foo @d  # e\n} else { $f[0] += [int]'1' }", "@{ a = @(1, 2); 'b' = $c.d(1) }",
    "function Get-It {\n    param([Parameter(Mandatory = $true)][string]$Name)\n    return \"a\"\n}", "@'\na\n'@ -f $b",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A script that lost, doubled or got some characters."""
    code: str = draw(st.sampled_from(_SNIPPETS))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(code)))
        signs = [*"()[]{}\"'$@#`.,;:=|-& ", "\n", "\u2019", "$(", "@'", "--%", code[place:][:3]]
        inserted = draw(st.sampled_from(signs))
        code = code[:place] + inserted + code[place + draw(st.integers(0, 2)) :]
    return code

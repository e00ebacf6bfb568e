"""Python programs in every style, most of them correct, and snippets with damage."""

from __future__ import annotations

from hypothesis import strategies as st

ODD_SPACE = st.sampled_from(["", "", " ", " ", "  ", " \\\n  "])
NAMES = st.sampled_from(["x", "y", "total", "print", "self", "append", "match", "case", "_", "é", "len", "data2"])
LEAVES = st.one_of(
    NAMES,
    st.sampled_from(["0", "1", "2", "10", "0.5", "3.", ".5", "0x1F", "1e-5", "2j", "1_000", "None", "True", "..."]),
    st.sampled_from(["''", "'a b'", '"it\'s"', "'it\\'s'", '"""a\n  b"""', "r'\\d'", "b'x'", "f'{x!r:>{y}} z'",
                     "'\\\\'", "'a' \"b\"", "u'x'", "'#'", "'a\\\n b'"]),
)  # fmt: skip
BINARY = st.sampled_from(
    [
        *("+", "-", "*", "**", "/", "//", "%", "@", "&", "|", "^", "<<", ">>", "<", ">", "==", "!=", "<=", ">="),
        *(" and ", " or ", " in ", " is ", " not in ", " is not "),
    ]
)


def _joined(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    """The parts with space drawn anew between all of them."""
    strategies = [part if isinstance(part, st.SearchStrategy) else st.just(part) for part in parts]
    spaced = [each for part in strategies for each in (ODD_SPACE, part)][1:]
    return st.tuples(*spaced).map("".join)


LINE_IN_BRACKETS = st.sampled_from([",", ", ", ",\n", ",\n  ", ",  # c\n         "])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        _joined(inner, BINARY, inner),
        _joined(st.sampled_from(["-", "+", "~", " not "]), inner),
        _joined("(", inner, ")"),
        st.builds("({}{}{})".format, inner, LINE_IN_BRACKETS, inner),
        st.builds("[{}{}{}]".format, inner, LINE_IN_BRACKETS, inner),
        st.builds("(\n{}\n  {} {}\n )".format, inner, BINARY, inner),
        _joined(NAMES, "(", inner, ",", NAMES, "=", inner, ")"),
        _joined(NAMES, "(", "*", inner, ",", "**", NAMES, ")"),
        _joined("(", inner, ")", ".", NAMES),
        _joined(NAMES, ".", st.sampled_from(["append", "real", "print", "x"]), "(", inner, ")"),
        _joined(NAMES, "[", inner, ":", inner, ",", ":", ",", inner, "]"),
        _joined("(", inner, " if ", inner, " else ", inner, ")"),
        _joined("(", "lambda ", st.sampled_from(["", "x", "x,*y", "x=1"]), ":", inner, ")"),
        _joined("[", inner, " for ", NAMES, " in ", inner, " if ", inner, "]"),
        _joined("{", inner, ":", inner, ",", "**", NAMES, "}"),
        _joined("(", st.sampled_from(["n", "m"]), ":=", inner, ")"),
    ),
    max_leaves=7,
)  # fmt: skip
SIMPLE = st.one_of(
    EXPRESSIONS,
    _joined(NAMES, "=", EXPRESSIONS),
    _joined(NAMES, st.sampled_from(["+=", "//=", "@=", ">>=", "="]), EXPRESSIONS),
    _joined("x", ":", "int", "=", EXPRESSIONS),
    st.sampled_from(["pass", "import os.path as p", "from . import x", "from ..a import (b,\n  c as d)", "del x[0]",
                     "raise ValueError('x') from y", "assert x, y", "global n", "x; y", "from .a import *"]),
)  # fmt: skip
HEADS = st.one_of(  # of the blocks of one statement
    st.tuples(st.builds("if {}:".format, EXPRESSIONS)),
    st.sampled_from([
        ("if x:", "elif y:", "else :"), ("for x in y:",), ("while(x) :", "else:"), ("with a() as b, c:",),
        ("async def h():",),
        ("def f(x, /, y: int=1, *, z=2) -> None:",), ("class A(B, c=D):",), ("try:", "except (A, B) as e:", "finally:"),
        ("@a.b(1)", "class C:"), ("match(x):", "case [1, *_] | {'a': 1} if x:"), ("match x, y:", "case _:"),
    ]),
)  # fmt: skip
WIDTHS = st.sampled_from(["    ", "    ", "  ", "\t", " ", "        "])


@st.composite
def programs(draw: st.DrawFn, indentation: str = "", depth: int = 2) -> str:
    """Statements and blocks, most of them correct, each block as wide as it likes."""
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.integers(0, 4)) == 0:
            lines.append(draw(st.sampled_from(["", "   # c", "\t", "\x0c", indentation + "# c"])))
        if depth and draw(st.booleans()):
            inside = indentation
            for head in draw(HEADS):
                lines.append(f"{inside}{head}{draw(st.sampled_from(['', ' # c', '  ']))}")
                if head.startswith("match"):
                    inside += draw(WIDTHS)
                elif not head.startswith("@"):
                    lines.append(draw(programs(inside + draw(WIDTHS), depth - 1)))
        else:
            lines.append(indentation + draw(SIMPLE) + draw(st.sampled_from(["", "", "  # c", ";"])))
    return draw(st.sampled_from(["\n", "\n", "\r\n"])).join(lines)


SNIPPETS = [
    "def read(path, n=10):\n    with open(path) as f:\n        return [line.strip() for line in f][:n]",
    "class Node:\n\tdef __init__(self, value):\n\t\tself.value = value  # mine\n\t\tself.next = None",
    "total = 0\nfor i in range(1, 11):\n  if i % 2 == 0:\n    total += i\nprint('sum: %d' % total)",
    "x = {'a': [1, 2.5], \"b\": f\"{y!r:>{w}}\"}\nprint(x['a'][-1], end='\\n')",
    "match x:\n    case (1, _): pass",
    "@cache\nasync def f(*a, **k) -> None:\n    '''doc\n    string'''\n    await g(lambda: a or k, key=-1)",
    "print 'hello %s' % name",
    "try:\n    a = int(input())\nexcept ValueError as e:\n    raise SystemExit from e",
]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A snippet that lost, doubled or got some characters."""
    code: str = draw(st.sampled_from(SNIPPETS))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(code)))
        inserted = draw(
            st.sampled_from([*"()[]{}\"':;,=<>.@\\#`$ \t\r\n", "1", "a", "if", "'''", "\n   ", code[place:][:4]])
        )
        code = code[:place] + inserted + code[place + draw(st.integers(0, 2)) :]
    return code

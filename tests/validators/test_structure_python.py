"""Python as structure tokens: what is a token, what a slot, and the same program on the way there and back."""

from __future__ import annotations

import pytest

from validators.python.structure import structure, write


def spelt(tokens: tuple[str, ...]) -> str:
    """Tokens with spaces between them; a line break is its level in angle quotes, with ? where it fits no block."""
    names = []
    for token in tokens:
        if token.startswith("\n"):
            assert set(token[1:]) <= {" "} and (len(token) - 1) % 4 < 2
            token = f"«{(len(token) - 1) // 4}{'?' * ((len(token) - 1) % 4)}»"
        names.append("«indent»" if token == "    " else token)
    return " ".join(names)


@pytest.mark.parametrize(
    ("code", "tokens"),
    [
        ("def f(x, n=10):\n    return x if x != 2 else -n",
         "def <V0> ( <V1> , <V2> = <N0> ) : «1» return <V1> if <V1> ! = 2 else - <V2>"),
        ("total = 0\nfor item in items: total += item*3",
         "<V0> = 0 «0» for <V1> in <V2> : <V0> + = <V1> * <N0>"),
        ("x = 1 + 2 + 3 + 3.0 + 0x1F + 3", "<V0> = 1 + 2 + <N0> + <N1> + <N2> + <N0>"),
        ("x = 5 .real + 5..real", "<V0> = <N0> . real + <N1> . real"),
        # quotes, with the prefix
        ("x = 'it' + \"it\" + '' + rb'\\d' + f'{x!r:>{n}}'",
         "<V0> = ' <S0> ' + \" <S0> \" + ' ' + rb' <S1> ' + f' <S2> '"),
        ('"""doc\n  more"""\nx = \'\'\'a"b\'\'\' + """"""',
         '""" <S0> """ «0» <V0> = \'\'\' <S1> \'\'\' + """ """'),
        ("'a\\'b' 'c\\\\'", "' <S0> ' ' <S1> '"),
        ("x = 'a\\\nb'", "<V0> = ' <S0> '"),
        # words: Python's own, what everybody means alike, and what is called or read off
        ("print(len(self.items), sorted(x)[0])", "print ( len ( self . items ) , sorted ( <V0> ) [ 0 ] )"),
        ("x.append(foo(x.y)).z", "<V0> . append ( foo ( <V0> . y ) ) . z"),
        ("foo = 1\nfoo(2)", "<V0> = 1 «0» <V0> ( 2 )"),  # a name stays one wherever it stands
        ("y.foo = foo\nfoo = y.foo()", "<V0> . foo = <V1> «0» <V1> = <V0> . <V1> ( )"),
        ("def append(x): append(x)", "def <V0> ( <V1> ) : <V0> ( <V1> )"),
        ("class Foo(Exception): bar", "class <V0> ( Exception ) : <V1>"),
        ("if __name__ == '__main__': main()", "if __name__ = = ' <S0> ' : main ( )"),
        ("print (x), print", "print ( <V0> ) , print"),
        ("match x:\n  case [_, 1]: pass\nmatch = case", "match <V0> : «1» case [ _ , 1 ] : pass «0» match = case"),
        ("None is not True and x in ()", "None is not True and <V0> in ( )"),
        ("async def f(): await g()", "async def <V0> ( ) : await g ( )"),
        ("é = x_1", "<V0> = <V1>"),
        # operators by their characters, punctuation
        ("x[1:2, ::3, -1:, ...]", "<V0> [ 1 : 2 , : : <N0> , - 1 : , . . . ]"),
        ("f = lambda x, *a, k=1, **o: x", "<V0> = lambda <V1> , * <V2> , <V3> = 1 , * * <V4> : <V1>"),
        ("@app.get('/')\ndef f(a: int, /) -> str: ...",
         "@ <V0> . get ( ' <S0> ' ) «0» def <V1> ( <V2> : int , / ) - > str : . . ."),
        ("if (n := x // 2) >= 1 << 3: x **= ~n; y @= 2",
         "if ( <V0> : = <V1> / / 2 ) > = 1 < < <N0> : <V1> * * = ~ <V0> ; <V2> @ = 2"),
        ("from ..a import (b, c as d)", "from . . a import ( <V0> , <V1> as <V2> )"),
        ("import os.path as p", "import <V0> . path as <V1>"),
        # lines
        ("if x:\n  if y:\n     z\nelse:\n\tw", "if <V0> : «1» if <V1> : «2» <V2> «0» else : «1» <V3>"),
        ("if x:\n\ty\n        z", "if <V0> : «1» <V1> «1» <V2>"),  # a tab goes to the eighth column
        ("if x:\n    y\n\x0c    z", "if <V0> : «1» <V1> «1» <V2>"),  # a page break starts the line over
        ("if x: # why\n\n  # how\n    y # what\n    # end", "if <V0> : «1» <V1>"),
        ("x\r\ny\rz", "<V0> «0» <V1> «0» <V2>"),
        ("\n\n# first\nx\n\n", "<V0>"),
        ("x = 1 + \\\n    2", "<V0> = 1 + 2"),
        ("x = (1,\n       2,\n  3\n)", "<V0> = ( 1 , «1» 2 , «1» <N0> «0» )"),
        ("if x:\n    y = [\n    1,\n            2]", "if <V0> : «1» <V1> = [ «1» 1 , «2» 2 ]"),
        ("", ""),
        ("# nothing\n", ""),
        # broken ones
        ("print 'a'", "print ' <S0> '"),
        ("if x = 1\n    y", "if <V0> = 1 «1» <V1>"),
        ("  x\ny", "«indent» <V0> «0» <V1>"),
        ("if x:\n        y\n    z\n    w\n  v", "if <V0> : «1» <V1> «0?» <V2> «0?» <V3> «1» <V4>"),
        ("if x:\n    if y:\n        z\n      w\nv", "if <V0> : «1» if <V1> : «2» <V2> «1?» <V3> «0» <V4>"),
        ("x = 'abc + y\nz", "<V0> = ' <V1> + <V2> «0» <V3>"),  # no second quote: the tokens behind the first
        ("print(\"a)\nprint(\"b\")", "print ( \" <V0> ) «0» print ( \" <S0> \" )"),
        ("x = '''a\nb", "<V0> = ''' <S0>"),
        ("def f(x:\n    return x)", "def <V0> ( <V1> : «1» return <V1> )"),
        ("x ? y $ z", "<V0> ? <V1> $ <V2>"),
        ("x <> y => z", "<V0> < > <V1> = > <V2>"),
    ],
)  # fmt: skip
def test_a_program_has_the_tokens_that_one_would_write_down(code: str, tokens: str) -> None:
    assert spelt(structure(code).tokens) == tokens


@pytest.mark.parametrize(
    ("code", "tokens"),
    [
        ("x.append(foo(x))", "<V0> . append ( <V1> ( <V0> ) )"),
        ("append(x.join)", "append ( <V0> . <V1> )"),
        ("x.print(len(y))\nx.format", "<V0> . print ( len ( <V1> ) ) «0» <V0> . <V2>"),  # built in, but no attribute
        ("append = x.append", "<V0> = <V1> . <V0>"),
        ("self.__init__(ValueError)", "self . __init__ ( ValueError )"),
    ],
)
def test_calls_and_attributes_are_words_where_the_vocabulary_has_them(code: str, tokens: str) -> None:
    assert spelt(structure(code, frozenset({"append", "print"})).tokens) == tokens


def test_the_slots_are_the_snippets_own_texts() -> None:
    code = "if x1 > 3.5:\n  y.z = 'a b'\n  if y:\n\n      f'{x1}'"
    assert structure(code, frozenset()).slots == {
        "<V0>": "x1", "<N0>": "3.5", "<V1>": "y", "<V2>": "z", "<S0>": "a b", "<S1>": "{x1}",
        "\n    ": "\n  ", "\n        ": "\n      ",
    }  # fmt: skip


STYLED = [  # programs in their usual style, which is kept
    "def f(x, *args, n=10, **options):\n    return -n ** 2 if not x else (yield)",
    "x = y if a < b <= c else d[1:2, :, ::3][-1:]", "def f(a, /, b, *, c: str) -> None:\n    pass",
    "for i, (a, b) in enumerate(zip(x, y)): print(i, end='')", "print(*a, **b, sep=', ')",
    "from . import x\nfrom .. import y\nfrom ...a.b import *\nfrom ....c import d", "import a.b as c, d",
    "x = [i for i in range(10) if i % 2 == 0 and not i]", "x = {'a': 1, **b, 'c': [2]}", "x = {a: b for a, b in c}",
    "f = lambda: 0\ng = lambda x, *a: x + 1", "x: int = 3", "x, *y = a, b", "return (a + b) * -c", "a = b = c",
    "try:\n    x.y()\nexcept (A, B) as e:\n    raise C('x') from e\nfinally:\n    pass",
    "with open('a') as f, g() as h:\n    del x[0]", "class A(B, metaclass=C):\n    x = 1\n\n"[:-2],
    "@a.b(c)\nasync def f():\n    await g()", "while (n := f()) > 0: n -= 1; break", "assert x, 'y'",
    "match x:\n    case [1, _]:\n        pass\n    case (a, b) | {'c': d}:\n        pass\n    case A(b=1):\n        c",
    "x = 'a' 'b'\ny = ('a'\n    f'b')", "x = a @ b @ c", "x //= 2\nx **= 3\nx >>= 1\nx |= y\nx @= z", "x = ~a & b ^ c",
    "x = a - -1 + (+b)", "x[...]", "print 'hello'", "raise A, 'b'", "x <> y", "x => y =< z", "exec x in y",
    "if x:\n    y\nelif z:\n    w\nelse:\n    v", "x = (a\n    == b\n    and c)\ny = [\n    1,\n    2\n]",
    "x = 1. + .5 + 1e-5",
    "global x, y\nnonlocal z", "a if b else c if d else e", "x = not a\ny = a is not b\nz = a not in b", "x.y[0](1)(2)",
    "x = f'{a[\"b\"]!r:>10}' % c", "i = 5 .real", "if x: pass", "if x: pass;", "async with a as b: pass",
]  # fmt: skip


@pytest.mark.parametrize("code", STYLED)
def test_the_usual_style_comes_back_to_the_byte(code: str) -> None:
    found = structure(code)
    assert write(found.tokens, found.slots) == code


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("x=-1if(y)else[2]", "x = -1 if (y) else [2]"),
        ("print  ( x,y )", "print(x, y)"),
        ("f(a = 1)", "f(a=1)"),
        ("def f(a:int=3,b=1,*,c:List[int]=d):pass", "def f(a: int = 3, b=1, *, c: List[int] = d): pass"),
        ("f(key=lambda x:x,b=1)", "f(key=lambda x: x, b=1)"),
        ("x[ 1 : 2 ]", "x[1:2]"),
        ("not(x)or(y)", "not (x) or (y)"),
        ("'a'if x else'b'", "'a' if x else 'b'"),
        ("'a''b'\"c\"", "'a' 'b' \"c\""),
        ("x = 5..real", "x = 5. .real"),
        ("x = 1 # why", "x = 1"),
        ("a. b .c", "a.b.c"),
        ("f(\n  a,\n      b\n  )", "f(\n    a,\n    b\n    )"),
        ("if x:\n    y\n\x0cz", "if x:\n    y\nz"),
        # a width for each level: that of its first line, where the levels still are deeper than one another
        ("if x:\n  y\nif x:\n     y", "if x:\n  y\nif x:\n  y"),
        ("if x:\n        y\nif x:\n  if y:\n    z", "if x:\n        y\nif x:\n        if y:\n            z"),
        ("if x:\n        y\nif x:\n\tif y:\n\t\tz", "if x:\n        y\nif x:\n        if y:\n            z"),
        ("if x:\n\ty\nif x:\n        if y:\n                z", "if x:\n\ty\nif x:\n\tif y:\n\t    z"),
        ("  x\ny", "  x\ny"),
        ("if x:\n        y\n    z", "if x:\n        y\n z"),
    ],
)
def test_another_style_becomes_the_usual_one(code: str, written: str) -> None:
    found = structure(code)
    assert write(found.tokens, found.slots) == written


def test_lines_that_the_snippet_does_not_have_go_on_from_those_that_it_has() -> None:
    tokens = ["if", "<V0>", ":", "\n    ", "if", "<V1>", ":", "\n        ", "pass", "\n", "pass"]
    names = {"<V0>": "a", "<V1>": "b"}
    assert write(tokens, names) == "if a:\n    if b:\n        pass\npass"
    assert write(tokens, names | {"\n    ": "\n\t"}) == "if a:\n\tif b:\n\t    pass\npass"
    assert write(tokens, names | {"\n    ": "\n  "}) == "if a:\n  if b:\n        pass\npass"
    assert write(tokens, names | {"\n        ": "\n  "}) == "if a:\n    if b:\n        pass\npass"


def test_a_slot_without_a_text_is_written_as_the_first_of_its_kind() -> None:
    assert write(["<V0>", "=", "<N0>", "+", "'", "<S0>", "'"], {"<N0>": "7"}) == "x = 7 + 'name'"

"""Cutting Python into snippets: every statement once at most, each snippet whole and at the left margin."""

from __future__ import annotations

import ast
import codecs
import json
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpus.building.excerpts import Excerpt, FileReason, Length, SkippedFileError
from pipeline.corpus.building.python import cut, read_notebook, read_python, without_magics
from validators import get_language

ANY = Length(min_tokens=1)
SHORT = Length(min_tokens=1, max_tokens=18)


def snippets(source: str, length: Length = ANY) -> list[str]:
    return [excerpt.code for excerpt in cut(dedent(source), length)]


def skipped(read: object, data: bytes) -> FileReason:
    with pytest.raises(SkippedFileError) as caught:
        list(read(data, ANY))  # type: ignore[operator]
    return caught.value.reason


def test_functions_classes_and_runs_of_statements_are_snippets() -> None:
    source = '''\
    """What the module is for."""
    import os
    import sys

    HERE = os.getcwd()
    def first():
        return 1
    x = first()
    class Point:
        x = 0
    '''
    assert list(cut(dedent(source), ANY)) == [
        Excerpt("import os\nimport sys", 2),
        Excerpt("HERE = os.getcwd()", 5),
        Excerpt("def first():\n    return 1", 6),
        Excerpt("x = first()", 8),
        Excerpt("class Point:\n    x = 0", 9),
    ]


def test_a_run_ends_at_a_blank_line_and_after_four_statements() -> None:
    assert snippets("a = 1\nb = 2\n# why\nc = 3\nd = 4\ne = 5\n\nf = 6\n") == [
        "a = 1\nb = 2\n# why\nc = 3\nd = 4", "e = 5", "f = 6"
    ]  # fmt: skip


def test_a_run_ends_before_it_is_too_long() -> None:
    assert snippets("a = f(1, 2)\nb = 2\nc = 3\n", Length(max_tokens=11)) == ["a = f(1, 2)", "b = 2\nc = 3"]


def test_what_is_too_long_is_cut_from_its_inside_and_moved_to_the_margin() -> None:
    source = """\
    class Account:
        rate = 0.5

        @property
        def total(self):
            return self.a + 1

        def all_of_it(self, a, b, c, d, e, f):
            if a:
                self.x = a
            elif b:
                self.x = b
                self.y = b
            else:
                self.x = c
            try:
                self.z = d
            except ValueError:
                self.z = e
            finally:
                self.z = f
            match a:
                case 1:
                    self.m = 1
    """
    assert snippets(source, SHORT) == [
        "rate = 0.5",
        "@property\ndef total(self):\n    return self.a + 1",
        "self.x = a",
        "self.x = b\nself.y = b",
        "self.x = c",
        "self.z = d",
        "self.z = e",
        "self.z = f",
        "match a:\n    case 1:\n        self.m = 1",
    ]  # fmt: skip


def test_documentation_is_left_out_of_definitions() -> None:
    source = '''\
    class Greeter:
        """It greets.

        At length."""

        def greet(self):
            """Say it."""
            return "hello"

        def only(self):
            """Nothing but this."""
    '''
    assert snippets(source) == [
        'class Greeter:\n    def greet(self):\n        return "hello"\n\n'
        '    def only(self):\n        """Nothing but this."""'
    ]


def test_statements_on_one_line_stay_together() -> None:
    assert snippets("a = 1; b = 2\nif a: b = 3\n") == ["a = 1; b = 2\nif a: b = 3"]
    assert snippets("if aaa: b = f(1, 2, 3, 4, 5, 6, 7, 8)\n", SHORT) == ["if aaa: b = f(1, 2, 3, 4, 5, 6, 7, 8)"]


def test_lines_of_a_string_keep_what_they_have_less_than_the_margin() -> None:
    source = 'def f(a, b, c, d, e, g, h):\n    text = """\nleft\n      right\n    """\n    use(text)\n'
    assert snippets(source, SHORT) == ['text = """\nleft\n  right\n"""\nuse(text)']


def test_a_long_chain_of_elif_does_no_harm() -> None:
    chain = "if x == 0:\n    y = 0\n" + "".join(f"elif x == {i}:\n    y = {i}\n" for i in range(1, 300))
    assert snippets(chain) == [f"y = {i}" for i in range(300)]


@given(st.data())
def test_any_module_is_cut_into_disjoint_snippets_that_were_there(data: st.DataObject) -> None:
    """The project's own code, at any length: what is cut parses, and its statements are the module's."""
    files = sorted(Path(__file__).parents[4].glob("validators/python/*.py"))
    text = data.draw(st.sampled_from(files)).read_text()
    length = Length(
        min_tokens=1, max_tokens=data.draw(st.integers(5, 200)), max_lines=data.draw(st.integers(1, 40))
    )  # fmt: skip
    all_lines = {line.strip() for line in text.split("\n")}
    last = 0
    for code, line in cut(text, length):
        ast.parse(code)
        assert line is not None and line > last
        assert code[0] not in " \t"
        assert {part.strip() for part in code.split("\n")} <= all_lines
        last = line + len(code.split("\n")) - 1 if '"""' not in text.split("\n")[line : line + 1] else line


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("name = 'é'\n".encode(), "UTF-8"),
        (codecs.BOM_UTF8 + "name = 'é'\n".encode(), "a byte order mark"),
        ("# -*- coding: latin-1 -*-\nname = 'é'\n".encode("latin-1"), "PEP 263"),
        ("name = 'é'\r\n".encode(), "Windows line ends"),
        ("name = 'é'\r".encode(), "old Macintosh line ends"),
    ],
    ids=str,
)
def test_a_source_file_is_read_in_the_encoding_that_it_declares(data: bytes, name: str) -> None:
    assert [excerpt.code for excerpt in read_python(data, ANY)] == ["name = 'é'"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x7fELF\0\0\0", FileReason.BINARY),
        ("name = 'é'\n".encode("latin-1"), FileReason.ENCODING),
        (b"# coding: no-such-encoding\n", FileReason.ENCODING),
        (b"# coding: zlib\nx = 1\n", FileReason.ENCODING),
        ("x = 1\n".encode("utf-16"), FileReason.ENCODING),
        (b"print 'Python 2'\n", FileReason.DOES_NOT_PARSE),
        (b"def f(:\n", FileReason.DOES_NOT_PARSE),
        (b"x = " + b"(" * 3_000 + b")" * 3_000, FileReason.DOES_NOT_PARSE),
        (b"x = " + b"-" * 100_000 + b"1", FileReason.DOES_NOT_PARSE),
    ],
    ids=str,
)
def test_what_is_no_python_3_is_skipped_with_its_reason(data: bytes, reason: FileReason) -> None:
    assert skipped(read_python, data) == reason


def test_an_empty_module_holds_nothing() -> None:
    assert list(read_python(b"", ANY)) == list(read_python(b"# nothing\n", ANY)) == []


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_skipped(data: bytes) -> None:
    for read in (read_python, read_notebook):
        try:
            for code, _ in read(data, ANY):
                get_language("python").check(code)
        except SkippedFileError as error:
            assert error.reason in FileReason


def notebook(*cells: object, **metadata: object) -> bytes:
    written = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"nbformat": 4, "metadata": metadata, "cells": written}).encode()


def test_a_notebook_gives_the_python_of_its_code_cells() -> None:
    data = json.dumps(
        {
            "nbformat": 4,
            "metadata": {"kernelspec": {"language": "python"}},
            "cells": [
                {"cell_type": "markdown", "source": "x = 'text'"},
                {"cell_type": "code", "source": ["import numpy as np\n", "x = np.arange(3)"], "outputs": [1]},
                {"cell_type": "code", "source": "%matplotlib inline\n!pip install numpy\n\ny = x + 1\nx?\n?x"},
                {"cell_type": "code", "source": "%%bash\nls = 1"},
                {"cell_type": "code", "source": "%%time\nz = 1"},
                {"cell_type": "code", "source": "files = !ls"},
                {"cell_type": "raw", "source": "x = 'raw'"},
            ],
        }
    ).encode()
    found = list(read_notebook(data, ANY))
    assert [excerpt.code for excerpt in found] == [
        "import numpy as np\nx = np.arange(3)", "y = x + 1", "z = 1", "files = !ls"
    ]  # fmt: skip
    assert {excerpt.line for excerpt in found} == {None}


def test_a_notebook_of_the_third_format_is_read() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]}]}
    assert [excerpt.code for excerpt in read_notebook(json.dumps(old).encode(), ANY)] == ["x = 1\ny = 2"]


def test_a_magic_inside_a_block_leaves_the_block() -> None:
    assert without_magics("for i in x:\n    %time f(i)\n    g(i)") == "for i in x:\n    g(i)"
    assert without_magics("a = 5\nb = a % 3\n") == "a = 5\nb = a % 3"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"not JSON", FileReason.NOT_A_NOTEBOOK),
        (b"[" * 100_000, FileReason.NOT_A_NOTEBOOK),
        (b"[1]", FileReason.NOT_A_NOTEBOOK),
        (b"{}", FileReason.NOT_A_NOTEBOOK),
        (b'{"cells": [{"cell_type": "code"}]}', FileReason.NOT_A_NOTEBOOK),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', FileReason.NOT_A_NOTEBOOK),
        (b'{"cells": 7}', FileReason.NOT_A_NOTEBOOK),
        (notebook("x <- 1", kernelspec={"language": "R"}), FileReason.OTHER_LANGUAGE),
        (notebook("x = 1;", language_info={"name": "julia"}), FileReason.OTHER_LANGUAGE),
    ],
    ids=str,
)
def test_what_is_no_notebook_of_python_is_skipped_with_its_reason(data: bytes, reason: FileReason) -> None:
    assert skipped(read_notebook, data) == reason

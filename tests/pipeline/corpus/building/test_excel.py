"""Formulas out of workbooks: real ones that openpyxl writes, and hostile ones."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.formatting.rule import FormulaRule
from openpyxl.worksheet.formula import ArrayFormula

from pipeline.corpus.building.excel import MAX_UNPACKED, is_dangling, read_workbook
from pipeline.corpus.building.excerpts import FileReason, Length, SkippedFileError

SHEET = "xl/worksheets/sheet1.xml"


def workbook(fill: Callable[[openpyxl.Workbook], object] | None = None) -> bytes:
    """A workbook with =A1+1 in B1, or with what is filled in."""
    book = openpyxl.Workbook()
    if fill:
        fill(book)
    else:
        book.active["B1"] = "=A1+1"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return stream.getvalue()


def sheet(content: str) -> bytes:
    """A workbook whose sheet has this XML for its cells."""
    return with_part(workbook(), SHEET, lambda xml: re.sub(rb"<sheetData>.*</sheetData>", content.encode(), xml))


def formulas(data: bytes) -> list[str]:
    return [excerpt.code for excerpt in read_workbook(data, Length())]


def skipped(data: bytes) -> FileReason:
    with pytest.raises(SkippedFileError) as caught:
        formulas(data)
    return caught.value.reason


def test_the_formulas_of_all_cells_and_conditional_formats_are_found() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        first, second = book.active, book.create_sheet("Other data")
        first["A1"], first["A2"], first["A3"] = 1, "text", "=SUM(A1:A2)"
        first["B7"] = "=IF(A1<2,\"<&>\",'Other data'!A1)"
        second["C1"] = ArrayFormula("C1:C3", "=A1:A3*2")
        second.conditional_formatting.add("A1:A9", FormulaRule(formula=["$A1>AVERAGE($A$1:$A$9)"]))
        book.create_chartsheet("Chart")

    assert formulas(workbook(fill)) == [
        "=SUM(A1:A2)", '=IF(A1<2,"<&>",\'Other data\'!A1)', "=A1:A3*2", "=$A1>AVERAGE($A$1:$A$9)"
    ]  # fmt: skip


def test_a_formula_reads_as_excel_shows_it() -> None:
    data = sheet(
        "<sheetData><row r='1'><c r='A1'><f>_xlfn.XLOOKUP(A1,B:B,_xlfn._xlws.SORT(C:C))</f></c>"
        "<c r='B1'><f> _xlfn.LET(_xlpm.x,1,_xlpm.x+1)\n</f><v>2</v></c></row></sheetData>"
    )
    assert formulas(data) == ["=XLOOKUP(A1,B:B,SORT(C:C))", "=LET(x,1,x+1)"]


def test_cells_that_share_a_formula_count_once() -> None:
    data = sheet(
        "<sheetData><row r='1'><c r='B1'><f t='shared' ref='B1:B3' si='0'>A1*2</f></c></row>"
        "<row r='2'><c r='B2'><f t='shared' si='0'/></c></row><row r='3'><c r='B3'><f t='shared' si='0'></f></c></row>"
        "<row r='4'><c r='B4'><f t='dataTable' ref='B4:B5' r1='A1'/></c></row></sheetData>"
    )
    assert formulas(data) == ["=A1*2"]


def test_a_workbook_without_formulas_holds_nothing() -> None:
    assert formulas(workbook(lambda book: book.active.append([1, "x"]))) == []


def test_a_sheet_may_declare_any_size() -> None:
    huge = '<dimension ref="A1:XFD1048576"/><sheetData><row r="99999999999999"><c r="XFD99999999"><f>A1*2</f></c></row>'
    assert formulas(sheet(f"{huge}</sheetData>")) == ["=A1*2"]


def test_a_strict_workbook_is_read_like_any_other() -> None:
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    strict = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
    assert formulas(with_part(workbook(), SHEET, lambda xml: xml.replace(main, strict))) == ["=A1+1"]


def encrypted_part(data: bytes) -> bytes:
    """The same archive, its directory and headers saying that every part has a password."""
    flagged = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for match in re.finditer(re.escape(mark), data):
            flagged[match.start() + offset] |= 1
    return bytes(flagged)


def lying_about_sizes(data: bytes) -> bytes:
    """The same archive, its directory saying that every part unpacks to ten bytes."""
    changed = bytearray(data)
    for match in re.finditer(rb"PK\x01\x02", data):
        changed[match.start() + 24 : match.start() + 28] = struct.pack("<I", 10)
    return bytes(changed)


def bomb(size: int) -> bytes:
    return with_part(workbook(), SHEET, lambda xml: b" " * size + xml)


def flipped(data: bytes) -> bytes:
    """The same archive with a wrong byte among those of the sheet."""
    place = data.index(SHEET.encode()) + len(SHEET) + 40
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


NO_WORKBOOKS: dict[str, tuple[bytes, FileReason]] = {
    "an OLE header": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), FileReason.ENCRYPTED_WORKBOOK),
    "parts with a password": (encrypted_part(workbook()), FileReason.ENCRYPTED_WORKBOOK),
    "nothing": (b"", FileReason.CORRUPT_WORKBOOK),
    "text": (b"no workbook", FileReason.CORRUPT_WORKBOOK),
    "truncated": (workbook()[:-40], FileReason.CORRUPT_WORKBOOK),
    "a wrong byte": (flipped(workbook()), FileReason.CORRUPT_WORKBOOK),
    "half a sheet": (with_part(workbook(), SHEET, lambda xml: xml[: len(xml) // 2]), FileReason.CORRUPT_WORKBOOK),
    "no sheets": (with_part(workbook(), "xl/workbook.xml", lambda xml: b"<x/>"), FileReason.CORRUPT_WORKBOOK),
    "no types": (with_part(workbook(), "[Content_Types].xml", lambda xml: b""), FileReason.CORRUPT_WORKBOOK),
    "no links": (
        with_part(workbook(), "xl/_rels/workbook.xml.rels", lambda xml: b"<x/>"), FileReason.CORRUPT_WORKBOOK
    ),
    "wrong sizes": (lying_about_sizes(workbook()), FileReason.CORRUPT_WORKBOOK),
    "a bomb": (bomb(40 * 2**20), FileReason.ZIP_BOMB),
}  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), NO_WORKBOOKS.values(), ids=NO_WORKBOOKS)
def test_what_is_no_workbook_is_skipped_with_its_reason(data: bytes, reason: FileReason) -> None:
    assert len(data) < 100_000
    assert skipped(data) == reason


def test_a_bomb_is_told_by_what_it_declares_before_anything_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(workbook())
    for match in list(re.finditer(rb"PK\x01\x02", bytes(data)))[:1]:
        data[match.start() + 24 : match.start() + 28] = struct.pack("<I", MAX_UNPACKED + 1)

    def unpack(*args: object) -> None:
        raise AssertionError("unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "open", unpack)
    assert skipped(bytes(data)) == FileReason.ZIP_BOMB


def test_a_sheet_that_expands_entities_is_refused() -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    data = with_part(workbook(), SHEET, lambda xml: laughs + xml.replace(b"A1+1", b"&b;"))
    assert skipped(data) == FileReason.CORRUPT_WORKBOOK


@pytest.mark.parametrize(
    ("formula", "dangling"),
    [
        ("=[1]Sheet1!A1*2", True),
        ("='[2]My sheet'!A1", True),
        ("=SUM(#REF!)", True),
        ("=Sheet1!#REF!+1", True),
        ('=IFERROR(__xludf.DUMMYFUNCTION("x"),1)', True),
        ("=SUM(ANCHORARRAY(A1))", True),
        ("=Table1[2020]", False),
        ("=Table1[[2020]]", False),
        ("=[Book.xlsx]Sheet1!A1", False),
        ("=A1+1", False),
    ],
)
def test_a_formula_that_points_at_nothing_is_told(formula: str, dangling: bool) -> None:
    assert is_dangling(formula) == dangling


@settings(max_examples=60)
@given(st.integers(0, len(workbook()) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_workbook_is_read_or_skipped(place: int, damage: bytes) -> None:
    data = workbook()
    try:
        formulas(data[:place] + damage + data[place + len(damage) :])
    except SkippedFileError as error:
        assert error.reason in FileReason


def test_reading_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    formulas(workbook())
    assert list(tmp_path.iterdir()) == []

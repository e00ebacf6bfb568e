"""Formulas of Excel workbooks: of cells, and of conditional formats.

openpyxl opens the package and finds the sheets. The sheets are then read as a stream of XML: openpyxl's cells translate
a shared formula for every cell that follows it, fill the gaps of whatever size a sheet declares, and know of no
conditional format when they are read one by one.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import IO
from xml.parsers import expat

from pipeline.corpus.building.excerpts import Excerpt, FileReason, Length, SkippedFileError

MAX_UNPACKED = 256 * 2**20  # bytes, of all parts of a workbook together
MAX_RATIO = 200  # of unpacked to packed, for what is not small anyway

_SMALL = 16 * 2**20
_CHUNK = 2**16
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of encrypted workbooks and of .xls
_MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
_FORMULAS = frozenset(f"{space} {name}" for space in _MAIN for name in ("f", "formula"))
_PREFIX = re.compile(r"_xl(?:fn|ws|pm)\.")
_DANGLING = re.compile(r"(?<![\w\[])\[\d+\]|#REF!|__xludf\.|\b(?:ANCHORARRAY|SINGLE)\(", re.IGNORECASE)


def read_workbook(data: bytes, length: Length) -> Iterator[Excerpt]:
    """The formulas in a workbook, sheet by sheet, as Excel shows them.

    Raises:
        SkippedFileError: encrypted, corrupt, or made to fill the memory.
    """
    if data.startswith(_OLE):
        raise SkippedFileError(FileReason.ENCRYPTED_WORKBOOK)
    from openpyxl.reader.excel import ExcelReader

    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            check_size(archive)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = ExcelReader(BytesIO(data), read_only=True, keep_links=False)
            reader.read_manifest()
            reader.read_workbook()
            links = [link for _, link in reader.parser.find_sheets()]
        if not links:
            raise SkippedFileError(FileReason.CORRUPT_WORKBOOK, "it has no sheet")
        for link in links:
            if not link.Type.endswith("/worksheet"):
                continue  # a chart, a dialogue, macros of old
            with reader.archive.open(link.target) as stream:
                for formula in formulas(stream):
                    yield Excerpt("=" + _PREFIX.sub("", formula.strip()))
    except SkippedFileError:
        raise
    except Exception as error:  # a damaged package makes zipfile, expat and openpyxl raise whatever comes to them
        encrypted = isinstance(error, RuntimeError) and "encrypted" in str(error)
        reason = FileReason.ENCRYPTED_WORKBOOK if encrypted else FileReason.CORRUPT_WORKBOOK
        raise SkippedFileError(reason, f"{type(error).__name__}: {error}") from error


def check_size(archive: zipfile.ZipFile) -> None:
    """Look at what the parts say of their sizes; `zipfile` reads no more of a part than that.

    Raises:
        SkippedFileError: too much, in all or for the size of the file.
    """
    parts = archive.infolist()
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if unpacked > MAX_UNPACKED or unpacked > max(_SMALL, MAX_RATIO * packed):
        raise SkippedFileError(FileReason.ZIP_BOMB, f"{unpacked:,} bytes packed in {packed:,}")


def formulas(sheet: IO[bytes]) -> Iterator[str]:
    """The formulas in the XML of a worksheet; a cell that shares the formula of another has none of its own.

    Raises:
        expat.ExpatError: it is no XML.
        ValueError: it declares a document type, which no workbook does.
    """
    found: list[str] = []
    text: list[str] | None = None  # of the formula that is open

    def open_element(name: str, attributes: dict[str, str]) -> None:
        nonlocal text
        text = [] if name in _FORMULAS else None

    def add_text(data: str) -> None:
        if text is not None:
            text.append(data)

    def close_element(name: str) -> None:
        nonlocal text
        if text and (formula := "".join(text)).strip():
            found.append(formula)
        text = None

    def refuse(*declaration: object) -> None:
        raise ValueError("the sheet declares a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = open_element, close_element
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = add_text, refuse
    last = False
    while not last:
        chunk = sheet.read(_CHUNK)
        last = not chunk
        parser.Parse(chunk, last)
        yield from found
        found.clear()


def is_dangling(formula: str) -> bool:
    """Whether a formula points at what is not there: another workbook by its number, a deleted cell, an add-in."""
    return _DANGLING.search(formula) is not None

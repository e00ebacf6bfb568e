"""Which columns of a table hold the code and say where it is from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from schemas.errors import RequestError

CODE = ("code", "content", "text")  # the first that a table has
SOURCE = ("source", "id")

Row = tuple[str, str | None]  # code and source


def code_column(names: Collection[str], wanted: str | None, where: str) -> str:
    """The column with the code: the one that is wanted, else the first of `CODE` that there is.

    Args:
        names: of all columns, in their order.
        wanted: by the user.
        where: which table, for the message.

    Raises:
        RequestError: there is no such column.
    """
    for name in CODE if wanted is None else (wanted,):
        if name in names:
            return name
    missing = repr(wanted) if wanted is not None else "'code', 'content' or 'text'"
    raise RequestError(
        f"{where} has no {missing} column; it has {', '.join(names) or 'none'}: rename the one with the code "
        "to 'code', or name it with `run --set corpus_column=NAME`"
    )


def source_column(names: Collection[str]) -> str | None:
    """The column that says where a snippet is from, if there is one."""
    return next((name for name in SOURCE if name in names), None)


def checked(codes: Iterable[object], sources: Iterable[object], where: str, first: int = 1) -> Iterator[Row]:
    """Columns as rows.

    Raises:
        RequestError: a code is no text; the message has its row, counted from ``first``.
    """
    for number, (code, source) in enumerate(zip(codes, sources, strict=True), first):
        if not isinstance(code, str):
            raise RequestError(f"{where}, row {number}: the code is {type(code).__name__}, not text")
        yield code, None if source is None else str(source)

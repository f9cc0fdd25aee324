"""Dialect and columns: from lines of text to times, prices and volumes, each with the line it stands in.

The columns are known by their names, in any order, or without a header by the places that public exporters agree on.
numpy parses the whole file at once where it is plain; only what it cannot parse is looked at line by line.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kit.errors import InvalidInputError
from markets.candles.files import moments
from markets.candles.files.judging import BadRow, Parsed
from markets.candles.files.names import COLUMNS, Columns, named, positional
from quant.candles import Ints

_DELIMITERS: Final = ("\t", ";", "|", ",")
# The first of these many lines that has enough columns is the header or the first bar; what stands above is a preamble.
_HEAD: Final = 50
_COMMENTS: Final = ("#", "//")
_NOTHING: Final = frozenset(("", "null", "none", "na", "n/a", "-", "--"))
_GROUP: Final = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_BLANKS: Final = str.maketrans("", "", " \u00a0\u202f'’")


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a file is written. `first` is the index of the line with the first bar, `header` the header's own text."""

    delimiter: str
    columns: Columns
    first: int
    header: str | None


def parse(name: str, text: str) -> Parsed:
    """All rows of the text. Raises InvalidInputError when its columns or its way of writing numbers are not known."""
    lines = text.splitlines()
    layout = _layout(name, lines)
    body = lines[layout.first :]
    while body and not body[-1].strip():
        body.pop()
    return _parse_at_once(body, layout) or _parse_by_line(name, body, layout)


# --- the layout ----------------------------------------------------------------------------------------------------


def _layout(name: str, lines: Sequence[str]) -> _Layout:
    best: list[str] = []
    for index, line in enumerate(lines[:_HEAD]):
        if not line.strip() or line.lstrip().startswith(_COMMENTS):
            continue
        delimiter, fields = _split(line)
        if len(fields) < len(COLUMNS):
            best = max(best, fields, key=len)
            continue
        if _is_number(fields[1]) and (_is_number(fields[0]) or moments.from_text(fields[0], moments.span_ns())[1]):
            return _Layout(delimiter, positional(name, len(fields)), index, None)
        return _Layout(delimiter, named(name, fields), index + 1, line)
    if len(best) > 1 and not _is_number(best[-1]):
        named(name, best)  # says what is missing
    raise InvalidInputError(f"Give {name} six columns or more with a first line that names them: {', '.join(COLUMNS)}.")


def _split(line: str) -> tuple[str, list[str]]:
    """The delimiter that cuts the line into enough columns, else the one that cuts it into most; and its fields."""
    cut = {delimiter: _fields(line, delimiter) for delimiter in _DELIMITERS}
    for delimiter, fields in cut.items():
        if len(fields) >= len(COLUMNS):
            return delimiter, fields
    delimiter = max(cut, key=lambda delimiter: len(cut[delimiter]))
    return delimiter, cut[delimiter]


def _fields(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return [field.strip() for field in line.split(delimiter)]
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]


def _is_number(text: str) -> bool:
    try:
        float(text.translate(_BLANKS).replace(",", "."))
    except ValueError:
        return text.lower() in _NOTHING or _GROUP.match(text) is not None
    return True


# --- at once -------------------------------------------------------------------------------------------------------


def _parse_at_once(body: list[str], layout: _Layout) -> Parsed | None:
    """The rows of a plain file; None when it is none."""
    if not body:
        return None
    quote = '"' if '"' in body[0] else None
    read: dict[str, Any] = {"delimiter": layout.delimiter, "comments": None, "quotechar": quote}
    try:
        values = np.loadtxt(body, usecols=layout.columns.order, ndmin=2, **read)
        stamps = values[:, 0]
        if len(values) != len(body):  # blank lines inside would shift every later line's number
            return None
        if stamps.max() > moments.EXACT:
            stamps = np.loadtxt(body, usecols=layout.columns.order[0], dtype=np.int64, ndmin=1, **read)
    except (ValueError, OverflowError):
        return None
    times, units = moments.from_numbers(stamps)
    if not units.any():  # dates without separators, perhaps
        return None
    lines = np.arange(layout.first + 1, layout.first + 1 + len(values))
    return Parsed(times, units, values[:, 1:], lines, (), (), layout.columns.closing, len(values))


# --- by line -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: list[str]


def _parse_by_line(name: str, body: list[str], layout: _Layout) -> Parsed:
    unreadable: list[BadRow] = []
    rows, repeated = [], 0
    for line, text in _written(body, layout.first + 1):
        if text == layout.header:
            repeated += 1
            continue
        fields = _fields(text, layout.delimiter)
        if len(fields) <= max(layout.columns.order):
            unreadable.append(BadRow(line, "too few columns"))
            continue
        rows.append(_Row(line, [fields[column] for column in layout.columns.order]))
    decimal = _decimal_mark(name, rows)
    numbers, times, lines, span = [], [], [], moments.span_ns()
    for row in rows:
        figures = [_number(cell, decimal) for cell in row.cells[1:]]
        if any(figure is None for figure in figures):
            is_empty = any(cell.lower() in _NOTHING for cell in row.cells[1:])
            unreadable.append(BadRow(row.line, "empty columns" if is_empty else "not six numbers"))
            continue
        numbers.append(figures)
        times.append(moments.from_text(row.cells[0], span))
        lines.append(row.line)
    stamps: Ints = np.array(times, dtype=np.int64).reshape(-1, 2)
    values = np.array(numbers, dtype=np.float64).reshape(-1, len(COLUMNS) - 1)
    notes = (f"{repeated} repeated header lines were passed over.",) if repeated else ()
    return Parsed(
        stamps[:, 0], stamps[:, 1], values, np.array(lines, dtype=np.int64), tuple(unreadable), notes,
        layout.columns.closing, len(rows) + sum(bad.reason == "too few columns" for bad in unreadable),
    )  # fmt: skip


def _written(body: Sequence[str], first_line: int) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    for line, text in enumerate(body, start=first_line):
        if text.strip() and not text.lstrip().startswith(_COMMENTS):
            yield line, text


def _decimal_mark(name: str, rows: Sequence[_Row]) -> str:
    """ "." or ",", whichever the file's numbers have before their decimals; said by the first that cannot be both."""
    ambiguous = None
    for row in rows:
        for cell in row.cells[1:]:
            if "," not in cell:
                continue
            if "." in cell:
                return "," if cell.rfind(",") > cell.rfind(".") else "."
            whole, _, decimals = cell.rpartition(",")
            if "," in whole:
                return "."
            if len(decimals) != 3 or not 1 <= len(whole.strip("+-")) <= 3 or whole.strip("+-").startswith("0"):
                return ","
            ambiguous = ambiguous or cell
    if ambiguous is not None:
        raise InvalidInputError(
            f"Write the numbers of {name} with a point before the decimals and nothing between thousands: "
            f"{ambiguous} can be read in two ways."
        )
    return "."


def _number(cell: str, decimal: str) -> float | None:
    """The cell's value; None when it is no number."""
    try:
        if decimal == "." and "," not in cell:
            return float(cell)
        text = cell.translate(_BLANKS)
        return float(text.replace(",", "") if decimal == "." else text.replace(".", "").replace(",", "."))
    except ValueError:
        try:
            return float(cell.translate(_BLANKS))
        except ValueError:
            return None

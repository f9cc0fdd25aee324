"""Lists that one can sort by their headers where no database has to: those that are short, whatever is in them.

A sort is one of a list of keys, a minus in front of it means descending; what is no such key leaves the usual order.
Long lists are sorted by what has an index (`trading.selectors.filters`), or by their moment alone.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

Row = TypeVar("Row")


def understood(asked: str, keys: Iterable[str]) -> str:
    """The sort that was asked for, if it is one; "" stands for the usual order."""
    return asked if asked.removeprefix("-") in set(keys) else ""


def in_order(rows: Iterable[Row], keys: Mapping[str, Callable[[Row], Any]], sort: str) -> list[Row]:
    """The rows by the key of `sort`, what is not known last in both directions; ties stay as they came."""
    found = list(rows)
    if not sort:
        return found
    key = keys[sort.removeprefix("-")]
    known = [row for row in found if key(row) is not None]
    known.sort(key=key, reverse=sort.startswith("-"))
    return [*known, *(row for row in found if key(row) is None)]

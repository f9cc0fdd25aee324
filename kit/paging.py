"""Lists in pages that cost the same however long the list has become.

Counting a hundred thousand rows takes longer than showing fifty of them, and nobody turns two hundred pages: so rows
are counted up to `MOST`, and the pages end there. Filters and exports reach what is behind it.
"""

from functools import cached_property
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import QuerySet

MOST: Final = 10_000


class Pages(Paginator[Any]):
    """A `Paginator` of at most the first `MOST` rows; `is_cut` says that there are more."""

    @cached_property
    def _found(self) -> int:
        rows = self.object_list
        return rows.order_by()[: MOST + 1].count() if isinstance(rows, QuerySet) else len(rows)

    @cached_property
    def count(self) -> int:
        return min(self._found, MOST)

    @property
    def is_cut(self) -> bool:
        return self._found > MOST

"""Statements that are asked again and again, compiled once.

What the ORM makes of a large query takes it longer than PostgreSQL takes to answer. Where a query differs from one time
to the next in its owner and its moment alone, its text never does: it is compiled when it is first asked, and from then
on sent with the owner and the moment of the day.

    DUE = Statement(lambda owner_id: Order.objects.filter(owner_id=owner_id, due_at__lt=clock.now()).values_list("pk"))
    DUE.rows(owner_id=owner.pk)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import Model, QuerySet

from kit import clock

# They stand for the owner and the moment while a query is compiled; no row has them.
OWNER: Final = UUID("0c0ffee0-0000-4000-8000-000000000000")
MOMENT: Final = datetime(1, 2, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """`converters` make of a column, by its place, what the field says that it is."""

    model: type[Model]
    text: str
    parameters: tuple[Any, ...]
    converters: Mapping[int, tuple[Sequence[Callable[..., Any]], Any]]


class Statement:
    """The query that `build` makes of an owner's id. It may depend on `clock.now()`, and on nothing else."""

    def __init__(self, build: Callable[[UUID], QuerySet[Any, Any]]) -> None:
        self._build = build

    @cached_property
    def _compiled(self) -> _Compiled:
        with clock.at(MOMENT):
            query = self._build(OWNER)
            compiler = query.query.get_compiler(query.db)
            text, parameters = compiler.as_sql()
        columns = [column for column, *_ in compiler.select[: compiler.col_count]]
        return _Compiled(query.model, text, tuple(parameters), compiler.get_converters(columns))

    def rows(self, *, owner_id: UUID | None = None) -> list[list[Any]]:
        """All rows, of the tenant's where no owner is given; each value is what the ORM makes of it."""
        known = self._compiled
        now = clock.now()
        connection = connections[router.db_for_read(known.model) or DEFAULT_DB_ALIAS]  # of the block that asks
        given = [owner_id if value == OWNER else now if value == MOMENT else value for value in known.parameters]
        with connection.cursor() as cursor:
            cursor.execute(known.text, given)
            rows = [list(row) for row in cursor.fetchall()]
        for place, (convert, column) in known.converters.items():
            for row in rows:
                for one in convert:
                    row[place] = one(row[place], column, connection)
        return rows

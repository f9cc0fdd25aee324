"""Statements that are asked again and again, compiled once.

What the ORM makes of a large query takes it longer than PostgreSQL takes to answer. Where a query differs from one time
to the next in its owner and its moment alone, its text never does: it is compiled when it is first asked, and from then
on sent with the owner and the moment of the day.

    DUE = Statement(lambda owner_id: Order.objects.filter(owner_id=owner_id, due_at__lt=clock.now()).values_list("pk"))
    DUE.rows(owner_id=owner.pk)

It is planned anew each time: a plan for any owner and any moment reads the whole history of who has a long one.
PostgreSQL plans a large statement longer than it carries it out, too, and where one plan fits every value (rows are
found by their keys, no range depends on what is given) `planned_once` has a connection keep it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper
from django.db.models import Model, QuerySet

from kit import clock

# They stand for the owner and the moment while a query is compiled; no row has them.
OWNER: Final = UUID("0c0ffee0-0000-4000-8000-000000000000")
MOMENT: Final = datetime(1, 2, 3, 4, 5, 6, 7, tzinfo=UTC)


@contextmanager
def planned_once(connection: BaseDatabaseWrapper) -> Iterator[CursorWrapper]:
    """A cursor that sends statement and values apart, so that the server plans a text once for each connection.

    From the sixth time on psycopg names the statement (`prepare_threshold` of the settings), and PostgreSQL stops
    planning it once a plan for any values promises to be no dearer than one for these. For texts that never change:
    each one that is new costs the connection memory. Values have no type but that of their place: cast them where
    nothing else tells it.
    """
    if connection.queries_logged:  # who logs statements wants their text, which a prepared one does not tell
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    binding: Any = ServerBindingCursor
    with connection.make_cursor(binding(connection.connection)) as cursor:
        yield cursor


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

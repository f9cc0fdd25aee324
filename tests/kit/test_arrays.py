"""Lists reach PostgreSQL as they are, whatever stands in their elements."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from psycopg.types.array import ListDumper
from psycopg.types.json import Jsonb

from kit.arrays import QuotingListDumper

pytestmark = pytest.mark.django_db

STRANGE = [
    "",
    "null",
    "NULL",
    '"',
    "\\",
    '\\"',
    "'",
    "{",
    "}",
    ",",
    ";",
    " ",
    "\n\t",
    "%s",
    "$1",
    "é\u2003\u3000",
    None,
]
LISTS: list[tuple[str, list[Any]]] = [
    ("text[]", STRANGE),
    ("text[]", []),
    ("text[]", [None, None]),
    ("text[]", [["a", '"'], ["\\", None]]),
    ("bigint[]", [1, -2, 2**62, None]),
    ("numeric[]", [Decimal("0.10"), Decimal(-1), None]),
    ("double precision[]", [0.5, -1e300]),
    ("boolean[]", [True, False, None]),
    ("uuid[]", [UUID(int=7), None]),
    ("bytea[]", [b"", b"\x00\\\"'", None]),
    ("date[]", [date(2026, 1, 2), None]),
    ("timestamptz[]", [datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), None]),
]


def _answer(kind: str, value: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}", [value])
        return list(cursor.fetchone()[0])


@pytest.mark.parametrize(("kind", "value"), LISTS)
def test_a_list_comes_back_as_it_was_given(kind: str, value: list[Any]) -> None:
    assert _answer(kind, value) == value


def test_json_comes_back_as_it_was_given() -> None:
    rows = [{"said": text, "deep": [{"\\": '"'}]} for text in STRANGE]
    with connection.cursor() as cursor:
        cursor.execute("SELECT unnest(%s::jsonb[])::text", [[Jsonb(row) for row in rows]])
        assert [json.loads(text) for (text,) in cursor.fetchall()] == rows


def test_every_connection_writes_its_lists_so() -> None:
    connection.ensure_connection()
    adapters = connection.connection.adapters
    assert adapters.get_dumper(list, psycopg.adapt.PyFormat.TEXT) is QuotingListDumper
    assert issubclass(QuotingListDumper, ListDumper)

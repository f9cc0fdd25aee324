"""No column of ours holds what is not a number."""

from collections import defaultdict

import psycopg
import pytest
from django.apps import apps
from django.db import connections, models, transaction
from django.db.backends.utils import CursorWrapper
from django.db.utils import DataError, IntegrityError

APPS = ("markets", "wallets", "trading", "farms", "goals", "portfolio")
# Refused by the ledger's trigger instead of a CHECK, as tests/wallets/ledger/test_forgeries.py asks it: nothing else
# moves balances, and the amounts that move them are numbers within bounds.
BY_THE_LEDGER = {
    "wallets_account": {"balance", "held"},
    "wallets_transfer": {"amount", "debit_balance", "credit_balance", "held_change", "held_after"},
}
REFUSALS = (psycopg.errors.CheckViolation, psycopg.errors.NumericValueOutOfRange)


def numbers() -> dict[str, list[str]]:
    """The exact numbers that our tables keep: columns by table."""
    found: dict[str, list[str]] = defaultdict(list)
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.local_concrete_fields:
                table = model._meta.db_table
                if not model._meta.managed or not isinstance(field, models.DecimalField):
                    continue
                if field.column not in BY_THE_LEDGER.get(table, ()):
                    found[table].append(str(field.column))
    return found


def is_refused(cursor: CursorWrapper, column: str, value: str) -> bool:
    try:
        with transaction.atomic("owner"):
            cursor.execute(f"INSERT INTO twin ({column}) VALUES (%s)", [value])
    except (IntegrityError, DataError) as error:
        return isinstance(error.__cause__, REFUSALS)
    return False


@pytest.mark.django_db(databases=["owner"])
@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "-Infinity"])
def test_a_number_is_a_number(wrong: str) -> None:
    """Asked of twins with the tables' constraints, so that nothing but the number can be the reason."""
    accepted = []
    with connections["owner"].cursor() as cursor:
        for table, columns in numbers().items():
            cursor.execute(f"CREATE TEMPORARY TABLE twin (LIKE {table} INCLUDING CONSTRAINTS)")
            cursor.execute(
                """
                SELECT format('ALTER TABLE twin %s',
                              string_agg(format('ALTER COLUMN %I DROP NOT NULL', attname), ', '))
                FROM pg_attribute WHERE attrelid = 'pg_temp.twin'::regclass AND attnotnull AND attnum > 0
                """
            )
            (without,) = cursor.fetchone()
            cursor.execute(without)
            accepted += [f"{table}.{column}" for column in columns if not is_refused(cursor, column, wrong)]
            cursor.execute("DROP TABLE twin")
    assert accepted == []

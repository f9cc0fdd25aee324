"""What every owned row has in common."""

import uuid
from typing import Any, TypeVar

import orjson
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from psycopg.types.json import Jsonb

from kit import clock
from kit.limits import DECIMALS, MONEY_DIGITS, VALUE_DIGITS
from kit.sentences import Sentence

Row = TypeVar("Row", bound=models.Model)

# What a form field of an amount takes over.
MONEY = {"max_digits": MONEY_DIGITS, "decimal_places": DECIMALS}


class ExactField(models.DecimalField[Any, Any]):
    """A number that is one: PostgreSQL's NaN, which passes `>= 0` and poisons every sum, is refused by the column.

    `is_bounded` says that a constraint of the table does so already: checks are parsed by every statement that writes.
    """

    digits: int

    def __init__(self, *args: Any, is_bounded: bool = False, **kwargs: Any) -> None:
        self.is_bounded = is_bounded
        super().__init__(*args, **{**self._size(), **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs = {key: value for key, value in kwargs.items() if key not in self._size()}
        return name, path, args, kwargs | ({"is_bounded": True} if self.is_bounded else {})

    def db_check(self, connection: BaseDatabaseWrapper) -> str | None:
        if self.is_bounded:
            return None
        return f"{connection.ops.quote_name(str(self.column))} <> 'NaN'"

    @classmethod
    def _size(cls) -> dict[str, int]:
        return {"max_digits": cls.digits, "decimal_places": DECIMALS}


class MoneyField(ExactField):
    """An exact amount, balance, price or quantity: numeric(38,18)."""

    digits = MONEY_DIGITS


class ValueField(ExactField):
    """What is computed from amounts and prices: numeric(64,18), wide enough for whatever the books accept."""

    digits = VALUE_DIGITS


class SentenceField(models.Field[Any, Any]):
    """A sentence as template and values, read as a `kit.sentences.Sentence`; words alone may be given.

    `icontains` looks at its words and at the exact values, not at how a reader sees them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"default": Sentence, "blank": True, **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {key: value for key, value in kwargs.items() if key not in {"default", "blank"}}

    def get_internal_type(self) -> str:
        """What it is in the database: Django inserts many rows as arrays where it knows each column's type."""
        return "JSONField"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "jsonb"

    def from_db_value(self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper) -> Sentence:
        return Sentence.of(orjson.loads(value) if value else None)

    def to_python(self, value: Any) -> Sentence:
        return Sentence.of(value)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return Jsonb(Sentence.of(value).parts, orjson.dumps)

    def value_to_string(self, obj: models.Model) -> str:
        return orjson.dumps(Sentence.of(self.value_from_object(obj)).parts).decode()


class TransactionField(models.Field[Any, Any]):
    """Which transaction wrote the row, as a whole number that only grows: xid8. The database sets it, nobody else.

    What cursors read: rows of `cursor <= written < oldest_running()` (a function in SQL) are all there, however late
    any of them commits.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"editable": False, **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {key: value for key, value in kwargs.items() if key != "editable"}

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "xid8"

    def from_db_value(self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper) -> int | None:
        return None if value is None else int(value)

    def to_python(self, value: Any) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return (
            str(value) if isinstance(value, int) else value
        )  # PostgreSQL reads it from text, and casts no number to it


class CurrentTransaction(models.Func):
    """The transaction that this is said in; the default of a `TransactionField`."""

    function = "pg_current_xact_id"
    output_field = TransactionField()


class Owned(models.Model):
    """A row that only its owner may reach; its table carries the policy of `kit.tenancy`."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Identified(models.Model):
    """A row whose key is safe to show in an address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True


def joined_again(row: Row) -> Row:
    """A row that was read locked and joined, with what belongs to it now: PostgreSQL joins nothing to one that somebody
    pointed elsewhere while its lock was waited for, so `select_related` says that there is none."""
    for field in row._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and field.is_cached(row) and getattr(row, field.name) is None:
            row.refresh_from_db(fields=(field.name,))
    return row

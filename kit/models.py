"""What every owned row has in common."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from kit import clock
from kit.limits import DECIMALS, MONEY_DIGITS, VALUE_DIGITS

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

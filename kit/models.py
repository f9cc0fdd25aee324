"""What every owned row has in common."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from kit import clock

# numeric(38,18): 20 digits before the point, 18 behind it, the precision of an EVM token.
MONEY = {"max_digits": 38, "decimal_places": 18}


class MoneyField(models.DecimalField[Any, Any]):
    """An exact amount, price or quantity: numeric(38,18)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**MONEY, **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {key: value for key, value in kwargs.items() if key not in MONEY}


# numeric(64,18): the largest amount at the largest price, added up over a million holdings.
VALUE = {"max_digits": 64, "decimal_places": 18}


class ValueField(models.DecimalField[Any, Any]):
    """What something is worth, numeric(64,18): a sum of amounts times prices. What the books accept, it holds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**VALUE, **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {key: value for key, value in kwargs.items() if key not in VALUE}


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

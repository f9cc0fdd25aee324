"""What every column of an amount may hold."""

from decimal import Decimal

from django.db.models import Q

# More than any amount that numeric(38,18) holds, and less than NaN, which PostgreSQL puts above every number.
BOUND = Decimal(10) ** 20


def finite(*fields: str) -> Q:
    """The condition that every one of `fields` is a number or null: NaN passes every other check."""
    return Q(**{f"{field}__lt": BOUND for field in fields})

"""What only the page of an order needs: words of stored texts, and their figures hidden where amounts are."""

import json
from decimal import Decimal
from typing import Any

from django import template

from trading.models import Order

register = template.Library()


@register.filter
def number(value: str | None) -> Decimal | None:
    """The exact number of a stored text."""
    return None if value is None else Decimal(value)


@register.filter
def status_words(value: str) -> str:
    """`Partially filled` from `partially_filled`."""
    return str(Order.Status(value).label) if value in Order.Status.values else value


@register.filter
def readable_json(value: dict[str, Any]) -> str:
    """The venue's answer, one figure a line."""
    return json.dumps(value, indent=2, ensure_ascii=False)

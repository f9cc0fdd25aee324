"""A decimal as text: exact, without exponent, without trailing zeros."""

from decimal import Decimal


def plain(value: Decimal) -> str:
    """A decimal the way programs exchange it: no exponent, no trailing zeros ("0.5", "120000")."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text

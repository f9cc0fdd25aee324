"""A decimal as text, and back: exact, the one way that programs and people write and read it."""

import re
from decimal import Decimal
from typing import Final

# Digits that everybody reads, one point, an exponent where a program prints one. Python itself would take "1_000",
# "+5" and the digits of every script too, and whoever wrote them may have meant something else.
_WRITTEN: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")


def plain(value: Decimal) -> str:
    """A decimal the way programs exchange it: no exponent, no trailing zeros ("0.5", "120000")."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def parse(text: str) -> Decimal:
    """The decimal that `text` says. Raises ValueError, with a sentence, for any other way to write a number."""
    if not _WRITTEN.fullmatch(text):
        raise ValueError("Enter a number with the digits 0 to 9 and a point, such as 1250.5.")
    return Decimal(text)

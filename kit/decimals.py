"""A decimal as text, and back: exact, the one way that programs and people write and read it."""

import re
from decimal import Decimal
from typing import Final

# Digits that everybody reads, one point, an exponent where a program prints one. Python itself would take "1_000",
# "+5" and the digits of every script too, and whoever wrote them may have meant something else.
_WRITTEN: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")

# How people set the thousands of an amount apart: with blanks of every kind or apostrophes, a comma, or a point.
_BLANKS: Final = re.compile("(?<=[0-9])[ \u00a0\u2009\u202f'\u2019](?=[0-9])")
_GROUPED: Final = re.compile(r"-?[0-9]{1,3}(?P<mark>[ ,.])[0-9]{3}(?:(?P=mark)[0-9]{3})*")
_AMBIGUOUS: Final = re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}")


def plain(value: Decimal) -> str:
    """A decimal the way programs exchange it: no exponent, no trailing zeros ("0.5", "120000")."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def parse(text: str) -> Decimal:
    """The decimal that `text` says. Raises ValueError, with a sentence, for any other way to write a number."""
    if not _WRITTEN.fullmatch(text):
        raise ValueError("Enter a number with the digits 0 to 9 and a point, such as 1250.5.")
    return Decimal(text)


def read(text: str) -> Decimal:
    """The decimal that a person wrote: as `parse`, and also 44,603.10 · 44 603.1 · 44.603,10 · 1,5.

    Of two marks the last is the decimal one, a mark that comes twice groups, and a point alone is a point as everywhere
    here. Raises ValueError, with a sentence, for what can be read in two ways (44,603) or in none (4,46,03).
    """
    spaced = _BLANKS.sub(" ", text.strip())
    if "," not in spaced and " " not in spaced and spaced.count(".") < 2:
        return parse(spaced)
    whole, mark, decimals = _decimal_mark(spaced)
    grouped = _GROUPED.fullmatch(whole)
    if grouped is not None and grouped["mark"] != mark:
        whole = whole.replace(grouped["mark"], "")
    return parse(f"{whole}.{decimals}" if decimals else whole)


def _decimal_mark(text: str) -> tuple[str, str, str]:
    """What stands before the decimal mark, the mark, and what stands behind it; no mark where all of them group."""
    marks = [mark for mark in text if mark in ",."]
    if not marks or (len(marks) > 1 and len(set(marks)) == 1):
        return text, "", ""
    whole, mark, decimals = text.rpartition(marks[-1])
    if marks == [","] and _AMBIGUOUS.fullmatch(text):
        ways = f"{whole}{decimals}, or {whole}.{decimals} with a point"
        raise ValueError(f"{text} can be read in two ways: write {ways}.")
    return whole, mark, decimals

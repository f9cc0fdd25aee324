"""How a value that a program sends has to be written, where Python and pydantic would read more than the API means.

To them `1_000` and `1.0` are whole numbers, 0 is false, 0.5 is half a second of 1970, and a text holds what no column
can keep or nobody can see. Whoever sent it may have meant something else, so it is refused with a sentence.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, Final, get_args

from pydantic import AwareDatetime, FutureDatetime, PastDatetime

from kit import days
from kit.decimals import parse
from kit.mistakes import DAY, MOMENT, NUMBER, WHOLE, YES_OR_NO

NUL: Final = "Leave out the NUL character: nothing can store it."
HALVES: Final = "Leave out half characters (lone surrogates): nothing can store them."
UNSEEN: Final = "Leave out control characters and direction marks: nobody can see them."
TOO_LARGE: Final = "It is larger than any number here."
TOO_DEEP: Final = "It is nested too deeply."
TOO_FAR: Final = "No calendar goes as far as that moment."
NOWHERE: Final = "No place is so many hours from UTC: it ends in Z, or in an offset such as +01:00."
EXACTLY: Final = 'Send it as a string, such as "0.1": a number with a fraction is not exact.'

DEEPEST: Final = 20
# What PostgreSQL counts in: a whole number beyond it fits no column.
LARGEST: Final = 2**63 - 1
# An offset as large as that is none to it.
FARTHEST: Final = timedelta(hours=16)
_WHOLE: Final = re.compile("-?[0-9]+")
_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MOMENT: Final = re.compile(f"{_DAY}[Tt ][0-9:.]+(?:[Zz]|[+-][0-9:]+)?")
_SECRET: Final = re.compile("password|credentials|code|refresh")
# New lines and tabs are layout.
_LAYOUT: Final = "\n\r\t"
# The marks and overrides that turn the direction of what follows, and the byte order mark. Joiners stay: scripts and
# emoji are written with them.
_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
# What pydantic calls moments that it holds to more.
_PLAINLY: Final[dict[Any, type]] = {AwareDatetime: datetime, PastDatetime: datetime, FutureDatetime: datetime}
_TIMED: Final = frozenset({datetime, date, time, timedelta})


def kinds(annotation: Any) -> frozenset[type]:
    """The types of the single values that an annotation takes, in lists and mappings too."""
    parts = get_args(annotation)
    if not parts:
        return frozenset({_PLAINLY.get(annotation, annotation)}) if isinstance(annotation, type) else frozenset()
    return frozenset().union(*map(kinds, parts))


def is_secret(name: str) -> bool:
    """Whether the field may hold any character that a keyboard gives: a password is what it is."""
    return bool(_SECRET.search(name))


def require_text(text: str, *, is_secret: bool = False) -> None:
    """Raise ValueError, with a sentence, for what no column can keep, or nobody can see."""
    if "\0" in text:
        raise ValueError(NUL)
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError(HALVES)
    if not is_secret and not text.isascii() and not _DIRECTIONS.isdisjoint(text):
        raise ValueError(UNSEEN)
    if not is_secret and not text.isprintable() and any(_is_control(sign) for sign in text):
        raise ValueError(UNSEEN)


def _is_control(sign: str) -> bool:
    return unicodedata.category(sign) == "Cc" and sign not in _LAYOUT


def require_json(value: Any, expected: frozenset[type], *, is_secret: bool = False) -> None:
    """Raise ValueError, with a sentence, where a value of a JSON document is not of the kind that its field takes."""
    for one in _singles(value):
        if isinstance(one, str):
            require_text(one, is_secret=is_secret)
            _require_written(one, expected, in_address=False)
        elif isinstance(one, bool):
            if bool not in expected and expected & {int, float, Decimal, *_TIMED}:
                raise ValueError(_meant(expected))
        elif isinstance(one, int | float):
            _require_number(one, expected)


def require_address(text: str, expected: frozenset[type]) -> None:
    """The same for a value of an address, where everything is text."""
    require_text(text)
    _require_written(text, expected, in_address=True)


def _singles(value: Any) -> Iterator[Any]:
    """The single values in a JSON value, and the names of its objects. Raises ValueError where it goes too deep."""
    left: list[tuple[Any, int]] = [(value, 0)]
    while left:
        one, depth = left.pop()
        if depth > DEEPEST:
            raise ValueError(TOO_DEEP)
        if isinstance(one, dict):
            left.extend((part, depth + 1) for pair in one.items() for part in pair)
        elif isinstance(one, list):
            left.extend((part, depth + 1) for part in one)
        else:
            yield one


def _require_number(value: float, expected: frozenset[type]) -> None:
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(TOO_LARGE)
    if isinstance(value, float) and Decimal in expected:
        raise ValueError(EXACTLY)
    if isinstance(value, int) and abs(value) > LARGEST and Decimal not in expected:
        raise ValueError(TOO_LARGE)
    if not expected & {int, float, Decimal} and expected & {bool, *_TIMED}:
        raise ValueError(_meant(expected))


def _require_written(text: str, expected: frozenset[type], *, in_address: bool) -> None:
    """A text that stands for something else; where text is taken as well, it is any text."""
    if str in expected:
        return
    if Decimal in expected:
        parse(text)
    elif int in expected and in_address:
        if not _WHOLE.fullmatch(text):
            raise ValueError(WHOLE)
        if abs(int(text)) > LARGEST:
            raise ValueError(TOO_LARGE)
    elif bool in expected and not (in_address and text in {"true", "false"}):
        raise ValueError(YES_OR_NO)
    elif expected & {int, float} and not in_address:
        raise ValueError(_meant(expected))
    elif datetime in expected:
        _require_moment(text)


def _require_moment(text: str) -> None:
    if not _MOMENT.fullmatch(text):
        raise ValueError(MOMENT)
    try:
        read = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(MOMENT) from None
    moment = read if read.tzinfo else read.replace(tzinfo=UTC)
    if abs(moment.utcoffset() or timedelta()) >= FARTHEST:
        raise ValueError(NOWHERE)
    if not days.is_everywhere(moment):
        raise ValueError(TOO_FAR)


def _meant(expected: frozenset[type]) -> str:
    """What the field takes, in a sentence."""
    said = {bool: YES_OR_NO, datetime: MOMENT, date: DAY, int: WHOLE, float: NUMBER, Decimal: NUMBER}
    return next((words for kind, words in said.items() if kind in expected), NUMBER)

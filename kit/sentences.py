"""Sentences that are stored as a template and its values, and become words for whoever reads them.

A sentence with an amount or a moment in it cannot be stored as text: who reads it may hide amounts, and lives in a time
zone of their own. So what is stored is `{amount} arrived at {name}` beside `{"amount": ["amount", "0.5", "BTC"],
"name": "Kraken"}`, all of it JSON, and the words are made when they are shown:

    title, values = "{amount} arrived at {name}", stored(amount=amount(drift, "BTC"), name=connection.name)
    in_words(title, values)                # as the current request's reader wants it
    in_words(title, values, FOR_PROGRAMS)  # exact, in UTC
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from kit import display, formatting
from kit.decimals import plain
from kit.display import Display

FOR_PROGRAMS: Final = Display()
FIGURE: Final = re.compile(r"\d[\d.,]*")
_PLACE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Value:
    """Something in a sentence that looks different to different readers: its kind, its exact text, and its unit."""

    kind: str
    text: str
    unit: str = ""


def amount(value: Decimal, asset: str) -> Value:
    """An amount of an asset, hidden from who hides amounts."""
    return Value("amount", plain(value), asset)


def price(value: Decimal, tick: Decimal | None = None) -> Value:
    """A price, which is public, with the decimals of the instrument's tick."""
    return Value("price", plain(value), plain(tick) if tick else "")


def moment(value: datetime) -> Value:
    """A moment, told in the reader's time zone."""
    return Value("moment", value.isoformat())


def day(value: datetime) -> Value:
    """The day of a moment, told in the reader's time zone: `23 Oct`."""
    return Value("day", value.isoformat())


def quoted(text: str) -> Value:
    """What somebody else said, a venue or the database: any figure in it may be an amount."""
    return Value("quoted", text)


def stored(**values: Value | str | int) -> dict[str, Any]:
    """The values of a sentence as JSON. Text and whole numbers stay what they are."""
    return {
        name: [value.kind, value.text, value.unit] if isinstance(value, Value) else value
        for name, value in values.items()
    }


def in_words(template: str, values: Mapping[str, Any], shown: Display | None = None) -> str:
    """The sentence as `shown` wants it, by default the reader of the current request.

    A place that has no value stays as it stands: a name that somebody gave to a wallet may look like one.
    """
    how = shown or display.current()

    def word(place: re.Match[str]) -> str:
        value = values.get(place[1], place[0])
        return _KINDS[value[0]](value[1], value[2], how) if isinstance(value, list) else str(value)

    return _PLACE.sub(word, template)


def without_figures(text: str) -> str:
    """The text with every number in it masked."""
    return FIGURE.sub(formatting.MASK, text)


def _amount(text: str, unit: str, how: Display) -> str:
    if how.hide_amounts:
        return f"{formatting.MASK}{formatting.NO_BREAK_SPACE}{unit}"
    return formatting.amount(Decimal(text), unit)


def _day(text: str, unit: str, how: Display) -> str:
    local = datetime.fromisoformat(text).astimezone(ZoneInfo(how.timezone))
    return f"{local.day} {local:%b}"


def _quoted(text: str, unit: str, how: Display) -> str:
    return without_figures(text) if how.hide_amounts else text


_KINDS: Final[dict[str, Callable[[str, str, Display], str]]] = {
    "amount": _amount,
    "price": lambda text, tick, how: formatting.price(Decimal(text), Decimal(tick) if tick else None),
    "moment": lambda text, unit, how: formatting.moment(datetime.fromisoformat(text), how.timezone),
    "day": _day,
    "quoted": _quoted,
}

"""Sentences that are stored as a template and its values, and become words for whoever reads them.

A sentence with an amount or a moment in it cannot be stored as text: who reads it may hide amounts, and lives in a time
zone of their own. So what is stored is `{amount} arrived at {name}` beside `{"amount": ["amount", "0.5", "BTC"],
"name": "Kraken"}`, all of it JSON, and the words are made when they are shown:

    told = sentence("{amount} arrived at {name}", amount=amount(drift, "BTC"), name=connection.name)
    str(told)    # as the current request's reader wants it
    told.exact   # for programs: every digit, in UTC

A model keeps one in a `kit.models.SentenceField`. Periods, counts and the names of things stand in the template itself
or are values without a kind: hiding amounts hides amounts, and nothing else.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from kit import display, formatting
from kit.decimals import plain
from kit.display import Display

FOR_PROGRAMS: Final = Display(is_exact=True)
FIGURE: Final = re.compile(r"\d[\d.,]*")
_PLACE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Value:
    """Something in a sentence that looks different to different readers: its kind, its exact text, and its unit."""

    kind: str
    text: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template and its values as JSON; its text is what the current request's reader wants."""

    template: str = ""
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return in_words(self.template, self.values)

    def __bool__(self) -> bool:
        return bool(self.template)

    @property
    def exact(self) -> str:
        """As a program gets it."""
        return in_words(self.template, self.values, FOR_PROGRAMS)

    @property
    def parts(self) -> dict[str, Any]:
        """The template and its values as JSON: what a field stores, and what a program can take figures from."""
        return {"template": self.template, "values": dict(self.values)}

    @classmethod
    def of(cls, told: Any) -> "Sentence":
        """From a sentence, from `parts`, or from words; None is nothing to say.

        Words with figures in them are quoted: nobody has said that they are no amounts.
        """
        if isinstance(told, cls):
            return told
        if isinstance(told, dict):
            return cls(told.get("template", ""), told.get("values") or {})
        return sentence("{said}", said=quoted(told)) if told and FIGURE.search(told) else cls(told or "")


Told = Sentence | str


def sentence(template: str, **values: "Value | Told | int") -> Sentence:
    """A sentence whose values may be sentences themselves."""
    return Sentence(template, stored(**values))


def joined(*told: Told, by: str = " ") -> Sentence:
    """Several sentences as one; what says nothing is left out."""
    parts: dict[str, Value | Told | int] = {f"part{number}": one for number, one in enumerate(told) if one}
    return sentence(by.join(f"{{{name}}}" for name in parts), **parts)


def amount(value: Decimal, asset: str) -> Value:
    """An amount of an asset, hidden from who hides amounts."""
    return Value("amount", plain(value), asset)


def money(value: Decimal, asset: str) -> Value:
    """The same as a page tells values: `$1,200.00` of what stands for a currency."""
    return Value("money", plain(value), asset)


def cost(value: Decimal, currency: str) -> Value:
    """The same of what may be a fraction of a cent: `$0.0034`."""
    return Value("cost", plain(value), currency)


def rule(value: Decimal, asset: str) -> Value:
    """A market's own bound, such as its lot or its smallest order: public like a price, with the asset it counts."""
    return Value("rule", plain(value), asset)


def public(text: str) -> Value:
    """Words with public figures in them, each with a point before its decimals: the parameters of a strategy."""
    return Value("public", text)


def number(text: str) -> Value:
    """A public figure with as many decimals as it is written with: a threshold, a ratio, a score."""
    return Value("number", text)


def price(value: Decimal, tick: Decimal | None = None) -> Value:
    """A price, which is public, on the nearest of the instrument's ticks where that is given."""
    if not tick:
        return Value("price", plain(value))
    on_tick = (value / tick).to_integral_value(ROUND_HALF_UP) * tick
    return Value("price", plain(on_tick), plain(tick))


def moment(value: datetime) -> Value:
    """A moment, told in the reader's time zone."""
    return Value("moment", value.isoformat())


def day(value: datetime) -> Value:
    """The day of a moment, told in the reader's time zone: `23 Oct`."""
    return Value("day", value.isoformat())


def figure(value: Decimal) -> Value:
    """A number that may be an amount, of nobody knows what: hidden from who hides amounts."""
    return Value("figure", plain(value))


def share(value: Decimal) -> Value:
    """A fraction, which is public, told in percent with as many decimals as it has: `2.5 %`."""
    return Value("share", plain(value))


def calendar_day(value: date) -> Value:
    """A day that was named as one, in whatever zone: `23 Oct 2026`, and `2026-10-23` for programs."""
    return Value("calendar_day", value.isoformat())


def quoted(text: str) -> Value:
    """What somebody else said, a venue or the database: any figure in it may be an amount."""
    return Value("quoted", text)


def told_by(error: Exception) -> "Value | Sentence":
    """What an error says: its own sentence where it has one, else a quotation."""
    said = getattr(error, "sentence", None)
    return said if isinstance(said, Sentence) and said.values else quoted(str(error))


def stored(**values: Value | Told | int) -> dict[str, Any]:
    """The values of a sentence as JSON. Text and whole numbers stay what they are."""
    return {name: _as_json(value) for name, value in values.items()}


def _as_json(value: Value | Told | int) -> Any:
    if isinstance(value, Value):
        return [value.kind, value.text, value.unit]
    if isinstance(value, Sentence):
        return ["sentence", value.template, value.values] if value.values else value.template
    return value


def in_words(template: str, values: Mapping[str, Any], shown: Display | None = None) -> str:
    """The sentence as `shown` wants it, by default the reader of the current request.

    A place that has no value stays as it stands: a name that somebody gave to a wallet may look like one.
    """
    if shown is not None and shown != display.current():
        with display.showing(shown):
            return in_words(template, values)
    how = display.current()

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
    return f"{text} {unit}" if how.is_exact else formatting.amount(Decimal(text), unit)


def _money(text: str, unit: str, how: Display) -> str:
    if how.hide_amounts:
        return formatting.MASK
    return f"{text} {unit}" if how.is_exact else formatting.sum_of(Decimal(text), unit)


def _cost(text: str, currency: str, how: Display) -> str:
    if how.hide_amounts:
        return formatting.MASK
    value = Decimal(text)
    places = formatting.fine_places(value, currency)
    return f"{text} {currency}" if how.is_exact else formatting.money(value, currency, places=places)


def _price(text: str, tick: str, how: Display) -> str:
    return text if how.is_exact else formatting.price(Decimal(text), Decimal(tick) if tick else None)


def _rule(text: str, unit: str, how: Display) -> str:
    return f"{text} {unit}" if how.is_exact else formatting.amount(Decimal(text), unit)


def _number(text: str, unit: str, how: Display) -> str:
    if how.is_exact:
        return text
    return formatting.number(Decimal(text), len(text.partition(".")[2]), signed=text.startswith("+"))


def _day(text: str, unit: str, how: Display) -> str:
    return formatting.short_day(datetime.fromisoformat(text).astimezone(ZoneInfo(how.timezone)))


def _figure(text: str, unit: str, how: Display) -> str:
    if how.hide_amounts:
        return formatting.MASK
    return text if how.is_exact else formatting.quantity(Decimal(text))


def _share(text: str, unit: str, how: Display) -> str:
    if how.is_exact:
        return text
    percent = Decimal(text) * 100
    return f"{formatting.number(percent, formatting.places_of(percent))}{formatting.NARROW_SPACE}%"


def _calendar_day(text: str, unit: str, how: Display) -> str:
    return text if how.is_exact else formatting.day(date.fromisoformat(text))


def _quoted(text: str, unit: str, how: Display) -> str:
    return without_figures(text) if how.hide_amounts else text


_KINDS: Final[dict[str, Callable[[str, Any, Display], str]]] = {
    "amount": _amount,
    "money": _money,
    "cost": _cost,
    "price": _price,
    "number": _number,
    "public": lambda text, unit, how: text if how.is_exact else formatting.respelled(text),
    "rule": _rule,
    "figure": _figure,
    "share": _share,
    "sentence": lambda template, values, how: in_words(template, values, how),
    "moment": lambda text, unit, how: formatting.moment(datetime.fromisoformat(text), how.timezone),
    "day": _day,
    "calendar_day": _calendar_day,
    "quoted": _quoted,
}

"""Numbers and times as people read them.

Functions from an exact value to text as the reader of the current request writes it (`kit.display`): U+2212 for
minus, a narrow no-break space before `%` and `pp`, their marks for thousands and decimals, rounding half away from
zero. A value that rounds to zero carries no sign: zero is neutral. What is not known is `Missing` with its reason,
shown as a dash and never as 0. Fractions come in, not percent: 0.0052 is 0.52 %.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final, Literal
from zoneinfo import ZoneInfo

from kit import display
from kit.clock import SKEW
from kit.decimals import plain

MINUS = "\u2212"
NARROW_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
DASH = "\u2014"
MASK = "\u2022\u2022\u2022"
TIMES = "\u00d7"

# A stablecoin stands for its currency: a fund kept in USDT reads in dollars. `amount` keeps the asset's own name.
DOLLARS = dict.fromkeys(("USD", "USDT", "USDC", "FDUSD", "DAI"), "$")
SYMBOLS = DOLLARS | {"EUR": "€", "EURC": "€", "GBP": "£", "JPY": "¥"}
NO_CENTS = {"JPY"}
CENTS = 2
# A numeric(38,18) has 38 digits; the default context of 28 would refuse to round it.
PRECISION = 60
MAX_PLACES = 8
# A numeric(38,18) has no more.
ALL_PLACES = 18
SIGNIFICANT_DIGITS = 5
COIN_DIGITS = 4

POINT: Final = "1,234.56"
_MARKS: Final = {key: str.maketrans({",": group, ".": mark}) for key, (group, mark) in display.NUMBERS.items()}
_DECIMALS: Final = re.compile(r"(?<=\d)\.(?=\d)")

Direction = Literal["up", "down", "flat"]


@dataclass(frozen=True, slots=True)
class Missing:
    """A figure that is not known, and the sentence that says why."""

    reason: str


Number = Decimal | int | float
Value = Number | Missing | None
NOT_KNOWN = Missing("Not known yet.")


def known(value: Value) -> Decimal | Missing:
    """The value as a Decimal, or why there is none. NaN and infinity count as not known."""
    if value is None:
        return NOT_KNOWN
    if isinstance(value, Missing):
        return value
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    return number if number.is_finite() else NOT_KNOWN


def rounded(value: Decimal, places: int) -> Decimal:
    """`value` with exactly `places` decimals, half away from zero, and never a negative zero."""
    with localcontext(prec=PRECISION):
        return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) + 0


def direction(value: Decimal, places: int) -> Direction:
    """Which way `value` points once it is rounded to what will be shown."""
    shown = rounded(value, places)
    return "flat" if shown == 0 else "up" if shown > 0 else "down"


def number(value: Decimal, places: int, *, signed: bool = False) -> str:
    """`−1,234.50`; with `signed` a plus in front of what is above zero."""
    shown = rounded(value, places)
    sign = MINUS if shown < 0 else "+" if signed and shown > 0 else ""
    text = f"{sign}{abs(shown):,.{places}f}"
    how = display.current().numbers
    return text if how == POINT else text.translate(_MARKS[how])


def decimal_mark() -> str:
    """What the reader puts before the decimals."""
    return display.NUMBERS[display.current().numbers][1]


def written(value: Decimal) -> str:
    """A number as the reader would type it, every digit and no thousands: what a form's field begins with."""
    return plain(value).replace(".", decimal_mark())


def respelled(text: str) -> str:
    """Words with every figure in them, written with a point before its decimals, as the reader writes it."""
    return _DECIMALS.sub(decimal_mark(), text)


def money_places(value: Decimal, currency: str, *, is_whole: bool = False) -> int:
    """How many decimals `value` is shown with in `currency`: cents, or none of them where `is_whole` leaves them out.

    What is no currency has no cents: a fund in bitcoin may be worth a fraction of one, so four digits are shown, and
    leaving out what lies behind the point would leave out everything.
    """
    if currency in SYMBOLS:
        return 0 if is_whole or currency in NO_CENTS else CENTS
    magnitude = value.adjusted() if value else 0
    return min(MAX_PLACES, max(CENTS, COIN_DIGITS - 1 - magnitude))


def money(
    value: Decimal, currency: str, *, places: int | None = None, is_whole: bool = False, signed: bool = False
) -> str:
    """`−$1,284.10`, `€20.00`, `0.03250 BTC`: the sign before the symbol, what has no symbol behind the number."""
    shown_places = money_places(value, currency, is_whole=is_whole) if places is None else places
    text = number(value, shown_places, signed=signed)
    symbol = SYMBOLS.get(currency)
    if symbol is None:
        return f"{text}{NO_BREAK_SPACE}{currency}"
    sign = text[0] if text[0] in (MINUS, "+") else ""
    return f"{sign}{symbol}{text[len(sign) :]}"


def fine_places(value: Decimal, currency: str) -> int:
    """How many decimals a cost is shown with that may be a fraction of a cent: two digits of it that are not nought."""
    least = money_places(value, currency)
    return min(MAX_PLACES, max(least, 1 - value.adjusted())) if value else least


def is_dust(value: Decimal, currency: str) -> bool:
    """Whether an amount is written as zero."""
    return rounded(value, money_places(value, currency)) == 0


def compact_money(value: Decimal, currency: str) -> str:
    """`$248.3k`: four significant digits at most, for the middle of a chart; axes write thousands likewise."""
    for unit, suffix in ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k")):
        if abs(rounded(value, CENTS)) >= unit:
            figure, space, name = money(value / unit, currency, places=1).partition(NO_BREAK_SPACE)
            return f"{figure}{suffix}{space}{name}"
    return money(value, currency)


def percent(fraction: Decimal, places: int = 1, *, signed: bool = False) -> str:
    """`38.4 %` from 0.384."""
    return f"{number(fraction * 100, places, signed=signed)}{NARROW_SPACE}%"


def drift(fraction: Decimal) -> str:
    """`+1.7 pp` from a difference of shares of 0.017."""
    return f"{number(fraction * 100, 1, signed=True)}{NARROW_SPACE}pp"


def times(value: Decimal, *, signed: bool = False) -> str:
    """`1.84×`: leverage and exposure."""
    return f"{number(value, 2, signed=signed)}{TIMES}"


def places_of(step: Decimal) -> int:
    """How many decimals a tick or lot asks for: 1 for 0.10, 0 for 5, 8 for 1e-8."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _sensible_places(value: Decimal) -> int:
    """Decimals for a price without a tick: five significant digits, at least cents."""
    magnitude = value.adjusted() if value else 0
    return min(ALL_PLACES, max(CENTS, SIGNIFICANT_DIGITS - 1 - magnitude))


def _enough_places(value: Decimal) -> int:
    """Decimals for an amount in an asset's own unit: up to eight, or as many as keep five digits of a tiny one."""
    most = MAX_PLACES if not value else max(MAX_PLACES, SIGNIFICANT_DIGITS - 1 - value.adjusted())
    return places_of(rounded(value, min(ALL_PLACES, most)))


def price(value: Decimal, tick: Decimal | None = None) -> str:
    """A price with the decimals of the instrument's tick."""
    return number(value, places_of(tick) if tick else _sensible_places(value))


def quantity(value: Decimal, lot: Decimal | None = None) -> str:
    """A quantity with the decimals of the instrument's lot; without one, as many as it needs."""
    return number(value, places_of(lot) if lot else _enough_places(value))


def amount(value: Decimal, asset: str, *, signed: bool = False) -> str:
    """`+1,200.00 USDT`, `0.015 BTC`: what a ledger entry says, always in the asset's own unit."""
    places = money_places(value, asset) if asset in SYMBOLS else _enough_places(value)
    return f"{number(value, places, signed=signed)}{NO_BREAK_SPACE}{asset}"


def sum_of(value: Decimal, asset: str) -> str:
    """`$1,200.00` of what stands for a currency, `0.01512345 BTC` of anything else: money that is wanted or was moved,
    beside values that are told in the same way."""
    return money(value, asset) if asset in SYMBOLS else amount(value, asset)


def age(elapsed: timedelta) -> str:
    """`12 s`, `4 min`, `2 h`, `3 d`: the largest unit that fits.

    Clocks that differ by less than a minute count as now; a moment further ahead is shown as what it is: `−2 h`.
    """
    if elapsed < -SKEW:
        return f"{MINUS}{age(-elapsed)}"
    seconds = max(0, int(elapsed.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size}{NO_BREAK_SPACE}{unit}"
    return f"{seconds}{NO_BREAK_SPACE}s"


def countdown(left: timedelta) -> str:
    """`2:14`, `3:02:14`, `1 d 3:02:14`: the time until something happens, `now` when it is over."""
    seconds = int(left.total_seconds())
    if seconds <= 0:
        return "now"
    days, seconds = divmod(seconds, 86_400)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    clock = f"{hours}:{minutes:02}:{seconds:02}" if days or hours else f"{minutes}:{seconds:02}"
    return f"{days}{NO_BREAK_SPACE}d {clock}" if days else clock


def duration(elapsed: timedelta) -> str:
    """`34 days`, `5 hours`, `12 minutes`: how long something took."""
    seconds = max(0, int(elapsed.total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count}{NO_BREAK_SPACE}{unit}{'s' if count != 1 else ''}"
    return f"0{NO_BREAK_SPACE}seconds"


def moment(value: datetime, timezone: str = "UTC") -> str:
    """`21 Nov 2026, 20:45 UTC` in the reader's time zone."""
    local = value.astimezone(ZoneInfo(timezone))
    return f"{day(local)}, {local:%H:%M %Z}"


def day(value: date) -> str:
    """`21 Nov 2026`, `2026-11-21`, `11/21/2026`: a day as the reader writes it."""
    return f"{value:{display.DATES[display.current().dates][0]}}"


def short_day(value: date) -> str:
    """The same without its year: `21 Nov`."""
    return f"{value:{display.DATES[display.current().dates][1]}}"


def time_of_day(value: datetime, timezone: str = "UTC") -> str:
    """`20:45:04` in the reader's time zone."""
    return f"{value.astimezone(ZoneInfo(timezone)):%H:%M:%S}"


def iso(value: datetime) -> str:
    """The machine's form of a moment: UTC, to the second."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

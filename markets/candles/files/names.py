"""Which column is which: by the names that exporters give them, or by their places where there are no names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kit.errors import InvalidInputError

COLUMNS: Final = ("ts", "open", "high", "low", "close", "volume")
# Written small, with "_" for everything that is no letter or digit; of several the first in this order is taken.
_NAMES: Final = {
    "ts": (
        "ts", "timestamp", "unix", "unix_timestamp", "unixtime", "epoch", "timestamp_ms", "open_time", "opentime",
        "opening_time", "start_time", "starttime", "start_at", "start", "time_period_start", "period_start",
        "candle_begin_time", "t", "time", "datetime", "date_time", "date", "gmt_time", "utc",
    ),
    "open": ("open", "o", "open_price", "opening_price", "price_open"),
    "high": ("high", "h", "high_price", "highest_price", "price_high", "max"),
    "low": ("low", "l", "low_price", "lowest_price", "price_low", "min"),
    "close": ("close", "c", "close_price", "closing_price", "price_close", "last"),
    "volume": (
        "volume", "vol", "v", "base_volume", "volume_base", "basevolume", "volume_from", "volumefrom", "volume_traded",
    ),
}  # fmt: skip
_CLOSING: Final = ("close_time", "closetime", "closing_time", "end_time", "endtime", "end", "time_period_end")
# A volume that names its asset, such as "Volume BTC": of several, not the one in money.
_VOLUME: Final = re.compile(r"vol(?:ume)?_(\w+)")
_MONEY: Final = frozenset(("usd", "usdt", "usdc", "busd", "fdusd", "eur", "gbp", "jpy", "quote", "currency"))
# Without a header: ours, Kraken's and Bybit's seven, OKX's nine and Binance's twelve columns begin with the same six.
_KNOWN_WIDTHS: Final = (6, 7, 9, 12)


@dataclass(frozen=True, slots=True)
class Columns:
    """The places of ts, open, high, low, close and volume; `closing` when the time is the one a bar closes at."""

    order: tuple[int, ...]
    closing: bool = False


def named(name: str, header: Sequence[str]) -> Columns:
    """The columns by their names. Raises InvalidInputError for one that is not there."""
    known: dict[str, int] = {}
    for place, field in enumerate(header):
        known.setdefault(_plain(field), place)
    found = {column: _first(known, names) for column, names in _NAMES.items()}
    closing = found["ts"] is None
    if closing:
        found["ts"] = _first(known, _CLOSING)
    if found["volume"] is None:
        found["volume"] = _volume(known)
    missing = [column for column in COLUMNS if found[column] is None]
    if missing:
        raise InvalidInputError(
            f"Name the columns of {name} in its first line {', '.join(COLUMNS)}: {', '.join(missing)} not found "
            f"in {', '.join(header)[:120]}."
        )
    return Columns(tuple(place for place in found.values() if place is not None), closing)


def positional(name: str, width: int) -> Columns:
    """The columns of a file without a header. Raises InvalidInputError for a width that nobody is known to write."""
    if width not in _KNOWN_WIDTHS:
        raise InvalidInputError(
            f"Add a first line to {name} that names its {width} columns, {', '.join(COLUMNS)} among them: "
            "it has none, and their order is not known."
        )
    return Columns(tuple(range(len(COLUMNS))))


def _plain(field: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", field.lower()).strip("_")


def _first(known: dict[str, int], names: Sequence[str]) -> int | None:
    return next((known[name] for name in names if name in known), None)


def _volume(known: dict[str, int]) -> int | None:
    """The first column that is a volume of something, if possible of something else than money."""
    volumes = {match[1]: place for name, place in known.items() if (match := _VOLUME.fullmatch(name))}
    return next((place for of, place in volumes.items() if of not in _MONEY), next(iter(volumes.values()), None))

"""Assets: how they are called, how small a part of one can be, and roughly what one is worth.

A market says itself what its base, quote and settlement assets are: an exchange through ccxt, an instrument in its
columns. Nothing takes a symbol apart, with one exception: `pair` reads what a person has typed.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from kit.errors import InvalidInputError
from markets.bounds import ASSET_LENGTH, SMALLEST, SYMBOL_LENGTH, VENUE_LENGTH

# How much of an asset is about a dollar, as a power of ten. It sizes first guesses, never money.
_DOLLAR: Final = {
    "BTC": Decimal("0.00001"),
    "ETH": Decimal("0.001"),
    "BNB": Decimal("0.01"),
    "SOL": Decimal("0.01"),
    "JPY": Decimal(100),
    "KRW": Decimal(1_000),
    "TRY": Decimal(10),
    "IDR": Decimal(10_000),
}


# What a person or a program may call an asset in the books. Without a letter it is a number that went astray.
_NAME: Final = re.compile(r"(?=.*[A-Z])[A-Z0-9][A-Z0-9.:_-]{0,19}")


@dataclass(frozen=True, slots=True)
class Pair:
    base: str
    quote: str


def pair(text: str) -> Pair:
    """The assets of `BASE/QUOTE` as a person writes it. Raises InvalidInputError for anything else."""
    base, slash, quote = text.partition("/")
    if not (base and slash and quote) or text != text.upper() or "/" in quote:
        raise InvalidInputError(
            f"Write the symbol as BASE/QUOTE in capitals, such as BTC/USDT: {shown(text)} is not.",
            fields={"symbol": "Write it as BASE/QUOTE."},
        )
    require_symbol(text)
    return Pair(require_asset(base), require_asset(quote))


def require_named(code: str, *, field: str = "asset") -> str:
    """The code of an asset that somebody named for the books, or InvalidInputError for the `field`."""
    if not _NAME.fullmatch(code):
        raise InvalidInputError(
            f"Name the asset by its symbol, such as USDT: {shown(code)} is none.", fields={field: "Not a symbol."}
        )
    return code


def require_asset(code: str) -> str:
    """The code, or InvalidInputError when no column can hold it."""
    return _required(code, ASSET_LENGTH, "asset")


def require_symbol(symbol: str) -> str:
    """The symbol, or InvalidInputError when no column can hold it."""
    return _required(symbol, SYMBOL_LENGTH, "symbol")


def require_venue(venue: str) -> str:
    """The venue's name, or InvalidInputError when no column can hold it."""
    return _required(venue, VENUE_LENGTH, "venue")


def dollar_in(asset: str) -> Decimal:
    """Roughly how much of `asset` is worth a dollar, as a power of ten; 1 for what is not known to be dear or cheap."""
    return _DOLLAR.get(asset, Decimal(1))


def sensible_lot(price: Decimal, quote: str) -> Decimal:
    """The power of ten whose worth at `price` is between ten cents and a dollar, roughly, whatever the quote asset."""
    return max(Decimal(1).scaleb(-((price / dollar_in(quote)).adjusted() + 1)), SMALLEST)


def shown(text: str) -> str:
    """What somebody wrote, short enough for a sentence."""
    return repr(text if len(text) <= SYMBOL_LENGTH else f"{text[:SYMBOL_LENGTH]}…")


def _required(text: str, most: int, what: str) -> str:
    if not 1 <= len(text) <= most or not text.isprintable() or text != text.strip():
        sentence = f"Name the {what} with 1 to {most} visible characters: {shown(text)} is not."
        raise InvalidInputError(sentence, fields={what: sentence})
    return text

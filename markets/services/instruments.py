"""Making instruments known."""

from decimal import Decimal
from typing import Final

from kit.errors import InvalidInputError
from markets.models import Instrument
from markets.prices import SIMULATED, to_price
from quant.market_simulator import ASSETS

MINIMUM_NOTIONAL: Final = Decimal(5)


def ensure_instrument(
    *,
    venue: str,
    symbol: str,
    tick_size: Decimal,
    lot_size: Decimal,
    minimum_notional: Decimal = Decimal(0),
    is_simulated: bool = False,
) -> tuple[Instrument, bool]:
    """The venue's spot instrument `BASE/QUOTE`, made when it is missing (then the second answer is true).

    An instrument that is there already keeps its steps: they may have been corrected by an operator.
    """
    base, slash, quote = symbol.partition("/")
    if not (base and slash and quote) or symbol != symbol.upper():
        raise InvalidInputError(f"Write the symbol as BASE/QUOTE in capitals, such as BTC/USDT: {symbol!r} is not.")
    return Instrument.objects.get_or_create(
        venue=venue,
        symbol=symbol,
        defaults={
            "base": base,
            "quote": quote,
            "tick_size": tick_size,
            "lot_size": lot_size,
            "minimum_notional": minimum_notional,
            "is_simulated": is_simulated,
        },
    )


def ensure_simulated_instruments() -> tuple[Instrument, ...]:
    """The instruments of the simulated market, in the simulator's order."""
    return tuple(
        ensure_instrument(
            venue=SIMULATED,
            symbol=asset.symbol,
            tick_size=to_price(asset.tick),
            lot_size=sensible_lot(to_price(asset.price)),
            minimum_notional=MINIMUM_NOTIONAL,
            is_simulated=True,
        )[0]
        for asset in ASSETS
    )


def sensible_lot(price: Decimal) -> Decimal:
    """The power of ten whose worth at `price` is between a tenth of the quote asset's unit and one of it."""
    return Decimal(1).scaleb(-(price.adjusted() + 1))

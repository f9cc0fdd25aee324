"""Making instruments known."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections, router

from kit.errors import InvalidInputError
from markets.assets import pair, require_asset, require_symbol, require_venue, sensible_lot, shown
from markets.bounds import SMALLEST, SYMBOL_LENGTH
from markets.models import Instrument
from markets.prices import SIMULATED, to_price
from quant.market_simulator import ASSETS

MINIMUM_NOTIONAL: Final = Decimal(5)
# Of the perpetuals that paper accounts trade beside each spot market.
PERPETUAL: Final = "{}-PERP"
MAX_LEVERAGE: Final = Decimal(20)
MAINTENANCE_MARGIN: Final = Decimal("0.01")
# What has been listed is never changed; a name that is too long, or taken by the venue itself, has none.
_LIST: Final = """
INSERT INTO markets_instrument (
    venue, symbol, base, quote, settle, kind, tick_size, lot_size, minimum_notional, contract_size, max_leverage,
    maintenance_margin, prices_of_id, is_simulated, is_active
)
SELECT venue, format(%(name)s, symbol), base, quote, quote, 'perpetual', tick_size, lot_size, minimum_notional, 1,
       %(leverage)s, %(maintenance)s, id, is_simulated, true
FROM markets_instrument AS spot
WHERE venue = %(venue)s AND kind = 'spot' AND is_active AND length(symbol) <= %(length)s
      AND NOT EXISTS (SELECT FROM markets_instrument AS listed WHERE listed.prices_of_id = spot.id)
ORDER BY id
ON CONFLICT DO NOTHING
"""
# Those that people know first.
_WELL_KNOWN: Final = ("BTC", "ETH", "SOL", "BNB")


def ensure_instrument(
    *,
    venue: str,
    symbol: str,
    tick_size: Decimal,
    lot_size: Decimal,
    base: str = "",
    quote: str = "",
    settle: str = "",
    kind: str = Instrument.Kind.SPOT,
    minimum_notional: Decimal = Decimal(0),
    is_simulated: bool = False,
) -> tuple[Instrument, bool]:
    """The venue's instrument `symbol`, made when it is missing (then the second answer is true).

    Without `base` and `quote` the symbol is the BASE/QUOTE that a person wrote. An instrument that is there already
    keeps its steps: they may have been corrected by an operator. Raises InvalidInputError for names that are too long
    and for steps that are no positive numbers.
    """
    if not (base and quote):
        written = pair(symbol)
        base, quote = written.base, written.quote
    for step in (tick_size, lot_size):
        if not (step.is_finite() and step >= SMALLEST):
            raise InvalidInputError(f"Give {shown(symbol)} steps that are numbers of 1e-18 or more: {step} is not.")
    return Instrument.objects.get_or_create(
        venue=require_venue(venue),
        symbol=require_symbol(symbol),
        defaults={
            "base": require_asset(base),
            "quote": require_asset(quote),
            "settle": require_asset(settle) if settle else "",
            "kind": kind,
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
            lot_size=sensible_lot(to_price(asset.price), pair(asset.symbol).quote),
            minimum_notional=MINIMUM_NOTIONAL,
            is_simulated=True,
        )[0]
        for asset in ASSETS
    )


def list_perpetuals(*, venue: str) -> int:
    """List a linear perpetual beside each spot market of the venue, for paper accounts; returns how many are new.

    It settles in the quote asset, and its prices and candles are those of the spot market. Safe to repeat.
    """
    alias = router.db_for_write(Instrument) or DEFAULT_DB_ALIAS
    with connections[alias].cursor() as cursor:
        cursor.execute(
            _LIST,
            {
                "venue": venue,
                "name": PERPETUAL.format("%s"),
                "length": SYMBOL_LENGTH - len(PERPETUAL.format("")),
                "leverage": MAX_LEVERAGE,
                "maintenance": MAINTENANCE_MARGIN,
            },
        )
        listed: int = cursor.rowcount
    return listed


def well_known_first(instruments: Iterable[Instrument]) -> list[Instrument]:
    """In the order in which people know them; the others by their symbols behind these."""

    def rank(instrument: Instrument) -> tuple[int, str]:
        known = instrument.base in _WELL_KNOWN
        return _WELL_KNOWN.index(instrument.base) if known else len(_WELL_KNOWN), instrument.symbol

    return sorted(instruments, key=rank)

"""The markets that a real account needs: those that price what it holds, and the usual ones to trade.

An exchange lists thousands. Made known are, by the exchange's own names and steps, the ones that lead from each asset
of the account to the owner's currency, directly or over one other asset, and those that the feed follows anyway. From
then on `wallets.tasks.collect_prices` keeps their prices.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from django.conf import settings
from django.db.models.functions import Length

from kit.errors import InvalidInputError
from markets.models import Instrument
from markets.services import NewQuote, ensure_instrument, record_quotes
from wallets.models import Connection, Platform
from wallets.venues.base import MarketReport, Venue
from wallets.venues.ccxt.opening import open_platform

logger = logging.getLogger(__name__)

# Over which assets a price is looked for where there is no market with the owner's currency itself, the best first.
BRIDGES: Final = ("USDT", "USDC", "USD", "BTC", "EUR")


def list_markets(*, venue: Venue, name: str, assets: Collection[str], base: str) -> list[str]:
    """Make known the markets of the exchange `name` that the assets and `base` need; returns the symbols that are new.

    Asks the venue only where one is missing: it may raise whatever the venue raises. Call it outside of transactions.
    """
    known = set(Instrument.objects.filter(venue=name).values_list("symbol", flat=True))
    pairs = set(Instrument.objects.filter(venue=name).values_list("base", "quote"))
    if known and not any(_is_missing(asset, base, pairs) for asset in assets):
        return []
    markets = [market for market in venue.markets() if market.is_active and market.kind == "spot"]
    wanted = {*needed(markets, assets=assets, base=base)}
    wanted |= {market.symbol for market in markets if market.symbol in settings.FEED_SYMBOLS}
    new = [market for market in markets if market.symbol in wanted - known]
    made = [symbol for market in new if (symbol := _make(name, market))]
    if made:
        _price(venue, name, made)
    return made


def list_market(*, venue: Venue, name: str, symbol: str) -> Instrument | None:
    """The spot market of the exchange `name`, made known where it is not; None for another kind, or for none.

    May ask the venue and raise whatever it raises. Call it outside of transactions.
    """
    known = Instrument.objects.filter(venue=name, symbol=symbol)
    if not known.exists():
        told = next((market for market in venue.markets() if market.symbol == symbol), None)
        if told is None or told.kind != "spot" or not _make(name, told):
            return None
    return known.filter(kind=Instrument.Kind.SPOT).first()


def pricing_venue(venue: Venue, connection: Connection) -> tuple[Venue, str] | None:
    """Whose spot markets price the account, with its name: its own exchange's or, of an exchange of derivatives alone,
    those of the one that it is named after. None where nobody's do."""
    if Platform.Capability.SPOT in connection.platform.capabilities:
        return venue, connection.venue
    parent = parent_of(connection.venue)
    return (open_platform(parent, {}), parent.slug) if parent else None


def parent_of(slug: str) -> Platform | None:
    """The exchange with spot markets that one of derivatives alone is named after, as binanceusdm after binance."""
    spot = Platform.objects.filter(adapter="ccxt", is_active=True, capabilities__contains=[Platform.Capability.SPOT])
    named = (one for one in spot.order_by(Length("slug").desc()) if slug.startswith(one.slug))
    return next(named, None)


def needed(markets: Sequence[MarketReport], *, assets: Iterable[str], base: str) -> list[str]:
    """The symbols that lead from each of the assets to `base`: one market, or two over a bridge; none where none do."""
    by_pair = {pair: market.symbol for market in markets for pair in _ways(market)}
    found: list[str] = []
    for asset in sorted(set(assets) - {base}):
        if (asset, base) in by_pair:
            found.append(by_pair[asset, base])
            continue
        over = (one for one in BRIDGES if (asset, one) in by_pair and (one, base) in by_pair)
        if (bridge := next(over, None)) is not None:
            found += [by_pair[asset, bridge], by_pair[bridge, base]]
    return found


def _ways(market: MarketReport) -> tuple[tuple[str, str], tuple[str, str]]:
    return (market.base, market.quote), (market.quote, market.base)


def _is_missing(asset: str, base: str, pairs: Collection[tuple[str, str]]) -> bool:
    def leads(one: str, other: str) -> bool:
        return (one, other) in pairs or (other, one) in pairs

    return (
        asset != base
        and not leads(asset, base)
        and not any(leads(asset, over) and leads(over, base) for over in BRIDGES)
    )


def _make(name: str, market: MarketReport) -> str:
    try:
        ensure_instrument(
            venue=name,
            symbol=market.symbol,
            base=market.base,
            quote=market.quote,
            tick_size=market.tick_size,
            lot_size=market.lot_size,
            minimum_notional=market.minimum_notional,
        )
    except InvalidInputError as error:
        logger.warning("%s leaves out %s: %s", name, market.symbol, error)
        return ""
    return market.symbol


def _price(venue: Venue, name: str, symbols: Sequence[str]) -> None:
    """Their prices of now, so that the first valuation has them."""
    ids = dict(Instrument.objects.filter(venue=name, symbol__in=symbols).values_list("symbol", "pk"))
    record_quotes(
        [
            NewQuote(ids[ticker.symbol], ticker.price, ticker.bid, ticker.ask, name, ticker.at)
            for ticker in venue.tickers(symbols)
            if ticker.symbol in ids
        ]
    )

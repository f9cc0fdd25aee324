"""The session with an exchange's public side through ccxt, the only place that opens one.

ccxt takes seconds and 70 MB to import, so it is imported by the process that asks, when it asks first.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

import stamina

from kit.errors import InvalidInputError, MoniqoError
from markets.assets import sensible_lot
from markets.bounds import BEYOND, SMALLEST

TIMEOUT_MS: Final = 10_000
# Digits of a price that a market is quoted with when its exchange does not say how many.
DIGITS: Final = 8


class FeedError(MoniqoError):
    """The exchange did not answer or said no. The next collection tries again; prices keep their age meanwhile."""

    code = "feed"
    status = 502


class RefusedError(FeedError):
    """The exchange answered, and will not say this: a market that it has closed, say. Others may still be asked."""

    code = "feed_refused"


@lru_cache(maxsize=1)
def open_exchange(exchange_id: str, base_url: str) -> Any:
    """ccxt's exchange for public data. With `base_url` every request goes there, the original host as first segment."""
    import ccxt

    if exchange_id not in ccxt.exchanges:
        raise InvalidInputError(f"Set MONIQO_FEED to ccxt:<exchange>: ccxt knows no exchange {exchange_id!r}.")
    options = {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["spot"]}}
    exchange = getattr(ccxt, exchange_id)({"enableRateLimit": True, "timeout": TIMEOUT_MS, "options": options})
    if base_url:
        exchange.urls["api"] = _redirected(exchange.urls["api"], base_url.rstrip("/"))
    return exchange


def _redirected(urls: Any, base_url: str) -> Any:
    if isinstance(urls, dict):
        return {name: _redirected(url, base_url) for name, url in urls.items()}
    return str(urls).replace("https://", f"{base_url}/", 1)


def asked(question: Callable[[], Any]) -> Any:
    """The exchange's answer, asked again twice when the network failed.

    Raises RefusedError when the exchange says no to the question, FeedError when it stays away.
    """
    import ccxt

    try:
        for attempt in stamina.retry_context(on=ccxt.NetworkError, attempts=3, timeout=20, wait_initial=0.2):
            with attempt:
                return question()
    except ccxt.ExchangeError as error:
        raise RefusedError(f"Ask the exchange for something else: {type(error).__name__}.") from error
    except ccxt.BaseError as error:
        raise FeedError(f"Wait for the exchange, or choose another feed: {type(error).__name__}.") from error


def money(value: Any) -> Decimal | None:
    """A number of ccxt's as the exchange wrote it; None for what is no amount above zero that the books can hold."""
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and SMALLEST <= amount < BEYOND else None


def has_steps(exchange: Any, market: dict[str, Any]) -> bool:
    """Whether the exchange states the market's steps as they are; otherwise they follow its price."""
    import ccxt

    stated = market["precision"]["price"] is not None and market["precision"]["amount"] is not None
    return stated and exchange.precisionMode != ccxt.SIGNIFICANT_DIGITS


def steps(exchange: Any, market: dict[str, Any], price: Decimal | None = None) -> tuple[Decimal, Decimal, Decimal]:
    """Tick, lot and smallest order as the exchange states them, whatever its way of counting precision.

    Where it counts significant digits of the price, or says nothing, the steps follow `price`, which must be given
    unless `has_steps`.
    """
    import ccxt

    mode = exchange.precisionMode

    def step(name: str) -> Decimal | None:
        precision = market["precision"][name]
        if precision is None:
            return None
        stated = Decimal(str(precision)) if mode == ccxt.TICK_SIZE else Decimal(1).scaleb(-int(precision))
        return stated if stated.is_finite() and stated > 0 else None

    tick, lot = step("price"), step("amount")
    if price is not None and (tick is None or mode == ccxt.SIGNIFICANT_DIGITS):
        digits = int(market["precision"]["price"] or DIGITS)
        tick = Decimal(1).scaleb(price.adjusted() + 1 - digits)
    if price is not None and lot is None:
        lot = sensible_lot(price, market["quote"])
    if tick is None or lot is None:
        raise InvalidInputError(f"Give the price of {market['symbol']}: its steps follow it.")
    minimum = money(market["limits"]["cost"]["min"])
    return max(tick, SMALLEST), max(lot, SMALLEST), minimum or Decimal(0)

"""The session with an exchange's public side through ccxt, the only place that opens one.

ccxt takes seconds and 70 MB to import, so it is imported by the process that asks, when it asks first.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import stamina

from kit.errors import InvalidInputError, MoniqoError

TIMEOUT_MS: Final = 10_000


class FeedError(MoniqoError):
    """The exchange did not answer or said no. The next collection tries again; prices keep their age meanwhile."""

    code = "feed"
    status = 502


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
    """The exchange's answer, asked again twice when the network failed; FeedError when it stays away."""
    import ccxt

    try:
        for attempt in stamina.retry_context(on=ccxt.NetworkError, attempts=3, timeout=20, wait_initial=0.2):
            with attempt:
                return question()
    except ccxt.BaseError as error:
        raise FeedError(f"Wait for the exchange, or choose another feed: {type(error).__name__}.") from error


def steps(exchange: Any, market: dict[str, Any]) -> tuple[Decimal, Decimal, Decimal]:
    """Tick, lot and smallest order as the exchange states them, whatever its way of counting precision."""
    import ccxt

    def step(name: str) -> Decimal:
        precision = market["precision"][name]
        if precision is None:
            return Decimal("0.00000001")
        if exchange.precisionMode == ccxt.TICK_SIZE:
            return Decimal(str(precision))
        return Decimal(1).scaleb(-int(precision))

    minimum = market["limits"]["cost"]["min"]
    return step("price"), step("amount"), Decimal(str(minimum or 0))

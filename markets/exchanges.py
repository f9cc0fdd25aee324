"""The sessions with exchanges through ccxt, the only place that opens one.

ccxt takes seconds and 70 MB to import, so it is imported by the process that asks, when it asks first. A session is not
safe for several threads: whoever talks with credentials opens one of their own, for one task. What every session of an
exchange would ask for again, its list of markets, is kept once per process and shared.

No number of such a session passes through a binary float: JSON is read with its numbers as they are written, and ccxt
is told to keep numbers as text.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from threading import Lock
from typing import Any, Final

import stamina

from kit.errors import InvalidInputError, MoniqoError
from markets.assets import sensible_lot
from markets.bounds import BEYOND, SMALLEST

TIMEOUT_MS: Final = 10_000
# Digits of a price that a market is quoted with when its exchange does not say how many.
DIGITS: Final = 8
# So many requests in a row are not slowed down: an order at Kraken takes six, which ccxt would stretch to 15 seconds.
BURST: Final = 10
# How long a process believes an exchange's list of markets.
MARKETS_SECONDS: Final = 3600.0


class FeedError(MoniqoError):
    """The exchange did not answer or said no. The next collection tries again; prices keep their age meanwhile."""

    code = "feed"
    status = 502


class RefusedError(FeedError):
    """The exchange answered, and will not say this: a market that it has closed, say. Others may still be asked."""

    code = "feed_refused"


@dataclass(frozen=True, slots=True)
class Access:
    """Where and as whom a session talks. `credentials` are named as ccxt names them; none of them is ever shown.

    With `base_url` every request goes there, the original host as first segment. `throttles` keeps to the pace that the
    exchange allows; a server of one's own needs none.
    """

    exchange_id: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    base_url: str = ""
    is_sandbox: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    throttles: bool = True
    timeout_ms: int = TIMEOUT_MS


def open_session(access: Access) -> Any:
    """ccxt's exchange for one task, with exact numbers; its markets are loaded when they are needed first.

    Raises InvalidInputError for an exchange that ccxt does not know or that has no sandbox.
    """
    return configured(_exact(access.exchange_id), access)


def configured(kind: Callable[[dict[str, Any]], Any], access: Access, **more: Any) -> Any:
    """A session of this class of ccxt's, which talks where and as whom `access` says; `more` are ccxt's settings.

    Raises InvalidInputError for an exchange that has no sandbox.
    """
    config = {
        "enableRateLimit": access.throttles,
        "timeout": access.timeout_ms,
        "options": dict(access.options),
        "has": {"fetchCurrencies": False},  # markets name their assets
        **access.credentials,
        **more,
    }
    if hostname := access.options.get("hostname"):  # of a region, such as my.okx.com
        config["hostname"] = hostname
    exchange = kind(config)
    if access.is_sandbox:
        if not exchange.urls.get("test"):
            raise InvalidInputError(f"Connect to {exchange.name} itself: it has no sandbox.")
        exchange.set_sandbox_mode(True)
    if access.base_url:
        exchange.urls["api"] = _redirected(exchange.urls["api"], access.base_url.rstrip("/"))
    return exchange


def is_known(exchange_id: str) -> bool:
    """Whether ccxt knows an exchange of this id."""
    import ccxt

    return exchange_id in ccxt.exchanges


@lru_cache(maxsize=8)
def open_exchange(exchange_id: str, base_url: str) -> Any:
    """A session for public data, one per process and exchange. `base_url` as in `Access`."""
    import ccxt

    if exchange_id not in ccxt.exchanges:
        raise InvalidInputError(f"Set MONIQO_FEED to ccxt:<exchange>: ccxt knows no exchange {exchange_id!r}.")
    options = {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["spot"]}}
    return open_session(Access(exchange_id, base_url=base_url, options=options))


def signing(exchange: Any, name: str = "sign") -> Callable[..., Any]:
    """ccxt's signing of requests, which says of half a key that it is none: nothing was sent then."""
    import ccxt

    signed = getattr(exchange, name)

    def sign(self: Any, *request: Any, **named: Any) -> Any:
        try:
            return signed(self, *request, **named)
        except ValueError as error:  # broken base64 or PEM
            raise ccxt.AuthenticationError(f"{self.id} nothing can be signed with this key") from error

    return sign


@cache
def _exact(exchange_id: str) -> Any:
    """ccxt's class of the exchange, whose numbers are those that the exchange wrote; `last_status` is HTTP's."""
    import ccxt

    if exchange_id not in ccxt.exchanges:
        raise InvalidInputError(f"Choose another exchange: ccxt knows no {exchange_id!r}.")
    exchange = getattr(ccxt, exchange_id)

    def fetch(self: Any, *request: Any, **options: Any) -> Any:
        if self.deadline is None:
            return exchange.fetch(self, *request, **options)
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise ccxt.RequestTimeout(f"{exchange_id} was given no more time")
        usual, self.timeout = self.timeout, min(self.timeout, left * 1000)
        try:
            return exchange.fetch(self, *request, **options)
        finally:
            self.timeout = usual

    def pace(self: Any, cost: float | None = None) -> None:
        """ccxt's pace in the long run, but not between the few requests of one task, which exchanges allow."""
        need, now = self.rateLimit * (cost or 1) / 1000, time.monotonic()
        debt, at = self.paced
        debt = max(debt - (now - at), 0.0) + need
        self.paced = (debt, now)
        if debt > BURST * need:
            time.sleep(debt - BURST * need)

    changes = {**change_for_exactness(exchange), "deadline": None, "fetch": fetch, "throttle": pace}
    return type(exchange_id, (exchange,), changes)


def change_for_exactness(exchange: Any) -> dict[str, Any]:
    """What a class of ccxt's has to do otherwise, so that its numbers are those that the exchange wrote."""

    def remember(self: Any, status: int, *answer: Any) -> Any:
        self.last_status = status
        return exchange.on_rest_response(self, status, *answer)

    return {
        "number": str,
        "last_status": 0,
        "paced": (0.0, 0.0),
        "sign": signing(exchange),
        "on_rest_response": remember,
        "on_json_response": lambda self, text: exactly(text, self.id),
    }


def exactly(text: str, exchange_id: str) -> Any:
    """JSON with its numbers as they are written. Raises ccxt's BadResponse for what is none."""
    import ccxt

    try:
        return json.loads(text, parse_float=str, parse_constant=str)
    except ValueError as error:
        raise ccxt.BadResponse(f"{exchange_id} broke off in the middle of its answer") from error


@contextmanager
def within(exchange: Any, seconds: float) -> Iterator[None]:
    """All requests of the session inside take no longer than this together; inside another, the earlier end counts."""
    before, until = exchange.deadline, time.monotonic() + seconds
    exchange.deadline = until if before is None else min(before, until)
    try:
        yield
    finally:
        exchange.deadline = before


_markets: Final[dict[tuple[Any, ...], tuple[float, dict[str, Any]]]] = {}
_loading: Final[dict[tuple[Any, ...], Lock]] = {}
# What ccxt makes of a list of markets: read by everything else, written by nothing.
_SHARED: Final = ("markets", "markets_by_id", "symbols", "ids", "currencies", "currencies_by_id", "codes",
                  "baseCurrencies", "quoteCurrencies")  # fmt: skip
# ccxt keeps these beside the markets.
_SHARED_OPTIONS: Final = ("marketsByAltname",)


def load_markets(exchange: Any, access: Access) -> None:
    """Give the session its exchange's markets, asking for them only when this process has not within the hour.

    Sessions of the same exchange and address share one copy, whether they ask or listen: a loaded one takes megabytes.
    """
    if exchange.markets:
        return
    key = (access.exchange_id, access.base_url, access.is_sandbox, json.dumps(access.options, sort_keys=True))
    # Whoever comes second finds what the first has loaded; an exchange that hangs keeps nobody from another.
    with _loading.setdefault(key, Lock()):
        at, shared = _markets.get(key, (float("-inf"), {}))
        if time.monotonic() - at > MARKETS_SECONDS:
            # A session that listens cannot ask and wait at once: one of questions does it.
            reader = exchange if exchange.synchronous else open_session(replace(access, credentials={}))
            reader.load_markets()
            shared = {name: getattr(reader, name) for name in _SHARED}
            shared["options"] = {name: reader.options[name] for name in _SHARED_OPTIONS if name in reader.options}
            _markets[key] = (time.monotonic(), shared)
    for name in _SHARED:
        setattr(exchange, name, shared[name])
    exchange.options.update(shared["options"])


def markets_between(loaded: Any, exchange: Any) -> None:
    """Let the session have the markets of another one of the same exchange, which has loaded them."""
    for name in _SHARED:
        setattr(exchange, name, getattr(loaded, name))
    exchange.options.update({name: loaded.options[name] for name in _SHARED_OPTIONS if name in loaded.options})


def forget_markets() -> None:
    """Ask for every exchange's markets again when they are needed next."""
    _markets.clear()


def _redirected(urls: Any, base_url: str) -> Any:
    if isinstance(urls, dict):
        return {name: _redirected(url, base_url) for name, url in urls.items()}
    # http becomes ws, and https wss.
    return str(urls).replace("https://", f"{base_url}/", 1).replace("wss://", f"ws{base_url.removeprefix('http')}/", 1)


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

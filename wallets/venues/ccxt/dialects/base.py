"""What ccxt alone would do, which is enough for an exchange that needs nothing special.

A dialect is what is particular about one exchange: which of its accounts hold money, how it finds an order by its
client id, how its lists are turned over, and where it says what a key may do. Everything here talks to ccxt, may raise
ccxt's errors, and knows nothing of ours but the reports. What a sync asks, balances and positions, are readings
(`wallets.venues.ccxt.questions`): many accounts are read in one loop.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal

from wallets.venues.amending import Change
from wallets.venues.base import (
    BalanceReport,
    CredentialsReport,
    IncomeReport,
    MarketKind,
    MovementReport,
    OrderRequest,
    PositionReport,
    VenueRejectedError,
)
from wallets.venues.ccxt.mapping import position_report, unified_balances
from wallets.venues.ccxt.names import Names
from wallets.venues.ccxt.questions import Reading
from wallets.venues.heard import Heard

Order = dict[str, Any]
Trade = dict[str, Any]
# What is sent: order type, price, and ccxt's further parameters.
Sent = tuple[str, Decimal | None, dict[str, Any]]
DAY_MS: Final = 86_400_000
# A list is turned over at most so often: no account of ours has more, and no answer may hold us for ever.
PAGES: Final = 200


def in_force(request: OrderRequest) -> dict[str, Any]:
    """How long the order is good, in ccxt's words. One that ends at a moment is cancelled by us: few exchanges do."""
    if request.post_only:
        return {"postOnly": True}
    return {"timeInForce": request.time_in_force.upper()} if request.time_in_force in ("ioc", "fok") else {}


def stopping(request: OrderRequest) -> dict[str, Any]:
    """When a stop becomes an order at the market, in ccxt's words."""
    return {} if request.trigger_price is None else {"stopLossPrice": f"{request.trigger_price:f}"}


def worded(request: OrderRequest) -> str:
    """ccxt's word for the type: a stop is an order at the market with a price that sets it off."""
    return "market" if request.type == "stop" else request.type


class Dialect:
    """An exchange that needs nothing special."""

    kinds: ClassVar[tuple[MarketKind, ...]] = ("spot", "perpetual", "future")
    # ccxt's options of the session.
    options: ClassVar[Mapping[str, Any]] = {}
    names: ClassVar[Names] = Names(r"[A-Za-z0-9]{1,32}")
    # Whether the venue refuses a client order id that it has seen, for ever; else we look before we send.
    remembers_names: ClassVar[bool] = False
    # Whether trades and open orders can be asked for without naming the market.
    trades_need_symbol: ClassVar[bool] = True
    # Whether a stop rests in its spot markets under a client id as any order does; else nobody has tried.
    rests_stops: ClassVar[bool] = False
    # How an order that rests is changed there: where it stands, or ended and placed anew by one message; else it is
    # cancelled and another one sent.
    amends: ClassVar[Literal["", "in_place", "at_once"]] = ""
    # How many trades and candles one answer has.
    trades_page: ClassVar[int] = 500
    candles_page: ClassVar[int] = 300
    # Whether the exchange counts requests by the address they come from; else by the account that asks.
    counts_by_address: ClassVar[bool] = True
    # ccxt's questions that listen to an account, with their parameters; none where nobody has compared what is told.
    account_streams: ClassVar[Sequence[tuple[str, Mapping[str, Any]]]] = ()
    # What has to be asked beside, with what it is given, so that a line on which nothing happens stays open.
    beats: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    # So many markets are named by one request for prices at most.
    markets_at_once: ClassVar[int] = 100
    # ccxt's options of a session that listens, and how many times it is told that it does before it can rely on it.
    stream_options: ClassVar[Mapping[str, Any]] = {}
    confirmations: ClassVar[int] = 1

    def balances(self, exchange: Any) -> Reading[tuple[BalanceReport, ...]]:
        return unified_balances((yield exchange.fetch_balance))

    def positions(self, exchange: Any) -> Reading[tuple[PositionReport, ...]]:
        if not exchange.has.get("fetchPositions"):
            return ()
        reports = []
        for position in (yield exchange.fetch_positions):
            market = exchange.market(position["symbol"])
            reports.append(
                position_report({**position, **{name: market[name] for name in ("settle", "base", "inverse")}})
            )
        return tuple(report for report in reports if report is not None)

    def sent(self, exchange: Any, request: OrderRequest, name: str) -> Sent:
        """How the order is worded, under its name at the venue. A spot account only reduces anyway."""
        reduces = request.reduce_only and not exchange.market(request.symbol)["spot"]
        params = {"clientOrderId": name, **({"reduceOnly": True} if reduces else {}), **in_force(request)}
        return worded(request), request.price, params | stopping(request)

    def remembers(self, request: OrderRequest) -> bool:
        """Whether the venue refuses this order's name for ever once it has seen it."""
        return self.remembers_names

    def place(self, exchange: Any, request: OrderRequest, name: str, sent: Sent) -> Order:
        """Place the order as it is worded."""
        kind, price, params = sent
        told: Order = exchange.create_order(
            request.symbol, kind, request.side, f"{request.quantity:f}", f"{price:f}" if price else None, params
        )
        return told

    def find(self, exchange: Any, name: str, symbol: str) -> Order | None:
        """The order of this name; None, or ccxt's OrderNotFound, when the venue has never heard of it."""
        found: Order = exchange.fetch_order(None, symbol, {"clientOrderId": name})
        return found

    def cancel(self, exchange: Any, name: str, symbol: str) -> None:
        exchange.cancel_order(None, symbol, {"clientOrderId": name})

    def amend(self, exchange: Any, change: Change, name: str) -> None:
        """Change an order that rests, where it stands; `quantity` is all of it."""
        exchange.edit_order(
            None, change.symbol, "limit", change.side, f"{change.quantity:f}", f"{change.price:f}",
            {"clientOrderId": name, **({"postOnly": True} if change.post_only else {})},
        )  # fmt: skip

    def replace(self, exchange: Any, request: OrderRequest, old: str, new: str) -> Order:
        """End the order of the old name if nothing of it is filled, and place this one, by one message where there is
        such a one."""
        raise VenueRejectedError(f"{exchange.name} ends and places no orders at once.")

    def numbered(self, exchange: Any, number: str, symbol: str) -> Order | None:
        """The order that the exchange calls by this number; None, or ccxt's OrderNotFound, when it knows none."""
        found: Order = exchange.fetch_order(number, symbol)
        return found

    def cancel_numbered(self, exchange: Any, number: str, symbol: str) -> None:
        exchange.cancel_order(number, symbol)

    def open_orders(self, exchange: Any, symbols: Sequence[str]) -> list[Order]:
        """All of them; `symbols` are the markets to ask about where the venue wants one named."""
        found: list[Order] = exchange.fetch_open_orders()
        return found

    def trades_of(self, exchange: Any, order: Order) -> list[Trade]:
        """The executions of an order that has some."""
        found: list[Trade] = exchange.fetch_order_trades(order["id"], order["symbol"])
        return found

    def trades(self, exchange: Any, since: int, symbol: str | None) -> Iterable[Trade]:
        """Executions at `since` (milliseconds) or later, of one market or all."""
        return forward(lambda start: exchange.fetch_my_trades(symbol, start, self.trades_page), since)

    def movements(self, exchange: Any, since: int) -> Iterable[MovementReport]:
        """Deposits and withdrawals at `since` (milliseconds) or later; none where nobody has tried it."""
        return ()

    def income(self, exchange: Any, since: int) -> Iterable[IncomeReport]:
        """What derivatives have brought and cost at `since` (milliseconds) or later; none where nobody has tried it."""
        return ()

    def turn(self, exchange: Any) -> None:
        """Turn a session that listens to the region whose host it is told, where ccxt turns only what is asked."""

    def watch_prices(self, exchange: Any, symbols: Sequence[str]) -> Awaitable[Any]:
        """ccxt's question that listens to the prices of these markets, which are of one kind."""
        return exchange.watch_tickers(list(symbols))  # type: ignore[no-any-return]  # ccxt has no types

    def ticker(self, exchange: Any, symbol: str) -> dict[str, Any] | None:
        """What was told last of the market's price; the same object until it is told again."""
        return exchange.tickers.get(symbol)  # type: ignore[no-any-return]  # ccxt has no types

    def counted(self, message: Any) -> tuple[Hashable, int] | None:
        """Where the exchange counts what it tells: of what, and which number this message has in its order."""
        return None

    def confirms(self, url: str, message: Any) -> bool:
        """Whether this message, or a line that stands (None), says that the account is listened to."""
        return False

    def heard(self, message: Any) -> Heard | None:
        """What the message says has happened; None when it is about nothing that is ours.

        Raises ccxt's NetworkError when it says that the account is told nothing any more.
        """
        return None

    def permissions(self, exchange: Any) -> CredentialsReport:
        """What the key may do. Raises ccxt's AuthenticationError for a key that is refused."""
        exchange.fetch_balance()
        told = f"{exchange.name} does not tell what a key may do: look at it there."
        return CredentialsReport(can_trade=True, can_withdraw=False, detail=told, is_told=False)


def forward(page: Callable[[int], Sequence[Trade]], since: int) -> Iterator[Trade]:
    """Turn over a list that starts at a moment, until a page brings nothing new."""
    seen: set[Any] = set()
    for _ in range(PAGES):
        new = [trade for trade in page(since) if (trade["symbol"], trade["id"]) not in seen]
        if not new:
            return
        yield from new
        seen.update((trade["symbol"], trade["id"]) for trade in new)
        since = max(since, *(trade["timestamp"] for trade in new))


def by_cursor(page: Callable[[dict[str, Any]], tuple[Sequence[Any], Any]], name: str = "cursor") -> Iterator[Any]:
    """Turn over a list whose every page names the next."""
    cursor: Any = None
    for _ in range(PAGES):
        rows, following = page({name: cursor} if cursor else {})
        yield from rows
        if not rows or not following or following == cursor:
            return
        cursor = following


def windows(since: int, until: int, length: int) -> Iterator[tuple[int, int]]:
    """Stretches of at most `length` milliseconds that cover `since` to `until`, one after the other."""
    while since <= until:
        yield since, min(since + length - 1, until)
        since += length

"""The demo exchange's books in PostgreSQL, and the wiring of its adapter.

The exchange's tables stand apart from the ledger on purpose: nothing writes both in one statement, so reconciling them
proves something. Each request is a short transaction of the owner that holds an advisory lock of the account, which
stands for the exchange's own serial matching of one account's orders.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection as database
from django.db.models import F, Q, Sum

from kit import clock, tenancy
from kit.errors import InvalidInputError
from kit.sentences import Told
from markets import prices
from markets.candles.reading import closed_candles, moment
from markets.feeds.books import order_book
from markets.models import Instrument, Timeframe
from quant.margin import PERIOD, Leveraged
from wallets.models import Connection, DemoBalance, DemoFunding, DemoOrder, DemoPosition, DemoTrade, Platform
from wallets.models.demo import RESTS
from wallets.venues.base import MarketReport, OrderReport, OrderRequest, Status, TickerReport, TradeReport
from wallets.venues.demo import perpetuals
from wallets.venues.demo.books import Made
from wallets.venues.demo.exchange import DemoVenue
from wallets.venues.demo.floor import Costs, OrderBook
from wallets.venues.demo.perpetuals import Held, Key, Positions
from wallets.venues.demo.resting import Bar, Resting, reserved

# A paper order must not fill at a price that a stopped feed left behind.
MAXIMUM_QUOTE_AGE: Final = timedelta(minutes=5)
# How far answers vary: two of three take between 0.6 and 1.6 times as long as usual.
LATENCY_SPREAD: Final = 0.5
STATUSES: Final[dict[str, Status]] = {
    "open": "open",
    "partially_filled": "partially_filled",
    "filled": "filled",
    "cancelled": "cancelled",
    "expired": "expired",
}


def open_demo_venue(connection: Connection) -> DemoVenue:
    """The connection's account at the demo exchange.

    Under a controlled clock it answers at once and takes the last closed bar's price whatever its age: history has the
    bars it has.
    """
    platform = connection.platform
    live = not clock.is_controlled()
    latency = float(platform.options.get("latency_ms", settings.DEMO_LATENCY_MS))
    spread = float(platform.options.get("latency_spread", LATENCY_SPREAD))
    return DemoVenue(
        books=DatabaseBooks(owner_id=connection.owner_id, connection_id=connection.pk),
        markets=lambda: markets_of(connection.venue),
        quote=lambda symbol: ticker_of(connection.venue, symbol),
        clock=clock.now,
        costs=costs_of(platform),
        latency=timedelta(milliseconds=latency) if live else timedelta(0),
        latency_spread=spread,
        maximum_quote_age=MAXIMUM_QUOTE_AGE if live else None,
        bars=lambda symbol, since: _bars(connection.venue, symbol, since),
        priced=lambda symbol, at: _priced(connection.venue, symbol, at),
        stands=lambda symbol: book_of(connection.venue, symbol) if live else None,
    )


def credit(*, owner_id: UUID, connection_id: UUID, asset: str, amount: Decimal) -> Decimal:
    """Pay play money into a demo account; a negative amount pays out. Returns the new total.

    It repeats when it is called again: the caller makes it once, in the transaction of its own idempotent posting.
    """
    if not amount:
        raise InvalidInputError("Pay in an amount that is not zero.", fields={"amount": "Must not be zero."})
    with tenancy.tenant(owner_id):
        books = DatabaseBooks(owner_id=owner_id, connection_id=connection_id)
        with books.account():
            total = books.balances().get(asset, Decimal(0)) + amount
            if amount < 0 and (short := books.reserved(asset) - total) > 0:
                raise InvalidInputError(f"Pay out at most {-amount - short:f} {asset}: the demo account has no more.")
            books.change({asset: amount})
    return total


class DatabaseBooks:
    """One account's books; see `wallets.venues.demo.exchange.Books`."""

    def __init__(self, *, owner_id: UUID, connection_id: UUID) -> None:
        self._owner_id = owner_id
        self._connection_id = connection_id

    @contextmanager
    def account(self) -> Iterator[None]:
        with tenancy.tenant(self._owner_id), database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"demo:{self._connection_id}"])
            yield

    def balances(self) -> Mapping[str, Decimal]:
        return dict(DemoBalance.objects.filter(connection_id=self._connection_id).values_list("asset", "total"))

    def find(self, client_order_ids: Collection[str]) -> Mapping[str, OrderReport]:
        orders = DemoOrder.objects.filter(connection_id=self._connection_id, client_order_id__in=client_order_ids)
        return {order.client_order_id: _order_report(order) for order in orders.prefetch_related("trades")}

    def trades_since(self, since: datetime, symbol: str | None) -> tuple[TradeReport, ...]:
        trades = DemoTrade.objects.filter(order__connection_id=self._connection_id, created_at__gte=since)
        if symbol is not None:
            trades = trades.filter(order__symbol=symbol)
        ordered = trades.select_related("order").order_by("created_at", "pk")
        return tuple(_trade_report(trade.order, trade) for trade in ordered)

    def resting(self) -> Sequence[Resting]:
        rows = DemoOrder.objects.filter(RESTS, connection_id=self._connection_id).order_by("pk")
        totals = DemoTrade.objects.filter(order__in=rows).order_by().values_list("order").annotate(Sum("quantity"))
        filled = dict(totals)
        return [_resting(order, filled.get(order.pk, Decimal(0))) for order in rows]

    def reserved(self, asset: str) -> Decimal:
        """What of the asset rests in the book, or stands for positions."""
        connection = Connection.objects.select_related("platform").get(pk=self._connection_id)
        markets = {market.symbol: market for market in markets_of(connection.venue)}
        resting, fee = self.resting(), costs_of(connection.platform).dearest
        found = [reserved(resting, markets, fee), perpetuals.reserved(resting, markets, fee)]
        margin = (
            held.position.margin
            for (_, symbol), held in self.positions().items()
            if symbol in markets and markets[symbol].settle == asset
        )
        return sum((one.get(asset, Decimal(0)) for one in found), sum(margin, Decimal(0)))

    def move(self, client_order_id: str, status: Status, since: datetime, reason: Told = "") -> None:
        rows = DemoOrder.objects.filter(RESTS, connection_id=self._connection_id, client_order_id=client_order_id)
        rows.update(status=status, seen_at=since, reason=reason)

    def execute(self, trades: Sequence[TradeReport], changes: Mapping[str, Decimal]) -> None:
        names = [trade.client_order_id for trade in trades]
        found = DemoOrder.objects.filter(connection_id=self._connection_id, client_order_id__in=names)
        orders = {order.client_order_id: order for order in found}
        DemoTrade.objects.bulk_create(
            _trade_row(self._owner_id, orders[trade.client_order_id], trade) for trade in trades
        )
        self.change(changes)

    def record(self, made: Sequence[Made], changes: Mapping[str, Decimal]) -> Sequence[OrderReport]:
        reports = [one.report for one in made]
        orders = DemoOrder.objects.bulk_create(
            DemoOrder(
                owner_id=self._owner_id,
                connection_id=self._connection_id,
                client_order_id=report.client_order_id,
                symbol=report.symbol,
                side=report.side,
                quantity=report.quantity,
                price=one.request.price,
                time_in_force=one.request.time_in_force,
                reduce_only=one.request.reduce_only,
                leverage=one.request.leverage,
                part=one.request.part,
                expires_at=one.request.expires_at,
                status=report.status,
                reason=report.reason,
                created_at=report.at,
                seen_at=one.since,
            )
            for one, report in zip(made, reports, strict=True)
        )
        trades = DemoTrade.objects.bulk_create(
            _trade_row(self._owner_id, order, trade)
            for report, order in zip(reports, orders, strict=True)
            for trade in report.trades
        )
        self.change(changes)
        rows = iter(trades)  # in the order of the reports' own
        return [
            replace(
                report,
                venue_order_id=str(order.pk),
                trades=tuple(replace(trade, trade_id=str(next(rows).pk)) for trade in report.trades),
            )
            for report, order in zip(reports, orders, strict=True)
        ]

    def positions(self) -> Mapping[Key, Held]:
        rows = DemoPosition.objects.filter(connection_id=self._connection_id)
        return {
            (row.part, row.symbol): Held(Leveraged(row.quantity, row.cost, row.margin), row.funded_at) for row in rows
        }

    def keep(self, positions: Positions) -> None:
        DemoFunding.objects.bulk_create(
            DemoFunding(
                owner_id=self._owner_id,
                connection_id=self._connection_id,
                **{
                    name: getattr(one, name) for name in ("part", "symbol", "at", "price", "rate", "quantity", "amount")
                },
            )
            for one in positions.fundings
        )
        rows = [
            DemoPosition(
                owner_id=self._owner_id,
                connection_id=self._connection_id,
                part=part,
                symbol=symbol,
                quantity=held.position.quantity,
                cost=held.position.cost,
                margin=held.position.margin,
                funded_at=held.funded_at,
            )
            for (part, symbol), held in positions.changed.items()
        ]
        DemoPosition.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=("connection", "part", "symbol"),
            update_fields=("quantity", "cost", "margin", "funded_at"),
        )

    def change(self, changes: Mapping[str, Decimal]) -> None:
        """Add to the totals; the account's lock must be held."""
        for asset, change in changes.items():
            row: dict[str, Any] = {"connection_id": self._connection_id, "asset": asset}
            if not DemoBalance.objects.filter(**row).update(total=F("total") + change):
                DemoBalance.objects.create(owner_id=self._owner_id, total=change, **row)


def costs_of(platform: Platform) -> Costs:
    """The platform's fees and options over the defaults of the exchange."""
    given = {**platform.fees, **platform.options}
    names = ("maker", "taker", "slippage_bps", "impact_bps", "depth", "maximum_bps", "queue")
    return Costs(**{name: Decimal(str(given[name])) for name in names if name in given})


def markets_of(venue: str, symbol: str = "") -> tuple[MarketReport, ...]:
    """Its spot markets, and the perpetuals that are listed beside them; of that symbol alone where one is named."""
    listed = Q(kind=Instrument.Kind.SPOT) | Q(prices_of__isnull=False)
    listed &= Q(symbol=symbol) if symbol else Q()
    return tuple(
        MarketReport(
            row.symbol,
            row.base,
            row.quote,
            row.tick_size,
            row.lot_size,
            row.minimum_notional,
            kind="perpetual" if row.is_perpetual else "spot",
            settle=row.settle if row.is_perpetual else "",
            max_leverage=row.max_leverage,
            maintenance_margin=row.maintenance_margin,
        )
        for row in Instrument.objects.filter(listed, venue=venue, is_active=True)
    )


def _priced(venue: str, symbol: str, at: datetime) -> tuple[Decimal, Decimal] | None:
    """What the market closed at then and a period before; what is known now where no candle says it."""
    instrument_id = Instrument.objects.filter(venue=venue, symbol=symbol).values_list("pk", flat=True).first()
    if instrument_id is None:
        return None
    known = []
    for moment_ in (at, at - PERIOD):
        with clock.at(min(moment_, clock.now())):
            known.append(prices.latest_price(instrument_id=instrument_id))
    then, before = known
    then = then or prices.latest_price(instrument_id=instrument_id)
    return None if then is None else (then.price, before.price if before else then.price)


def ticker_of(venue: str, symbol: str) -> TickerReport | None:
    instrument_id = Instrument.objects.filter(venue=venue, symbol=symbol).values_list("pk", flat=True).first()
    quote = prices.latest_price(instrument_id=instrument_id) if instrument_id is not None else None
    return TickerReport(symbol, quote.price, quote.bid, quote.ask, quote.at) if quote else None


def book_of(venue: str, symbol: str) -> OrderBook | None:
    """What stands at the exchange whose prices the account has, where it is one that tells."""
    told = order_book(venue, symbol)
    return None if told is None else OrderBook(*told)


def _bars(venue: str, symbol: str, since: datetime) -> tuple[Bar, ...]:
    """The bars of a minute that opened since then and are over."""
    instrument_id = Instrument.objects.filter(venue=venue, symbol=symbol).values_list("pk", flat=True).first()
    if instrument_id is None:
        return ()
    rows = closed_candles(instrument_id=instrument_id, timeframe=Timeframe.M1, since=since, until=clock.now())
    length = Timeframe.M1.length
    return tuple(
        Bar(moment(ts), moment(ts) + length, prices.to_price(low), prices.to_price(high))
        for ts, low, high in rows.order_by("ts").values_list("ts", "low", "high")
    )


def _resting(order: DemoOrder, filled: Decimal) -> Resting:
    request = OrderRequest(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side="buy" if order.side == "buy" else "sell",
        quantity=order.quantity,
        type="limit",
        price=order.price,
        time_in_force="gtd" if order.expires_at else "gtc",
        expires_at=order.expires_at,
        reduce_only=order.reduce_only,
        leverage=order.leverage,
        part=order.part,
    )
    return Resting(request, filled, order.seen_at or order.created_at)


def trades_of(*, connection_id: UUID, client_order_ids: Collection[str]) -> list[tuple[int, str]]:
    """(id, client order id) of all that the exchange made of these orders, in the order in which it did."""
    rows = DemoTrade.objects.filter(order__connection_id=connection_id, order__client_order_id__in=client_order_ids)
    return list(rows.order_by("pk").values_list("pk", "order__client_order_id"))


def _trade_row(owner_id: UUID, order: DemoOrder, trade: TradeReport) -> DemoTrade:
    return DemoTrade(
        owner_id=owner_id,
        order=order,
        price=trade.price,
        quantity=trade.quantity,
        fee=trade.fee,
        fee_asset=trade.fee_asset,
        liquidity=trade.liquidity,
        realized=trade.realized,
        created_at=trade.at,
    )


def _order_report(order: DemoOrder) -> OrderReport:
    trades = sorted(order.trades.all(), key=lambda trade: trade.pk)
    return OrderReport(
        client_order_id=order.client_order_id,
        venue_order_id=str(order.pk),
        symbol=order.symbol,
        side="buy" if order.side == "buy" else "sell",
        quantity=order.quantity,
        filled_quantity=sum((trade.quantity for trade in trades), Decimal(0)),
        status=STATUSES.get(order.status, "rejected"),
        trades=tuple(_trade_report(order, trade) for trade in trades),
        at=order.created_at,
        reason=order.reason or "",
    )


def _trade_report(order: DemoOrder, trade: DemoTrade) -> TradeReport:
    return TradeReport(
        trade_id=str(trade.pk),
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side="buy" if order.side == "buy" else "sell",
        price=trade.price,
        quantity=trade.quantity,
        fee=trade.fee,
        fee_asset=trade.fee_asset,
        liquidity="maker" if trade.liquidity == "maker" else "taker",
        at=trade.created_at,
        realized=trade.realized,
    )

"""Orders, fills, positions and limits for programs."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from kit.api import (
    Amount,
    Body,
    IdempotencyKey,
    Page,
    PageQuery,
    PartsOut,
    PositiveAmount,
    PositiveShare,
    Words,
    paginate,
    parts_of,
)
from kit.errors import InvalidInputError, NotFoundError
from kit.http import owner_of
from kit.sentences import quoted, sentence
from kit.users.access import LIMITS, TRADE
from markets.models import Instrument
from trading import selectors, services
from trading.models import Fill, Order, Position
from trading.selectors import LimitPath, LimitStep, life, limits
from trading.selectors.filters import below
from trading.selectors.orders import order_row
from trading.selectors.trades import fill_row, trade_row
from wallets.hierarchy.places import get_wallet
from wallets.models import Wallet

router = Router()


class OrderOut(Schema):
    """Quantities in base, prices in quote.

    The gate refuses, a venue rejects: both leave the `status` `rejected` and the reason in `refusal`, and the `outcome`
    is `refused` or `rejected`; of any other order it is its status.
    """

    id: UUID
    created_at: datetime
    symbol: str
    side: str
    type: str
    quantity: Amount
    filled_quantity: Amount
    reference_price: Amount
    average_price: Amount | None
    exit_stop: Amount | None
    exit_target: Amount | None
    status: str
    outcome: str
    reason: Words
    refusal: Words
    refusal_parts: PartsOut = parts_of("refusal")
    wallet_id: UUID
    client_order_id: str
    closed_at: datetime | None


class FillOut(Schema):
    id: int
    order_id: UUID
    filled_at: datetime
    symbol: str
    side: str
    price: Amount
    quantity: Amount
    fee: Amount
    fee_asset: str
    liquidity: str
    venue_trade_id: str
    wallet_id: UUID


class EventOut(Schema):
    created_at: datetime
    from_status: str
    to_status: str
    detail: Words
    answer: dict[str, Any]


class DecisionOut(Schema):
    created_at: datetime
    allowed: bool
    limit: str
    explanation: Words
    explanation_parts: PartsOut = parts_of("explanation")
    numbers: dict[str, Any]


class OrderLifeOut(OrderOut):
    """The order with everything that happened to it."""

    events: list[EventOut]
    decisions: list[DecisionOut]
    fills: list[FillOut]


class PositionOut(Schema):
    """An open position. What depends on the price is null while there is none."""

    id: UUID
    wallet_id: UUID
    symbol: str
    direction: str
    quantity: Amount
    entry_price: Amount
    mark: Amount | None
    mark_at: datetime | None
    mark_source: str
    value: Amount | None
    unrealized_pnl: Amount | None
    realized_pnl: Amount
    fees: Amount
    break_even: Amount | None
    exit_stop: Amount | None
    exit_target: Amount | None
    entry_reason: Words
    opened_at: datetime


class TradeOut(Schema):
    """A closed position; `pnl` is net of all fees, in quote."""

    id: UUID
    wallet_id: UUID
    symbol: str
    direction: str
    quantity: Amount
    entry_price: Amount
    exit_price: Amount | None
    fees: Amount
    pnl: Amount
    pnl_return: Amount | None
    entry_reason: Words
    exit_reason: Words
    opened_at: datetime
    closed_at: datetime


class OrderIn(Body):
    """A market order of `quantity` (base asset), rounded down to whole lots.

    `exit_stop` and `exit_target` (quote) protect the position that a buy opens: it is sold when the price reaches one
    of them, until it is closed, in a halted wallet too. They are rounded to the nearest tick; one that the last price
    has reached already is refused with 422.
    """

    wallet_id: UUID
    symbol: str = Field(max_length=40, examples=["BTC/USDT"])
    side: Literal["buy", "sell"]
    quantity: PositiveAmount
    reduce_only: bool = False
    exit_stop: PositiveAmount | None = None
    exit_target: PositiveAmount | None = None
    reason: str = Field("", max_length=200)


class LimitsIn(Body):
    """All of it replaces what was there. Null says nothing and leaves it to the rest of the path; an empty list allows
    no market; `maximum_notional` is per order and counted in `notional_asset`, by default the owner's base currency,
    whatever market is bought. `maximum_daily_loss` is a fraction, "0.03" for 3 %, and stays as it is where it is left
    out. Where nobody on a path says what and how much, nothing can be bought."""

    allowed_symbols: list[str] | None = Field(max_length=1000, examples=[["BTC/USDT"]])
    maximum_notional: PositiveAmount | None
    notional_asset: str = Field("", max_length=20, examples=["USDT"])
    maximum_daily_loss: PositiveShare | None = None


class SaidOut(Schema):
    """What somebody says; null where nobody does."""

    allowed_symbols: list[str] | None
    maximum_notional: Amount | None
    notional_asset: str


class AppliedOut(SaidOut):
    """The symbols that every list on the path shares and the smallest notional; null where nobody says.

    `obstacle` is the reason why nothing can be bought, empty when something can.
    """

    obstacle: str


class OwnOut(SaidOut):
    """`maximum_daily_loss` and `lost` are fractions. Where the day's loss has reached its maximum, nothing is bought
    until `rests_until`; `lost` and `rests_until` are null otherwise."""

    maximum_daily_loss: Amount | None
    lost: Amount | None
    rests_until: datetime | None


class LimitStepOut(OwnOut):
    """What one step says, the connection first."""

    id: UUID
    role: str
    name: str


class LimitsOut(OwnOut):
    """The own limits, those of the whole path down to here, and what they come to."""

    applied: AppliedOut
    path: list[LimitStepOut]


class Narrow(Schema):
    """`wallet_id` includes every wallet below it; 404 for one that you do not have."""

    wallet_id: UUID | None = None
    symbol: str | None = None


class OrderNarrow(Narrow):
    status: Order.Status | None = None


@router.get("/orders", response=Page[OrderOut], summary="Orders, newest first")
def list_orders(request: HttpRequest, narrow: Query[OrderNarrow], query: Query[PageQuery]) -> Any:
    rows = _narrowed(request, Order.objects.all(), narrow)
    if narrow.status:
        rows = rows.filter(status=narrow.status)
    return paginate(rows.select_related("instrument", "wallet__parent"), query, present=order_row)


@router.post("/orders", auth=TRADE, response={201: OrderOut}, summary="Place a market order")
def place(request: HttpRequest, body: OrderIn, key: IdempotencyKey) -> Any:
    """The answer comes before the venue's: read the order again, or listen for `orders` events.

    409 while the history of the wallet's account is being built: what is placed now would stand before it.
    """
    owner_id = owner_of(request)
    wallet = Wallet.objects.select_related("connection").filter(owner_id=owner_id, pk=body.wallet_id).first()
    if wallet is None:
        raise NotFoundError("There is no such wallet: choose one of yours.")
    instrument = Instrument.objects.filter(venue=wallet.connection.venue, symbol=body.symbol).first()
    if instrument is None:
        told = f"Choose another symbol: the wallet's venue does not list {body.symbol}."
        raise InvalidInputError(told, fields={"symbol": "Not listed at the wallet's venue."})
    order = services.place_order(
        wallet=wallet,
        instrument=instrument,
        side=body.side,
        quantity=body.quantity,
        key=f"api:{key}",
        reason=sentence("{said}", said=quoted(body.reason)) if body.reason else "Placed through the API.",
        reduce_only=body.reduce_only,
        exit_stop=body.exit_stop,
        exit_target=body.exit_target,
    )
    return Status(201, order_row(order))


@router.get("/orders/{order_id}", response=OrderLifeOut, summary="One order and its life")
def get_order(request: HttpRequest, order_id: UUID) -> Any:
    found = life.order_life(owner_id=owner_of(request), order_id=order_id)
    order = OrderOut.model_validate(found.row, from_attributes=True).model_dump()
    return {**order, "events": found.events, "decisions": found.decisions, "fills": found.fills}


@router.post(
    "/orders/{order_id}/cancel",
    auth=TRADE,
    response={202: OrderOut},
    summary="Ask for the cancellation of an order",
)
def cancel(request: HttpRequest, order_id: UUID) -> Any:
    order = services.request_cancellation(owner_id=owner_of(request), order_id=order_id)
    return Status(202, order_row(order))


@router.get("/fills", response=Page[FillOut], summary="Fills, newest first")
def list_fills(request: HttpRequest, narrow: Query[Narrow], query: Query[PageQuery]) -> Any:
    rows = _narrowed(request, Fill.objects.all(), narrow).select_related("instrument", "wallet")
    return paginate(rows, query, moment="filled_at", present=fill_row)


@router.get("/positions", response=list[PositionOut], summary="Open positions at the last price")
def list_positions(request: HttpRequest, narrow: Query[Narrow]) -> Any:
    wallet_ids = None if narrow.wallet_id is None else [_own(request, narrow.wallet_id)]
    rows = selectors.open_positions(owner_id=owner_of(request), wallet_ids=wallet_ids)
    return [row for row in rows if narrow.symbol in (None, row.symbol)]


@router.get("/positions/closed", response=Page[TradeOut], summary="Closed positions, last closed first")
def list_trades(request: HttpRequest, narrow: Query[Narrow], query: Query[PageQuery]) -> Any:
    rows = _narrowed(request, Position.objects.filter(closed_at__isnull=False), narrow)
    related = rows.select_related("instrument", "wallet__parent")
    return paginate(related, query, moment="closed_at", present=trade_row)


@router.get(
    "/wallets/{uuid:wallet_id}/limits", response=LimitsOut, summary="A wallet's limits and what its path allows"
)
def get_wallet_limits(request: HttpRequest, wallet_id: UUID) -> Any:
    return _limits_out(limits.wallet_limits(owner_id=owner_of(request), wallet_id=wallet_id))


@router.put("/wallets/{uuid:wallet_id}/limits", auth=LIMITS, response=LimitsOut, summary="Replace a wallet's limits")
def put_wallet_limits(request: HttpRequest, wallet_id: UUID, body: LimitsIn) -> Any:
    _set_limits(limits.wallet_limits(owner_id=owner_of(request), wallet_id=wallet_id), body)
    return get_wallet_limits(request, wallet_id)


@router.get(
    "/connections/{uuid:connection_id}/limits", response=LimitsOut, summary="A connection's limits, for all its wallets"
)
def get_connection_limits(request: HttpRequest, connection_id: UUID) -> Any:
    return _limits_out(limits.connection_limits(owner_id=owner_of(request), connection_id=connection_id))


@router.put(
    "/connections/{uuid:connection_id}/limits",
    auth=LIMITS,
    response=LimitsOut,
    summary="Replace a connection's limits",
)
def put_connection_limits(request: HttpRequest, connection_id: UUID, body: LimitsIn) -> Any:
    _set_limits(limits.connection_limits(owner_id=owner_of(request), connection_id=connection_id), body)
    return get_connection_limits(request, connection_id)


def _limits_out(path: LimitPath) -> dict[str, Any]:
    applied = _said(path, SaidOut) | {"obstacle": path.obstacle}
    return {**_said(path.own, OwnOut), "applied": applied, "path": path.steps}


def _said(by: LimitPath | LimitStep, shape: type[Schema]) -> dict[str, Any]:
    return {name: getattr(by, name) for name in shape.model_fields}


def _set_limits(path: LimitPath, body: LimitsIn) -> None:
    symbols = None if body.allowed_symbols is None else {symbol.strip().upper() for symbol in body.allowed_symbols}
    if unknown := sorted((symbols or set()) - set(path.choices)):
        raise InvalidInputError(
            f"Choose other symbols: the venue does not list {', '.join(unknown)}.",
            fields={"allowed_symbols": "Not listed at the venue."},
        )
    services.set_limits(
        on=path.target,
        allowed_symbols=symbols,
        maximum_notional=body.maximum_notional,
        notional_asset=body.notional_asset,
        maximum_daily_loss=body.sent().get("maximum_daily_loss", path.own.maximum_daily_loss),
    )


def _narrowed(request: HttpRequest, rows: Any, narrow: Narrow) -> Any:
    """The owner's rows, of the wallet and the market that were asked for; an unknown wallet raises NotFoundError."""
    rows = rows.filter(owner_id=owner_of(request))
    if narrow.wallet_id is not None:
        rows = rows.filter(below([_own(request, narrow.wallet_id)]))
    return rows.filter(instrument__symbol=narrow.symbol) if narrow.symbol else rows


def _own(request: HttpRequest, wallet_id: UUID) -> UUID:
    return get_wallet(owner_id=owner_of(request), wallet_id=wallet_id).pk

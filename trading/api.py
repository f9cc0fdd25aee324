"""Orders, fills, positions and limits for programs."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from kit.api import (
    IdempotencyKey,
    Page,
    PageQuery,
    WholeOrPage,
    paginate,
    paginate_read,
)
from kit.asking import require_known
from kit.errors import InvalidInputError, NotFoundError
from kit.http import owner_of
from kit.sentences import Told, quoted, sentence
from kit.users import bindings
from kit.users.access import ORDERS, READ, TRADE
from markets.models import Instrument
from trading import selectors, services
from trading.models import EmergencyStop, Fill, Order, Position
from trading.orders.intents import Terms
from trading.orders.terms import Limit, Trigger, limit_of, trigger_of
from trading.schemas import (
    AdoptedOut,
    AdoptIn,
    AmendIn,
    AmendmentOut,
    FillOut,
    LeavingOut,
    LevelsIn,
    Narrow,
    OrderIn,
    OrderLifeOut,
    OrderNarrow,
    OrderOut,
    OrderPreviewOut,
    PositionOut,
    RoundTripOut,
    StopIn,
    StopOut,
    StopPreviewOut,
    TradeOut,
)
from trading.selectors import life
from trading.selectors.filters import below, closed_below
from trading.selectors.orders import order_row
from trading.selectors.trades import fill_row, trade_row
from wallets.hierarchy.places import get_wallet
from wallets.models import Wallet

router = Router()


@router.get("/orders", response=Page[OrderOut], summary="Orders, newest first")
def list_orders(request: HttpRequest, narrow: Query[OrderNarrow], query: Query[PageQuery]) -> Any:
    """`status` is any `outcome` of an order, or `unfinished`. The gate refuses and a venue rejects: `refused` and
    `rejected` are two lists.
    """
    rows = _narrowed(request, Order.objects.all(), narrow)
    if narrow.status:
        rows = rows.known_as(narrow.status)
    return paginate(rows.select_related("instrument", "wallet__parent"), query, present=order_row)


@router.post("/orders", auth=ORDERS, response={201: OrderOut}, summary="Place an order")
def place(request: HttpRequest, body: OrderIn, key: IdempotencyKey) -> Any:
    """The answer comes before the venue's: read the order again, or listen for `orders` events.

    409 while the history of the wallet's account is being built: what is placed now would stand before it.
    """
    wallet, instrument = _place_of(request, body)
    order = services.place_order(
        wallet=wallet,
        instrument=instrument,
        side=body.side,
        quantity=body.quantity,
        key=f"api:{key}",
        reason=_reason(body),
        reduce_only=body.reduce_only,
        exit_stop=body.exit_stop,
        exit_target=body.exit_target,
        exit_trail=body.exit_trail,
        limit=_limit(body),
        trigger=_trigger(body),
        leverage=body.leverage,
    )
    return Status(201, order_row(order))


@router.post("/orders/preview", auth=READ, response=OrderPreviewOut, summary="What an order would do now")
def preview(request: HttpRequest, body: OrderIn) -> Any:
    """The gate that would judge it says what it would say; nothing is placed, and no key is needed."""
    wallet, instrument = _place_of(request, body)
    terms = Terms(
        body.side,
        body.quantity,
        _reason(body),
        body.reduce_only,
        exit_stop=body.exit_stop,
        exit_target=body.exit_target,
        exit_trail=body.exit_trail,
        limit=_limit(body),
        trigger=_trigger(body),
        leverage=body.leverage,
    )
    found = services.preview_order(wallet=wallet, instrument=instrument, terms=terms)
    told = {name: getattr(found, name) for name in OrderPreviewOut.model_fields if hasattr(found, name)}
    of_order = {name: getattr(found.order, name) for name in ("quantity", "exit_stop", "exit_target", "exit_trail")}
    verdict = found.verdict
    said = {"allowed": verdict.allowed, "limit": verdict.limit, "explanation": verdict.explanation}
    return {**told, **of_order, **said}


@router.get("/orders/{order_id}", response=OrderLifeOut, summary="One order and its life")
def get_order(request: HttpRequest, order_id: UUID) -> Any:
    found = life.order_life(owner_id=owner_of(request), order_id=order_id)
    order = OrderOut.model_validate(found.row, from_attributes=True).model_dump()
    return {
        **order,
        "replaced_by": found.replaced_by,
        "is_ending": found.is_ending,
        "events": found.events,
        "decisions": found.decisions,
        "fills": found.fills,
    }


@router.post(
    "/orders/{order_id}/cancel",
    auth=ORDERS,
    response={202: OrderOut},
    summary="Ask for the cancellation of an order",
)
def cancel(request: HttpRequest, order_id: UUID) -> Any:
    """The wish is kept until the order has ended: one that is `submitting` will be cancelled as soon as the venue has
    answered, and one that nobody has sent is `cancelled` at once. 409 where nothing is left to cancel."""
    placed = Order.objects.filter(owner_id=owner_of(request), pk=order_id).only("wallet_id").first()
    if placed is not None:
        bindings.require_within(request, placed.wallet_id)
    order = services.request_cancellation(owner_id=owner_of(request), order_id=order_id)
    return Status(202, order_row(order))


@router.post(
    "/orders/{order_id}/amend",
    auth=ORDERS,
    response={202: AmendmentOut},
    summary="Give an order that rests another limit or quantity",
)
def amend(request: HttpRequest, order_id: UUID, body: AmendIn, key: IdempotencyKey) -> Any:
    """Another order takes its place for what is left: read `replaced_by` of the order. How, is the venue's `way`. 409
    for an order that neither rests nor waits for its trigger, or is being cancelled or amended; 422 for what the gate
    would refuse, and then the order stays as it is."""
    placed = Order.objects.filter(owner_id=owner_of(request), pk=order_id).only("wallet_id").first()
    if placed is not None:
        bindings.require_within(request, placed.wallet_id)
    asked = {name: getattr(body, name) for name in AmendIn.model_fields}
    wish = services.amend_order(owner_id=owner_of(request), order_id=order_id, key=key, **asked)
    told = {name: getattr(wish, name) for name in ("order_id", "limit_price", "quantity", "way", "result", "closed_at")}
    return Status(202, told | {"risk": services.RISKS_OF_AMENDING[wish.way]})


@router.get("/fills", response=Page[FillOut], summary="Fills, newest first")
def list_fills(request: HttpRequest, narrow: Query[Narrow], query: Query[PageQuery]) -> Any:
    rows = _narrowed(request, Fill.objects.all(), narrow).select_related("instrument", "wallet")
    return paginate(rows, query, moment="filled_at", present=fill_row)


@router.get("/positions", response=list[PositionOut] | Page[PositionOut], summary="Open positions at the last price")
def list_positions(request: HttpRequest, narrow: Query[Narrow], query: Query[WholeOrPage]) -> Any:
    """Newest first, as a plain list; in pages when `limit` or `cursor` asks for one."""
    _require_symbol(narrow)
    wallet_ids = None if narrow.wallet_id is None else [_own(request, narrow.wallet_id)]
    owner_id = owner_of(request)
    if (page := query.page) is None:
        rows = selectors.open_positions(owner_id=owner_id, wallet_ids=wallet_ids)
        return [row for row in rows if narrow.symbol in (None, row.symbol)]
    newest = selectors.newest_open_positions
    read = partial(newest, owner_id=owner_id, wallet_ids=wallet_ids, symbol=narrow.symbol)
    return paginate_read(read, page, Position, place=lambda row: (row.opened_at, row.id))


@router.post(
    "/wallets/{wallet_id}/positions",
    auth=TRADE,
    response={201: AdoptedOut},
    summary="Take up what a wallet holds without a trade as a position",
)
def adopt(request: HttpRequest, wallet_id: UUID, body: AdoptIn) -> Any:
    """What arrived, or was allocated, is in the books and in no position, so nothing of it is traded until then. Its
    cost is the market's price now. A second time there is nothing left to take up: 409."""
    _own(request, wallet_id)
    bindings.require_within(request, wallet_id)
    position = services.adopt(owner_id=owner_of(request), wallet_id=wallet_id, symbol=body.symbol)
    return Status(201, position)


@router.post(
    "/wallets/{wallet_id}/close",
    auth=TRADE,
    response=LeavingOut,
    summary="Sell everything in a wallet and below it, at the market",
)
def leave(request: HttpRequest, wallet_id: UUID) -> Any:
    """What comes before collecting everything. Ask again until it is done: nothing is sold twice, and an exit that came
    to nothing is tried anew after a pause. Orders that would buy are cancelled; agents that run may buy again."""
    _own(request, wallet_id)
    bindings.require_within(request, wallet_id)
    closing = services.close_all(owner_id=owner_of(request), wallet_ids=[wallet_id], reason=services.BEFORE_COLLECTING)
    still = [
        {
            "position_id": one.position.pk,
            "wallet_id": one.position.wallet_id,
            "symbol": one.position.instrument.symbol,
            "why": one.why,
            "order_id": one.order and one.order.pk,
        }
        for one in closing.open
    ]
    return {"is_done": closing.is_done, "exits": [order.pk for order in closing.placed], "open": still}


@router.get("/positions/closed", response=Page[TradeOut], summary="Closed positions, last closed first")
def list_trades(request: HttpRequest, narrow: Query[Narrow], query: Query[PageQuery]) -> Any:
    """With `wallet_id`, those of this wallet and of who then worked in it, or in a farm that is below it now."""
    rows = _narrowed(request, Position.objects.filter(closed_at__isnull=False), narrow, of=closed_below)
    related = rows.select_related("instrument", "wallet__parent")
    return paginate(related, query, moment="closed_at", present=trade_row)


@router.get("/positions/{uuid:position_id}", response=RoundTripOut, summary="One position, open or closed")
def get_position(request: HttpRequest, position_id: UUID) -> Any:
    """With its orders and fills, oldest first; of very many fills the newest."""
    found = selectors.round_trip(owner_id=owner_of(request), position_id=position_id)
    told = {name: getattr(found.position, name) for name in RoundTripOut.model_fields if hasattr(found.position, name)}
    priced = {name: getattr(found.now, name, None) for name in ("mark", "value", "unrealized_pnl")}
    return {
        **told,
        **priced,
        "symbol": found.row.symbol,
        "stop_rests": found.stop_rests,
        "pnl": found.position.realized_pnl,
        "break_even": found.row.break_even,
        "orders": list(found.orders),
        "fills": list(found.fills),
    }


@router.patch(
    "/positions/{uuid:position_id}",
    auth=TRADE,
    response=RoundTripOut,
    summary="Move the stop, the target or the trail of an open position",
)
def move_levels(request: HttpRequest, position_id: UUID, body: LevelsIn) -> Any:
    """The monitor goes by them from its next look at the prices on. 409 once the position is closed, and while there is
    no fresh price to judge a new level by."""
    found = Position.objects.filter(owner_id=owner_of(request), pk=position_id).only("wallet_id").first()
    if found is not None:
        bindings.require_within(request, found.wallet_id)
    services.move_levels(owner_id=owner_of(request), position_id=position_id, levels=body.sent())
    return get_position(request, position_id)


@router.post(
    "/positions/{uuid:position_id}/close",
    auth=ORDERS,
    response={201: OrderOut},
    summary="Leave the whole position at the market",
)
def close(request: HttpRequest, position_id: UUID, key: IdempotencyKey) -> Any:
    """What it would make and pay now is `profit_if_left` and `exit_fee` of the open position.

    An order like any other, which the gate may refuse. What rests and would close the position too makes way: until it
    has ended, the order waits. 404 once the position is closed.
    """
    found = Position.objects.filter(owner_id=owner_of(request), pk=position_id).only("wallet_id").first()
    if found is not None:
        bindings.require_within(request, found.wallet_id)
    order = services.close_position(owner_id=owner_of(request), position_id=position_id, key=f"api:{key}")
    return Status(201, order_row(order))


@router.post(
    "/wallets/{uuid:wallet_id}/stop/preview", auth=READ, response=StopPreviewOut, summary="What a stop would do now"
)
def preview_stop(request: HttpRequest, wallet_id: UUID, body: StopIn) -> Any:
    """Orders that it would cancel, positions that it would sell or keep, and each stop that would be lost."""
    found = services.preview_stop(owner_id=owner_of(request), wallet_id=wallet_id, policy=body.policy)
    return {
        "orders": [{"id": order.pk, "wallet_id": order.wallet_id, "side": order.side} for order in found.orders],
        "positions": [
            {
                "id": one.position.pk,
                "wallet_id": one.position.wallet_id,
                "symbol": one.position.instrument.symbol,
                "quantity": one.position.quantity,
                "value": one.value,
                "is_sold": one.is_sold,
                "loses": one.loses,
            }
            for one in found.positions
        ],
        "notes": list(found.notes),
    }


@router.post("/wallets/{uuid:wallet_id}/stop", auth=TRADE, response={202: StopOut}, summary="Emergency stop")
def begin_stop(request: HttpRequest, wallet_id: UUID, body: StopIn) -> Any:
    """Cancel and `flatten`, `keep` the positions with their stops, or `close_derivatives`; everything below too.

    The wallet only reduces from now on, and is halted once `flatten` is done. 409 while another stop is under way.
    """
    return Status(202, services.stop(owner_id=owner_of(request), wallet_id=wallet_id, policy=body.policy))


@router.get("/stops/{stop_id}", response=StopOut, summary="How far an emergency stop is")
def get_stop(request: HttpRequest, stop_id: UUID) -> Any:
    found = EmergencyStop.objects.filter(owner_id=owner_of(request), pk=stop_id).first()
    if found is None:
        raise NotFoundError("There is no such stop.")
    return found


@router.post("/stops/{stop_id}/call-off", auth=TRADE, response=StopOut, summary="Leave it where it is")
def call_off_stop(request: HttpRequest, stop_id: UUID) -> Any:
    """What was cancelled or sold stays so, and the wallet only reduces."""
    return services.call_off(owner_id=owner_of(request), stop_id=stop_id)


def _place_of(request: HttpRequest, body: OrderIn) -> tuple[Wallet, Instrument]:
    """The owner's wallet and the market at its venue; NotFoundError and InvalidInputError where there is none, or where
    the quantity is not in its lots."""
    rows = Wallet.objects.select_related("connection").filter(owner_id=owner_of(request), pk=body.wallet_id)
    wallet = rows.first()
    if wallet is None:
        raise NotFoundError("There is no such wallet: choose one of yours.")
    bindings.require_within(request, wallet.pk)
    instrument = Instrument.objects.filter(venue=wallet.connection.venue, symbol=body.symbol).first()
    if instrument is None:
        told = f"Choose another symbol: the wallet's venue does not list {body.symbol}."
        raise InvalidInputError(told, fields={"symbol": "Not listed at the wallet's venue."})
    services.require_lots(instrument, body.quantity)
    return wallet, instrument


def _reason(body: OrderIn) -> Told:
    return sentence("{said}", said=quoted(body.reason)) if body.reason else "Placed through the API."


def _limit(body: OrderIn) -> Limit | None:
    """Raises InvalidInputError for terms that do not go together."""
    return limit_of(
        body.type,
        price=body.limit_price,
        time_in_force=body.time_in_force or "",
        expires_at=body.expires_at,
        post_only=body.post_only,
    )


def _trigger(body: OrderIn) -> Trigger | None:
    """Raises InvalidInputError for terms that do not go together."""
    return trigger_of(
        body.type,
        price=body.trigger_price,
        trail=body.trail,
        trail_share=body.trail_share,
        target=body.target_price,
        atr=body.trail_atr,
        timeframe=body.trail_timeframe or "",
    )


def _narrowed(request: HttpRequest, rows: Any, narrow: Narrow, of: Callable[[Collection[UUID]], Q] = below) -> Any:
    """The owner's rows, of the wallet and the market that were asked for; an unknown wallet raises NotFoundError."""
    rows = rows.filter(owner_id=owner_of(request))
    _require_symbol(narrow)
    if narrow.wallet_id is not None:
        rows = rows.filter(of([_own(request, narrow.wallet_id)]))
    return rows.filter(instrument__symbol=narrow.symbol) if narrow.symbol else rows


def _require_symbol(narrow: Narrow) -> None:
    require_known("symbol", narrow.symbol, Instrument.objects.filter(symbol=narrow.symbol))


def _own(request: HttpRequest, wallet_id: UUID) -> UUID:
    return get_wallet(owner_id=owner_of(request), wallet_id=wallet_id).pk

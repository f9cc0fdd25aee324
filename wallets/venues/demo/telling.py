"""How the demo exchange tells of an order: what it answers, and what it remembers of a refusal."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from kit.sentences import Sentence, Told
from wallets.venues.base import OrderReport, OrderRequest, Status, TradeReport, VenueRejectedError


def answer(
    request: OrderRequest, made: OrderReport | None, known: Mapping[str, OrderReport]
) -> OrderReport | VenueRejectedError:
    """What the exchange says to the request: its new order, the one that its id named already, or no."""
    found = made or known[request.client_order_id]
    if (found.symbol, found.side, found.quantity) != (request.symbol, request.side, request.quantity):
        return VenueRejectedError(
            f"Use a new client order id: {request.client_order_id} names another order.", reason="duplicate"
        )
    if found.status == "rejected":
        said = Sentence.of(found.reason)
        return VenueRejectedError(said, reason=said.values["code"])
    return found


def remembered(refusal: VenueRejectedError) -> Sentence:
    """The sentence as the books keep it, with the code that programs know it by among its values."""
    said = refusal.sentence
    return Sentence(said.template, {**said.values, "code": refusal.reason})


def report(
    request: OrderRequest, status: Status, trades: tuple[TradeReport, ...], at: datetime, reason: Told
) -> OrderReport:
    return OrderReport(
        client_order_id=request.client_order_id,
        venue_order_id="",
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity,
        filled_quantity=sum((trade.quantity for trade in trades), Decimal(0)),
        status=status,
        trades=trades,
        at=at,
        reason=reason,
    )

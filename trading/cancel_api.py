"""Many orders at once, for programs: what would go, and the wish that it goes."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from kit.api import Body, IdempotencyKey
from kit.http import owner_of
from kit.users import bindings
from kit.users.access import READ, TRADE
from trading import services
from trading.schemas import StoppedOrderOut
from wallets.models import Wallet

router = Router()


class CancelAllIn(Body):
    """Whose orders: what is left out names all. With `below` those of every wallet below `wallet_id` too."""

    wallet_id: UUID | None = None
    below: bool = True
    symbol: str = Field("", max_length=40, examples=["BTC/USDT"])
    side: Literal["", "buy", "sell"] = ""


class GoingOut(StoppedOrderOut):
    """`loses` are the stop and the target that never come to be."""

    symbol: str
    loses: list[str]


class CancelAllPreviewOut(Schema):
    """`waits` are those of the orders that are just being sent: they are cancelled as soon as their venue has answered.
    `keeps` are those that carry out a stop or a target of a position."""

    orders: list[GoingOut]
    waits: list[UUID]
    keeps: list[UUID]


class CancelAllOut(Schema):
    """The `orders` that were asked to be cancelled: each says what its venue makes of it."""

    id: UUID
    orders: list[UUID]


@router.post(
    "/orders/cancel/preview", auth=READ, response=CancelAllPreviewOut, summary="What cancelling all would do now"
)
def preview(request: HttpRequest, body: CancelAllIn) -> Any:
    """Nothing is cancelled, and no key is needed. 404 for a wallet that you do not have."""
    found = services.preview_cancelling_all(owner_id=owner_of(request), which=_which(request, body))
    return {
        "orders": [
            {
                "id": one.order.pk,
                "wallet_id": one.order.wallet_id,
                "side": one.order.side,
                "symbol": one.order.instrument.symbol,
                "loses": one.loses,
            }
            for one in found.going
        ],
        "waits": [order.pk for order in found.waits],
        "keeps": [order.pk for order in found.keeps],
    }


@router.post("/orders/cancel", auth=TRADE, response={202: CancelAllOut}, summary="Ask for the cancellation of many")
def cancel_all(request: HttpRequest, body: CancelAllIn, key: IdempotencyKey) -> Any:
    """Of a wallet, of everything below it, of a market, or of all. What carries out the stop or the target of a
    position goes on. The same key again names the same orders and cancels none that came later."""
    which = _which(request, body)
    # A token that is bound to a wallet cancels nothing beside it.
    roots = Wallet.objects.filter(owner_id=owner_of(request), parent=None).values_list("pk", flat=True)
    for wallet_id in roots if body.wallet_id is None else (body.wallet_id,):
        bindings.require_within(request, wallet_id)
    return Status(202, services.cancel_all(owner_id=owner_of(request), which=which, key=f"api:{key}"))


def _which(request: HttpRequest, body: CancelAllIn) -> services.Which:
    return services.Which.of(
        owner_id=owner_of(request), wallet_id=body.wallet_id, symbol=body.symbol, side=body.side, below=body.below
    )

"""One order takes another's place at the venue, because it was asked to change that one.

Where a venue changes an order in its place, both of ours are the same order there: they share its name, and what was
filled of it belongs to the one that stood for its terms then. The venue's own word says when that changes hands: a
report that shows the wished terms. Until then the first stands for it and the wish for what may be; from then on
whatever else is told of the order is the other's. Where a venue ends one and places another in one message, the other
has a name of its own, which the wish gave it, and is asked about under that one as soon as the first has ended.

The funds of both terms are held since the wish was committed, so what takes the place is never short of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID, uuid4

from kit import clock
from kit.sentences import Sentence, Told, amount, price, sentence
from trading.models import Amendment, Cancellation, Fill, Order, RiskDecision, Side
from trading.orders import leases, states
from trading.orders.facts import locked_wallet
from trading.orders.holds import Need, hold, to_hold
from trading.orders.intents import client_order_id
from trading.orders.life import move, note
from wallets.venues.base import OrderReport, TradeReport

IN_PLACE = Amendment.Way.IN_PLACE
AT_ONCE = Amendment.Way.AT_ONCE
# What the other order is and the first was; the rest is what the wish says, or its own.
INHERITED = (
    "owner_id", "wallet_id", "connection_id", "instrument_id", "side", "type", "reason", "time_in_force", "expires_at",
    "post_only", "reduce_only", "leverage", "exit_stop", "exit_target", "exit_trail", "protects_id",
)  # fmt: skip


def wish_of(order_id: UUID) -> Amendment | None:
    """The order's open wish that the venue was asked for, or may have been; its wallet is locked from here on, as it is
    whenever an order is placed there."""
    asked = Amendment.objects.filter(order=order_id, closed_at=None, way__in=(IN_PLACE, AT_ONCE), attempts__gt=0)
    wallet_id = asked.values_list("order__wallet", flat=True).first()
    if wallet_id is None:
        return None
    locked_wallet(wallet_id)
    return asked.select_for_update(no_key=True).first()


def heir_of(order: Order) -> UUID | None:
    """The order that is the same one at the venue since this one has ended."""
    rows = Order.objects.filter(replaces=order, client_order_id=order.client_order_id)
    return rows.values_list("pk", flat=True).first()


def earlier(order: Order) -> dict[str, Decimal]:
    """What was filled, by the venue's ids, of the same order there while others stood for it."""
    if order.replaces_id is None:
        return {}
    rows = Fill.objects.filter(order__connection=order.connection_id, order__client_order_id=order.client_order_id)
    return dict(rows.exclude(order=order).values_list("venue_trade_id", "quantity"))


def of_its_own(order: Order, report: OrderReport) -> OrderReport:
    """What of the venue's word is about this order."""
    known = earlier(order)
    gone = sum(known.values(), Decimal(0))
    return replace(
        report,
        quantity=report.quantity - gone,
        filled_quantity=max(report.filled_quantity - gone, Decimal(0)),
        trades=tuple(one for one in report.trades if one.trade_id not in known),
    ) if known else report  # fmt: skip


def shows(wish: Amendment, order: Order, report: OrderReport) -> bool:
    """Whether the order is on the wished terms at the venue. One that had more filled by then than is wanted has ended
    there with that."""
    if report.price != wish.limit_price:
        return False
    is_cut = report.is_final and report.quantity == report.filled_quantity < order.quantity
    return report.quantity == wish.quantity or is_cut


def beyond(wish: Amendment, order: Order, trades: Sequence[TradeReport]) -> list[TradeReport]:
    """Those that the wished limit does not allow: they came before."""
    sign = 1 if order.side == Side.BUY else -1
    return [one for one in trades if (one.price - wish.limit_price) * sign > 0]


def succeed(order: Order, wish: Amendment, told: Told, *, number: str = "") -> Order | None:
    """End the locked order, unless it has, and let another stand for what is left of the wish; None where nothing is.
    `number` is the venue's of both."""
    heir = heir_for(order, wish, number=number)
    if heir.quantity <= 0:
        close(wish, "All that was wanted had been filled: nothing takes its place.")
        return None
    ending = Cancellation.objects.filter(order=order, closed_at=None).first()
    if not order.is_terminal:
        move(order, states.CANCELLED, told)
    (missing,) = hold([Need(heir, *to_hold(heir, Decimal(0)))])
    heir.save(force_insert=True)
    RiskDecision.objects.create(
        owner_id=heir.owner_id, order=heir, allowed=True, explanation=wish.explanation, numbers=wish.numbers
    )
    note(heir, states.DRAFT, "It takes the place of an order that was changed.")
    if missing is not None:
        note(heir, heir.status, missing.sentence)
    if ending is not None:
        Cancellation.objects.create(
            owner_id=heir.owner_id, order=heir, reason=ending.reason, due_at=leases.start(leases.START_WITHIN)
        )
    close(wish, "The venue has changed it." if number else "Another order took its place.")
    return heir


def close(wish: Amendment, result: Told) -> None:
    """The wish is over."""
    wish.closed_at, wish.due_at, wish.result = clock.now(), None, Sentence.of(result)
    wish.save(update_fields=("closed_at", "due_at", "result"))


def changed(order: Order, wish: Amendment) -> Sentence:
    """What the end of an order says that goes on under other terms."""
    return sentence(
        "The venue has changed it to {quantity} at {price}: another order stands for it from here on.",
        quantity=amount(wish.quantity, order.instrument.base),
        price=price(wish.limit_price, order.instrument.tick_size),
    )


def heir_for(order: Order, wish: Amendment, *, number: str = "") -> Order:
    """The order that stands for the wish once this one has ended as it is."""
    key = f"amend:{wish.pk}"
    name = order.client_order_id if wish.way == IN_PLACE else client_order_id(order.owner_id, key)
    heir = Order(
        **{field: getattr(order, field) for field in INHERITED},
        id=uuid4(),
        key=key,
        client_order_id=name,
        venue_order_id=number,
        quantity=wish.quantity - order.filled_quantity,
        limit_price=wish.limit_price,
        reference_price=wish.limit_price,
        replaces=order,
        status=states.SUBMITTING,
        attempts=1,
        submitted_at=clock.now(),
        due_at=leases.start(leases.GRACE),
    )
    for related in ("wallet", "connection", "instrument"):
        setattr(heir, related, getattr(order, related))
    return heir

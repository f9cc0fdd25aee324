"""An intent becomes an order.

One transaction writes the order, the gate's decision and the hold on funds, before anybody outside hears of it. What
the gate refuses is a row as well: somebody will ask why nothing happened. The key makes it idempotent: an agent that
decides the same bar twice, or a program that repeats a request, gets the first order.

Orders of many wallets are placed together by a `Batch`: what the gate looks at is read once for all of them, each is
judged when it is placed, and all are written together. One by itself is a batch of one.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from celery import current_app
from django.db import IntegrityError, transaction

from kit import clock
from kit.decimals import plain
from kit.errors import ConflictError
from kit.live.publish import publish_each
from kit.sentences import Sentence, Told, amount, sentence
from markets.models import Instrument
from trading.models import Order, OrderEvent, Position, RiskDecision, Side
from trading.orders import crossing, leases, states
from trading.orders.cancelling import make_way
from trading.orders.drafting import (
    called,
    draft,
    entered_at,
    give_usual_levels,
    liquidation_of,
    proposal_of,
    require_timely,
    stop_of,
    stop_that_stands,
)
from trading.orders.facts import Facts, read_facts
from trading.orders.holds import Need, hold, needed
from trading.orders.intents import Intent, Place, Terms
from trading.orders.refusals import tell_of_refusals
from trading.orders.terms import Limit, Trigger
from trading.positions.levels import require_right_side
from trading.risk import gate as risk
from trading.risk.correlated import Book
from trading.risk.open_below import Place as Weighed
from trading.risk.open_below import books_of, series_of
from wallets.ledger import InsufficientFundsError
from wallets.models import Wallet

# A worker takes so many orders of a batch at most, so that others send the rest meanwhile.
HANDED_ON: Final = 50


def place_order(
    *,
    wallet: Wallet,
    instrument: Instrument,
    side: str,
    quantity: Decimal,
    key: str,
    reason: Told,
    reduce_only: bool = False,
    exit_stop: Decimal | None = None,
    exit_target: Decimal | None = None,
    exit_trail: Decimal | None = None,
    protects: Position | None = None,
    limit: Limit | None = None,
    replaces: Order | None = None,
    trigger: Trigger | None = None,
    rests_there: bool = False,
    leverage: Decimal | None = None,
    behind: tuple[Order, ...] = (),
) -> Order:
    """Commit an order of `quantity` (base asset, rounded down to whole lots) and let a worker execute it: at the
    market, or within `limit`, whose price has to be on the tick.

    Returns the order: `submitting` with its funds held, or `rejected` with the reason in `refusal` when the gate or the
    funds say no. The same `key` with the same request returns the first order; with anything else in it, the reason and
    what rounding takes away included, it raises OrderConflictError. `exit_stop`, `exit_target` and `exit_trail` (quote)
    of a buy are handed to the position that it opens, whose monitor keeps them, each rounded to the nearest tick; a
    level that the bid, which the monitor looks at, has reached already, or one of a sale, raises
    InvalidInputError.
    `protects` names the position whose level this order carries out: a halt does not keep it from being sent. While the
    history of the wallet's account is being built, the present may not trade it: that raises ConflictError.
    `leverage` is a perpetual's, 1 where nobody says one: what is opened is worth that many times its margin. An order
    that can only make a position in one smaller is `reduce_only` from here on. Orders that rest and sell what this one
    sells are ended for it when they are named in `behind`: it is sent once they have.
    Under a controlled clock nothing is enqueued: whoever runs the engine over history calls `execute_order`.
    """
    terms = Terms(
        side, quantity, reason, reduce_only, exit_stop, exit_target, exit_trail, protects, limit, replaces, trigger,
        rests_there,
        leverage,
        behind,
    )  # fmt: skip
    place = Place(wallet.pk, instrument, key)
    intent = Intent.of(place, terms)
    try:
        with transaction.atomic():
            batch = Batch([place])
            order = batch.place(wallet.pk, terms)
            batch.write()
            return order
    except IntegrityError:
        # Two requests with one key at once for different wallets: only one row can have it.
        first = Order.objects.select_related("instrument").filter(owner_id=wallet.owner_id, key=key).first()
        if first is None:
            raise
        return intent.same(first)


@dataclass(slots=True)
class _Placed:
    """An order that is not written yet, and what the gate and the funds said of it."""

    order: Order
    verdict: risk.Verdict
    asset: str = ""
    amount: Decimal = Decimal(0)
    account_id: int = 0
    rests_there: bool = False
    stop: Order | None = None  # goes before it is sent, and holds what it sells until then
    behind: tuple[Order, ...] = ()  # so do these

    @property
    def making_way(self) -> list[Order]:
        """What waits here comes last: it ends at once, and lets go what waits for nobody else."""
        going = self.behind if self.stop is None else (self.stop, *self.behind)
        return sorted(going, key=lambda one: one.status == states.WAITING)

    @property
    def need(self) -> Need:
        return Need(self.order, self.asset, self.amount)


class Batch:
    """Orders placed together in the caller's transaction, at most one in each of the wallets, which are locked."""

    def __init__(self, places: Collection[Place]) -> None:
        self._facts = read_facts(places)
        self._placed: list[_Placed] = []
        self._opening: Counter[UUID | None] = Counter()  # positions that orders of this batch will open, by step
        self._sending: Counter[UUID | None] = Counter()  # orders of this batch that are sent, by step
        self._crosses: list[crossing.Cross] = []
        self._books = _books(self._facts.values())

    def facts(self, wallet_id: UUID) -> Facts:
        """What is known at the wallet's place."""
        return self._facts[wallet_id]

    def suppose_ended(self, order: Order) -> None:
        """Judge what is placed in the order's wallet as if it had ended."""
        self._facts[order.wallet_id] = self._facts[order.wallet_id].without(order, order.hold)

    def place(self, wallet_id: UUID, terms: Terms) -> Order:
        """The order that `write` will write, as `place_order` returns it; raises what that raises, and is then none."""
        facts = self._facts[wallet_id]
        intent = Intent.of(facts.place, terms)
        if facts.first is not None:
            return intent.same(facts.first)
        facts = facts.behind(terms.behind)
        if facts.wallet.connection.belongs_to_the_past:
            raise ConflictError(
                f"Wait until the history of {facts.wallet.connection.name} is built: "
                "what is done now would stand before it."
            )
        price = facts.price(is_buy=terms.is_buy)
        if terms.trigger is not None:
            terms = replace(terms, trigger=terms.trigger.in_quote(facts.place.instrument))
        require_timely(facts, terms, price)
        order = draft(facts, intent, terms, price or Decimal(0))
        proposal = self._proposal(facts, terms, order, price)
        opens = not proposal.reduces
        entries = entered_at(facts, terms, price) if opens else []
        _require_sides(facts, terms, intent, entries)
        if facts.place.instrument.is_perpetual:
            order.reduce_only = order.reduce_only or not opens
        if opens:
            give_usual_levels(order, facts, entries)
            proposal = replace(proposal, exit_stop=stop_of(order, price), liquidation_price=liquidation_of(order))
        if proposal.liquidation_price is not None and proposal.exit_stop is None:
            proposal = replace(proposal, standing_stop=stop_that_stands(order))
        stop = facts.stop if order.side == Side.SELL else None
        placed = _Placed(order, risk.assess(proposal), rests_there=terms.rests_there, stop=stop, behind=terms.behind)
        if placed.verdict.allowed:
            _look_for_funds(placed, facts)
        if placed.verdict.allowed:
            self._count(facts, proposal)
        _settle(placed)
        self._placed.append(placed)
        return order

    def _count(self, facts: Facts, proposal: risk.Proposal) -> None:
        """What the next order of the batch is judged with: what this one opens, and that it is sent."""
        if not proposal.reduces and not facts.standing.position:
            counted = (step.id for step in facts.path if step.caps.maximum_open_positions is not None)
            self._opening.update(counted)
        rated = (step.id for step in facts.path if step.caps.maximum_orders_per_minute is not None)
        self._sending.update(rated)
        for step in () if proposal.reduces else facts.path:
            if (book := self._book(facts, step)) is not None:
                book.add(series_of(facts.place.instrument), proposal.signed_notional)

    def _book(self, facts: Facts, step: risk.Limits) -> Book | None:
        place = _counted(facts, step)
        return None if place is None else self._books[place]

    def _proposal(self, facts: Facts, terms: Terms, order: Order, price: Decimal | None) -> risk.Proposal:
        """What the gate judges, with what earlier orders of this batch will open and send."""
        proposal = proposal_of(facts, terms, order, price)
        if not (self._opening or self._sending or self._books):
            return proposal
        books = [self._book(facts, step) for step in proposal.path]
        path = (
            replace(
                step,
                open_positions=step.open_positions + self._opening[step.id],
                orders=step.orders + self._sending[step.id],
                correlated=None if book is None else book.seen_from(series_of(facts.place.instrument)),
            )
            for step, book in zip(proposal.path, books, strict=True)
        )
        return replace(proposal, path=tuple(path))

    def verdicts(self) -> list[risk.Verdict]:
        """What the gate and the funds have said so far, of each order that is not written yet."""
        return [placed.verdict for placed in self._placed]

    def cross(self) -> None:
        """Let `write` cross the orders that are opposite to each other, once; only their rest is sent."""
        quotes = {facts.place.instrument.pk: facts.quote for facts in self._facts.values()}
        middles = {pk: (quote.bid + quote.ask) / 2 for pk, quote in quotes.items() if quote is not None}
        going = [placed.order for placed in self._placed if placed.verdict.allowed]
        self._crosses = crossing.find(going, middles)
        for one in self._crosses:
            for order in (one.buy, one.sell):
                order.crossed_quantity += one.quantity

    def write(self) -> bool:
        """Hold the funds and write all orders; whether each is what it was when it was placed. What was to be crossed
        is, unless one is not.

        The ledger has the last word about funds: an order whose money went elsewhere meanwhile is rejected after all.
        """
        crossing.lock(self._crosses)
        allowed = (placed for placed in self._placed if placed.verdict.allowed and not placed.making_way)
        held = sorted(allowed, key=lambda one: one.account_id)
        missing = hold([placed.need for placed in held])
        for placed, error in zip(held, missing, strict=True):
            if error is not None:
                placed.verdict = replace(placed.verdict, limit="funds", explanation=error.sentence)
                _settle(placed)
        _save(self._placed)
        if not any(missing):
            crossing.carry_out(self._crosses)
        _send(self._placed)
        self._placed, self._crosses = [], []
        return not any(missing)


def _counted(facts: Facts, step: risk.Limits) -> Weighed | None:
    """Where what is open is weighed for the step, in what the market is paid in; None where no cap asks."""
    if step.caps.maximum_correlated is None or step.id is None:
        return None
    return Weighed(step.id, facts.place.instrument.venue, facts.place.instrument.quote)


def _books(all_facts: Collection[Facts]) -> dict[Weighed, Book]:
    found = {_counted(facts, step) for facts in all_facts for step in facts.path} - {None}
    markets = [facts.place.instrument for facts in all_facts]
    return books_of([one for one in found if one], markets=markets)


def _require_sides(facts: Facts, terms: Terms, intent: Intent, entries: Sequence[Decimal]) -> None:
    """Raise WrongSideError for a level that is reached as soon as the entry is made."""
    for level in entries:
        require_right_side(
            level,
            stop=intent.exit_stop,
            target=intent.exit_target,
            trail=intent.exit_trail,
            tick=facts.place.instrument.tick_size,
            what=called(facts, terms, level),
            is_long=terms.is_buy,
        )


def _look_for_funds(placed: _Placed, facts: Facts) -> None:
    """Without enough of them the verdict turns into a refusal. What only makes a position smaller needs none, whatever
    its wallet lacks."""
    asset, need = needed(placed.order, facts.standing.position)
    placed.asset, placed.amount = asset, max(need, Decimal(0))
    purse = facts.purse(asset)
    numbers = {**placed.verdict.numbers, "hold": plain(placed.amount), "hold_asset": asset}
    placed.account_id, placed.verdict = purse.account_id, replace(placed.verdict, numbers=numbers)
    free = purse.spendable
    if placed.stop is not None and placed.stop.hold is not None:
        free += placed.stop.hold.amount
    if need and free < need:
        placed.verdict = replace(placed.verdict, limit="funds", explanation=_missing(asset, need, free, purse.lacking))


def _missing(asset: str, need: Decimal, free: Decimal, lacking: Decimal) -> Sentence:
    if not lacking:
        return Sentence.of(InsufficientFundsError(asset=asset, available=free, needed=need).sentence)
    return sentence(
        "Add {more} first: {lacking} of the margin of what is open is missing, and that goes before an order.",
        more=amount(need - free, asset),
        lacking=amount(lacking, asset),
    )


def _settle(placed: _Placed) -> None:
    """Let the order be what the verdict makes of it."""
    order, verdict = placed.order, placed.verdict
    waits = bool(placed.making_way) or (order.trigger_price is not None and not placed.rests_there)
    if verdict.allowed and waits:
        order.status, order.due_at = states.WAITING, None
    elif verdict.allowed:
        order.status = states.SUBMITTING
        order.due_at = leases.start(leases.START_WITHIN)
    else:
        order.status, order.due_at = states.REJECTED, None
        order.closed_at = order.created_at
        order.refusal = verdict.explanation


def _save(batch: Collection[_Placed]) -> None:
    Order.objects.bulk_create([placed.order for placed in batch])
    RiskDecision.objects.bulk_create(
        RiskDecision(
            owner_id=placed.order.owner_id,
            order_id=placed.order.pk,
            allowed=placed.verdict.allowed,
            limit=placed.verdict.limit,
            explanation=placed.verdict.explanation,
            numbers=placed.verdict.numbers,
        )
        for placed in batch
    )
    OrderEvent.objects.bulk_create(
        OrderEvent(
            owner_id=placed.order.owner_id,
            order_id=placed.order.pk,
            from_status=states.DRAFT,
            to_status=placed.order.status,
            detail=placed.order.refusal or placed.order.reason,
        )
        for placed in batch
    )
    orders = [placed.order for placed in batch]
    _tell(orders)
    for placed in batch:
        for one in placed.making_way if placed.verdict.allowed else ():
            make_way(one)
    tell_of_refusals(orders)


def _tell(orders: Sequence[Order]) -> None:
    """Have open pages know of the orders, each its owner's alone."""
    for owner_id in {order.owner_id for order in orders}:
        told = [{"order": str(order.pk), "status": order.status} for order in orders if order.owner_id == owner_id]
        publish_each(owner_id=owner_id, event="orders", data=told)


def _send(batch: Collection[_Placed]) -> None:
    to_send = [placed.order for placed in batch if placed.order.status == states.SUBMITTING]
    if to_send and not clock.is_controlled():
        # a broker that is away costs a moment: the sweeper finds the orders
        transaction.on_commit(lambda: _hand_on(to_send), robust=True)


def _hand_on(orders: Sequence[Order]) -> None:
    """Give the orders of a batch, which are one owner's, to the workers that send them."""
    owner_id = str(orders[0].owner_id)
    for start in range(0, len(orders), HANDED_ON):
        ids = [str(order.pk) for order in orders[start : start + HANDED_ON]]
        if len(ids) == 1:
            arguments = {"owner_id": owner_id, "order_id": ids[0]}
            current_app.send_task("trading.tasks.execute_order", kwargs=arguments)
        else:
            current_app.send_task("trading.tasks.execute_orders", kwargs={"owner_id": owner_id, "order_ids": ids})

"""What the gate checks, one after the other: a sentence refuses, "" passes. Pure."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from kit.sentences import Told, Value, amount, moment, number, rule, sentence
from trading.risk import bounds
from trading.risk.locked import KINDS
from trading.risk.path import (
    ACTIVE,
    CLOSED,
    FROZEN,
    HALTED,
    REDUCING,
    WATCHING,
    Limits,
)
from trading.risk.proposals import PRICE_AGE_LIMIT, Proposal, dust


def _check_reserve(proposal: Proposal) -> Told:
    if proposal.reserve:
        return f"Nothing is traded from {proposal.reserve}: move the money to a farm first."
    return ""


def _check_state(proposal: Proposal) -> Told:
    for step in proposal.path:
        if step.trading_state == CLOSED:
            return f"The connection {step.name} is not active: make it active before placing orders."
        if step.trading_state == WATCHING:
            return f"The connection {step.name} only watches: make it live before placing orders."
        if step.trading_state == FROZEN and not proposal.liquidates:
            return f"{step.name} is halted, and its owner wants no stop carried out meanwhile: set it to active first."
        if step.trading_state == HALTED and not passes_halt(step, protects=proposal.protects, closes=proposal.closes):
            return f"Trading is halted at {step.name}{_held(step)}: set it to active before placing orders."
        if step.trading_state == REDUCING and not proposal.reduces:
            return f"{step.name} only reduces positions now{_held(step)}: set it to active before buying."
        if step.trading_state not in {ACTIVE, REDUCING, HALTED, FROZEN}:
            return f"The trading state of {step.name} is not known: set it to active, reducing or halted."
    return ""


def passes_halt(step: Limits, *, protects: bool, closes: bool) -> bool:
    """Whether an exit is sent through a step that is halted: one that protects a position always; one that leaves all
    there is where a rule has halted it, such as a limit of exposure, and not its owner."""
    return protects or (closes and bool(step.held_for))


def _held(step: Limits) -> str:
    return f", for {step.held_for}" if step.held_for else ""


def _check_daily_loss(proposal: Proposal) -> Told:
    for step in proposal.path:
        if step.rests_until is not None and step.lost is not None and not proposal.reduces:
            return sentence(
                "{name} has lost {lost} % today and may lose {most} %: nothing is bought for it until {until}.",
                name=step.name,
                lost=_percent(step.lost),
                most=_percent(step.maximum_daily_loss or step.lost),
                until=moment(step.rests_until),
            )
    return ""


def _check_lock(kind: str) -> Callable[[Proposal], Told]:
    def check(proposal: Proposal) -> Told:
        lock = proposal.standing.lock
        return lock.words if lock is not None and lock.kind == kind and not proposal.reduces else ""

    return check


def _percent(share: Decimal) -> Value:
    return number(f"{share * 100:.2f}")


def _check_market(proposal: Proposal) -> Told:
    market = proposal.market
    if not market.is_at_connection:
        return f"{market.symbol} is not an instrument of this wallet's venue: choose one that is."
    if not (market.is_spot or market.is_perpetual):
        return (
            f"{market.symbol} is no spot market: of derivatives only the perpetuals of paper accounts can be traded so "
            "far."
        )
    # What leaves is for the venue to take or to refuse: whether it still trades there, only the venue knows.
    if not market.is_tradable and not proposal.reduces:
        return f"{market.symbol} is not active: choose an instrument that trades."
    return ""


def _check_price(proposal: Proposal) -> Told:
    price, age = proposal.market.price, proposal.market.price_age
    if price is None or age is None or price <= 0:
        return f"There is no price of {proposal.market.symbol}: wait until the feed brings one."
    if abs(age) > PRICE_AGE_LIMIT:
        return (
            f"The last price of {proposal.market.symbol} is {age.total_seconds():.0f} s old, more than "
            f"{PRICE_AGE_LIMIT.total_seconds():.0f} s: wait until the feed brings a fresh one."
        )
    return ""


def _check_lot(proposal: Proposal) -> Told:
    if proposal.quantity <= 0:
        return sentence(
            "{requested} is less than one lot of {lot}: order at least one lot.",
            requested=amount(proposal.requested, proposal.market.base),
            lot=rule(proposal.market.lot_size, proposal.market.base),
        )
    return ""


def _check_unfinished(proposal: Proposal) -> Told:
    is_to_reduce = proposal.reduces or (proposal.market.is_perpetual and proposal.reduce_only)
    if proposal.standing.unfinished and not is_to_reduce:
        does = "opens" if proposal.market.is_perpetual else "buys"
        return (
            f"Order {proposal.standing.unfinished} in {proposal.market.symbol} is not finished: "
            f"wait for it or cancel it before placing another that {does}."
        )
    return ""


def _check_books(proposal: Proposal) -> Told:
    """The positions must be in the books. More in the books than dust is money that no position knows of.

    What the position and the books both have may be sold whatever else they disagree about: to leave is never wrong.
    """
    standing, market = proposal.standing, proposal.market
    if market.is_perpetual:
        return ""  # no base asset is in the books: its margin is held
    if proposal.reduces and proposal.quantity <= min(standing.position, standing.in_books):
        return ""
    missing = standing.positions - standing.in_books
    if missing > 0 or -missing >= dust(market.lot_size, market.minimum_notional, market.price):
        # What to do depends on which of them is too much.
        way = (
            "only what is there may be sold. Bring the rest back into the wallet, or explain at the connection what is "
            "missing there."
            if missing > 0
            else "take up what is in no position, on the wallet's page, and it can be traded."
        )
        return sentence(
            f"Positions of {{positions}} and books of {{in_books}} disagree: {way}",
            positions=amount(standing.positions, market.base),
            in_books=amount(standing.in_books, market.base),
        )
    return ""


def _check_compared(proposal: Proposal) -> Told:
    if proposal.uncompared and not proposal.reduces:
        return (
            f"The open orders of {proposal.uncompared} have not been compared with the venue's lately, so nobody knows "
            "what else is bought there: wait until they have been, which is tried every minute."
        )
    return ""


def _check_direction(proposal: Proposal) -> Told:
    market, position, selling = proposal.market, proposal.standing.position, proposal.standing.selling
    if market.is_perpetual:
        return _check_perpetual(proposal)
    if proposal.is_buy:
        return "A buy cannot reduce: spot positions are long only." if proposal.reduce_only else ""
    if position <= 0:
        return f"There is no position in {market.symbol} to sell: spot cannot be sold short."
    if proposal.quantity > position:
        return sentence(
            "The position is {position}, less than {quantity}: sell no more than it holds, spot cannot be sold short.",
            position=amount(position, market.base),
            quantity=amount(proposal.quantity, market.base),
        )
    if proposal.quantity > position - selling:
        return sentence(
            "Of the position of {position} orders that are not finished sell {selling}, which leaves less than "
            "{quantity}: wait for them or cancel them first.",
            position=amount(position, market.base),
            selling=amount(selling, market.base),
            quantity=amount(proposal.quantity, market.base),
        )
    return ""


def _check_perpetual(proposal: Proposal) -> Told:
    """What goes against a position closes it, and what goes beyond it opens the other side, at the market alone."""
    market, size, selling = proposal.market, abs(proposal.standing.position), proposal.standing.selling
    held = {"position": amount(size, market.base), "quantity": amount(proposal.quantity, market.base)}
    if proposal.reduce_only and not proposal.is_against:
        side = "sell" if proposal.is_buy else "buy"
        return (
            f"An order that only reduces has to go against a position: there is none in {market.symbol} that it would "
            f"make smaller. Place it without that, or {side}."
        )
    if proposal.reduce_only and proposal.quantity > size:
        return sentence(
            "An order that only reduces may trade no more than the position of {position}: {quantity} would open the "
            "other side.",
            **held,
        )
    if proposal.is_against and proposal.quantity > size - selling and selling:
        return sentence(
            "Of the position of {position} orders that are not finished leave {selling}, which is less than {quantity} "
            "allows for: wait for them or cancel them first.",
            selling=amount(size - selling, market.base),
            **held,
        )
    if proposal.is_against and proposal.quantity > size and proposal.limit_price is not None:
        return sentence(
            "An order of {quantity} turns the position of {position} round, and that is done at the market alone: "
            "close it first, or place it there.",
            **held,
        )
    return ""


def _check_leverage(proposal: Proposal) -> Told:
    market = proposal.market
    if not market.is_perpetual or proposal.leverage is None:
        return ""
    most = market.max_leverage or Decimal(1)
    if 1 <= proposal.leverage <= most:
        return ""
    return sentence(
        "A leverage of {leverage} is not offered: {symbol} has one from 1 to {most}.",
        leverage=number(f"{proposal.leverage:f}"),
        symbol=market.symbol,
        most=number(f"{most.normalize():f}"),
    )


CHECKS: Final[tuple[tuple[str, Callable[[Proposal], Told]], ...]] = (
    ("reserve", _check_reserve),
    ("trading_state", _check_state),
    ("compared", _check_compared),
    ("daily_loss", _check_daily_loss),
    *((kind, _check_lock(kind)) for kind in KINDS),
    ("instrument", _check_market),
    ("price_age", _check_price),
    ("lot_size", _check_lot),
    ("unfinished_order", _check_unfinished),
    ("reconciliation", _check_books),
    ("position", _check_direction),
    ("leverage", _check_leverage),
    ("minimum_notional", bounds.check_minimum),
    ("allowed_symbols", bounds.check_symbols),
    ("maximum_notional", bounds.check_notional),
    ("maximum_position", bounds.check_position_size),
    ("exposure", bounds.check_exposure),
    ("maximum_open_positions", bounds.check_open_positions),
    ("maximum_correlated", bounds.check_correlated),
    ("maximum_distance", bounds.check_distance),
    ("post_only", bounds.check_post_only),
    ("liquidation", bounds.check_liquidation),
    ("maximum_orders_per_minute", bounds.check_rate),
    ("maximum_risk", bounds.check_risk),
)

"""The risk gate: one function that every order passes, and that refuses whatever it has no reason to allow.

Limits stand on the connection and on the wallets of the path (agent, farm, master) and are the user's. The tightest
on the path applies: the smallest notional, the symbols that all lists share. A path on which nobody has said what may
be traded and how much allows nothing. An order that can only make a position smaller is exempt from those two limits,
because being unable to leave a position is the larger risk; the state of the path and the age of the price bind it
too. One that carries out a position's stop or target passes a halt as well: a halt ends decisions, not protection.

The gate is pure: the facts come in, the verdict goes out with every number it looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from kit.decimals import plain
from kit.sentences import Sentence, Told, Value, amount, moment, number, rule, sentence
from kit.sentences import price as shown_price

# Above this age a price says nothing about what an order would pay.
PRICE_AGE_LIMIT: Final = timedelta(seconds=60)
# What of the base asset stays behind when whole lots are sold is no disagreement of the books.
DUST_LOTS: Final = 1

# The checks of what the user set.
LIMITS: Final = frozenset(
    {
        "allowed_symbols", "maximum_notional", "daily_loss", "maximum_position", "maximum_open_positions",
        "maximum_risk",
    }
)  # fmt: skip

ACTIVE: Final = "active"
REDUCING: Final = "reducing"
HALTED: Final = "halted"
# Halted, and its owner has said in words that stops and targets are not to be carried out there meanwhile.
FROZEN: Final = "frozen"
# Of a connection only, and nothing is sent through it, whatever for: it is paused or archived, or only watches.
CLOSED: Final = "closed"
WATCHING: Final = "watching"


@dataclass(frozen=True, slots=True)
class Caps:
    """What one step says beyond markets, order and day; None where it says nothing.

    `maximum_position` is what a position may be worth after a buy, in the step's notional asset. `maximum_risk` is what
    the way from a buy's price to its stop may cost, a fraction of what the wallet is worth; without a stop all that is
    bought is at risk. `default_stop` and `default_target` are fractions below and above the price of a buy that names
    none.
    """

    maximum_position: Decimal | None = None
    maximum_open_positions: int | None = None
    maximum_risk: Decimal | None = None
    default_stop: Decimal | None = None
    default_target: Decimal | None = None


NO_CAPS: Final = Caps()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection or wallet of the path says. None where it says nothing.

    `maximum_notional` is counted in `notional_asset`; `in_unit` is the same in the unit that the path is asked in (the
    quote asset of an order), None where no price tells. `rests_until` is when the day ends in which `lost`, a fraction,
    has reached `maximum_daily_loss`; None while it has not. `position_in_unit` is the caps' largest position in the
    unit of the path; `open_positions` counts those of the step and below it, orders that will open one included, where
    the caps limit their number.
    """

    name: str
    trading_state: str = ACTIVE
    allowed_symbols: frozenset[str] | None = None
    maximum_notional: Decimal | None = None
    notional_asset: str = ""
    in_unit: Decimal | None = None
    maximum_daily_loss: Decimal | None = None
    lost: Decimal | None = None
    rests_until: datetime | None = None
    caps: Caps = NO_CAPS
    position_in_unit: Decimal | None = None
    open_positions: int = 0
    id: UUID | None = None

    @property
    def is_unpriced(self) -> bool:
        """Whether it limits an amount and nobody can say to how much."""
        return (self.maximum_notional is not None and self.in_unit is None) or (
            self.caps.maximum_position is not None and self.position_in_unit is None
        )


@dataclass(frozen=True, slots=True)
class Market:
    """The instrument as the gate sees it; `price` is what the order would pay or get per unit, in quote."""

    symbol: str
    base: str
    quote: str
    is_spot: bool
    is_tradable: bool
    is_at_connection: bool
    lot_size: Decimal
    tick_size: Decimal
    minimum_notional: Decimal
    price: Decimal | None
    price_age: timedelta | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the wallet has: `position` in this instrument, `positions` of every instrument with the same base asset,
    `in_books` of that asset in its account, and whether an order in this instrument is not finished. `value` is what
    the wallet is worth in the quote asset, None where a price is missing or no limit asks for it."""

    position: Decimal = Decimal(0)
    positions: Decimal = Decimal(0)
    in_books: Decimal = Decimal(0)
    unfinished: str = ""
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """The order to be judged. `quantity` is in whole lots, `requested` what was asked for, both in base.

    `protects` says that it carries out the stop or the target of a position; `reserve` is the name of the wallet where
    that is a reserve.
    """

    is_buy: bool
    quantity: Decimal
    requested: Decimal
    reduce_only: bool
    market: Market
    standing: Standing
    path: tuple[Limits, ...]
    protects: bool = False
    reserve: str = ""
    exit_stop: Decimal | None = None

    @property
    def notional(self) -> Decimal | None:
        return None if self.market.price is None else self.quantity * self.market.price

    @property
    def reduces(self) -> bool:
        """On spot a sale can only make a position smaller."""
        return not self.is_buy


@dataclass(frozen=True, slots=True)
class Verdict:
    """`limit` names what refused, "" when allowed; `explanation` is the sentence, `numbers` what was looked at."""

    limit: str
    explanation: Sentence
    numbers: dict[str, Any]

    @property
    def allowed(self) -> bool:
        return not self.limit


def assess(proposal: Proposal) -> Verdict:
    """Let the proposal through every check in turn; the first that refuses decides."""
    numbers = _numbers(proposal)
    for name, check in CHECKS:
        if refusal := check(proposal):
            return Verdict(name, refusal if isinstance(refusal, Sentence) else Sentence(refusal), numbers)
    return Verdict("", _permission(proposal), numbers)


def _permission(proposal: Proposal) -> Sentence:
    """What an order that passed every check does, and within what."""
    market, price, notional = proposal.market, proposal.market.price, proposal.notional
    maximum = tightest_notional(proposal.path)
    what: dict[str, Value | str] = {
        "quantity": amount(proposal.quantity, market.base),
        "price": "no price" if price is None else shown_price(price, market.tick_size),
        "notional": "unknown" if notional is None else amount(notional, market.quote),
    }
    if proposal.reduces:
        position = amount(proposal.standing.position, market.base)
        return sentence(
            "Allowed: {quantity} at {price} is {notional}; it reduces a position of {position}.",
            position=position, **what,
        )  # fmt: skip
    within = "none" if maximum is None else amount(maximum, market.quote)
    return sentence(
        "Allowed: {quantity} at {price} is {notional}, within the limit of {maximum}.", maximum=within, **what
    )


def dust(lot_size: Decimal, minimum_notional: Decimal, price: Decimal | None) -> Decimal:
    """Less than this in the books beyond the positions cannot be sold, and is no disagreement."""
    return max(lot_size * DUST_LOTS, minimum_notional / price) if price else lot_size * DUST_LOTS


def tightest_notional(path: tuple[Limits, ...]) -> Decimal | None:
    """The smallest maximum notional on the path, in its unit; None when nobody names one that has a price."""
    return min((step.in_unit for step in path if step.in_unit is not None), default=None)


def tightest_position(path: tuple[Limits, ...]) -> Decimal | None:
    """The smallest position that a step of the path allows, in its unit; None when nobody names one."""
    return min((step.position_in_unit for step in path if step.position_in_unit is not None), default=None)


def tightest_risk(path: tuple[Limits, ...]) -> Decimal | None:
    """The smallest risk of a trade that a step of the path allows; None when nobody names one."""
    return min((step.caps.maximum_risk for step in path if step.caps.maximum_risk is not None), default=None)


def usual_levels(path: tuple[Limits, ...]) -> tuple[Decimal | None, Decimal | None]:
    """The stop and the target of a buy that names none, as fractions: what the step nearest to the wallet says.

    The path begins with the connection, which is the farthest, and goes on from the wallet upwards.
    """
    nearest = path[1:] + path[:1]
    stop = next((step.caps.default_stop for step in nearest if step.caps.default_stop is not None), None)
    target = next((step.caps.default_target for step in nearest if step.caps.default_target is not None), None)
    return stop, target


def shared_symbols(path: tuple[Limits, ...]) -> frozenset[str] | None:
    """The symbols that every list on the path allows, None when there is no list."""
    lists = [step.allowed_symbols for step in path if step.allowed_symbols is not None]
    return frozenset.intersection(*lists) if lists else None


def _numbers(proposal: Proposal) -> dict[str, Any]:
    market, standing, symbols = proposal.market, proposal.standing, shared_symbols(proposal.path)
    return {
        "requested": plain(proposal.requested),
        "quantity": plain(proposal.quantity),
        "price": _text(market.price),
        "price_age_seconds": None if market.price_age is None else round(market.price_age.total_seconds(), 3),
        "notional": _text(proposal.notional),
        "minimum_notional": plain(market.minimum_notional),
        "maximum_notional": _text(tightest_notional(proposal.path)),
        "allowed_symbols": None if symbols is None else sorted(symbols),
        "position": plain(standing.position),
        "in_books": plain(standing.in_books),
        "maximum_position": _text(tightest_position(proposal.path)),
        "maximum_risk": _text(tightest_risk(proposal.path)),
        "exit_stop": _text(proposal.exit_stop),
        "value": _text(standing.value),
        "path": [
            {
                "name": step.name,
                "trading_state": step.trading_state,
                "maximum_notional": _text(step.maximum_notional),
                "notional_asset": step.notional_asset,
                "allowed_symbols": None if step.allowed_symbols is None else sorted(step.allowed_symbols),
                "maximum_daily_loss": _text(step.maximum_daily_loss),
                "lost": _text(step.lost),
                "maximum_position": _text(step.caps.maximum_position),
                "maximum_open_positions": step.caps.maximum_open_positions,
                "open_positions": step.open_positions,
                "maximum_risk": _text(step.caps.maximum_risk),
            }
            for step in proposal.path
        ],
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


# --- the checks: a sentence refuses, "" passes ----------------------------------------------------------------------


def _check_reserve(proposal: Proposal) -> Told:
    if proposal.reserve:
        return f"{proposal.reserve} is a reserve, and nothing is traded from it: move the money to a farm first."
    return ""


def _check_state(proposal: Proposal) -> Told:
    for step in proposal.path:
        if step.trading_state == CLOSED:
            return f"The connection {step.name} is not active: make it active before placing orders."
        if step.trading_state == WATCHING:
            return f"The connection {step.name} only watches: make it live before placing orders."
        if step.trading_state == FROZEN:
            return f"{step.name} is halted, and its owner wants no stop carried out meanwhile: set it to active first."
        if step.trading_state == HALTED and not proposal.protects:
            return f"Trading is halted at {step.name}: set it to active before placing orders."
        if step.trading_state == REDUCING and not proposal.reduces:
            return f"{step.name} only reduces positions now: set it to active before buying."
        if step.trading_state not in {ACTIVE, REDUCING, HALTED}:
            return f"The trading state of {step.name} is not known: set it to active, reducing or halted."
    return ""


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


def _percent(share: Decimal) -> Value:
    return number(f"{share * 100:.2f}")


def _check_market(proposal: Proposal) -> Told:
    market = proposal.market
    if not market.is_at_connection:
        return f"{market.symbol} is not an instrument of this wallet's venue: choose one that is."
    if not market.is_spot:
        return f"{market.symbol} is no spot market: only spot can be traded so far."
    if not market.is_tradable:
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
    if proposal.standing.unfinished:
        return (
            f"Order {proposal.standing.unfinished} in {proposal.market.symbol} is not finished: "
            "wait for it or cancel it before placing another."
        )
    return ""


def _check_books(proposal: Proposal) -> Told:
    """The positions must be in the books. More in the books than dust is money that no position knows of.

    What the position and the books both have may be sold whatever else they disagree about: to leave is never wrong.
    """
    standing, market = proposal.standing, proposal.market
    if proposal.reduces and proposal.quantity <= min(standing.position, standing.in_books):
        return ""
    missing = standing.positions - standing.in_books
    if missing > 0 or -missing >= dust(market.lot_size, market.minimum_notional, market.price):
        return sentence(
            "Positions of {positions} and books of {in_books} disagree: sync the connection and look at the wallet's "
            "entries before trading.",
            positions=amount(standing.positions, market.base),
            in_books=amount(standing.in_books, market.base),
        )
    return ""


def _check_direction(proposal: Proposal) -> Told:
    market, position = proposal.market, proposal.standing.position
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
    return ""


def _check_minimum(proposal: Proposal) -> Told:
    notional, minimum = proposal.notional, proposal.market.minimum_notional
    if notional is None or notional < minimum:
        return sentence(
            "The order is worth {notional}, less than the venue's minimum of {minimum}: order more.",
            notional="nothing that is known" if notional is None else amount(notional, proposal.market.quote),
            minimum=rule(minimum, proposal.market.quote),
        )
    return ""


def _check_symbols(proposal: Proposal) -> Told:
    if proposal.reduces:
        return ""
    symbols = shared_symbols(proposal.path)
    if symbols is None:
        return (
            "No limit on the path says which symbols may be traded: set allowed symbols on the connection or a wallet."
        )
    if proposal.market.symbol not in symbols:
        allowed = ", ".join(sorted(symbols)) or "none"
        return (
            f"{proposal.market.symbol} is not among the allowed symbols ({allowed}): add it to every list on the path."
        )
    return ""


def _check_notional(proposal: Proposal) -> Told:
    if proposal.reduces:
        return ""
    for step in proposal.path:
        if step.is_unpriced:
            return (
                f"{step.name} limits orders in {step.notional_asset}, and no price says how much of "
                f"{proposal.market.symbol} that is: wait for one, or set the limit in another asset."
            )
    maximum, notional = tightest_notional(proposal.path), proposal.notional
    if maximum is None or notional is None:
        return (
            "No limit on the path says how large an order may be: set a maximum notional on the connection or a wallet."
        )
    if notional > maximum:
        step = next(step for step in proposal.path if step.in_unit == maximum)
        quote, own = proposal.market.quote, step.notional_asset
        values: dict[str, Value | Told | int] = {
            "notional": amount(notional, quote), "maximum": amount(maximum, quote), "who": step.name,
        }  # fmt: skip
        elsewhere = ""
        if own and own != quote:
            elsewhere, values["said"] = " ({said})", amount(step.maximum_notional or maximum, own)
        return sentence(
            f"The order is worth {{notional}}, more than the {{maximum}} that {{who}} allows{elsewhere}: order less or "
            "raise the limit.",
            **values,
        )
    return ""


def _check_position_size(proposal: Proposal) -> Told:
    maximum, price = tightest_position(proposal.path), proposal.market.price
    if proposal.reduces or maximum is None or price is None:
        return ""
    after = (proposal.standing.position + proposal.quantity) * price
    if after <= maximum:
        return ""
    quote = proposal.market.quote
    return sentence(
        "The position would be worth {after}, more than the {maximum} that {who} allows: buy less or raise the limit.",
        after=amount(after, quote),
        maximum=amount(maximum, quote),
        who=next(step.name for step in proposal.path if step.position_in_unit == maximum),
    )


def _check_open_positions(proposal: Proposal) -> Told:
    if proposal.reduces or proposal.standing.position > 0:
        return ""
    for step in proposal.path:
        most = step.caps.maximum_open_positions
        if most is not None and step.open_positions >= most:
            return (
                f"{step.name} has {step.open_positions} positions open or on their way, and may have {most}: close one "
                "or raise the limit."
            )
    return ""


def _check_risk(proposal: Proposal) -> Told:
    most, price, value = tightest_risk(proposal.path), proposal.market.price, proposal.standing.value
    if proposal.reduces or most is None or price is None:
        return ""
    if value is None:
        return "Nobody knows what the wallet is worth, so not what it may risk: wait for prices of all that it holds."
    stop = proposal.exit_stop
    risk = proposal.quantity * (price - stop if stop is not None else price)
    if risk <= most * value:
        return ""
    quote = proposal.market.quote
    why = "its stop at {stop} would cost" if stop is not None else "without a stop it puts at risk"
    values: dict[str, Value | Told | int] = {
        "risk": amount(risk, quote), "most": amount(most * value, quote), "share": _percent(most),
    }  # fmt: skip
    if stop is not None:
        values["stop"] = shown_price(stop, proposal.market.tick_size)
    return sentence(
        f"The order is too risky: {why} {{risk}}, and {{share}} % of the wallet's value is {{most}}. Buy less, or give "
        "a stop that is nearer.",
        **values,
    )


CHECKS: Final[tuple[tuple[str, Callable[[Proposal], Told]], ...]] = (
    ("reserve", _check_reserve),
    ("trading_state", _check_state),
    ("daily_loss", _check_daily_loss),
    ("instrument", _check_market),
    ("price_age", _check_price),
    ("lot_size", _check_lot),
    ("unfinished_order", _check_unfinished),
    ("reconciliation", _check_books),
    ("position", _check_direction),
    ("minimum_notional", _check_minimum),
    ("allowed_symbols", _check_symbols),
    ("maximum_notional", _check_notional),
    ("maximum_position", _check_position_size),
    ("maximum_open_positions", _check_open_positions),
    ("maximum_risk", _check_risk),
)

"""What stands above a wallet: what each step of the path says, and what they come to together. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from trading.risk.correlated import Correlated

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
    the way from a buy's price to its stop may cost, a fraction of what the wallet is worth; without a stop nothing is
    bought there. `default_stop` and `default_target` are fractions below and above the price of a buy that names none.
    `maximum_exposure` is the share of its usual size, and of the amounts that limits name, that a buy may have.
    `maximum_distance` is how much dearer than the middle of the market a buy may be, and how much cheaper a sale that
    names its price, a fraction; `maximum_orders_per_minute` counts what is sent from the step and from below it.
    `maximum_correlated` is what all that is open from the step and below it may come to by how it moves together, a
    fraction of what is there (`correlated`).
    The rest are protections, see `locks`: they hold buying back for a while.
    """

    maximum_position: Decimal | None = None
    maximum_open_positions: int | None = None
    maximum_risk: Decimal | None = None
    default_stop: Decimal | None = None
    default_target: Decimal | None = None
    maximum_exposure: Decimal | None = None
    maximum_distance: Decimal | None = None
    maximum_orders_per_minute: int | None = None
    maximum_correlated: Decimal | None = None
    cooldown_bars: int | None = None
    maximum_drawdown: Decimal | None = None
    lookback_days: int = 30
    minimum_profit_factor: Decimal | None = None
    lookback_trades: int = 20
    lock_hours: int = 24


NO_CAPS: Final = Caps()
ALL: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an agent asks of the buys of a step; None where it asks nothing. Fractions, as the caps have them.

    It is worth no more than the owner's limits: `exposure` takes away and never adds, `stop` and `target` bring the
    levels of a buy nearer to its price and never away from it.
    """

    exposure: Decimal | None = None
    stop: Decimal | None = None
    target: Decimal | None = None


NOTHING_ASKED: Final = Asked()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection or wallet of the path says. None where it says nothing.

    `maximum_notional` is counted in `notional_asset`; `in_unit` is the same in the unit that the path is asked in (the
    quote asset of an order), None where no price tells. `rests_until` is when the day ends in which `lost`, a fraction,
    has reached `maximum_daily_loss`; None while it has not. `position_in_unit` is the caps' largest position in the
    unit of the path; `open_positions` counts those of the step and below it, orders that will open one included, where
    the caps limit their number, and `orders` what was sent from there within the last minute, where they limit that.
    `held_for` names what changed the trading state, where that was no person. `is_operators` marks the word of whoever
    runs the platform, which binds all its accounts: it takes away and never allows. `correlated` is what is open there,
    seen from the order's market, where the caps limit that.
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
    orders: int = 0
    id: UUID | None = None
    asked: Asked = NOTHING_ASKED
    held_for: str = ""
    is_operators: bool = False
    correlated: Correlated | None = None

    @property
    def limits_an_amount(self) -> bool:
        return self.maximum_notional is not None or self.caps.maximum_position is not None

    @property
    def is_unpriced(self) -> bool:
        """Whether it limits an amount and nobody can say to how much."""
        return (self.maximum_notional is not None and self.in_unit is None) or (
            self.caps.maximum_position is not None and self.position_in_unit is None
        )


def tightest_notional(path: tuple[Limits, ...]) -> Decimal | None:
    """The smallest maximum notional on the path, in its unit; None when no owner names one that has a price."""
    said = [step for step in path if step.in_unit is not None]
    if all(step.is_operators for step in said):
        return None
    return min(step.in_unit for step in said if step.in_unit is not None)


def tightest_position(path: tuple[Limits, ...]) -> Decimal | None:
    """The smallest position that a step of the path allows, in its unit; None when nobody names one."""
    return min((step.position_in_unit for step in path if step.position_in_unit is not None), default=None)


def tightest_risk(path: tuple[Limits, ...]) -> Decimal | None:
    """The smallest risk of a trade that a step of the path allows; None when nobody names one."""
    return min((step.caps.maximum_risk for step in path if step.caps.maximum_risk is not None), default=None)


def nearest_price(path: tuple[Limits, ...]) -> Decimal | None:
    """The smallest distance from the market that a step of the path allows, a fraction; None when nobody names one."""
    return _least(step.caps.maximum_distance for step in path)


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


def owners_exposure(path: tuple[Limits, ...]) -> Decimal:
    """The smallest share that an owner's limit of the path leaves of a buy; 1 when none names one."""
    limit = _least(step.caps.maximum_exposure for step in path)
    return ALL if limit is None else limit


def exposure(path: tuple[Limits, ...]) -> Decimal:
    """The share that is left of a buy: the smallest that a limit allows or an agent of the path asks for."""
    asked = _least(step.asked.exposure for step in path)
    limit = owners_exposure(path)
    return limit if asked is None else min(limit, asked)


def asked_levels(path: tuple[Limits, ...]) -> tuple[Decimal | None, Decimal | None]:
    """The nearest stop and target that agents of the path ask for, no farther than what is usual there; fractions."""
    stop, target = _least(step.asked.stop for step in path), _least(step.asked.target for step in path)
    usual_stop, usual_target = usual_levels(path)
    return (
        None if stop is None else _least((stop, usual_stop)),
        None if target is None else _least((target, usual_target)),
    )


def _least(said: Iterable[Decimal | None]) -> Decimal | None:
    return min((one for one in said if one is not None), default=None)

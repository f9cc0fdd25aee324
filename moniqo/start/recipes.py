"""The recipes of a first farm, and the plan that one of them becomes for an amount of play money.

A plan is what the review shows and what is made: both read the same numbers. An entry of an agent stays well below the
limit of an order, so that profits do not run into it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from farms.models import Agent, Farm
from kit import clock, formatting
from kit.errors import InvalidInputError
from markets.assets import dollar_in
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment
from markets.models import Instrument, Timeframe
from markets.services import well_known_first
from quant import strategies
from wallets.venues.accounts import paper_venues

FARM_SHARE: Final = Decimal("0.9")
# Fewer markets do not make an agent larger: half of this is an entry, far below the limit of an order.
AGENT_SHARE: Final = Decimal("0.3")
ORDER_SHARE: Final = Decimal("0.25")
MAXIMUM_SHARE: Final = Decimal("0.6")
DAILY_LOSS: Final = Decimal("0.03")
MARKETS: Final = 3
# In dollars: less would fall below the smallest orders of the markets, more is no first try.
LEAST: Final = Decimal(500)
MOST: Final = Decimal(10_000_000)
USUAL: Final = Decimal(10_000)
_CENT: Final = Decimal("0.01")
_WEIGHT: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Role:
    """An agent of a recipe: its strategy with what differs from the defaults, its candles, what an entry takes."""

    strategy: str
    timeframe: Timeframe
    parameters: Mapping[str, Any]
    sizing: str = Agent.Sizing.CASH
    size: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A farm of up to three agents, each on a market of its own."""

    slug: str
    name: str
    description: str
    kind: str
    roles: tuple[Role, ...]


_CALM: Final = Role(
    "trend_following", Timeframe.H4, {"fast": 10, "slow": 30, "stop_atr": 3.0}, Agent.Sizing.RISK, Decimal("0.01")
)
RECIPES: Final = (
    Recipe(
        "calm",
        "Calm trend",
        "Follows trends on 4-hour candles. A few trades a week; an entry risks 1 % of an agent's cash.",
        Farm.Kind.TREND_FOLLOWING,
        (_CALM, _CALM, _CALM),
    ),
    Recipe(
        "breakout",
        "Hourly breakouts",
        "Buys when a price leaves its range on 1-hour candles. A few trades a day; an entry takes half of an agent's "
        "cash.",
        Farm.Kind.BREAKOUT,
        (Role("breakout", Timeframe.H1, {}),) * MARKETS,
    ),
    Recipe(
        "quick",
        "Quick mix",
        "Three strategies on short candles: the first decision comes within five minutes. Trades often, so fees count.",
        Farm.Kind.MIXED,
        (
            Role("trend_following", Timeframe.M5, {"fast": 9, "slow": 27, "adx_min": 0.0, "stop_atr": 4.0}),
            Role("breakout", Timeframe.M15, {}),
            Role("price_action", Timeframe.M15, {}),
        ),
    ),
)
BY_SLUG: Final = {recipe.slug: recipe for recipe in RECIPES}


@dataclass(frozen=True, slots=True)
class Member:
    """An agent as it will be made, with its money."""

    name: str
    role: Role
    instrument: Instrument
    amount: Decimal
    weight: Decimal

    @property
    def strategy(self) -> str:
        return strategies.get(self.role.strategy).name

    @property
    def candles(self) -> str:
        """`4-hour candles`."""
        return f"{self.role.timeframe.label.removesuffix('s').replace(' ', '-')} candles"

    @property
    def entry(self) -> str:
        """What an entry takes, in words."""
        percent = f"{self.role.size * 100:f}".rstrip("0").rstrip(".")
        if self.role.sizing == Agent.Sizing.RISK:
            return f"an entry risks {percent} % of its cash"
        return f"an entry takes {percent} % of its cash"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will be made for `amount` of `asset`; what the farm does not get stays in the master wallet."""

    recipe: Recipe
    venue: str
    prices: str
    asset: str
    amount: Decimal
    members: tuple[Member, ...]

    @property
    def to_farm(self) -> Decimal:
        return sum((member.amount for member in self.members), Decimal(0))

    @property
    def left(self) -> Decimal:
        return self.amount - self.to_farm

    @property
    def symbols(self) -> list[str]:
        return sorted({member.instrument.symbol for member in self.members})

    @property
    def maximum_notional(self) -> Decimal:
        return _whole_cents(self.amount * ORDER_SHARE, self.asset)

    @property
    def order_share(self) -> Decimal:
        return ORDER_SHARE

    @property
    def farm_share(self) -> Decimal:
        """The fraction of the money that the farm gets, as a target has it."""
        return (self.to_farm / self.amount).quantize(_WEIGHT)

    @property
    def maximum_share(self) -> Decimal:
        return MAXIMUM_SHARE

    @property
    def maximum_daily_loss(self) -> Decimal:
        return DAILY_LOSS

    @property
    def first_decision_at(self) -> datetime:
        """The close of the shortest candle that a member waits for."""
        step = min(TIMEFRAME_MS[member.role.timeframe.value] for member in self.members)
        return moment((milliseconds(clock.now()) // step + 1) * step)


@dataclass(frozen=True, slots=True)
class Offer:
    """What play money can be tried with here: the venue whose prices it is, and its markets, well-known ones first."""

    venue: str
    prices: str
    asset: str
    markets: tuple[Instrument, ...]

    @property
    def least(self) -> Decimal:
        return LEAST * dollar_in(self.asset)

    @property
    def most(self) -> Decimal:
        return MOST * dollar_in(self.asset)

    @property
    def usual(self) -> Decimal:
        return USUAL * dollar_in(self.asset)


def find_offer() -> Offer | None:
    """The first venue with prices, the simulator before others; None while there is no price anywhere."""
    for venue, words in paper_venues():
        priced = Instrument.objects.filter(venue=venue, is_active=True, kind=Instrument.Kind.SPOT, ticker__isnull=False)
        ranked = well_known_first(priced)
        if ranked:
            asset = ranked[0].quote
            same = tuple(market for market in ranked if market.quote == asset)
            return Offer(venue, words, asset, same[:MARKETS])
    return None


def make_plan(*, offer: Offer, recipe: str, amount: Decimal) -> Plan:
    """What will be made. Raises InvalidInputError naming `recipe` or `amount`."""
    chosen = BY_SLUG.get(recipe)
    if chosen is None:
        raise _invalid("recipe", f"Choose one of {', '.join(BY_SLUG)}.")
    if not (amount.is_finite() and offer.least <= amount <= offer.most):
        least, most = formatting.quantity(offer.least), formatting.quantity(offer.most)
        raise _invalid("amount", f"Enter an amount from {least} to {most} {offer.asset}.")
    return Plan(chosen, offer.venue, offer.prices, offer.asset, amount, tuple(_members(chosen, offer, amount)))


def _members(recipe: Recipe, offer: Offer, amount: Decimal) -> Iterable[Member]:
    pairs: Sequence[tuple[Role, Instrument]] = list(zip(recipe.roles, offer.markets, strict=False))
    each = _whole_cents(amount * min(FARM_SHARE / len(pairs), AGENT_SHARE), offer.asset)
    weight = (Decimal(1) / len(pairs)).quantize(_WEIGHT, ROUND_DOWN)
    for role, instrument in pairs:
        name = f"{instrument.base} {strategies.get(role.strategy).name.lower()}"
        yield Member(name, role, instrument, each, weight)


def _whole_cents(amount: Decimal, asset: str) -> Decimal:
    return amount.quantize(dollar_in(asset) * _CENT, ROUND_DOWN)


def _invalid(field: str, sentence: str) -> InvalidInputError:
    return InvalidInputError(sentence, fields={field: sentence})

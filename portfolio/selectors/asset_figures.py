"""The money of an asset: what was paid for it came in, what was got for it went out, what is held is what it is worth.

An asset is told in what it is paid in: one that is traded against two has a line of each, of all wallets together. It
is counted from the positions that were opened in it; what was given or arrived is none of it until it is taken up.
Between two moments, exactly:

    opening + paid - got = closing, but for the profit

and profit is what was realized, less fees, and what the price did to what is held. A day's return relates what was got
and is left to what was there and was paid, whenever on that day: what is bought and sold on one day counts at what was
paid for it.

Derivatives cost nothing: what closed ones and funding bring is profit that goes out at once, and what open ones stand
at is known of now alone. So where they took part there is profit and no return.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Final

from kit import clock
from portfolio.selectors.combined import growth
from portfolio.selectors.money_weighted import NOT_VALUED, MoneyWeighted, money_weighted
from trading.selectors.sums import figures
from trading.selectors.trades import TradeFigures

ZERO: Final = Decimal(0)
ASSET_MARK: Final = "asset:"
ON_MARGIN: Final = "Derivatives took part, and cost nothing: there is no money to relate what they made to."

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """An asset at a moment, in what it is paid in. `value` is None where something that is held has no price.

    Sums since it was first traded: `paid` with fees, `got` less them, `fees`. Of derivatives, sums since the first of
    the moments that were asked for: `made` before fees, `funding`, `margin_fees`, and what open ones stand at.
    """

    at: datetime
    value: Decimal | None = ZERO
    cost: Decimal = ZERO
    paid: Decimal = ZERO
    got: Decimal = ZERO
    fees: Decimal = ZERO
    made: Decimal = ZERO
    funding: Decimal = ZERO
    margin_fees: Decimal = ZERO
    open_derivatives: Decimal = ZERO
    positions: int = 0

    @property
    def worth(self) -> Decimal | None:
        return None if self.value is None else self.value + self.open_derivatives

    @property
    def earned(self) -> Decimal:
        """Realized by what was sold, all fees of trades taken off."""
        return self.cost - self.paid + self.got

    @property
    def brought(self) -> Decimal:
        """What derivatives brought."""
        return self.made + self.funding - self.margin_fees


@dataclass(frozen=True, slots=True)
class Step:
    """What lies between two standings: opening + flow + profit = closing, exactly; None is what has no price."""

    before: Standing
    after: Standing

    def _more(self, name: str) -> Decimal:
        more: Decimal = getattr(self.after, name) - getattr(self.before, name)
        return more

    @property
    def opening(self) -> Decimal | None:
        return self.before.worth

    @property
    def closing(self) -> Decimal | None:
        return self.after.worth

    @property
    def flow(self) -> Decimal:
        return self._more("paid") - self._more("got") - self._more("brought")

    @property
    def profit(self) -> Decimal | None:
        if self.opening is None or self.closing is None:
            return None
        return self.closing - self.opening - self.flow

    @property
    def realized(self) -> Decimal:
        """Before fees, by what was sold and by derivatives."""
        return self._more("earned") + self._more("fees") + self._more("made")

    @property
    def fees(self) -> Decimal:
        return self._more("fees") + self._more("margin_fees")

    @property
    def is_on_margin(self) -> bool:
        """Whether derivatives took part."""
        names = ("made", "funding", "margin_fees", "open_derivatives")
        return any(self._more(name) for name in names) or bool(self.before.open_derivatives)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing: nothing held, bought, sold or brought."""
        return not (self.opening or self.closing or self._more("paid") or self._more("got") or self.is_on_margin)

    @property
    def twr(self) -> float | None:
        """None where there is no money to relate it to, or no price."""
        if self.is_on_margin or self.opening is None or self.closing is None:
            return None
        return growth(self.opening + self._more("paid"), self.closing + self._more("got"), ZERO) - 1

    @property
    def payments(self) -> Sequence[tuple[datetime, Decimal]]:
        """What was paid counts from its beginning on, what was got from its end on."""
        return ((self.before.at, self._more("paid")), (self.after.at, -self._more("got")))


@dataclass(frozen=True, slots=True)
class AssetLine:
    """An asset over a period, money in `quote`: opening + flow + profit = closing, and
    profit = realized + open + derivatives + funding - derivative_fees + open_derivatives, exactly.

    `realized` is of what was sold, net of the fees of trades; `open` what the price did to what is held; `derivatives`
    what closed ones brought before fees, `open_derivatives` what those that are open now stand at. `twr` is chained by
    days; None is what cannot be known, `why_no_return` says why.
    """

    asset: str
    quote: str
    whole: Step
    steps: Sequence[Step]
    trades: TradeFigures = field(default_factory=lambda: figures(()))

    @property
    def key(self) -> str:
        return key_of((self.asset, self.quote))

    @property
    def opening(self) -> Decimal | None:
        return self.whole.opening

    @property
    def flow(self) -> Decimal:
        return self.whole.flow

    @property
    def profit(self) -> Decimal | None:
        return self.whole.profit

    @property
    def closing(self) -> Decimal | None:
        return self.whole.closing

    @property
    def fees(self) -> Decimal:
        return self.whole.fees

    @property
    def realized(self) -> Decimal:
        return self.whole.after.earned - self.whole.before.earned

    @property
    def open(self) -> Decimal | None:
        before, after = self.whole.before, self.whole.after
        if before.value is None or after.value is None:
            return None
        return (after.value - after.cost) - (before.value - before.cost)

    @property
    def derivatives(self) -> Decimal:
        return self.whole.after.made

    @property
    def funding(self) -> Decimal:
        return self.whole.after.funding

    @property
    def derivative_fees(self) -> Decimal:
        return self.whole.after.margin_fees

    @property
    def open_derivatives(self) -> Decimal:
        return self.whole.after.open_derivatives

    @property
    def positions(self) -> int:
        """How many are open at its end."""
        return self.whole.after.positions

    @property
    def money(self) -> MoneyWeighted:
        return money_of(self.steps) if self.profit is not None else MoneyWeighted(None, NOT_VALUED)

    @property
    def xirr(self) -> float | None:
        return self.money.rate

    @property
    def twr(self) -> float | None:
        return chained(self.steps) if self.profit is not None else None

    @property
    def why_no_return(self) -> str:
        """Why there is no time-weighted return; empty where there is one."""
        return "" if self.twr is not None else ON_MARGIN if self.profit is not None else NOT_VALUED


def key_of(pair: Pair) -> str:
    return f"{ASSET_MARK}{pair[0]}:{pair[1]}"


def chained(steps: Sequence[Step]) -> float | None:
    """The return of steps one after another; after a total loss it begins anew."""
    index = 1.0
    for step in steps:
        if (grown := step.twr) is None:
            return None
        index = (index or 1.0) * (1 + grown)
    return index - 1


def money_of(steps: Sequence[Step]) -> MoneyWeighted:
    """The money-weighted return of steps in a row, from the first in which there was anything."""
    told = [step for step in steps if not step.is_empty]
    if any(step.is_on_margin for step in told):
        return MoneyWeighted(None, ON_MARGIN)
    flows = [one for step in told for one in step.payments]
    return money_weighted(
        began=told[0].before.at if told else None, opening=told[0].opening if told else ZERO, flows=flows,
        closing=told[-1].closing if told else ZERO, ends=told[-1].after.at if told else clock.now(),
    )  # fmt: skip


def steps_of(standings: Sequence[Standing]) -> Sequence[Step]:
    """From each that has a value to the next that has: what happened where there was no price is in the next."""
    return list(_steps(standings))


def _steps(standings: Sequence[Standing]) -> Iterator[Step]:
    for before, after in pairwise(one for one in standings if one.value is not None):
        yield Step(before, after)

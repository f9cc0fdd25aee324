"""The exposure of a scope at one moment: read once, and seen by the page, the API and the limits to the same digit.

Exposure is what would move with the market: every asset but the base at its value, and the notional of each derivative
(see `portfolio.valuation`, whose gross and net these parts sum to). Gross takes long and short together, net takes
short from long, leverage is gross ÷ net value.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit.statements import planned_once
from portfolio import valuation
from portfolio.selectors.holdings import BRANCH
from portfolio.valuation import Valuation
from quant.concentration import UNIT, herfindahl, shares

ZERO: Final = Decimal(0)
MASTER: Final = "master"
AGENT: Final = "agent"
# What is worth one unit of a currency that nobody issues by themselves, and the currencies: neither rises nor falls.
STABLE: Final = frozenset(
    ("USDT", "USDC", "FDUSD", "DAI", "TUSD", "USDP", "PYUSD", "USDE", "USDS", "BUSD", "EURC", "EURI", "USD", "EUR",
     "GBP", "CHF", "JPY")
)  # fmt: skip

_PARTS: Final = f"""{valuation.VALUATION}{BRANCH}
SELECT {valuation.VALUES}, held_by.wallet_id, held_by.name, held_by.role, person.wallet_id, person.name, person.role,
       coalesce(person.parent_id, person.wallet_id), holding.venue, venue_name(holding.venue), holding.asset,
       holding.symbol, holding.underlying, holding.units, holding.value, holding.exposed
FROM valuation
LEFT JOIN holding ON holding.scope = valuation.scope AND (holding.held <> 0 OR holding.position_id IS NOT NULL)
LEFT JOIN branch ON branch.wallet_id = holding.wallet_id
LEFT JOIN wallet_places AS held_by ON held_by.wallet_id = holding.wallet_id
LEFT JOIN wallet_places AS person ON person.wallet_id = branch.branch_id
WHERE valuation.scope = %(only)s
ORDER BY person.created_at, held_by.created_at, holding.venue, holding.asset, holding.symbol
"""  # noqa: S608 - joined from constants


@dataclass(frozen=True, slots=True)
class Part:
    """A balance or a derivative of one wallet. Amounts in the scope's base, None while nobody says a price.

    `units` is how much of `underlying` it stands for, `exposed` what that is worth, both negative where it is short;
    of the base itself nothing is exposed.
    """

    wallet_id: UUID
    wallet: str
    role: str
    branch_id: UUID
    branch: str
    branch_role: str
    root_id: UUID
    venue: str
    venue_name: str
    asset: str
    symbol: str
    underlying: str
    units: Decimal
    value: Decimal | None
    exposed: Decimal | None


@dataclass(frozen=True, slots=True)
class Slice:
    """All parts that have something in common. `value` is what they are worth, `units` how much of one asset."""

    key: str
    name: str
    long: Decimal = ZERO
    short: Decimal = ZERO
    value: Decimal = ZERO
    units: Decimal = ZERO
    size: Decimal = ZERO  # of units, long and short together

    @property
    def gross(self) -> Decimal:
        return self.long + self.short

    @property
    def net(self) -> Decimal:
        return self.long - self.short

    @property
    def price(self) -> Decimal | None:
        """What one unit is worth in base, of all parts together."""
        return self.gross / self.size if self.size else None

    def and_of(self, part: Part) -> "Slice":
        exposed, units = part.exposed or ZERO, part.units if part.exposed else ZERO
        return Slice(
            self.key, self.name, self.long + max(exposed, ZERO), self.short + max(-exposed, ZERO),
            self.value + (part.value or ZERO), self.units + units, self.size + abs(units),
        )  # fmt: skip


@dataclass(frozen=True)
class Exposure:
    """The exposure of a scope, in its base. Slices come largest first, those without any exposure left out."""

    now: Valuation
    parts: tuple[Part, ...]

    @property
    def base(self) -> str:
        return self.now.base

    @property
    def gross(self) -> Decimal:
        return self.now.gross_exposure

    @property
    def net(self) -> Decimal:
        return self.now.net_exposure

    @property
    def leverage(self) -> Decimal | None:
        """Gross in multiples of net value; None where there is none, or it is not known."""
        return self.share(self.gross)

    @property
    def carried(self) -> Decimal:
        """What is at risk in what has no price now: the part of the gross that stands in no slice."""
        return self.gross - sum((abs(part.exposed) for part in self.parts if part.exposed is not None), ZERO)

    @property
    def unpriced(self) -> tuple[str, ...]:
        return self.now.unpriced

    @property
    def unpriced_words(self) -> str:
        return f"{', '.join(self.unpriced)}. No market at its venue has said a price."

    def share(self, amount: Decimal) -> Decimal | None:
        """An amount as a fraction of net value, to the eighteenth decimal; None where that is not known, or nothing."""
        if not self.now.is_known or self.now.equity <= 0:
            return None
        return (amount / self.now.equity).quantize(UNIT, ROUND_HALF_UP)

    @cached_property
    def by_asset(self) -> tuple[Slice, ...]:
        return self._slices(lambda part: (part.underlying, part.underlying))

    @cached_property
    def by_instrument(self) -> tuple[Slice, ...]:
        return self._slices(lambda part: (f"{part.venue} {part.symbol or part.asset}", part.symbol or part.asset))

    @cached_property
    def by_venue(self) -> tuple[Slice, ...]:
        return self._slices(lambda part: (part.venue, part.venue_name))

    @cached_property
    def by_farm(self) -> tuple[Slice, ...]:
        def branch(part: Part) -> tuple[str, str]:
            name = f"{part.branch}, not allocated" if part.branch_role == MASTER else part.branch
            return str(part.branch_id), name

        return self._slices(branch)

    @cached_property
    def by_agent(self) -> tuple[Slice, ...]:
        """Of the wallets that agents trade with."""
        traded = [part for part in self.parts if part.role == AGENT]
        return self._slices(lambda part: (str(part.wallet_id), part.wallet), traded)

    @cached_property
    def by_side(self) -> tuple[Slice, ...]:
        return self._slices(lambda part: ("short", "Short") if (part.exposed or ZERO) < 0 else ("long", "Long"))

    @cached_property
    def venues(self) -> tuple[Slice, ...]:
        """Every venue where something is, exposed or not: what a venue could lose."""
        found = _sliced(lambda part: (part.venue, part.venue_name), self.parts)
        return tuple(sorted(found, key=lambda one: -one.value))

    @property
    def stable(self) -> Decimal:
        """What is held in stable coins and currencies, with what derivatives that settle in them have won or lost."""
        return sum((part.value or ZERO for part in self.parts if part.asset in STABLE), ZERO)

    @property
    def largest(self) -> Slice | None:
        """The asset that is most of the gross exposure."""
        return self.by_asset[0] if self.by_asset else None

    @property
    def largest_share(self) -> Decimal | None:
        """Of the gross exposure, a fraction."""
        found = shares([one.gross for one in self.by_asset])
        return found[0].quantize(UNIT, ROUND_HALF_UP) if found else None

    @property
    def herfindahl(self) -> Decimal | None:
        """Σ wᵢ² of the assets' shares of gross exposure."""
        return herfindahl([one.gross for one in self.by_asset])

    def _slices(
        self, named: Callable[[Part], tuple[str, str]], parts: Sequence[Part] | None = None
    ) -> tuple[Slice, ...]:
        found = [one for one in _sliced(named, self.parts if parts is None else parts) if one.gross]
        return tuple(sorted(found, key=lambda one: (-one.gross, one.name)))


def _sliced(named: Callable[[Part], tuple[str, str]], parts: Iterable[Part]) -> list[Slice]:
    found: dict[str, Slice] = {}
    for part in parts:
        key, name = named(part)
        found[key] = found.get(key, Slice(key, name)).and_of(part)
    return list(found.values())


def read_exposure(parameters: dict[str, Any]) -> Exposure:
    """The exposure of the scope `parameters["only"]` (see `valuation.parameters`): one query.

    Raises NotFoundError when the owner has no such wallet.
    """
    with planned_once(connection) as cursor:
        cursor.execute(_PARTS, parameters)
        rows = cursor.fetchall()
    size = len(fields(Valuation)) - 1  # without its moment
    now = valuation.valued(parameters, rows[0][:size] if rows else None)
    return Exposure(now, tuple(Part(*row[size:]) for row in rows if row[size] is not None))

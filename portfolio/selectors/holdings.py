"""What is held: by asset, by farm and by venue, each amount with the price that it was valued at."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit.statements import planned_once
from portfolio import valuation
from portfolio.selectors import standings
from portfolio.selectors.standings import Standing
from portfolio.valuation import Valuation
from quant.concentration import UNIT

ZERO: Final = Decimal(0)

BRANCH: Final = """,
branch AS (
    -- A branch is a farm with its agents; money that a master keeps for itself is the master's own branch.
    SELECT DISTINCT ON (tree.wallet_id) tree.wallet_id, tree.root_id AS branch_id
    FROM wallet_subtree(ARRAY(SELECT wallet_id FROM place)) AS tree
    JOIN place AS root ON root.wallet_id = tree.root_id
    ORDER BY tree.wallet_id, root.parent_id IS NULL, tree.distance DESC
)
"""
_BRANCHES: Final = f"""{BRANCH},
held AS (
    SELECT person.wallet_id, person.name, person.role, person.parent_id, person.target_weight, holding.base,
           holding.venue, holding.asset, sum(holding.held) AS held, holding.price, sum(holding.value) AS value,
           holding.source, holding.at, holding.symbol, holding.underlying, sum(holding.exposed) AS exposed,
           person.created_at
    FROM holding
    JOIN branch USING (wallet_id)
    JOIN wallet_places AS person ON person.wallet_id = branch.branch_id
    WHERE holding.scope = %(only)s AND (holding.held <> 0 OR holding.position_id IS NOT NULL)
    GROUP BY person.wallet_id, person.name, person.role, person.parent_id, person.target_weight, person.created_at,
             holding.base, holding.venue, holding.asset, holding.price, holding.source, holding.at, holding.position_id,
             holding.symbol, holding.underlying
)
"""  # noqa: S608 - joined from constants
_FIELDS: Final = """
    held.wallet_id, held.name, held.role, held.parent_id, held.target_weight, held.base, held.venue,
    venue_name(held.venue), held.asset, held.held, held.price, held.value, held.source, held.at, held.symbol,
    held.underlying, held.exposed
"""
_ORDER: Final = "ORDER BY held.created_at, held.venue, held.asset, held.symbol"

_HOLDINGS: Final = f"{valuation.BOOKS}{_BRANCHES} SELECT {_FIELDS} FROM held {_ORDER}"  # noqa: S608 - constants
_VALUED: Final = f"""{valuation.VALUATION}{_BRANCHES}
SELECT {_FIELDS}, {standings.FIGURES}, {valuation.VALUES}
FROM valuation {standings.OPENING} LEFT JOIN held ON valuation.scope = %(only)s {_ORDER}
"""  # noqa: S608 - joined from constants


@dataclass(frozen=True, slots=True)
class Holding:
    """An amount of an asset in one branch of the hierarchy at one venue. `price` is None while nobody has said one.

    With a `symbol` it is an open derivative: `quantity` is what it has won or lost, in the asset that it settles in.
    `exposed` is what moves with the price of `underlying`, in `base`, negative where it is short: nothing of the base
    itself, and of a derivative its notional.
    """

    branch_id: UUID
    branch: str
    role: str
    parent_id: UUID | None
    target_weight: Decimal | None
    base: str
    venue: str
    venue_name: str
    asset: str
    quantity: Decimal
    price: Decimal | None
    value: Decimal | None
    source: str | None
    priced_at: datetime | None
    symbol: str
    underlying: str
    exposed: Decimal | None

    @property
    def is_derivative(self) -> bool:
        return bool(self.symbol)

    @property
    def side(self) -> str:
        return "short" if self.exposed is not None and self.exposed < 0 else "long"

    @property
    def is_cash(self) -> bool:
        return self.asset == self.base and not self.symbol


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the whole. `target` and `drift` are fractions of the whole too, None where nobody set a target."""

    key: str
    name: str
    value: Decimal
    share: Decimal
    target: Decimal | None = None
    quantity: Decimal | None = None
    url_id: UUID | None = None

    @property
    def drift(self) -> Decimal | None:
        return None if self.target is None else self.share - self.target


@dataclass(frozen=True, slots=True)
class VenueExposure:
    """Market value at risk at the venue `name`, as fractions of the whole equity."""

    venue: str
    name: str
    long: Decimal
    short: Decimal


def read_holdings(parameters: dict[str, Any]) -> tuple[Holding, ...]:
    """The holdings of the scope `parameters["only"]` (see `valuation.parameters`), in one query."""
    with planned_once(connection) as cursor:
        cursor.execute(_HOLDINGS, parameters)
        return tuple(Holding(*row) for row in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Worth:
    """A scope's value, what it consists of, and how it and those beside it stand."""

    now: Valuation
    holdings: tuple[Holding, ...]
    standings: dict[UUID, Standing]


def read_worth(parameters: dict[str, Any]) -> Worth:
    """What `parameters["only"]` is worth and consists of, and how those beside it stand: one query."""
    with planned_once(connection) as cursor:
        cursor.execute(_VALUED, parameters | standings.midnight(parameters["at"]))
        rows = cursor.fetchall()
    size = len(fields(Holding))
    found: dict[UUID, Standing] = {}
    now, held = None, []
    for row in rows:
        scope, stands = standings.standing(row[size : size + standings.SIZE])
        found[scope] = stands
        if scope == parameters["only"]:
            now = row[size + standings.SIZE :]
            held += [Holding(*row[:size])] if row[0] is not None else []
    return Worth(valuation.valued(parameters, now), tuple(held), found)


def by_asset(holdings: Sequence[Holding]) -> tuple[Share, ...]:
    """Shares by asset, largest first; what has no price is left out."""
    return _shares(holdings, key=lambda holding: holding.asset, name=lambda holding: holding.asset)


def by_venue(holdings: Sequence[Holding]) -> tuple[Share, ...]:
    """Shares by venue, largest first."""
    return _shares(holdings, key=lambda holding: holding.venue, name=lambda holding: holding.venue_name)


def by_branch(holdings: Sequence[Holding]) -> tuple[Share, ...]:
    """Shares by farm, with the targets set on their wallets; what a master keeps is its own, its target the rest."""
    shares = _shares(
        holdings,
        key=lambda holding: str(holding.branch_id),
        name=lambda holding: f"{holding.branch}, not allocated" if holding.role == "master" else holding.branch,
    )
    branches = {str(holding.branch_id): holding for holding in holdings}
    masters = {holding.parent_id or holding.branch_id for holding in holdings}
    if len(masters) != 1:  # a target is a fraction of one master, which is not the whole here
        return shares
    planned = sum((branch.target_weight or ZERO for branch in branches.values() if branch.parent_id), ZERO)

    def target(branch: Holding) -> Decimal | None:
        if branch.parent_id is None:
            return 1 - planned if planned else None
        return branch.target_weight

    return tuple(
        Share(
            share.key, share.name, share.value, share.share, target(branches[share.key]),
            url_id=branches[share.key].branch_id,
        )
        for share in shares
    )  # fmt: skip


def exposure_by_venue(holdings: Iterable[Holding], *, equity: Decimal) -> tuple[VenueExposure, ...]:
    """What would move with the market at each venue, long and short."""
    long: dict[str, Decimal] = {}
    short: dict[str, Decimal] = {}
    names: dict[str, str] = {}
    for holding in holdings:
        names[holding.venue] = holding.venue_name
        long.setdefault(holding.venue, ZERO)
        exposed = holding.exposed or ZERO
        side = long if exposed > 0 else short
        side[holding.venue] = side.get(holding.venue, ZERO) + abs(exposed)
    if equity <= 0:
        return ()
    return tuple(
        VenueExposure(
            venue, names.get(venue, venue), _part(long.get(venue, ZERO), equity), _part(short.get(venue, ZERO), equity)
        )
        for venue in sorted({*long, *short})
    )


def _part(value: Decimal, whole: Decimal) -> Decimal:
    """A fraction of the whole, to the eighteenth decimal like every other."""
    return (value / whole).quantize(UNIT, ROUND_HALF_UP) if whole else ZERO


def _shares(
    holdings: Iterable[Holding], *, key: Callable[[Holding], str], name: Callable[[Holding], str]
) -> tuple[Share, ...]:
    values: dict[str, Decimal] = {}
    quantities: dict[str, Decimal] = {}
    names: dict[str, str] = {}
    for holding in holdings:
        if holding.value is None:
            continue
        part = key(holding)
        values[part] = values.get(part, ZERO) + holding.value
        quantities[part] = quantities.get(part, ZERO) + holding.quantity
        names[part] = name(holding)
    whole = sum(values.values(), ZERO)
    return tuple(
        Share(part, names[part], value, _part(value, whole), quantity=quantities[part])
        for part, value in sorted(values.items(), key=lambda item: -item[1])
    )

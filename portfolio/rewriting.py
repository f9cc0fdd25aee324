"""Values written into the past, one moment after the other, each with what follows from it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import F

from kit import clock
from kit.users.models import User
from portfolio import history, retention
from portfolio.models import Snapshot
from portfolio.valuation import SAYS_A_VALUE
from wallets.models import Wallet

SAME: Final = 1e-12

# The value after the one at `at`: what that tells now, this one does not tell any more.
_FOLLOW: Final = f"""
WITH told AS (
    SELECT scope, base, at, equity, flows, twr_index, adjustments FROM portfolio_snapshot
    WHERE scope = ANY(%(scopes)s) AND base = ANY(%(bases)s) AND at = %(at)s
),
following AS (
    SELECT next.id, next.at, next.twr_index AS index_before, next.flows - told.flows AS flow,
           told.adjustments - coalesce(said.adjustments, 0) AS adjusted, told.equity AS equity_before,
           told.twr_index AS told_index
    FROM told
    LEFT JOIN unnest(%(said_scopes)s::uuid[], %(said_bases)s::text[], %(said)s::numeric[])
        AS said (scope, base, adjustments) USING (scope, base)
    CROSS JOIN LATERAL (
        SELECT id, at, flows, twr_index FROM portfolio_snapshot AS later
        WHERE later.scope = told.scope AND later.base = told.base AND later.at > told.at AND {SAYS_A_VALUE}
        ORDER BY at LIMIT 1
    ) AS next
)
UPDATE portfolio_snapshot AS later
SET flow = following.flow, adjustments = later.adjustments - following.adjusted,
    twr_index = CASE
        WHEN following.equity_before + greatest(following.flow, 0) > 0 THEN portfolio_index(
            following.told_index,
            (later.equity - least(following.flow, 0)) / (following.equity_before + greatest(following.flow, 0))
        )
        ELSE following.told_index
    END
FROM following
WHERE later.id = following.id AND later.at = following.at AND later.at > %(at)s
RETURNING later.scope, later.base, later.at, later.twr_index, following.index_before
"""  # noqa: S608 - joined from constants
# What follows, as far as the index does not begin anew after a total loss.
_GROW: Final = """
UPDATE portfolio_snapshot AS later
SET twr_index = twr_index * %(factor)s
WHERE scope = %(scope)s AND base = %(base)s AND at > %(at)s AND at < coalesce((
    SELECT at FROM portfolio_snapshot
    WHERE scope = %(scope)s AND base = %(base)s AND at > %(at)s AND twr_index = 0 ORDER BY at LIMIT 1
), 'infinity')
"""
_SAID: Final = """
SELECT scope, base, adjustments, flows, fees, funding, twr_index FROM portfolio_snapshot
WHERE scope = ANY(%(scopes)s) AND base = ANY(%(bases)s) AND at = %(at)s
"""
# A history that another now stands before: what it had brought in is what had come by then.
_SHIFT: Final = """
UPDATE portfolio_snapshot SET flows = flows + %(flows)s, fees = fees + %(fees)s, funding = funding + %(funding)s
WHERE scope = %(scope)s AND base = %(base)s AND at > %(at)s
"""


@dataclass(slots=True)
class Outcome:
    """What became of some moments: how many values were written, which moments were left out, and what had no price."""

    written: int = 0
    skipped: int = 0
    unpriced: set[str] = field(default_factory=set)


class CannotJoinError(Exception):
    """What a history began with has no price of then, so that nothing can be put before it."""


def write(
    *,
    owner_id: UUID,
    moments: Sequence[datetime],
    only: Collection[UUID] | None = None,
    joins: datetime | None = None,
    closes: bool = False,
) -> Outcome:
    """Write the values of these moments, oldest first, each with what follows from it. Runs as the tenant.

    A moment at which something held has no price is left out, and where it `closes` a day one with an old price too:
    the last value before stays the close then. The history that begins at `joins` is put behind what is written before.
    """
    outcome = Outcome()
    if not moments:
        return outcome
    if blind := history.unknown_derivatives(owner_id=owner_id):
        return Outcome(skipped=len(moments), unpriced=set(blind))
    currency = User.objects.values_list("base_currency", flat=True).get(pk=owner_id)
    before = _before(owner_id, moments[0])
    past = history.Past(
        owner_id=owner_id,
        currency=currency,
        first=min((at for at in before.values() if at is not None), default=moments[0]),
        until=moments[-1],
        now=None if closes else clock.now(),
        only=only,
    )
    wallets = Wallet.objects.filter(owner_id=owner_id)
    given: dict[str, Any] = {
        "scopes": [*(wallets.values_list("pk", flat=True) if only is None else only), owner_id],
        "bases": sorted({currency, *wallets.values_list("base_asset", flat=True)}),
    }
    marked: datetime | None = None
    for at in moments:
        before = _before(owner_id, at)
        if set(before.values()) != {marked}:
            past.mark(**before)
        prices = past.lead_to(at)
        outcome.unpriced |= prices.missing | (prices.old if closes else frozenset())
        if prices.missing or (closes and prices.old):
            if at == joins and closes:
                raise CannotJoinError
            outcome.skipped += 1
            continue
        retention.make_month(at)
        said = _rows(_SAID, given, at)
        moved = past.moved(at)
        outcome.written += past.write(at, prices)
        _carry(given, at, {key: row for key, row in said.items() if key[0] in moved})
        marked = at
        if joins is None or at > joins:
            _follow(given | {"at": at}, [(scope, base, row[0]) for (scope, base), row in said.items()])
        elif at == joins:
            _join(given, at, said)
    return outcome


def _before(owner_id: UUID, at: datetime) -> dict[str, datetime | None]:
    """When all wallets together were valued last, and when each was. The latter is told by those that others hang on:
    they are valued whenever any is."""
    masters = Wallet.objects.filter(owner_id=owner_id, parent=None).values_list("pk", flat=True)
    each = Snapshot.objects.filter(scope__in=list(masters), base=F("wallet__base_asset"))
    found = {"of_all": values(owner_id), "of_each": each}
    return {
        name: rows.filter(at__lt=at).order_by("-at").values_list("at", flat=True).first()
        for name, rows in found.items()
    }


def _join(given: dict[str, Any], at: datetime, said: Mapping[tuple[UUID, str], tuple[Any, ...]]) -> None:
    """What the history that began at `at` says goes on from what stands before it now."""
    for (scope, base), (_, flows, fees, funding, index) in _rows(_SAID, given, at).items():
        if (before := said.get((scope, base))) is None:
            continue
        _, flows_before, fees_before, funding_before, index_before = before
        moved: dict[str, Any] = {"scope": scope, "base": base, "at": at}
        more = {"flows": flows - flows_before, "fees": fees - fees_before, "funding": funding - funding_before}
        with connection.cursor() as cursor:
            cursor.execute(_SHIFT, moved | more)
            if index > 0 and index_before > 0:
                cursor.execute(_GROW, moved | {"factor": index / index_before})


def _carry(given: dict[str, Any], at: datetime, said: Mapping[tuple[UUID, str], tuple[Any, ...]]) -> None:
    """What a wallet took along is worth something else now, and what it had paid stays with those that it left: that
    is told as it moved, and in nothing after it."""
    for (scope, base), (_, *sums, _) in (_rows(_SAID, given, at) if said else {}).items():
        if (before := said.get((scope, base))) is None or sums == list(before[1:-1]):
            continue
        more = [now - then for now, then in zip(sums, before[1:-1], strict=True)]
        moved: dict[str, Any] = {"scope": scope, "base": base, "at": at}
        with connection.cursor() as cursor:
            cursor.execute(_SHIFT, moved | dict(zip(("flows", "fees", "funding"), more, strict=True)))


def _follow(given: dict[str, Any], said: Sequence[tuple[Any, ...]]) -> None:
    names = ("said_scopes", "said_bases", "said")
    told = {name: [row[place] for row in said] for place, name in enumerate(names)}
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, given | told)
        for scope, base, at, index, before in cursor.fetchall():
            if before > 0 and index > 0 and abs(index / before - 1) > SAME:
                cursor.execute(_GROW, {"scope": scope, "base": base, "at": at, "factor": index / before})


def _rows(statement: str, given: dict[str, Any], at: datetime) -> dict[tuple[UUID, str], tuple[Any, ...]]:
    """What each history says at the moment, by scope and base."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given | {"at": at})
        return {(scope, base): tuple(row) for scope, base, *row in cursor.fetchall()}


def values(owner_id: UUID) -> Any:
    """The snapshots of all the owner's wallets together: one of each moment."""
    return Snapshot.objects.filter(scope=owner_id, base=currency_of(owner_id))


def currency_of(owner_id: UUID) -> str:
    return User.objects.values_list("base_currency", flat=True).get(pk=owner_id)

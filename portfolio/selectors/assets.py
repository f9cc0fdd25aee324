"""What was made with each asset: closed trades of a period, and positions and derivatives that are open now.

An asset has no money of its own: the cash of a wallet stands behind everything that it trades. So there is profit by
asset, and there are the figures of its trades, but no time-weighted and no money-weighted return; `moved` is what the
asset itself did. Amounts are in what its markets are paid in: an asset that is traded against two has a line of each.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from markets.models import Instrument
from trading.selectors.filters import below
from trading.selectors.positions import open_positions
from trading.selectors.sums import Traded, figures, trade_sums
from trading.selectors.trades import TradeFigures
from wallets.models import VenueIncome, VenuePosition

ZERO: Final = Decimal(0)

_OPEN: Final = """
SELECT underlying, asset, sum(profit) FROM wallet_derivatives(%s)
WHERE %s::uuid[] IS NULL OR wallet_id IN (SELECT wallet_id FROM wallet_subtree(%s::uuid[]))
GROUP BY underlying, asset
"""


@dataclass(frozen=True, slots=True)
class AssetLine:
    """Money in `quote`. `realized` is net of the trades' fees, `open` what open positions have made so far, their fees
    taken off, None where one has no price; `derivatives` is what closed ones brought before fees, `funding` what
    holding them brought, `derivative_fees` what they cost, `open_derivatives` what they stand at.
    """

    asset: str
    quote: str
    realized: Decimal = ZERO
    open: Decimal | None = ZERO
    derivatives: Decimal = ZERO
    funding: Decimal = ZERO
    derivative_fees: Decimal = ZERO
    open_derivatives: Decimal = ZERO
    fees: Decimal = ZERO
    positions: int = 0
    trades: TradeFigures = field(default_factory=lambda: figures(()))

    @property
    def profit(self) -> Decimal | None:
        """All of it together; None where a position has no price."""
        if self.open is None:
            return None
        made = self.realized + self.derivatives + self.funding - self.derivative_fees
        return made + self.open + self.open_derivatives


def by_asset(
    *, owner_id: UUID, since: datetime, until: datetime, wallets: Collection[UUID] | None, is_now: bool
) -> Sequence[AssetLine]:
    """Of these wallets, or of all, in the period; what is open counts where the period ends now. The largest gain
    first."""
    traded: dict[tuple[str, str], list[Traded]] = defaultdict(list)
    for one in trade_sums(owner_id=owner_id, spans=[(since, until)], wallet_ids=wallets):
        traded[one.asset, one.quote].append(one)
    held: dict[tuple[str, str], list[Decimal | None]] = defaultdict(list)
    told = derivatives(owner_id, since, until, wallets, is_now=is_now)
    if is_now:
        for row in open_positions(owner_id=owner_id, wallet_ids=wallets):
            known = row.unrealized_pnl
            held[row.base, row.quote].append(None if known is None else known + row.realized_pnl)
    keys = traded.keys() | held.keys() | told.keys()
    lines = [_line(key, traded.get(key, []), held.get(key, []), told.get(key, (ZERO,) * 4)) for key in keys]
    return sorted(lines, key=lambda line: (line.profit is None, -(line.profit or ZERO), line.asset, line.quote))


def _line(
    key: tuple[str, str], traded: Sequence[Traded], held: Sequence[Decimal | None], told: tuple[Decimal, ...]
) -> AssetLine:
    known = [one for one in held if one is not None]
    return AssetLine(
        *key,
        realized=sum((one.won - one.lost for one in traded), ZERO),
        open=sum(known, ZERO) if len(known) == len(held) else None,
        derivatives=told[0],
        funding=told[1],
        derivative_fees=told[2],
        open_derivatives=told[3],
        fees=sum((one.fees for one in traded), ZERO) + told[2],
        positions=len(held),
        trades=figures(traded),
    )


def derivatives(
    owner_id: UUID, since: datetime, until: datetime, wallets: Collection[UUID] | None, *, is_now: bool
) -> dict[tuple[str, str], tuple[Decimal, ...]]:
    """By what they are of and settle in: what closed ones brought, their funding, their fees, what open ones stand at.

    Income of a market that is in no list, and that its venue never showed open, is told by its symbol.
    """
    every = VenueIncome.objects.filter(
        owner_id=owner_id, status=VenueIncome.Status.BOOKED, at__gte=since, at__lt=until
    ).order_by()
    if wallets is not None:
        every = every.filter(below(wallets))
    income = list(
        every.values("connection__venue", "symbol", "asset").annotate(
            made=Sum("realized"), got=Sum("funding"), paid=Sum("fee")
        )
    )
    symbols = {row["symbol"] for row in income}
    markets = Instrument.objects.filter(symbol__in=symbols).values_list("venue", "symbol", "base")
    bases = {(venue, symbol): base for venue, symbol, base in markets}
    shown = VenuePosition.objects.filter(owner_id=owner_id, symbol__in=symbols).exclude(base="")
    bases |= {(venue, symbol): base for venue, symbol, base in shown.values_list("connection__venue", "symbol", "base")}
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [ZERO] * 4)
    for row in income:
        asset = bases.get((row["connection__venue"], row["symbol"]), row["symbol"] or row["asset"])
        for place, amount in enumerate((row["made"], row["got"], row["paid"])):
            sums[asset, row["asset"]][place] += amount
    if is_now:
        given = None if wallets is None else list(wallets)
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, [owner_id, given, given])
            for asset, settle, profit in cursor.fetchall():
                sums[asset, settle][3] += profit
    return {key: tuple(found) for key, found in sums.items()}

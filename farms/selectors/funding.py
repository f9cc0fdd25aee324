"""What was given to a wallet, and what its trades made of it.

Profit is what a wallet is worth minus what was given to it: allocations received less collections handed back. So it
holds fees, open positions and everything else, and needs no bookkeeping of its own.
"""

from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from markets.prices import price_in
from trading.models import TradeTotal
from wallets.models import FundAllocation


def funding_by_wallet(owner_id: UUID) -> dict[UUID, Decimal]:
    """Per wallet, in its base asset: what was allocated to it less what was collected from it.

    What moved in another asset counts at its price of now, so that holding it makes no profit of the wallet's own; an
    asset without a price counts in neither value nor funding.
    """
    moves = FundAllocation.objects.filter(owner_id=owner_id).order_by()
    funding: dict[UUID, Decimal] = defaultdict(Decimal)
    for kind, end, sign in ((FundAllocation.Kind.ALLOCATE, "target", 1), (FundAllocation.Kind.COLLECT, "source", -1)):
        columns = (end, "asset", f"{end}__base_asset", f"{end}__connection__venue")
        totals = moves.filter(kind=kind).values(*columns).annotate(moved=Sum("amount"))
        for wallet_id, asset, base, venue, moved in totals.values_list(*columns, "moved"):
            quote = None if asset == base else price_in(asset=asset, base=base, venue=venue)
            rate = quote.price if quote else Decimal(asset == base)
            funding[wallet_id] += sign * moved * rate
    return funding


def results_by_wallet(owner_id: UUID) -> dict[UUID, tuple[int, int, Decimal]]:
    """Per wallet: closed trades, winning ones, and what they made net of fees."""
    rows = (
        TradeTotal.objects.filter(owner_id=owner_id)
        .order_by()
        .values("wallet_id")
        .annotate(count=Sum("trades"), wins=Sum("won_trades"), realized=Sum("won") - Sum("lost"))
    )
    return {row["wallet_id"]: (row["count"], row["wins"], row["realized"]) for row in rows}

"""What the trades of a wallet made. What it is worth, was given and earned is its standing (portfolio.selectors)."""

from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum

from trading.models import TradeSlice, TradeTotal


def results_by_wallet(
    owner_id: UUID, wallet_ids: Collection[UUID] | None = None
) -> dict[UUID, tuple[int, int, Decimal]]:
    """Per wallet, or of these alone: closed trades, winning ones, and what they made net of fees."""
    whose = Q() if wallet_ids is None else Q(wallet_id__in=wallet_ids)
    rows = (
        TradeTotal.objects.filter(whose, owner_id=owner_id)
        .order_by()
        .values("wallet_id")
        .annotate(count=Sum("trades"), wins=Sum("won_trades"), realized=Sum("won") - Sum("lost"))
    )
    return {row["wallet_id"]: (row["count"], row["wins"], row["realized"]) for row in rows}


def trades_by_place(owner_id: UUID, wallet_ids: Collection[UUID]) -> dict[UUID, int]:
    """Of each of these farms' wallets the trades that were closed there, wherever those who closed them are now."""
    rows = TradeSlice.objects.filter(owner_id=owner_id, under__in=wallet_ids, by=TradeSlice.By.ALL).order_by()
    return dict(rows.values_list("under").annotate(Sum("trades")))

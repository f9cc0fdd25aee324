"""What the trades of a wallet made. What it is worth, was given and earned is its standing (portfolio.selectors)."""

from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from trading.models import TradeTotal


def results_by_wallet(owner_id: UUID) -> dict[UUID, tuple[int, int, Decimal]]:
    """Per wallet: closed trades, winning ones, and what they made net of fees."""
    rows = (
        TradeTotal.objects.filter(owner_id=owner_id)
        .order_by()
        .values("wallet_id")
        .annotate(count=Sum("trades"), wins=Sum("won_trades"), realized=Sum("won") - Sum("lost"))
    )
    return {row["wallet_id"]: (row["count"], row["wins"], row["realized"]) for row in rows}

"""What the trades of several spans of time come to, by wallet or by asset: read from days, however many they were."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from trading.selectors.trades import TradeFigures, figures_of

ZERO: Final = Decimal(0)

_SUMS: Final = """
SELECT place, sums.wallet_id, sums.under, market.base, market.quote, sum(trades)::bigint, sum(won_trades)::bigint,
       sum(lost_trades)::bigint, sum(won), sum(lost), sum(fees)
FROM trade_sums_of_spans(%s, %s::timestamptz[], %s::timestamptz[], %s::uuid[]) AS sums
JOIN market_instruments AS market USING (instrument_id)
GROUP BY place, sums.wallet_id, sums.under, market.base, market.quote
"""


@dataclass(frozen=True, slots=True)
class Traded:
    """The trades of a wallet in an asset that were closed in a span while it stood under another, `under` (itself at
    the top); `place` counts the spans from 0, money in `quote`.

    Net of fees; `won` and `lost` are above zero.
    """

    place: int
    wallet_id: UUID
    under: UUID
    asset: str
    quote: str
    trades: int
    won_trades: int
    lost_trades: int
    won: Decimal
    lost: Decimal
    fees: Decimal


def trade_sums(
    *, owner_id: UUID, spans: Sequence[tuple[datetime, datetime]], wallet_ids: Collection[UUID] | None = None
) -> list[Traded]:
    """Of these wallets and those of `closed_below`, or of all: from each beginning to before its end; one query."""
    begins, ends = [one for one, _ in spans], [one for _, one in spans]
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [owner_id, begins, ends, None if wallet_ids is None else list(wallet_ids)])
        return [Traded(row[0] - 1, *row[1:]) for row in cursor.fetchall()]


def figures(sums: Sequence[Traded]) -> TradeFigures:
    """All of them together; no amounts where they are paid in several assets."""
    quotes = {one.quote for one in sums}
    return figures_of(
        sum(one.trades for one in sums), sum(one.won_trades for one in sums), sum(one.lost_trades for one in sums),
        sum((one.won for one in sums), ZERO), sum((one.lost for one in sums), ZERO),
        quote=quotes.pop() if len(quotes) == 1 else None,
    )  # fmt: skip

"""Where a figure comes from: the rows that it is the sum of, down to the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit.statements import planned_once
from portfolio import valuation

ROWS: Final = 500

_LINES: Final = f"""{valuation.BOOKS}
SELECT held_by.wallet_id, held_by.name, held_by.role, venue_name(holding.venue), holding.asset, holding.base,
       holding.held, holding.price, holding.value, holding.source, holding.at, holding.symbol, opened.side,
       opened.contracts, opened.contract_size, opened.entry_price, opened.mark_price, opened.is_inverse,
       opened.at, count(*) OVER (), sum(holding.value) OVER ()
FROM holding
JOIN wallet_places AS held_by USING (wallet_id)
LEFT JOIN derivative AS opened USING (position_id)
WHERE holding.scope = %(only)s AND (holding.held <> 0 OR holding.position_id IS NOT NULL)
ORDER BY abs(holding.value) DESC NULLS FIRST, held_by.created_at, holding.asset, holding.symbol
LIMIT {ROWS}
"""  # noqa: S608 - joined from constants


@dataclass(frozen=True, slots=True)
class Line:
    """One balance of one wallet and what it is worth; its entries are on the wallet's page.

    `venue` is its name, `value` in `base`. With a `symbol` it is an open derivative of the wallet: `quantity` is what
    it has won or lost, as its venue told it at `told_at`, which follows from what stands after the symbol
    (`quant.contracts.unrealized_profit`).
    """

    wallet_id: UUID
    wallet: str
    role: str
    venue: str
    asset: str
    base: str
    quantity: Decimal
    price: Decimal | None
    value: Decimal | None
    source: str | None
    priced_at: datetime | None
    symbol: str
    side: str | None
    contracts: Decimal | None
    contract_size: Decimal | None
    entry_price: Decimal | None
    mark_price: Decimal | None
    is_inverse: bool | None
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class NetValue:
    """The lines that a value is the sum of, largest first; those without a price come before all. `count` is of all.

    The total is None where no line has a price.
    """

    lines: Sequence[Line]
    count: int
    total: Decimal | None


def net_value(parameters: dict[str, Any]) -> NetValue:
    """What the value of the scope `parameters["only"]` (see `valuation.parameters`) consists of."""
    with planned_once(connection) as cursor:
        cursor.execute(_LINES, parameters)
        rows = cursor.fetchall()
    if not rows:
        return NetValue((), 0, Decimal(0))
    return NetValue([Line(*row[:-2]) for row in rows], rows[0][-2], rows[0][-1])

"""The lists as CSV: plain decimals, UTC in ISO 8601, one column per figure, read in pieces of bounded size."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any, Final

from kit.decimals import plain
from kit.sentences import Sentence
from trading.selectors.orders import export_orders
from trading.selectors.positions import export_positions
from trading.selectors.trades import export_trades

# A cell that starts like this is a formula to a spreadsheet; names and reasons are text that anybody may write.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Export:
    """A file's name, its columns (attributes of the rows) and where the next rows come from."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[..., Sequence[Any]]

    def piece(self, *, start: int, **asked: Any) -> tuple[str, int]:
        """The lines of the rows from `start` on, the head before the first; and how many rows there were."""
        rows = self.rows(start=start, **asked)
        file = StringIO()
        writer = csv.writer(file)
        if start == 0:
            writer.writerow(self.columns)
        writer.writerows([_cell(getattr(row, column)) for column in self.columns] for row in rows)
        return file.getvalue(), len(rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.0f}"
    text = value.exact if isinstance(value, Sentence) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


ORDERS = Export(
    "orders",
    (
        "created_at",
        "id",
        "client_order_id",
        "symbol",
        "side",
        "type",
        "limit_price",
        "trigger_price",
        "trail",
        "trail_share",
        "trail_atr",
        "trail_timeframe",
        "target_price",
        "time_in_force",
        "expires_at",
        "post_only",
        "reduce_only",
        "quantity",
        "filled_quantity",
        "reference_price",
        "average_price",
        "notional",
        "status",
        "outcome",
        "origin",
        "farm",
        "wallet",
        "reason",
        "refusal",
        "closed_at",
    ),
    export_orders,
)
POSITIONS = Export(
    "positions",
    (
        "opened_at",
        "id",
        "symbol",
        "direction",
        "quantity",
        "entry_price",
        "mark",
        "mark_at",
        "mark_source",
        "value",
        "unrealized_pnl",
        "realized_pnl",
        "fees",
        "break_even",
        "exit_stop",
        "exit_target",
        "farm",
        "wallet",
        "entry_reason",
    ),
    export_positions,
)
TRADES = Export(
    "trades",
    (
        "closed_at",
        "opened_at",
        "duration",
        "id",
        "symbol",
        "direction",
        "quantity",
        "entry_price",
        "exit_price",
        "break_even",
        "fees",
        "pnl",
        "pnl_return",
        "farm",
        "wallet",
        "entry_reason",
        "exit_reason",
    ),
    export_trades,
)

"""What perpetuals on paper had won or lost at a moment of the past: their trades replayed, at the prices of then."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from markets.models import Instrument
from quant.margin import Leveraged, after_trade, unrealized, worth
from trading.models import Fill, Position, Side

Key = tuple[UUID, int]
KEY: Final = ("wallet_id", "instrument_id")
# (wallet, the asset that it is paid in, the asset that it follows) → what that cost and when it was said, or None.
Price = Callable[[UUID, str, str], tuple[Decimal, datetime] | None]

COLUMNS: Final = {
    "position_id": "bigint", "wallet_id": "uuid", "symbol": "text", "side": "text", "asset": "text",
    "underlying": "text", "contracts": "numeric", "contract_size": "numeric", "entry_price": "numeric",
    "mark_price": "numeric", "is_inverse": "boolean", "profit": "numeric", "notional": "numeric", "units": "numeric",
    "at": "timestamptz",
}  # fmt: skip
# Instead of the SQL function `wallet_derivatives`, which tells of now.
TOLD: Final = (
    f"unnest({', '.join(f'%(derivative_{name})s::{kind}[]' for name, kind in COLUMNS.items())}) "
    f"AS told ({', '.join(COLUMNS)})"
)


class Perpetuals:
    """The positions as they stood, led on from one moment to the next and never back. Read it as the tenant."""

    def __init__(self, *, owner_id: UUID, at: datetime, until: datetime) -> None:
        rows = Position.objects.filter(owner_id=owner_id, leverage__isnull=False)
        there = rows.filter(Q(closed_at__isnull=True) | Q(closed_at__gt=at), opened_at__lte=until)
        first: dict[Key, datetime] = {
            (wallet, instrument): opened
            for wallet, instrument, opened in there.order_by("-opened_at").values_list(*KEY, "opened_at")
        }
        self.instruments = Instrument.objects.in_bulk({instrument for _, instrument in first})
        self._held: dict[Key, Leveraged] = defaultdict(Leveraged)
        self._fills: list[Fill] = []
        for (wallet, instrument), opened in first.items():
            own, since = rows.filter(wallet_id=wallet, instrument_id=instrument), opened
            # A trade that turned a position round closed another one at the same moment.
            while before := own.filter(closed_at=since, opened_at__lt=since).first():
                since = before.opened_at
            fills = Fill.objects.filter(owner_id=owner_id, wallet_id=wallet, instrument_id=instrument)
            self._fills += fills.filter(filled_at__gte=since, filled_at__lte=until)
        self._fills.sort(key=lambda fill: (fill.filled_at, fill.pk))
        self._next = 0

    def lead_to(self, at: datetime) -> None:
        """Take in the trades up to and including `at`, never back."""
        while self._next < len(self._fills) and self._fills[self._next].filled_at <= at:
            fill = self._fills[self._next]
            key = (fill.wallet_id, fill.instrument_id)
            change = fill.quantity if fill.side == Side.BUY else -fill.quantity
            self._held[key], _ = after_trade(self._held[key], change, fill.price, Decimal(1))
            self._next += 1

    @property
    def open(self) -> dict[Key, Leveraged]:
        return {key: held for key, held in self._held.items() if held.quantity}

    def told(self, price: Price) -> dict[str, list[Any]]:
        """What `TOLD` reads; what has no price is left out."""
        told: dict[str, list[Any]] = {f"derivative_{name}": [] for name in COLUMNS}
        for number, ((wallet, pk), held) in enumerate(self.open.items(), start=1):
            instrument = self.instruments[pk]
            if (said := price(wallet, instrument.quote, instrument.base)) is None:
                continue
            (mark, at), sign = said, 1 if held.quantity > 0 else -1
            row = (
                number, wallet, instrument.symbol, "long" if sign > 0 else "short", instrument.quote, instrument.base,
                held.size, Decimal(1), held.entry_price, mark, False, unrealized(held, mark),
                sign * worth(held.quantity, mark), held.quantity, at,
            )  # fmt: skip
            for name, value in zip(COLUMNS, row, strict=True):
                told[f"derivative_{name}"].append(value)
        return told

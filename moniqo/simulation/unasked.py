"""What flows never ask of the exchange that fails."""

from collections.abc import Sequence
from datetime import datetime

from wallets.venues.base import (
    CandleReport,
    CredentialsReport,
    IncomeReport,
    MarketReport,
    MovementReport,
    PositionReport,
    TickerReport,
)


class Unasked:
    """It lists nothing and has nothing but orders and balances."""

    def markets(self) -> tuple[MarketReport, ...]:
        return ()

    def tickers(self, symbols: Sequence[str] | None = None) -> tuple[TickerReport, ...]:
        return ()

    def candles(self, symbol: str, timeframe: str, since: datetime, limit: int) -> tuple[CandleReport, ...]:
        return ()

    def positions(self) -> tuple[PositionReport, ...]:
        return ()

    def movements_since(self, since: datetime) -> tuple[MovementReport, ...]:
        return ()

    def income_since(self, since: datetime) -> tuple[IncomeReport, ...]:
        return ()

    def check_credentials(self) -> CredentialsReport:
        return CredentialsReport(can_trade=True, can_withdraw=False)

"""Orders, round trips and limits."""

from trading.models.ai_state import AiState
from trading.models.life import Amendment, Cancellation, Fill, OrderEvent
from trading.models.orders import (
    NOTIONAL,
    REFUSED,
    RESTING_STOP,
    UNFINISHED,
    UNFINISHED_ONES,
    Order,
    OrderQuerySet,
    Origin,
    Side,
    TimeInForce,
)
from trading.models.positions import HeldTotal, Position, TradeDay, TradeSlice, TradeSums, TradeTotal
from trading.models.risk import EntryLock, PlatformLimit, RiskDecision, RiskLimit
from trading.models.stops import EmergencyStop, MassCancellation

__all__ = (
    "NOTIONAL",
    "REFUSED",
    "RESTING_STOP",
    "UNFINISHED",
    "UNFINISHED_ONES",
    "AiState",
    "Amendment",
    "Cancellation",
    "EmergencyStop",
    "EntryLock",
    "Fill",
    "HeldTotal",
    "MassCancellation",
    "Order",
    "OrderEvent",
    "OrderQuerySet",
    "Origin",
    "PlatformLimit",
    "Position",
    "RiskDecision",
    "RiskLimit",
    "Side",
    "TimeInForce",
    "TradeDay",
    "TradeSlice",
    "TradeSums",
    "TradeTotal",
)

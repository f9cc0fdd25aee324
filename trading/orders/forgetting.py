"""What happened to an order, step by step, and what the gate said of it: how long that is kept.

Of an order that was filled it explains where money went, and stays as long as its fills. One that moved nothing says in
its own row why it ended; its steps go after a while. One that is not over keeps them.
"""

from typing import Final

from kit.months import Months

_STAYS: Final = """
EXISTS (
    SELECT FROM trading_order AS its
    WHERE its.id = old.order_id AND (its.filled_quantity > 0 OR its.closed_at IS NULL)
)
"""
EVENTS: Final = Months("trading_orderevent", by="created_at", days="ORDER_LOG_DAYS", stays=_STAYS)
DECISIONS: Final = Months("trading_riskdecision", by="created_at", days="ORDER_LOG_DAYS", stays=_STAYS)

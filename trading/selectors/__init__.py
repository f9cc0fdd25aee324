"""Reads for pages, the API and the apps above: frozen rows, a fixed number of queries each."""

from trading.selectors.filters import Filters, Listing
from trading.selectors.life import OrderLife, order_life
from trading.selectors.limits import Counted, LimitPath, LimitStep, connection_limits, counted_on_paths, wallet_limits
from trading.selectors.orders import OrderRow, list_orders, orders, protective_orders, unfinished_orders
from trading.selectors.positions import PositionRow, list_positions, newest_open_positions, open_positions
from trading.selectors.round_trips import RoundTrip, round_trip
from trading.selectors.trades import FillRow, TradeRow, closed_positions, fills, list_trades

__all__ = (
    "Counted",
    "FillRow",
    "Filters",
    "LimitPath",
    "LimitStep",
    "Listing",
    "OrderLife",
    "OrderRow",
    "PositionRow",
    "RoundTrip",
    "TradeRow",
    "closed_positions",
    "connection_limits",
    "counted_on_paths",
    "fills",
    "list_orders",
    "list_positions",
    "list_trades",
    "newest_open_positions",
    "open_positions",
    "order_life",
    "orders",
    "protective_orders",
    "round_trip",
    "unfinished_orders",
    "wallet_limits",
)

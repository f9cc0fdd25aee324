"""Writes of market data. It is shared by every owner, so nothing here needs a tenant."""

from markets.candles.storing import prune_candles, store_candles
from markets.services.instruments import (
    ensure_instrument,
    ensure_simulated_instruments,
    list_perpetuals,
    well_known_first,
)
from markets.services.quotes import NewQuote, record_quotes
from markets.services.simulation import continue_simulated, generate_history, play_simulated_markets, simulated_since

__all__ = (
    "NewQuote",
    "continue_simulated",
    "ensure_instrument",
    "ensure_simulated_instruments",
    "generate_history",
    "list_perpetuals",
    "play_simulated_markets",
    "prune_candles",
    "record_quotes",
    "simulated_since",
    "store_candles",
    "well_known_first",
)

"""Market data for operators.

Candles are not here: their key is composite (instrument, timeframe, opening time), which Django's admin cannot
register, and nobody reads millions of bars in a list. `manage.py import_candles` imports them and reports on them.
"""

from types import MappingProxyType

from django.contrib import admin

from kit.admin import ReadOnlyAdmin, SwitchAdmin
from markets.models import FeedState, Instrument, KeptSeries, Ticker


@admin.register(Instrument)
class InstrumentAdmin(SwitchAdmin):
    """Feeds and venues name instruments and their steps; operators take one out of use, or back into it."""

    switches = ("is_active",)
    units = MappingProxyType({"minimum_notional": "quote", "lot_size": "base"})
    list_display = ("symbol", "venue", "kind", "tick_size", "lot_size", "minimum_notional", "is_simulated", "is_active")
    list_filter = ("venue", "kind", "is_simulated", "is_active", "quote")
    search_fields = ("symbol", "base", "quote", "venue")


@admin.register(Ticker)
class TickerAdmin(ReadOnlyAdmin):
    prices = MappingProxyType({"price": "instrument", "bid": "instrument", "ask": "instrument"})
    list_display = ("instrument", "price", "bid", "ask", "source", "at")
    list_filter = ("source", "instrument__venue")
    list_select_related = ("instrument",)
    search_fields = ("instrument__symbol",)


@admin.register(FeedState)
class FeedStateAdmin(ReadOnlyAdmin):
    list_display = ("name", "updated_at")
    search_fields = ("name",)


@admin.register(KeptSeries)
class KeptSeriesAdmin(ReadOnlyAdmin):
    list_display = ("instrument", "timeframe")
    list_filter = ("timeframe", "instrument__venue")
    list_select_related = ("instrument",)
    search_fields = ("instrument__symbol",)

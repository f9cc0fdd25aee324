"""What the laboratory tried, for operators: to read."""

from django.contrib import admin

from farms.models import Backtest, BacktestResult, Verdict
from kit.admin import ReadOnlyAdmin


@admin.register(Backtest)
class BacktestAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "strategy", "timeframe", "status", "progress", "attempts", "error")
    list_filter = ("status", "strategy", "timeframe", "created_at")
    list_select_related = ("owner",)
    search_fields = ("owner__email", "strategy")


@admin.register(BacktestResult)
class BacktestResultAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "backtest", "owner", "bars", "trade_count", "total_return", "outcome", "seconds")
    list_filter = ("created_at",)
    list_select_related = ("owner", "backtest")
    search_fields = ("owner__email", "outcome", "candles")
    exclude = ("trades", "curve", "charts")


@admin.register(Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "backtest", "owner", "is_significant", "trials", "deflated_sharpe")
    list_filter = ("is_significant", "created_at")
    list_select_related = ("owner", "backtest")
    search_fields = ("owner__email",)

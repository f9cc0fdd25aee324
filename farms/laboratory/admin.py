"""What the laboratory tried, for operators: to read."""

from django.contrib import admin

from farms.models import Backtest, BacktestResult, Download, Sweep, SweepBlock, SweepResult, Verdict
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


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "strategy", "timeframe", "method", "trials", "status", "progress", "error")
    list_filter = ("status", "method", "strategy", "timeframe", "created_at")
    list_select_related = ("owner",)
    search_fields = ("owner__email", "strategy")


@admin.register(SweepBlock)
class SweepBlockAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "sweep", "number", "owner", "trials", "status", "attempts", "error")
    list_filter = ("status", "created_at")
    list_select_related = ("owner", "sweep")
    search_fields = ("owner__email", "sweep__strategy")
    exclude = ("points", "body")


@admin.register(SweepResult)
class SweepResultAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "sweep", "owner", "bars", "trials", "best_score", "is_significant", "outcome")
    list_filter = ("is_significant", "created_at")
    list_select_related = ("owner", "sweep")
    search_fields = ("owner__email", "outcome", "candles")


@admin.register(Download)
class DownloadAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "exchange", "symbol", "timeframe", "owner", "status", "progress", "written", "error")
    list_filter = ("status", "exchange", "timeframe", "created_at")
    list_select_related = ("owner",)
    search_fields = ("owner__email", "symbol")

"""The portfolio for operators: everything here is computed, so nothing can be changed."""

from types import MappingProxyType

from django.contrib import admin

from kit.admin import ReadOnlyAdmin
from portfolio.models import (
    AllocationPlan,
    Correction,
    DailyPerformance,
    ExposureLevel,
    ExposureLimit,
    FlowMark,
    HourlyPerformance,
    PortfolioState,
    RebalanceRule,
    RebalanceRun,
    Snapshot,
    Stay,
)


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"equity": "base", "flow": "base"})
    list_display = ("at", "owner", "wallet", "equity", "flow", "twr_index", "is_stale")
    list_filter = ("is_stale", "at")
    search_fields = ("owner__email", "wallet__name")
    list_select_related = ("owner", "wallet")
    ordering = ("-at", "-id")


PARTS = MappingProxyType(
    {
        "equity": "base",
        "flow": "base",
        "market": "base",
        "realized": "base",
        "funding": "base",
        "fees": "base",
        "adjustments": "base",
    }
)


# What an hour and a day show alike.
ROLLED = (
    "owner", "wallet", "equity", "flow", "market", "realized", "funding", "fees", "adjustments", "twr",
)  # fmt: skip


@admin.register(HourlyPerformance)
class HourlyPerformanceAdmin(ReadOnlyAdmin):
    units = PARTS
    list_display = ("at", *ROLLED)
    list_filter = ("at",)
    search_fields = ("owner__email", "wallet__name")
    list_select_related = ("owner", "wallet")


@admin.register(DailyPerformance)
class DailyPerformanceAdmin(ReadOnlyAdmin):
    units = PARTS
    list_display = ("day", *ROLLED)
    list_filter = ("day",)
    search_fields = ("owner__email", "wallet__name")
    list_select_related = ("owner", "wallet")


@admin.register(PortfolioState)
class PortfolioStateAdmin(ReadOnlyAdmin):
    list_display = ("owner", "synced_at", "syncing_since", "valued_at", "rolled_to", "building")
    search_fields = ("owner__email",)
    list_select_related = ("owner",)


@admin.register(FlowMark)
class FlowMarkAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"flow": "asset", "fees": "asset", "funding": "asset", "adjustments": "asset"})
    list_display = ("owner", "wallet", "base", "venue", "asset", "flow", "fees", "funding", "adjustments")
    list_filter = ("asset",)
    search_fields = ("owner__email", "wallet__name")
    list_select_related = ("owner", "wallet")


@admin.register(AllocationPlan)
class AllocationPlanAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"capital": "base"})
    list_display = (
        "created_at",
        "owner",
        "wallet",
        "method",
        "used",
        "days",
        "capital",
        "expected_return",
        "volatility",
    )
    list_filter = ("method", "used", "created_at")
    search_fields = ("owner__email", "wallet__name", "method")
    list_select_related = ("owner", "wallet")


@admin.register(ExposureLimit)
class ExposureLimitAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "wallet", "__str__", "action", "recovers")
    list_filter = ("kind", "action", "recovers")
    search_fields = ("owner__email", "wallet__name", "subject")
    list_select_related = ("owner", "wallet")


@admin.register(ExposureLevel)
class ExposureLevelAdmin(ReadOnlyAdmin):
    list_display = ("at", "owner", "limit", "__str__", "level", "since")
    list_filter = ("level", "since")
    search_fields = ("owner__email", "subject", "limit__kind")
    list_select_related = ("owner", "limit")


@admin.register(RebalanceRule)
class RebalanceRuleAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "wallet", "__str__", "is_on", "band", "automatic_up_to", "after_goals")
    list_filter = ("is_on", "every", "method")
    search_fields = ("owner__email", "wallet__name", "method")
    list_select_related = ("owner", "wallet")


@admin.register(RebalanceRun)
class RebalanceRunAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"capital": "base", "cost": "base"})
    list_display = ("due_at", "owner", "rule", "status", "capital", "drift", "turnover", "cost")
    list_filter = ("status", "due_at")
    search_fields = ("owner__email", "rule__wallet__name", "key")
    list_select_related = ("owner", "rule")


@admin.register(Stay)
class StayAdmin(ReadOnlyAdmin):
    list_display = ("until", "owner", "wallet", "under")
    list_filter = ("until",)
    search_fields = ("owner__email", "wallet__name", "under__name")
    list_select_related = ("owner", "wallet", "under")


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "kind", "wallet", "since", "until", "done_to", "finished_at", "written")
    list_filter = ("kind", "created_at")
    search_fields = ("owner__email", "wallet__name")
    list_select_related = ("owner", "wallet")

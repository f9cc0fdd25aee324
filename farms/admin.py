"""Farms, agents and their runs, for operators. What the engine writes can be read only."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from farms.models import Agent, AgentFarmAssignment, AgentRun, Farm, FarmEvent
from kit.admin import ReadOnlyAdmin


@admin.register(Farm)
class FarmAdmin(ModelAdmin):
    list_display = ("name", "owner", "kind", "status", "maximum_share", "created_at")
    list_filter = ("status", "kind", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__email")
    readonly_fields = ("owner", "wallet")


@admin.register(Agent)
class AgentAdmin(ModelAdmin):
    list_display = (
        "name",
        "owner",
        "farm",
        "strategy",
        "instrument",
        "timeframe",
        "status",
        "failures",
        "status_detail",
    )
    list_filter = ("status", "strategy", "timeframe", "instrument__venue")
    list_select_related = ("owner", "farm", "instrument")
    search_fields = ("name", "farm__name", "owner__email", "instrument__symbol")
    readonly_fields = ("owner", "farm", "wallet", "instrument", "last_bar", "failures")


@admin.register(AgentFarmAssignment)
class AgentFarmAssignmentAdmin(ReadOnlyAdmin):
    list_display = ("agent", "farm", "owner", "started_at", "ended_at")
    list_filter = ("started_at",)
    list_select_related = ("agent", "farm", "owner")
    search_fields = ("agent__name", "farm__name", "owner__email")


@admin.register(AgentRun)
class AgentRunAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agent", "owner", "instrument", "decision", "explanation", "order_id")
    list_filter = ("decision", "created_at")
    list_select_related = ("agent", "owner", "instrument")
    search_fields = ("agent__name", "owner__email", "explanation")


@admin.register(FarmEvent)
class FarmEventAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "farm", "agent", "owner", "kind", "detail")
    list_filter = ("kind", "created_at")
    list_select_related = ("farm", "agent", "owner")
    search_fields = ("farm__name", "agent__name", "owner__email", "detail")

"""Farms, agents and their runs, for operators: to read, and to pause what must not go on."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from farms.advice import admin as advice  # noqa: F401  # registers its tables
from farms.laboratory import admin as laboratory  # noqa: F401  # registers its tables
from farms.models import (
    Agent,
    AgentFarmAssignment,
    AgentRun,
    Farm,
    FarmEvent,
    Promotion,
    SavedStrategy,
    StrategyVersion,
)
from farms.services import pause_agent, pause_farm
from kit import tenancy
from kit.admin import ReadOnlyAdmin, note


@admin.register(Farm)
class FarmAdmin(ReadOnlyAdmin):
    """Farms are made by their owners, with a wallet and a diary: a form of columns would make half of one."""

    list_display = ("name", "owner", "kind", "status", "maximum_share", "created_at")
    list_filter = ("status", "kind", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__email")
    actions = ("pause",)

    @admin.action(description="Pause: no new decisions, positions keep their stops")
    def pause(self, request: HttpRequest, farms: QuerySet[Farm]) -> None:
        for farm in farms:
            with tenancy.tenant(farm.owner_id):
                pause_farm(owner_id=farm.owner_id, farm_id=farm.pk)
                note(request, farm, "paused")


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    """An agent's strategy and parameters belong together and are checked where its owner changes them."""

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
    actions = ("pause",)

    @admin.action(description="Pause: no new decisions, a position keeps its stop")
    def pause(self, request: HttpRequest, agents: QuerySet[Agent]) -> None:
        for agent in agents:
            with tenancy.tenant(agent.owner_id):
                pause_agent(owner_id=agent.owner_id, agent_id=agent.pk)
                note(request, agent, "paused")


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


@admin.register(SavedStrategy)
class SavedStrategyAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner", "strategy", "created_at", "archived_at")
    list_filter = ("strategy", "created_at", "archived_at")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__email")


@admin.register(StrategyVersion)
class StrategyVersionAdmin(ReadOnlyAdmin):
    list_display = ("saved", "number", "owner", "instrument", "timeframe", "bars", "created_at")
    list_filter = ("saved__strategy", "created_at")
    list_select_related = ("saved", "owner", "instrument")
    search_fields = ("saved__name", "owner__email")


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agent", "promoted_from", "owner", "verdict", "reason")
    list_filter = ("created_at",)
    list_select_related = ("agent", "promoted_from", "owner", "verdict")
    search_fields = ("agent__name", "owner__email")

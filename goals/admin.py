"""Goals for operators: to read, and to pause or try again what must not go on as it is."""

from types import MappingProxyType

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from goals.models import (
    Goal,
    GoalAction,
    GoalAssignment,
    GoalCursor,
    GoalEvent,
    GoalMove,
    GoalProgress,
    GoalTotal,
)
from goals.services import pause
from kit import tenancy
from kit.admin import ReadOnlyAdmin, note


@admin.register(Goal)
class GoalAdmin(ReadOnlyAdmin):
    """A goal's target, scope and actions are checked where its owner writes them."""

    list_display = ("name", "owner", "kind", "status", "paused_at", "progress", "ends_at", "is_behind")
    list_filter = ("status", "kind", "is_behind", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__email")
    actions = ("pause",)

    @admin.action(description="Pause: it counts on, and is neither achieved nor missed")
    def pause(self, request: HttpRequest, goals: QuerySet[Goal]) -> None:
        for goal in goals.filter(status=Goal.Status.ACTIVE):
            with tenancy.tenant(goal.owner_id):
                pause(owner_id=goal.owner_id, goal_id=goal.pk)
                note(request, goal, "paused")


@admin.register(GoalAction)
class GoalActionAdmin(ReadOnlyAdmin):
    list_display = ("goal", "owner", "number", "do", "status", "tries", "next_try_at", "result")
    list_filter = ("status", "do")
    list_select_related = ("goal", "owner")
    search_fields = ("goal__name", "owner__email")
    actions = ("try_now",)

    @admin.action(description="Try again now")
    def try_now(self, request: HttpRequest, steps: QuerySet[GoalAction]) -> None:
        for step in steps.exclude(next_try_at=None):
            with tenancy.tenant(step.owner_id):
                GoalAction.objects.filter(pk=step.pk).update(next_try_at=None)
                note(request, step, "to be tried now")


@admin.register(GoalMove)
class GoalMoveAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "goal", "owner", "purpose", "source", "target", "amount", "asset")
    list_filter = ("purpose", "created_at")
    list_select_related = ("goal", "owner", "source", "target")
    search_fields = ("goal__name", "owner__email", "source__name", "target__name")
    units = MappingProxyType({"amount": "asset"})


@admin.register(GoalEvent)
class GoalEventAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "goal", "owner", "kind", "detail")
    list_filter = ("kind", "created_at")
    list_select_related = ("goal", "owner")
    search_fields = ("goal__name", "owner__email", "detail")


@admin.register(GoalAssignment)
class GoalAssignmentAdmin(ReadOnlyAdmin):
    list_display = ("goal", "wallet", "owner", "since", "until")
    list_select_related = ("goal", "wallet", "owner")
    search_fields = ("goal__name", "wallet__name", "owner__email")


@admin.register(GoalTotal)
class GoalTotalAdmin(ReadOnlyAdmin):
    list_display = ("goal", "owner", "quote", "fills", "volume", "trades", "won", "lost")
    list_select_related = ("goal", "owner")
    search_fields = ("goal__name", "owner__email")
    units = MappingProxyType({"volume": "quote", "won": "quote", "lost": "quote"})


@admin.register(GoalProgress)
class GoalProgressAdmin(ReadOnlyAdmin):
    list_display = ("at", "goal", "owner", "progress")
    list_filter = ("at",)
    list_select_related = ("goal", "owner")
    search_fields = ("goal__name", "owner__email")


@admin.register(GoalCursor)
class GoalCursorAdmin(ReadOnlyAdmin):
    list_display = ("owner", "read_to", "measured_at")
    list_select_related = ("owner",)
    search_fields = ("owner__email",)

from django.contrib import admin

from kit.admin import ReadOnlyAdmin
from kit.alerts.models import Alert, Mute, PlatformAlert, TaskFailure


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "level", "kind", "owner", "times", "created_at", "last_seen_at", "resolved_at")
    list_filter = ("level", "kind", ("resolved_at", admin.EmptyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("title", "body", "key", "owner__email")


@admin.register(PlatformAlert)
class PlatformAlertAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "level", "kind", "times", "created_at", "last_seen_at", "acknowledged_by", "resolved_at")
    list_filter = ("level", "kind", ("resolved_at", admin.EmptyFieldListFilter))
    search_fields = ("title", "body", "key")


@admin.register(Mute)
class MuteAdmin(ReadOnlyAdmin):
    list_display = ("key", "owner", "until", "created_at")
    list_select_related = ("owner",)
    search_fields = ("key", "owner__email")


@admin.register(TaskFailure)
class TaskFailureAdmin(ReadOnlyAdmin):
    list_display = ("work", "owner", "failures", "failed_at", "error")
    search_fields = ("work", "error", "owner__email")

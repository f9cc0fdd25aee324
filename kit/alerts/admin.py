from django.contrib import admin

from kit.admin import ReadOnlyAdmin
from kit.alerts.models import Alert, TaskFailure


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("title", "level", "owner", "created_at", "resolved_at")
    list_filter = ("level", ("resolved_at", admin.EmptyFieldListFilter))
    search_fields = ("title", "body", "key", "owner__email")


@admin.register(TaskFailure)
class TaskFailureAdmin(ReadOnlyAdmin):
    list_display = ("work", "owner", "failures", "failed_at", "error")
    search_fields = ("work", "error", "owner__email")

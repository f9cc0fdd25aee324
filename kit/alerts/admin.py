from django.contrib import admin

from kit.admin import ReadOnlyAdmin
from kit.alerts.models import Alert, Channel, Delivery, Mute, PlatformAlert, TaskFailure


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


@admin.register(Channel)
class ChannelAdmin(ReadOnlyAdmin):
    """Whose channels take messages. Their addresses are told to nobody, not even sealed."""

    list_display = ("name", "kind", "owner", "level", "is_active", "last_success_at", "last_error_at", "last_error")
    list_filter = ("kind", "is_active")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__email")
    exclude = ("address",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "channel", "owner", "tries", "created_at", "next_try_at", "ended_at", "said")
    list_filter = ("status", "purpose")
    list_select_related = ("owner", "channel")
    search_fields = ("channel__name", "said", "owner__email")


@admin.register(TaskFailure)
class TaskFailureAdmin(ReadOnlyAdmin):
    list_display = ("work", "owner", "failures", "failed_at", "error")
    search_fields = ("work", "error", "owner__email")

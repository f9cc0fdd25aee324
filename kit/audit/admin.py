"""The audit log of everybody, for operators: to read and to search."""

from django.contrib import admin

from kit.admin import ReadOnlyAdmin
from kit.audit.models import AuditEntry, Call


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "owner", "area", "action", "subject", "actor", "channel", "address")
    list_filter = ("area", "channel", "at")
    list_select_related = ("owner", "actor")
    search_fields = ("owner__email", "actor__email", "action", "subject", "address")
    date_hierarchy = "at"


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
    list_display = ("at", "owner", "protocol", "tool", "status", "milliseconds", "token_id")
    list_filter = ("protocol", "status", "at")
    list_select_related = ("owner",)
    search_fields = ("owner__email", "tool")
    date_hierarchy = "at"

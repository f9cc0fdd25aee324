"""What programs asked for, for operators: to read."""

from django.contrib import admin

from kit.admin import ReadOnlyAdmin
from kit.approvals.models import Approval


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "kind", "status", "owner", "asked_by", "created_at", "expires_at", "answered_at")
    list_filter = ("kind", "status")
    list_select_related = ("owner",)
    search_fields = ("asked_by", "owner__email")

"""What the operators' admin has in common."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline


class ReadOnly:
    """Rows that may be looked at and never touched: append-only tables, and what only the engine may write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """A list and a page to read."""

    show_full_result_count = False


class ReadOnlyInline(ReadOnly, TabularInline):
    """Rows of another table under their parent, to read."""

    extra = 0
    show_change_link = True

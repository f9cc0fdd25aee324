"""Operators manage people here. Passwords are set, never shown."""

import re
from http import HTTPStatus
from typing import Any

from axes.models import AccessAttempt, AccessLog
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from kit import days
from kit.admin import AuditedAdmin, ReadOnlyAdmin, note
from kit.users import security
from kit.users.models import RecoveryCode, SecondFactor, Token, User

CURRENCY = re.compile(r"[A-Z0-9]{2,12}")

DISPLAY = (
    "base_currency", "timezone", "number_format", "date_format", "theme", "palette", "privacy", "shortcuts",
)  # fmt: skip

admin.site.unregister(Group)


class PersonForm(UserChangeForm):
    """What pages are formatted by must be something they can format by."""

    def clean_timezone(self) -> str:
        timezone: str = self.cleaned_data["timezone"]
        if timezone not in days.zones():
            raise ValidationError("Name a time zone such as Europe/Berlin.")
        return timezone

    def clean_base_currency(self) -> str:
        currency: str = self.cleaned_data["base_currency"]
        if not CURRENCY.fullmatch(currency):
            raise ValidationError("Name an asset by its symbol, such as USDT.")
        return currency


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], AuditedAdmin):
    """People are disabled, never deleted: what they did stays."""

    form = PersonForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "theme")
    search_fields = ("email", "name", "id")
    ordering = ("email",)
    readonly_fields = ("id", "date_joined", "last_login")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("id", "email", "name", "password")}),
        (
            "Display",
            {
                "fields": (
                    "base_currency",
                    "timezone",
                    "number_format",
                    "date_format",
                    "theme",
                    "palette",
                    "privacy",
                    "shortcuts",
                )
            },
        ),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Django's page; a new password is noted in the log of whose it is."""
        response = super().user_change_password(request, id, form_url)
        person = self.get_object(request, unquote(id))
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND and person is not None:
            note(request, person, "given a new password")
            security.on_password_changed(person)
        return response


@admin.register(AccessAttempt)
class AccessAttemptAdmin(AuditedAdmin):
    """Who typed wrong passwords. Deleting a row lifts the lock it led to, which the log notes."""

    list_display = ("attempt_time", "username", "ip_address", "path_info", "failures_since_start")
    list_filter = ("attempt_time",)
    search_fields = ("username", "ip_address")
    exclude = ("get_data", "post_data")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin):
    """Who signed in from where."""

    list_display = ("attempt_time", "username", "ip_address", "path_info", "logout_time")
    list_filter = ("attempt_time",)
    search_fields = ("username", "ip_address")


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """Whose program may do what, and until when. Owners revoke theirs; disabling a person ends all of theirs."""

    list_display = (
        "name",
        "owner",
        "kind",
        "scopes",
        "wallet_id",
        "asks_first",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = ("kind", "created_at", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("id", "name", "owner__email")
    exclude = ("password_mark",)


@admin.register(SecondFactor)
class SecondFactorAdmin(ReadOnlyAdmin):
    """Who has a second factor. Its key is nobody's to see."""

    list_display = ("owner", "confirmed_at")
    list_filter = (("confirmed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("owner",)
    search_fields = ("owner__email",)
    fields = ("owner", "confirmed_at")


@admin.register(RecoveryCode)
class RecoveryCodeAdmin(ReadOnlyAdmin):
    list_display = ("owner", "used_at")
    list_filter = (("used_at", admin.EmptyFieldListFilter),)
    list_select_related = ("owner",)
    search_fields = ("owner__email",)
    fields = ("owner", "used_at")

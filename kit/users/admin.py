"""Operators manage people here. Passwords are set, never shown."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from kit.admin import ReadOnlyAdmin
from kit.users.models import RecoveryCode, SecondFactor, Token, User

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ModelAdmin):
    form = UserChangeForm
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
        ("Display", {"fields": ("base_currency", "timezone", "theme", "palette", "privacy", "shortcuts")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),)


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """Whose program may do what, and until when. Owners revoke theirs; disabling a person ends all of theirs."""

    list_display = ("name", "owner", "kind", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")
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

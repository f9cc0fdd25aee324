"""Forms of one's own security. What weakens or extends access asks for the password again."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib.auth.forms import PasswordChangeForm as DjangoPasswordChangeForm
from django.core.exceptions import ValidationError

from kit.errors import MoniqoError
from kit.forms import TextField
from kit.users import bindings, throttle
from kit.users.models import Token, User

LIFETIMES: Final = {"30": "30 days", "90": "90 days", "365": "a year"}


class PasswordForm(forms.Form):
    """Asks `user` for the password, five times in a quarter of an hour."""

    password = TextField(
        label="Your password", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), max_length=1024
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        check_own_password(self.user, password)
        return password


class TokenForm(PasswordForm):
    """A token for a program of one's own."""

    name = TextField(max_length=80, help_text="Where it will be used, such as “Sheet on my laptop”.")
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=Token.Scope,
        widget=forms.CheckboxSelectMultiple,
        initial=(Token.Scope.READ,),
        error_messages={"required": "Choose what it may do."},
    )
    wallet_id = forms.ChoiceField(
        label="Where it may act",
        required=False,
        help_text="Only a trading agent's token is bound to a wallet: it acts there and below, and reads everything.",
    )
    asks_first = forms.BooleanField(
        label="Ask me first",
        required=False,
        help_text="It reads and asks on the page Approvals; what there is no question for, it may not do.",
    )
    days = forms.ChoiceField(label="It ends after", choices=tuple(LIFETIMES.items()), initial="90")

    field_order = ("name", "scopes", "wallet_id", "asks_first", "days", "password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        field = self.fields["wallet_id"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [("", "In all wallets"), *((str(pk), name) for pk, name in bindings.wallets_of(user.pk))]

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=int(self.cleaned_data["days"]))


class PasswordChangeForm(DjangoPasswordChangeForm):
    """Django's, whose tries at the old password are counted as well."""

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        check_own_password(self.user, password)
        return password


def check_own_password(user: User, password: str) -> None:
    """Raise ValidationError unless it is the user's, or after too many wrong ones."""
    try:
        throttle.require_password(user, password)
    except MoniqoError as error:
        raise ValidationError(str(error)) from error


class CodeForm(forms.Form):
    """The second step: digits of the app, or a recovery code."""

    code = TextField(
        label="Code",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
    )

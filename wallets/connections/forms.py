"""The form that opens a paper account, and the operators' form of a platform."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from kit.decimals import parse
from wallets.models import Platform
from wallets.venues.registry import ADAPTERS

FEES = {"maker", "taker"}
FIELD = {"name", "label", "secret", "required", "help"}


class PaperAccountForm(forms.Form):
    """A new account at the paper exchange."""

    name = forms.CharField(label="Name", max_length=80)
    venue = forms.ChoiceField(label="Prices")

    def __init__(self, given: QueryDict | None, *, venues: Sequence[tuple[str, str]]) -> None:
        super().__init__(given, initial={"name": "Paper account"}, label_suffix="")
        choices = self.fields["venue"]
        assert isinstance(choices, forms.ChoiceField)  # noqa: S101 - declared above
        choices.choices = list(venues)


class NameForm(forms.Form):
    """Another name for a connection."""

    name = forms.CharField(label="Name", max_length=80)


class PlatformForm(forms.ModelForm[Platform]):
    """A platform whose adapter exists, whose fees are fractions and whose credential fields have names."""

    class Meta:
        model = Platform
        fields = ("slug", "name", "adapter", "kind", "is_paper", "is_active", "credential_fields", "fees", "options")

    def clean_adapter(self) -> str:
        adapter: str = self.cleaned_data["adapter"]
        if adapter not in ADAPTERS:
            raise ValidationError(f"Choose one of: {', '.join(sorted(ADAPTERS))}.")
        return adapter

    def clean_credential_fields(self) -> list[dict[str, Any]]:
        fields = self.cleaned_data["credential_fields"] or []
        if not isinstance(fields, list) or not all(_is_field(field) for field in fields):
            raise ValidationError("A list of objects with a name, and if you like label, secret, required and help.")
        return fields

    def clean_fees(self) -> dict[str, str]:
        fees = self.cleaned_data["fees"] or {}
        if not isinstance(fees, dict) or not set(fees) <= FEES or not all(map(_is_fraction, fees.values())):
            raise ValidationError('Fractions as text, such as {"maker": "0.001", "taker": "0.001"}.')
        return fees

    def clean_options(self) -> dict[str, Any]:
        options = self.cleaned_data["options"] or {}
        if not isinstance(options, dict):
            raise ValidationError("An object with what the adapter needs.")
        return options


def _is_field(field: Any) -> bool:
    return (
        isinstance(field, dict) and isinstance(field.get("name"), str) and bool(field["name"]) and set(field) <= FIELD
    )


def _is_fraction(value: Any) -> bool:
    try:
        return isinstance(value, str) and 0 <= parse(value) < 1
    except ValueError:
        return False

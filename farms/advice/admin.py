"""Endpoints that models are asked at, for operators: an address is theirs, never a trader's text."""

from types import MappingProxyType
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminPasswordWidget

from farms.advice import endpoints
from farms.advice.addresses import require_private_or_secure
from farms.models import AdviceCall, AdviceEndpoint, AdviceLevel, AdviceProposal, AdviceSetting, AdviceWatch
from kit import sealing
from kit.admin import AuditedAdmin, ReadOnlyAdmin
from kit.errors import InvalidInputError
from kit.forms import AmountField, TextField, WholeField
from kit.models import MONEY


class EndpointForm(forms.ModelForm[AdviceEndpoint]):
    """The key is entered blind: what is stored is never shown again."""

    base_url = TextField(
        label="Base address", max_length=200, help_text="What stands before /chat/completions: https://…/v1"
    )
    value = TextField(
        label="Key",
        required=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget(render_value=False),
        help_text="Stored encrypted and never shown again. Empty: as it is, or none for one that asks for none.",
    )
    price_in = AmountField(
        label="Price of what is asked", min_value=0, initial=0, **MONEY, help_text="US dollars for a million tokens."
    )
    price_out = AmountField(
        label="Price of what is answered", min_value=0, initial=0, **MONEY, help_text="US dollars for a million tokens."
    )
    most_tokens = WholeField(
        label="Longest answer", min_value=50, max_value=32_000, initial=1_000, help_text="In tokens."
    )
    seconds = WholeField(label="Longest wait", min_value=1, max_value=300, initial=60, help_text="In seconds.")
    stopped = TextField(
        required=False, max_length=200, help_text="Why nobody asks it any more. Empty it once that is mended."
    )

    class Meta:
        model = AdviceEndpoint
        fields = (
            "name", "base_url", "model", "price_in", "price_out", "most_tokens", "seconds", "is_active", "stopped"
        )  # fmt: skip

    def clean_base_url(self) -> str:
        address: str = self.cleaned_data["base_url"]
        try:
            require_private_or_secure(address)
        except InvalidInputError as error:
            raise forms.ValidationError(str(error)) from error
        return address

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if key := found.get("value"):
            if not key.isascii() or not key.isprintable() or " " in key:
                self.add_error("value", "A key is of letters, digits and signs, without blanks.")
                return found
            try:
                endpoints.seal_key(self.instance, key)
            except sealing.SealError as error:
                self.add_error("value", str(error))
        return found


@admin.register(AdviceEndpoint)
class AdviceEndpointAdmin(AuditedAdmin):
    """Whoever turns advice on chooses among those that are active."""

    form = EndpointForm
    list_display = ("name", "base_url", "model", "is_active", "paused_until", "stopped")
    list_filter = ("is_active",)
    search_fields = ("name", "base_url", "model")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was asked there names it: it is switched off instead."""
        return False

    def save_model(self, request: HttpRequest, obj: AdviceEndpoint, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not obj.stopped:
            endpoints.note_looked_at(obj)


@admin.register(AdviceSetting)
class AdviceSettingAdmin(ReadOnlyAdmin):
    list_display = ("owner", "is_on", "endpoint", "day_tokens", "month_tokens", "day_cost", "month_cost")
    list_filter = ("is_on", "endpoint")
    list_select_related = ("owner", "endpoint")
    search_fields = ("owner__email",)


@admin.register(AdviceLevel)
class AdviceLevelAdmin(ReadOnlyAdmin):
    list_display = ("agent", "owner", "level", "every", "daily_orders", "said")
    list_filter = ("level",)
    list_select_related = ("agent", "owner")
    search_fields = ("agent__name", "owner__email")


@admin.register(AdviceWatch)
class AdviceWatchAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "about", "timeframe", "every", "said")
    list_filter = ("timeframe",)
    list_select_related = ("owner", "farm", "instrument")
    search_fields = ("owner__email", "farm__name", "instrument__symbol")


@admin.register(AdviceCall)
class AdviceCallAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at", "owner", "about", "occasion", "model", "status", "cause", "tokens_in", "tokens_out", "cost",
        "milliseconds",
    )  # fmt: skip
    list_filter = ("status", "occasion", "endpoint", "created_at")
    list_select_related = ("owner",)
    search_fields = ("owner__email", "about", "model")


@admin.register(AdviceProposal)
class AdviceProposalAdmin(ReadOnlyAdmin):
    prices = MappingProxyType(dict.fromkeys(("price", "stop", "target", "exit_price"), "instrument"))
    list_display = ("created_at", "owner", "agent", "instrument", "action", "confidence", "price", "became", "gain")
    list_filter = ("action", "became", "level", "created_at")
    list_select_related = ("owner", "agent", "instrument")
    search_fields = ("owner__email", "agent__name", "instrument__symbol", "model")

"""Platforms, connections, syncs and the demo exchange's books for operators. Credentials are written, never shown."""

from types import MappingProxyType
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminPasswordWidget

from kit.admin import AuditedAdmin, OurInline, ReadOnlyAdmin, ReadOnlyInline, SwitchAdmin
from kit.errors import InvalidInputError
from kit.forms import TextField
from wallets.connections.forms import PlatformForm
from wallets.models import (
    Connection,
    Credential,
    CredentialField,
    DemoBalance,
    DemoFunding,
    DemoOrder,
    DemoPosition,
    DemoTrade,
    Platform,
    Reconciliation,
    SyncRun,
    SyncTurn,
    VenueIncome,
    VenueMovement,
    VenuePosition,
)
from wallets.sync.health import unwatched_words
from wallets.venues.accounts import why_not_archived
from wallets.venues.alerts import tell_of_switch
from wallets.venues.asked import require_credentials
from wallets.venues.credentials import store_credentials
from wallets.venues.obligations import open_under

# What a look at an asset compares.
SUMS = ("venue_total", "books_total", "unassigned", "suspense", "drift")


class CredentialFieldInline(OurInline):
    """What the platform asks traders for."""

    model = CredentialField
    extra = 0
    fields = ("name", "label", "help", "secret", "required", "pattern", "position")


@admin.register(Platform)
class PlatformAdmin(AuditedAdmin):
    form = PlatformForm
    inlines = (CredentialFieldInline,)
    list_display = ("name", "slug", "adapter", "kind", "is_paper", "is_active")
    list_filter = ("kind", "is_paper", "is_active", "adapter")
    search_fields = ("name", "slug")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The slug is the key: with another one a form would make a second platform."""
        return ("slug",) if obj else ()


@admin.register(CredentialField)
class CredentialFieldAdmin(AuditedAdmin):
    list_display = ("platform", "name", "label", "secret", "required")
    list_filter = ("platform", "secret", "required")
    list_select_related = ("platform",)
    search_fields = ("name", "label", "platform__name")


class ConnectionSwitchForm(forms.ModelForm[Connection]):
    """The state, which cannot be archived while something is open under the connection."""

    class Meta:
        model = Connection
        fields = ("state",)

    def clean_state(self) -> str:
        state: str = self.cleaned_data["state"]
        if sentence := why_not_archived(Connection(pk=self.instance.pk, name=self.instance.name, state=state)):
            raise forms.ValidationError(sentence)
        return state


@admin.register(Connection)
class ConnectionAdmin(SwitchAdmin):
    """Accounts are opened by their owners; operators pause or archive one, or make it active again."""

    form = ConnectionSwitchForm
    switches = ("state",)
    list_display = ("name", "owner", "platform", "venue", "is_paper", "state", "status", "stream", "synced_at")
    list_filter = ("state", "status", "stream", "platform", "is_paper", "venue")
    list_select_related = ("owner", "platform")
    search_fields = ("name", "owner__email", "venue")

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        if "state" in form.changed_data:
            obj.switch(obj.state)
        super().save_model(request, obj, form, change)
        if "state" in form.changed_data:
            tell_of_switch(obj)
        unwatched = open_under([obj.pk])[obj.pk].protected
        if obj.state != Connection.State.ACTIVE and unwatched:
            self.message_user(request, unwatched_words(unwatched, connection=obj), level="WARNING")


class CredentialForm(forms.ModelForm[Credential]):
    """One field of a connection, entered blind: what is stored is never sent back, not even encrypted."""

    value = TextField(
        widget=UnfoldAdminPasswordWidget(render_value=False), help_text="Stored encrypted and never shown again."
    )

    class Meta:
        model = Credential
        fields = ("connection", "field")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        connection, field = cleaned.get("connection"), cleaned.get("field")
        if connection is not None and field:
            known = sorted(connection.platform.credential_fields.values_list("name", flat=True))
            if field not in known:
                self.add_error("field", f"Choose one of: {', '.join(known) or 'this platform needs no key'}.")
            elif "value" in cleaned:
                try:
                    require_credentials(connection.platform, {field: cleaned["value"]})
                except InvalidInputError as error:
                    self.add_error("value", error.fields[field])
            # A field that is there already is replaced.
            self.instance = Credential.objects.filter(connection=connection, field=field).first() or self.instance
        return cleaned


@admin.register(Credential)
class CredentialAdmin(AuditedAdmin):
    form = CredentialForm
    list_display = ("connection", "field", "key_id", "updated_at")
    list_filter = ("field", "key_id", "connection__platform")
    list_select_related = ("connection",)
    search_fields = ("connection__name", "connection__owner__email")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is nothing to show: entering the field again replaces it."""
        return False

    def save_model(self, request: HttpRequest, obj: Credential, form: Any, change: bool) -> None:
        store_credentials(connection=obj.connection, values={obj.field: form.cleaned_data["value"]})
        obj.pk = Credential.objects.get(connection=obj.connection, field=obj.field).pk
        obj.refresh_from_db()


class ReconciliationInline(ReadOnlyInline):
    model = Reconciliation
    units = MappingProxyType(dict.fromkeys(SUMS, "asset"))
    fields = ("asset", *SUMS, "first_diverging_entry")


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "connection", "owner", "status", "progress", "error", "finished_at", "seen_at")
    list_filter = ("status", "connection__platform", "created_at")
    list_select_related = ("connection", "owner")
    search_fields = ("connection__name", "owner__email", "error")
    inlines = (ReconciliationInline,)


@admin.register(SyncTurn)
class SyncTurnAdmin(ReadOnlyAdmin):
    list_display = ("connection", "owner", "wanted_at", "claimed_until")
    list_filter = ("connection__platform",)
    list_select_related = ("connection", "owner")
    search_fields = ("connection__name", "owner__email")


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    units = MappingProxyType(dict.fromkeys(SUMS, "asset"))
    list_display = ("run", "asset", *SUMS)
    list_filter = ("asset", "run__status")
    list_select_related = ("run",)
    search_fields = ("asset", "run__connection__name", "owner__email")


@admin.register(VenuePosition)
class VenuePositionAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"unrealized_pnl": "settle"})
    list_display = ("connection", "symbol", "side", "unrealized_pnl", "settle", "at")
    list_filter = ("side", "settle", "connection__platform")
    list_select_related = ("connection",)
    search_fields = ("connection__name", "owner__email", "symbol")


@admin.register(VenueMovement)
class VenueMovementAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"amount": "asset"})
    list_display = ("connection", "kind", "amount", "asset", "status", "at")
    list_filter = ("kind", "status", "asset", "connection__platform")
    list_select_related = ("connection",)
    search_fields = ("connection__name", "owner__email", "venue_id")


@admin.register(VenueIncome)
class VenueIncomeAdmin(ReadOnlyAdmin):
    units = MappingProxyType(dict.fromkeys(("realized", "funding", "fee"), "asset"))
    list_display = ("connection", "symbol", "realized", "funding", "fee", "asset", "status", "at")
    list_filter = ("status", "asset", "connection__platform")
    list_select_related = ("connection",)
    search_fields = ("connection__name", "owner__email", "venue_id", "symbol")


@admin.register(DemoBalance)
class DemoBalanceAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"total": "asset"})
    list_display = ("connection", "asset", "total", "owner")
    list_filter = ("asset",)
    list_select_related = ("connection", "owner")
    search_fields = ("connection__name", "owner__email")


class DemoTradeInline(ReadOnlyInline):
    model = DemoTrade
    units = MappingProxyType({"fee": "fee_asset"})
    fields = ("price", "quantity", "fee", "fee_asset", "liquidity", "created_at")


@admin.register(DemoOrder)
class DemoOrderAdmin(ReadOnlyAdmin):
    list_display = (
        "client_order_id",
        "connection",
        "symbol",
        "side",
        "quantity",
        "price",
        "status",
        "reason",
        "created_at",
    )
    list_filter = ("status", "side", "time_in_force", "symbol")
    list_select_related = ("connection",)
    search_fields = ("client_order_id", "connection__name", "owner__email")
    inlines = (DemoTradeInline,)


@admin.register(DemoPosition)
class DemoPositionAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"quantity": "symbol"})
    list_display = ("symbol", "connection", "quantity", "cost", "margin", "funded_at")
    list_select_related = ("connection",)
    search_fields = ("symbol", "connection__name")


@admin.register(DemoFunding)
class DemoFundingAdmin(ReadOnlyAdmin):
    list_display = ("at", "symbol", "connection", "rate", "quantity", "amount", "is_booked")
    list_filter = ("is_booked",)
    list_select_related = ("connection",)
    search_fields = ("symbol", "connection__name")


@admin.register(DemoTrade)
class DemoTradeAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"fee": "fee_asset"})
    list_display = ("order", "price", "quantity", "fee", "fee_asset", "liquidity", "created_at")
    list_filter = ("liquidity", "order__symbol")
    list_select_related = ("order",)
    search_fields = ("order__client_order_id", "owner__email")

"""Trading for operators: to look things up. What is history, and what only the engine may write, is read-only."""

from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from django import forms
from django.contrib import admin

from kit.admin import AuditedAdmin, ExplainedAdmin, ReadOnlyAdmin, ReadOnlyInline
from kit.forms import AmountField, PercentField, TextField
from kit.limits import DECIMALS
from kit.models import MONEY
from trading.models import (
    AiState,
    Amendment,
    Cancellation,
    EmergencyStop,
    EntryLock,
    Fill,
    HeldTotal,
    MassCancellation,
    Order,
    OrderEvent,
    PlatformLimit,
    Position,
    RiskDecision,
    RiskLimit,
    TradeDay,
    TradeSlice,
    TradeTotal,
)

SMALLEST: Final = Decimal(1).scaleb(-DECIMALS)


class EventInline(ReadOnlyInline):
    model = OrderEvent
    fields = ("created_at", "from_status", "to_status", "detail")


class DecisionInline(ReadOnlyInline):
    model = RiskDecision
    fields = ("created_at", "allowed", "limit", "explanation")


class FillInline(ReadOnlyInline):
    model = Fill
    units = MappingProxyType({"quantity": "instrument__base", "fee": "fee_asset"})
    prices = MappingProxyType({"price": "instrument"})
    fields = ("filled_at", "quantity", "price", "fee", "fee_asset", "venue_trade_id")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"quantity": "instrument__base", "filled_quantity": "instrument__base"})
    prices = MappingProxyType({"limit_price": "instrument"})
    list_display = (
        "created_at",
        "owner",
        "wallet",
        "instrument",
        "side",
        "type",
        "quantity",
        "limit_price",
        "filled_quantity",
        "status",
        "due_at",
    )
    list_filter = ("status", "side", "type", "time_in_force", "instrument", "connection__platform", "created_at")
    list_select_related = ("owner", "wallet", "instrument")
    search_fields = ("id", "client_order_id", "venue_order_id", "owner__email", "wallet__name", "refusal")
    date_hierarchy = "created_at"
    inlines: Any = (EventInline, DecisionInline, FillInline)


@admin.register(OrderEvent)
class OrderEventAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "order_id", "from_status", "to_status", "detail")
    list_filter = ("to_status", "created_at")
    list_select_related = ("owner",)
    search_fields = ("order__client_order_id", "owner__email", "detail")


@admin.register(Fill)
class FillAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"quantity": "instrument__base", "fee": "fee_asset"})
    prices = MappingProxyType({"price": "instrument"})
    list_display = ("filled_at", "owner", "wallet", "instrument", "side", "quantity", "price", "fee", "fee_asset")
    list_filter = ("side", "liquidity", "instrument", "filled_at")
    list_select_related = ("owner", "wallet", "instrument")
    search_fields = ("venue_trade_id", "order__client_order_id", "owner__email", "wallet__name")
    date_hierarchy = "filled_at"


@admin.register(Position)
class PositionAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"quantity": "instrument__base", "realized_pnl": "instrument__quote"})
    prices = MappingProxyType({"entry_price": "instrument"})
    list_display = (
        "opened_at",
        "owner",
        "wallet",
        "instrument",
        "quantity",
        "entry_price",
        "realized_pnl",
        "closed_at",
    )
    list_filter = ("direction", "instrument", "opened_at", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("owner", "wallet", "instrument")
    search_fields = ("id", "owner__email", "wallet__name", "entry_reason", "exit_reason")
    date_hierarchy = "opened_at"


@admin.register(RiskDecision)
class RiskDecisionAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "order_id", "allowed", "limit", "explanation")
    list_filter = ("allowed", "limit", "created_at")
    list_select_related = ("owner",)
    search_fields = ("order__client_order_id", "owner__email", "explanation")


@admin.register(RiskLimit)
class RiskLimitAdmin(ReadOnlyAdmin):
    """Limits are the user's. An operator who must stop somebody halts a wallet or pauses a connection."""

    units = MappingProxyType({"maximum_notional": "notional_asset"})
    list_display = ("owner", "connection", "wallet", "maximum_notional", "allowed_symbols", "updated_at")
    list_filter = ("updated_at",)
    list_select_related = ("owner", "connection", "wallet")
    search_fields = ("owner__email", "connection__name", "wallet__name")


class PlatformLimitForm(forms.ModelForm[PlatformLimit]):
    """Amounts as a person writes them, the distance in percent."""

    maximum_notional = AmountField(required=False, min_value=SMALLEST, **MONEY, help_text="Per order, in that asset.")
    notional_asset = TextField(required=False, max_length=20, help_text="What the maximum notional is counted in.")
    maximum_distance = PercentField(
        required=False, min_value=SMALLEST, label="Maximum distance, %", help_text="From the middle of the market."
    )

    class Meta:
        model = PlatformLimit
        fields = ("platform", "maximum_notional", "notional_asset", "maximum_distance")

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if found.get("maximum_notional") is not None and not found.get("notional_asset"):
            self.add_error("notional_asset", "Say which asset the maximum notional is counted in.")
        return found


@admin.register(PlatformLimit)
class PlatformLimitAdmin(ExplainedAdmin, AuditedAdmin):
    """What binds every account at a platform, beside its owner's own limits. It allows nothing by itself."""

    form = PlatformLimitForm
    units = MappingProxyType({"maximum_notional": "notional_asset"})
    list_display = ("platform", "maximum_notional", "notional_asset", "maximum_distance")
    list_select_related = ("platform",)
    search_fields = ("platform__name",)


@admin.register(EntryLock)
class EntryLockAdmin(ReadOnlyAdmin):
    list_display = ("began_at", "owner", "wallet", "instrument", "kind", "measured", "until", "ended_at")
    list_filter = ("kind", "began_at", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("owner", "wallet", "instrument")
    search_fields = ("owner__email", "wallet__name", "instrument__symbol")


@admin.register(AiState)
class AiStateAdmin(ReadOnlyAdmin):
    """What agents ask for; only they and owners write it."""

    list_display = ("created_at", "owner", "wallet", "version", "exposure", "stop_distance", "sentiment", "expires_at")
    list_filter = ("created_at", ("expires_at", admin.EmptyFieldListFilter))
    list_select_related = ("owner", "wallet")
    search_fields = ("owner__email", "wallet__name", "note", "written_by")


@admin.register(TradeTotal)
class TradeTotalAdmin(ReadOnlyAdmin):
    list_display = ("owner", "wallet", "instrument", "trades")
    list_filter = ("instrument__venue",)
    list_select_related = ("owner", "wallet", "instrument")
    search_fields = ("owner__email", "wallet__name", "instrument__symbol")


@admin.register(TradeDay)
class TradeDayAdmin(ReadOnlyAdmin):
    list_display = ("day", "owner", "wallet", "instrument", "trades")
    list_filter = ("day", "instrument__venue")
    list_select_related = ("owner", "wallet", "instrument")
    search_fields = ("owner__email", "wallet__name", "instrument__symbol")


@admin.register(TradeSlice)
class TradeSliceAdmin(ReadOnlyAdmin):
    list_display = ("by", "key", "owner", "wallet", "instrument", "trades")
    list_filter = ("by", "instrument__venue")
    list_select_related = ("owner", "wallet", "instrument")
    search_fields = ("owner__email", "wallet__name", "instrument__symbol")


@admin.register(HeldTotal)
class HeldTotalAdmin(ReadOnlyAdmin):
    list_display = ("at", "owner", "wallet", "instrument")
    list_filter = ("at", "instrument__venue")
    list_select_related = ("owner", "wallet", "instrument")
    search_fields = ("owner__email", "wallet__name", "instrument__symbol")


@admin.register(Cancellation)
class CancellationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "order_id", "reason", "attempts", "due_at", "closed_at")
    list_filter = ("created_at", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("order__client_order_id", "owner__email", "reason")


@admin.register(Amendment)
class AmendmentAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"quantity": "order__instrument__base"})
    prices = MappingProxyType({"limit_price": "order__instrument"})
    list_display = (
        "created_at", "owner", "order_id", "limit_price", "quantity", "way", "attempts", "result", "due_at",
        "closed_at",
    )  # fmt: skip
    list_filter = ("created_at", "way", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("owner", "order__instrument")
    search_fields = ("order__client_order_id", "owner__email")


@admin.register(EmergencyStop)
class EmergencyStopAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "wallet", "policy", "status", "result", "done_at")
    list_filter = ("policy", "status", "created_at")
    list_select_related = ("owner", "wallet")
    search_fields = ("id", "owner__email", "wallet__name")


@admin.register(MassCancellation)
class MassCancellationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "wallet", "instrument", "side", "below")
    list_filter = ("created_at",)
    list_select_related = ("owner", "wallet", "instrument")
    search_fields = ("id", "owner__email", "wallet__name")

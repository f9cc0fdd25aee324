"""The hierarchy and the books for operators: a wallet's trading state may be changed, the ledger only read."""

from types import MappingProxyType
from typing import Any

from django.contrib import admin

from kit.admin import ReadOnlyAdmin, ReadOnlyInline, SwitchAdmin
from wallets.models import (
    Account,
    AllocationLine,
    Entry,
    FundAllocation,
    Hold,
    LedgerProof,
    Posting,
    ProofRun,
    RuleRun,
    Transfer,
    Wallet,
    WalletRule,
)


class AccountInline(ReadOnlyInline):
    model = Account
    units = MappingProxyType({"balance": "asset", "held": "asset"})
    fields = ("asset", "kind", "balance", "held", "version")


class TransferInline(ReadOnlyInline):
    model = Transfer
    units = MappingProxyType({"amount": "asset"})
    fields = ("id", "phase", "asset", "amount", "debit", "credit", "pending")


class EntryInline(ReadOnlyInline):
    model = Entry
    units = MappingProxyType({"amount": "account__asset", "balance_after": "account__asset"})
    fields = ("account", "version", "amount", "balance_after")


@admin.register(Wallet)
class WalletAdmin(SwitchAdmin):
    """Wallets are made by the services, which know their places; operators halt one, or let it go on."""

    switches = ("trading_state",)
    units = MappingProxyType({"minimum_balance": "base_asset", "maximum_balance": "base_asset"})

    list_display = (
        "name",
        "role",
        "owner",
        "parent",
        "connection",
        "base_asset",
        "target_weight",
        "minimum_balance",
        "maximum_balance",
        "trading_state",
    )
    list_filter = ("role", "trading_state", "base_asset", "connection__platform", "created_at")
    list_select_related = ("owner", "parent", "connection")
    search_fields = ("id", "name", "owner__email", "connection__name")
    inlines: Any = (AccountInline,)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"balance": "asset", "held": "asset"})
    list_display = ("id", "owner", "wallet", "asset", "kind", "balance", "held", "version", "held_version")
    list_filter = ("kind", "asset")
    list_select_related = ("owner", "wallet")
    search_fields = ("id", "owner__email", "wallet__name", "wallet__id", "asset")


@admin.register(Posting)
class PostingAdmin(ReadOnlyAdmin):
    list_display = ("id", "created_at", "owner", "kind", "key")
    list_filter = ("kind", "created_at")
    list_select_related = ("owner",)
    search_fields = ("id", "key", "owner__email")
    date_hierarchy = "created_at"
    inlines: Any = (TransferInline,)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"amount": "asset"})
    list_display = ("id", "created_at", "owner", "phase", "asset", "amount", "from_wallet", "to_wallet", "posting")
    list_filter = ("phase", "asset", "posting__kind", "created_at")
    list_select_related = ("owner", "posting", "debit__wallet", "credit__wallet")
    search_fields = ("id", "posting__key", "owner__email", "debit__wallet__name", "credit__wallet__name")
    date_hierarchy = "created_at"
    inlines: Any = (EntryInline,)

    @admin.display(description="from")
    def from_wallet(self, transfer: Transfer) -> str:
        return f"{transfer.debit.wallet.name}, {transfer.debit.kind}"

    @admin.display(description="to")
    def to_wallet(self, transfer: Transfer) -> str:
        return f"{transfer.credit.wallet.name}, {transfer.credit.kind}"


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"amount": "account__asset", "balance_after": "account__asset"})
    list_display = ("id", "created_at", "owner", "wallet", "asset", "kind", "version", "amount", "balance_after")
    list_filter = ("account__asset", "account__kind", "created_at")
    list_select_related = ("owner", "account__wallet")
    search_fields = ("id", "owner__email", "account__wallet__name", "account__id", "transfer__id")
    date_hierarchy = "created_at"

    @admin.display(ordering="account__wallet__name")
    def wallet(self, entry: Entry) -> str:
        return entry.account.wallet.name

    @admin.display(ordering="account__asset")
    def asset(self, entry: Entry) -> str:
        return entry.account.asset

    @admin.display(ordering="account__kind")
    def kind(self, entry: Entry) -> str:
        return entry.account.kind


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"amount": "account__asset", "held_after": "account__asset"})
    list_display = ("id", "created_at", "owner", "wallet", "asset", "version", "amount", "held_after", "transfer_id")
    list_filter = ("account__asset", "created_at")
    list_select_related = ("owner", "account__wallet")
    search_fields = ("id", "owner__email", "account__wallet__name", "transfer__id")
    date_hierarchy = "created_at"

    @admin.display(ordering="account__wallet__name")
    def wallet(self, hold: Hold) -> str:
        return hold.account.wallet.name

    @admin.display(ordering="account__asset")
    def asset(self, hold: Hold) -> str:
        return hold.account.asset


class LineInline(ReadOnlyInline):
    model = AllocationLine
    units = MappingProxyType({"amount": "asset", "profit": "asset"})
    fields = ("number", "source", "target", "asset", "amount", "profit")


@admin.register(AllocationLine)
class AllocationLineAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"amount": "asset", "profit": "asset"})
    list_display = ("id", "owner", "allocation", "number", "source", "target", "asset", "amount", "profit")
    list_filter = ("asset",)
    list_select_related = ("owner", "allocation", "source", "target")
    search_fields = ("id", "owner__email", "source__name", "target__name", "allocation__id")


@admin.register(FundAllocation)
class FundAllocationAdmin(ReadOnlyAdmin):
    units = MappingProxyType({"amount": "asset"})
    list_display = ("created_at", "owner", "kind", "status", "source", "target", "asset", "amount", "note")
    list_filter = ("kind", "status", "asset", "created_at")
    inlines: Any = (LineInline,)
    list_select_related = ("owner", "source", "target")
    search_fields = ("id", "owner__email", "source__name", "target__name", "note", "posting__key")
    date_hierarchy = "created_at"


class RunInline(ReadOnlyInline):
    model = RuleRun
    fields = ("created_at", "status", "reason", "allocation")


@admin.register(WalletRule)
class WalletRuleAdmin(SwitchAdmin):
    """Rules are their owners'; operators switch one off, or on again."""

    switches = ("is_on",)
    list_display = ("created_at", "owner", "wallet", "kind", "every", "is_on", "looked_at")
    list_filter = ("kind", "every", "is_on")
    list_select_related = ("owner", "wallet")
    search_fields = ("id", "owner__email", "wallet__name")
    inlines: Any = (RunInline,)


@admin.register(RuleRun)
class RuleRunAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "rule", "status", "reason", "allocation")
    list_filter = ("status", "rule__kind", "created_at")
    list_select_related = ("owner", "rule", "allocation")
    search_fields = ("id", "owner__email", "rule__wallet__name", "key")
    date_hierarchy = "created_at"


@admin.register(LedgerProof)
class LedgerProofAdmin(ReadOnlyAdmin):
    list_display = ("checked_at", "owner", "entries", "seconds", "contradiction")
    list_filter = ("checked_at",)
    list_select_related = ("owner",)
    search_fields = ("owner__email", "contradiction")
    date_hierarchy = "checked_at"


@admin.register(ProofRun)
class ProofRunAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "told_at", "finished_at", "after")
    list_filter = ("finished_at",)
    date_hierarchy = "started_at"

"""The rows of the ledger.

Written only by the SQL function of `wallets.ledger`; the application's role may read these tables and nothing else.
"""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from moniqo.lib.models import Identified, MoneyField, Owned
from wallets.models.hierarchy import Wallet


class Account(Owned):
    """A wallet's books in one asset and for one purpose. `balance` is the last entry's `balance_after`."""

    class Kind(models.TextChoices):
        WALLET = "wallet", "Wallet"
        EXTERNAL = "external", "Outside world"
        CLEARING = "clearing", "Venue clearing"
        FEES = "fees", "Fees"
        SUSPENSE = "suspense", "Suspense"
        PNL = "pnl", "Profit and loss"

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="accounts")
    asset = models.CharField(max_length=20)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.WALLET)
    balance = MoneyField(default=0)
    held = MoneyField(default=0)
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("wallet", "asset", "kind"), name="account_once"),
            models.UniqueConstraint(fields=("id", "asset", "owner"), name="account_identity"),
            models.CheckConstraint(condition=Q(held__gte=0), name="account_held_not_negative"),
            models.CheckConstraint(
                condition=~Q(kind="wallet") | Q(balance__gte=F("held")), name="account_available_not_negative"
            ),
        )

    def __str__(self) -> str:
        return f"{self.asset} {self.kind}"

    @property
    def available(self) -> Decimal:
        return self.balance - self.held


class Posting(Owned):
    """One request to the ledger: a key, the hash of its body, and the transfers it made, all or none."""

    key = models.CharField(max_length=120)
    request_hash = models.CharField(max_length=64)
    kind = models.CharField(max_length=24, help_text="deposit, allocate, collect, trade, hold, …")
    detail = models.JSONField(default=dict, help_text="What it was for: order, fill, goal, note.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner", "key"), name="posting_key_once_per_owner"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Transfer(Owned):
    """One amount of one asset from one account to another.

    `pending` reserves the amount on the debited account; exactly one later `settle` or `void` resolves it.
    """

    class Phase(models.TextChoices):
        POSTED = "posted", "Posted"
        PENDING = "pending", "Pending"
        SETTLE = "settle", "Settled"
        VOID = "void", "Voided"

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="transfers")
    phase = models.CharField(max_length=8, choices=Phase, default=Phase.POSTED)
    debit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    credit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    asset = models.CharField(max_length=20)
    amount = MoneyField()
    pending = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="resolution")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_between_two_accounts"),
            models.CheckConstraint(
                condition=Q(phase__in=("settle", "void"), pending__isnull=False)
                | Q(phase__in=("posted", "pending"), pending__isnull=True),
                name="transfer_resolves_a_pending_one",
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} {self.asset} {self.phase}"


class Entry(Owned):
    """A change of one account. `version` counts from 1 without a gap; `balance_after` continues the chain."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries")
    version = models.BigIntegerField()
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="entries")
    amount = MoneyField(help_text="Signed: negative for the debited account.")
    balance_after = MoneyField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "entries"
        constraints = (models.UniqueConstraint(fields=("account", "version"), name="entry_version_once"),)

    def __str__(self) -> str:
        return f"{self.account_id}#{self.version}"


class FundAllocation(Identified, Owned):
    """A planned and, once applied, executed distribution of funds between a wallet and its children."""

    class Kind(models.TextChoices):
        DEPOSIT = "deposit", "Deposit"
        ALLOCATE = "allocate", "Allocate"
        COLLECT = "collect", "Collect"

    kind = models.CharField(max_length=8, choices=Kind)
    source = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    target = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    asset = models.CharField(max_length=20)
    amount = MoneyField()
    note = models.CharField(max_length=200, blank=True)
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="allocation")

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.asset}"

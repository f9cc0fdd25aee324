"""The rows of the ledger: accounts, and the postings that move money between them.

A posting is one request. It holds transfers, each of one asset between two accounts. A transfer that moves money has
two entries that cancel; a transfer that only reserves or releases has none. Every account carries two gapless chains:
its entries, the last of which says the balance, and its holds, the last of which says how much of it is reserved.

Only the SQL function of `wallets.ledger` writes these tables; the application's roles may read them and nothing else.
What the database refuses stands in the constraints here and in the migrations `ledger_keys` and `ledger_functions`.
"""

from decimal import Decimal
from functools import cached_property

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from kit.models import Identified, MoneyField, Owned
from wallets.models.hierarchy import Wallet


class Booked(Owned):
    """A row of the books. Composite keys and triggers prove its owner, so it needs neither key nor index for that."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        abstract = True


class Account(Booked):
    """A wallet's books in one asset and for one purpose.

    `balance` is the last entry's `balance_after` and `version` its version; `held` and `held_version` are the same for
    the last hold. Only a wallet account must stay covered: the others show what came from or went to somewhere else.
    """

    class Kind(models.TextChoices):
        WALLET = "wallet", "Wallet"
        EXTERNAL = "external", "Outside world"
        CLEARING = "clearing", "Venue clearing"
        FEES = "fees", "Fees"
        SUSPENSE = "suspense", "Suspense"
        PNL = "pnl", "Profit and loss"

    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="accounts", db_constraint=False, db_index=False
    )
    asset = models.CharField(max_length=20)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.WALLET)
    balance = MoneyField(default=0)
    held = MoneyField(default=0)
    version = models.BigIntegerField(default=0)
    held_version = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("wallet", "asset", "kind"), name="account_once"),
            models.UniqueConstraint(fields=("id", "asset", "owner"), name="account_identity"),
            models.CheckConstraint(
                condition=Q(kind__in=("wallet", "external", "clearing", "fees", "suspense", "pnl")),
                name="account_kind_is_known",
            ),
            models.CheckConstraint(condition=Q(held__gte=0), name="account_held_not_negative"),
            models.CheckConstraint(
                condition=~Q(kind="wallet") | Q(balance__gte=F("held")), name="account_available_not_negative"
            ),
        )

    def __str__(self) -> str:
        return f"{self.asset} {self.kind}"

    @property
    def available(self) -> Decimal:
        available: Decimal = self.balance - self.held
        return available


class Posting(Owned):
    """One request to the ledger: a key, the hash of its body, and the transfers it made, all or none."""

    key = models.CharField(max_length=120)
    request_hash = models.CharField(max_length=64, help_text="SHA-256 of kind, legs and detail.")
    kind = models.CharField(max_length=24, help_text="deposit, allocate, collect, trade, hold, …")
    detail = models.JSONField(default=dict, help_text="What it was for: order, fill, goal, note.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner", "key"), name="posting_key_once_per_owner"),)

    # Set by `ledger.post`: whether the key was used before, so that nothing was done this time.
    is_replay = False

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @cached_property
    def transfer_ids(self) -> tuple[int, ...]:
        """Ids of the transfers in the order of the legs; `ledger.post` fills them in without a query."""
        return tuple(self.transfers.order_by("pk").values_list("pk", flat=True))


class Transfer(Booked):
    """One amount of one asset from one account to another.

    `pending` reserves the amount on the debited account. Exactly one later `settle` or `void` between the same accounts
    resolves it: `settle` moves its own amount, at most the reserved one, and releases the rest; `void` moves nothing.
    """

    class Phase(models.TextChoices):
        POSTED = "posted", "Posted"
        PENDING = "pending", "Pending"
        SETTLE = "settle", "Settled"
        VOID = "void", "Voided"

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="transfers")
    phase = models.CharField(max_length=8, choices=Phase, default=Phase.POSTED)
    debit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    credit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    asset = models.CharField(max_length=20)
    amount = MoneyField()
    pending = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="resolution")
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("owner", "-id"), name="transfer_newest_first"),)
        constraints = (
            # The upper bound refuses NaN, which PostgreSQL sorts above every number.
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lt=Decimal(10) ** 20), name="transfer_amount_positive"
            ),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_between_two_accounts"),
            models.CheckConstraint(
                condition=Q(phase__in=("settle", "void"), pending__isnull=False)
                | Q(phase__in=("posted", "pending"), pending__isnull=True),
                name="transfer_resolves_a_pending_one",
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} {self.asset} {self.phase}"


class Entry(Booked):
    """A change of one account. `version` counts from 1 without a gap; `balance_after` continues the chain.

    A trigger demands the account and the transfer, of the same owner and fitting each other, so no key repeats it.
    """

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="entries", db_constraint=False, db_index=False
    )
    version = models.BigIntegerField()
    transfer = models.ForeignKey(
        Transfer, on_delete=models.PROTECT, related_name="entries", db_constraint=False, db_index=False
    )
    amount = MoneyField(help_text="Signed: negative for the debited account.")
    balance_after = MoneyField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "entries"
        constraints = (
            models.UniqueConstraint(fields=("account", "version"), name="entry_version_once"),
            models.UniqueConstraint(fields=("transfer", "account"), name="entry_once_per_account"),
        )

    def __str__(self) -> str:
        return f"{self.account_id}#{self.version}"


class Hold(Booked):
    """A change of what is reserved on one account: up by a pending transfer, down by its settle or void."""

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="holds", db_constraint=False, db_index=False
    )
    version = models.BigIntegerField()
    transfer = models.OneToOneField(Transfer, on_delete=models.PROTECT, related_name="hold", db_constraint=False)
    amount = MoneyField(help_text="Signed: positive reserves, negative releases.")
    held_after = MoneyField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "version"), name="hold_version_once"),)

    def __str__(self) -> str:
        return f"{self.account_id} hold #{self.version}"


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

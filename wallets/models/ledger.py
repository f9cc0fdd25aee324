"""The rows of the ledger: accounts, and the postings that move money between them.

A posting is one request. It holds transfers, each of one asset between two accounts. A transfer says what both accounts
said after it, so every account carries two gapless chains: its entries, the last of which says the balance, and its
holds, the last of which says how much of it is reserved. Entries and holds are views: what one account sees of the
transfers. A transfer that only reserves or releases has no entries.

Only the SQL functions of `wallets.ledger` write these tables, the trigger of a transfer moves the balances and writes
the links, and the application's roles may read and nothing else: see the migration `ledger` and the SQL beside it.
"""

from decimal import Decimal
from functools import cached_property
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from kit.models import Identified, MoneyField, Owned, SentenceField
from wallets.models.hierarchy import Wallet
from wallets.models.kinds import PostingKind

# An expression, since every posting parses its check: a list of a dozen names costs it ten times as much.
LISTED: Final = f"^({'|'.join(PostingKind.values)})$"


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
        # What derivatives brought: their accounts are minus the profit and the funding, and plus the fees.
        PROFIT = "profit", "Profit of derivatives"
        FUNDING = "funding", "Funding payments"
        COSTS = "costs", "Fees of derivatives"

    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="accounts", db_constraint=False, db_index=False
    )
    asset = models.CharField(max_length=20)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.WALLET)
    balance = MoneyField(default=0, is_bounded=True)
    held = MoneyField(default=0, is_bounded=True)
    version = models.BigIntegerField(default=0)
    held_version = models.BigIntegerField(default=0)

    class Meta:
        # That it stays covered and within bounds is a condition of the only statement that changes it (`ledger_move`):
        # a CHECK would be parsed anew by every statement, twice in each movement.
        constraints = (models.UniqueConstraint(fields=("wallet", "asset", "kind"), name="account_once"),)

    def __str__(self) -> str:
        return f"{self.asset} {self.kind}"

    @property
    def available(self) -> Decimal:
        available: Decimal = self.balance - self.held
        return available


class Posting(Booked):
    """One request to the ledger: a key, the hash of its body, and the transfers it made, all or none."""

    key = models.CharField(max_length=120)
    request_hash = models.CharField(max_length=64, help_text="SHA-256 of kind, legs and detail.")
    kind = models.CharField(max_length=24, choices=PostingKind)
    detail = models.JSONField(default=dict, help_text="What it was for: order, fill, goal, note.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("owner", "key"), name="posting_key_once_per_owner"),
            models.UniqueConstraint(fields=("id", "owner"), name="posting_identity"),
            models.CheckConstraint(condition=Q(kind__regex=LISTED), name="posting_kind_is_listed"),
        )

    # Set by `ledger.post`: whether the key was used before, so that nothing was done this time.
    is_replay = False

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @cached_property
    def transfer_ids(self) -> tuple[int, ...]:
        """Ids of the transfers in the order of the legs; `ledger.post` fills them in without a query."""
        return tuple(self.transfers.order_by("pk").values_list("pk", flat=True))


class Transfer(Booked):
    """One amount of one asset from one account to another, and what both accounts said after it.

    `pending` reserves the amount on the debited account. Exactly one later `settle` or `void` between the same accounts
    resolves it: `settle` moves its own amount, at most the reserved one, and releases the rest; `void` moves nothing.

    The links are written by the database: `debit_version` and `credit_version` count the movements of the two accounts
    from 1 without a gap, `held_version` the reservations and releases of the debited one.
    """

    class Phase(models.TextChoices):
        POSTED = "posted", "Posted"
        PENDING = "pending", "Pending"
        SETTLE = "settle", "Settled"
        VOID = "void", "Voided"

    # The composite key on (posting, owner) takes the place of Django's.
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="transfers", db_constraint=False)
    phase = models.CharField(max_length=8, choices=Phase, default=Phase.POSTED)
    debit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    credit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    asset = models.CharField(max_length=20)
    amount = MoneyField(is_bounded=True)
    pending = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="resolutions", db_constraint=False, db_index=False
    )
    debit_version = models.BigIntegerField(null=True)
    debit_balance = MoneyField(null=True, is_bounded=True)
    credit_version = models.BigIntegerField(null=True)
    credit_balance = MoneyField(null=True, is_bounded=True)
    held_version = models.BigIntegerField(null=True)
    held_change = MoneyField(null=True, is_bounded=True, help_text="Signed: positive reserves, negative releases.")
    held_after = MoneyField(null=True, is_bounded=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("owner", "-created_at", "-id"), name="transfer_newest_first"),
            models.Index(fields=("debit", "created_at"), condition=Q(phase="pending"), name="transfer_pending"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("debit", "debit_version"), condition=Q(debit_version__isnull=False), name="transfer_debit_link"
            ),
            models.UniqueConstraint(
                fields=("credit", "credit_version"),
                condition=Q(credit_version__isnull=False),
                name="transfer_credit_link",
            ),
            models.UniqueConstraint(
                fields=("debit", "held_version"), condition=Q(held_version__isnull=False), name="transfer_hold_link"
            ),
            models.UniqueConstraint(
                fields=("pending",), condition=Q(pending__isnull=False), name="transfer_resolved_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} {self.asset} {self.phase}"


class Entry(Booked):
    """A change of one account: one side of a transfer. `version` counts from 1; `balance_after` continues the chain."""

    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False)
    version = models.BigIntegerField()
    transfer = models.ForeignKey(Transfer, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False)
    amount = MoneyField(help_text="Signed: negative for the debited account.")
    balance_after = MoneyField()
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.account_id}#{self.version}"


class Hold(Booked):
    """A change of what is reserved on one account: up by a pending transfer, down by its settle or void."""

    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="holds", db_constraint=False)
    version = models.BigIntegerField()
    transfer = models.OneToOneField(Transfer, on_delete=models.DO_NOTHING, related_name="hold", db_constraint=False)
    amount = MoneyField(help_text="Signed: positive reserves, negative releases.")
    held_after = MoneyField()
    created_at = models.DateTimeField()

    class Meta:
        managed = False

    def __str__(self) -> str:
        return f"{self.account_id} hold #{self.version}"


class FundAllocation(Identified, Owned):
    """A plan of money that moves along the hierarchy: looked at first, then applied as one posting, perhaps taken back.

    Its lines say all of it, each one step along a link. `source`, `target`, `asset` and `amount` say what it is about,
    as far as that is one of each: of what many wallets give, the target and the sum.
    """

    class Kind(models.TextChoices):
        DEPOSIT = "deposit", "Deposit"
        ALLOCATE = "allocate", "Allocate"
        COLLECT = "collect", "Collect"
        REWARD = "reward", "Reward"
        REBALANCE = "rebalance", "Rebalance"

    class Status(models.TextChoices):
        PREVIEWED = "previewed", "Previewed"
        APPLIED = "applied", "Applied"
        UNDONE = "undone", "Taken back"

    kind = models.CharField(max_length=9, choices=Kind)
    status = models.CharField(max_length=9, choices=Status, default=Status.APPLIED)
    source = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    target = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    asset = models.CharField(max_length=20, blank=True)
    amount = MoneyField(null=True, blank=True)
    note = SentenceField()
    stays = SentenceField(help_text="What a plan leaves where it is, and why.")
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, null=True, blank=True, related_name="allocations")

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_status_display().lower()}"


class AllocationLine(Owned):
    """One step of an allocation: what a leg of its posting says. `profit` is the part that the source had earned."""

    allocation = models.ForeignKey(FundAllocation, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(help_text="From 1, in the order in which they take effect.")
    source = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    target = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    asset = models.CharField(max_length=20)
    amount = MoneyField()
    profit = MoneyField(default=0, help_text="How much of it is profit that the source had realized and kept.")

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("allocation", "number"), name="allocation_line_once"),
            models.CheckConstraint(
                condition=Q(profit__gte=0, profit__lte=models.F("amount")), name="line_profit_is_a_part"
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} {self.asset}"

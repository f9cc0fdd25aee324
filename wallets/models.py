"""Platforms, connections, the wallet hierarchy and the rows of the ledger."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from moniqo.lib import clock
from moniqo.lib.models import Identified, MoneyField, Owned

# --- platforms and connections -------------------------------------------------------------------------------------


class Platform(models.Model):
    """A kind of venue that the operator offers."""

    class Kind(models.TextChoices):
        EXCHANGE = "exchange", "Exchange"
        CHAIN = "chain", "Blockchain"
        PREDICTION = "prediction", "Prediction market"

    slug = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=80)
    adapter = models.CharField(max_length=40, help_text="Name of the adapter in wallets.venues.")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.EXCHANGE)
    is_paper = models.BooleanField(default=True, help_text="Orders never leave Moniqo.")
    is_active = models.BooleanField(default=True)
    credential_fields = models.JSONField(default=list, blank=True, help_text="[{name, label, secret, required, help}]")
    fees = models.JSONField(default=dict, blank=True, help_text='{"maker": "0.001", "taker": "0.001"}, fractions')
    options = models.JSONField(default=dict, blank=True, help_text="What the adapter needs: slippage, latency, …")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Connection(Identified, Owned):
    """A user's account at a platform."""

    class Status(models.TextChoices):
        NEW = "new", "Not synced yet"
        OK = "ok", "Synced"
        STALE = "stale", "Stale"
        FAILED = "failed", "Failed"
        DISABLED = "disabled", "Disabled"

    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    venue = models.CharField(max_length=40, help_text="Whose instruments it trades, such as simulated or binance.")
    is_paper = models.BooleanField(default=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.NEW)
    status_detail = models.TextField(blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="connection_name_once_per_owner"),)

    def __str__(self) -> str:
        return self.name


class Credential(Owned):
    """One encrypted field of a connection; see `wallets.credentials` for how the row is bound into the token."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="credentials")
    field = models.CharField(max_length=40)
    token = models.BinaryField()
    key_id = models.CharField(max_length=16)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("connection", "field"), name="credential_field_once"),)

    def __str__(self) -> str:
        return self.field


# --- the hierarchy -------------------------------------------------------------------------------------------------


class Wallet(Identified, Owned):
    """A node of the hierarchy master → farm → agent."""

    class Role(models.TextChoices):
        MASTER = "master", "Master"
        FARM = "farm", "Farm"
        AGENT = "agent", "Agent"

    class TradingState(models.TextChoices):
        ACTIVE = "active", "Active"
        REDUCING = "reducing", "Reducing only"
        HALTED = "halted", "Halted"

    name = models.CharField(max_length=80)
    role = models.CharField(max_length=6, choices=Role)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="wallets")
    base_asset = models.CharField(max_length=20, default="USDT")
    trading_state = models.CharField(max_length=8, choices=TradingState, default=TradingState.ACTIVE)
    target_weight = models.DecimalField(
        max_digits=9, decimal_places=8, null=True, blank=True, help_text="Fraction of the parent's value."
    )

    class Meta:
        ordering = ("created_at",)
        constraints = (
            models.UniqueConstraint(fields=("owner", "parent", "name"), name="wallet_name_once_per_parent"),
            models.CheckConstraint(
                condition=Q(role="master", parent__isnull=True) | (~Q(role="master") & Q(parent__isnull=False)),
                name="wallet_master_is_the_root",
            ),
            models.CheckConstraint(
                condition=Q(target_weight__isnull=True) | Q(target_weight__gte=0, target_weight__lte=1),
                name="wallet_target_weight_is_a_fraction",
            ),
        )

    def __str__(self) -> str:
        return self.name


# --- the ledger ----------------------------------------------------------------------------------------------------
# Written only by the SQL functions of wallets.ledger; the application's role may read these tables and nothing else.


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


# --- sync and reconciliation ---------------------------------------------------------------------------------------


class SyncRun(Identified, Owned):
    """One look at a connection: what the venue said, and whether the books agree."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        OK = "ok", "Agreed"
        DRIFT = "drift", "Drift found"
        FAILED = "failed", "Failed"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sync_runs")
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent.")
    step = models.CharField(max_length=80, blank=True)
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("connection", "-created_at"), name="sync_newest_first"),)

    def __str__(self) -> str:
        return f"{self.status} {self.created_at:%Y-%m-%d %H:%M}"


class Reconciliation(Owned):
    """One asset of one sync: Σ wallets + unassigned = venue total, or the drift between them."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="assets")
    asset = models.CharField(max_length=20)
    venue_total = MoneyField()
    books_total = MoneyField(help_text="Sum of the wallet accounts.")
    suspense = MoneyField(default=0, help_text="Drift found earlier and not explained yet.")
    drift = MoneyField(help_text="venue_total − books_total − suspense")
    first_diverging_entry = models.ForeignKey(Entry, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "asset"), name="reconciliation_asset_once"),)

    def __str__(self) -> str:
        return f"{self.asset} {self.drift}"


# --- the demo exchange's own books (an exchange would keep these on its side) -----------------------------------------


class DemoBalance(Owned):
    """What the demo exchange owes a connection, in one asset."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    asset = models.CharField(max_length=20)
    total = MoneyField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "asset"), name="demo_balance_once"),
            models.CheckConstraint(condition=Q(total__gte=0), name="demo_balance_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.total} {self.asset}"


class DemoOrder(Owned):
    """An order as the demo exchange knows it."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    client_order_id = models.CharField(max_length=40)
    symbol = models.CharField(max_length=40)
    side = models.CharField(max_length=4)
    quantity = MoneyField()
    status = models.CharField(max_length=10)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "client_order_id"), name="demo_order_client_id_once"),
        )

    def __str__(self) -> str:
        return self.client_order_id


class DemoTrade(Owned):
    """An execution as the demo exchange knows it."""

    order = models.ForeignKey(DemoOrder, on_delete=models.CASCADE, related_name="trades")
    price = MoneyField()
    quantity = MoneyField()
    fee = MoneyField()
    fee_asset = models.CharField(max_length=20)
    liquidity = models.CharField(max_length=5)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.quantity} @ {self.price}"

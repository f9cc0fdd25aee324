"""What venues said at each sync, and whether the books agree."""

from datetime import datetime
from decimal import Decimal

from django.db import models

from kit.models import Identified, MoneyField, Owned, SentenceField, ValueField
from markets.bounds import ASSET_LENGTH, BEYOND, SYMBOL_LENGTH
from quant.contracts import notional
from wallets.models.hierarchy import Wallet
from wallets.models.ledger import Entry, Posting
from wallets.models.platforms import Connection

# What of a venue's own name of an asset is kept where it is only shown.
TOLD_LENGTH = 200


def is_bookable(asset: str) -> bool:
    """Whether the books can name the asset; one with a longer name is shown as told and counts nowhere."""
    return len(asset) <= ASSET_LENGTH


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
    error = SentenceField()
    finished_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(
        null=True, blank=True, help_text="When venue and books last said the same as in this sync, to the last digit."
    )

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("connection", "-created_at"), name="sync_newest_first"),)

    def __str__(self) -> str:
        return f"{self.status} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def last_true_at(self) -> datetime:
        """When what it found was last seen to be so."""
        at: datetime = self.seen_at or self.created_at
        return at


class SyncTurn(Owned):
    """Whose turn it is to be synced, and what was seen last: the queue of the sync workers, a row per connection.

    A worker that takes it is not wanted for it any more, and has it until `claimed_until` under a name of its own,
    `claim`; when that is over another may. Who wants it meanwhile has it again: the venue may have answered before.
    While `seen` is what the venue says again and `books` what the books are, `run` says all that a new sync would.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="turn")
    wanted_at = models.DateTimeField(null=True, blank=True, help_text="Since when a sync is due; empty: none is.")
    asked = models.ForeignKey(
        SyncRun,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The sync that somebody asked for and waits for.",
    )
    claimed_until = models.DateTimeField(null=True, blank=True, help_text="Until when a worker has it.")
    claim = models.UUIDField(null=True, blank=True, help_text="Which worker has it.")
    run = models.ForeignKey(
        SyncRun,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The last sync whose figures are those of now.",
    )
    seen = models.CharField(max_length=64, blank=True, help_text="A hash of what the venue held; empty: ask all again.")
    books = models.BigIntegerField(default=0, help_text="How often the connection's accounts had been posted to.")

    class Meta:
        ordering = ("-wanted_at", "pk")

    def __str__(self) -> str:
        return f"wanted since {self.wanted_at:%H:%M:%S}" if self.wanted_at else "not wanted"


class Reconciliation(Owned):
    """One asset of one sync: Σ wallets + unassigned = venue total, or the drift between them."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="assets")
    asset = models.CharField(max_length=TOLD_LENGTH, help_text="As the venue calls it, however long.")
    venue_total = ValueField()
    books_total = ValueField(help_text="Sum of the wallet accounts.")
    unassigned = ValueField(default=0, help_text="What the venue holds and no wallet claims.")
    suspense = ValueField(default=0, help_text="Drift found earlier and not explained yet.")
    drift = ValueField(help_text="venue_total − books_total − unassigned − suspense")
    # Entries are a view, which no key can point at; what it shows is never deleted.
    first_diverging_entry = models.ForeignKey(
        Entry, on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "asset"), name="reconciliation_asset_once"),)

    def __str__(self) -> str:
        return f"{self.asset} {self.drift}"

    @property
    def is_bookable(self) -> bool:
        return is_bookable(self.asset)

    @property
    def unexplained(self) -> Decimal:
        """What the venue holds beyond the wallets, found now or earlier."""
        difference: Decimal = self.drift + self.suspense
        return difference


class VenuePosition(Owned):
    """An open position in a derivative as its venue told it at the last sync that could read it.

    `quantity` counts contracts of `contract_size` of the base asset, of an inverse market of the quote asset. Prices
    are in the quote asset, `unrealized_pnl` in `settle`; `base` is what the price is of. What the venue does not tell
    is empty. Who it belongs to, and what it adds to their value, the SQL function `wallet_derivatives` says.
    """

    class Side(models.TextChoices):
        LONG = "long", "Long"
        SHORT = "short", "Short"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="venue_positions")
    symbol = models.CharField(max_length=SYMBOL_LENGTH)
    base = models.CharField(max_length=ASSET_LENGTH, blank=True)
    side = models.CharField(max_length=5, choices=Side)
    quantity = MoneyField()
    contract_size = MoneyField(default=1)
    entry_price = MoneyField()
    mark_price = MoneyField(null=True, blank=True)
    unrealized_pnl = MoneyField()
    settle = models.CharField(max_length=ASSET_LENGTH)
    leverage = MoneyField(null=True, blank=True)
    margin_mode = models.CharField(max_length=8, blank=True)
    liquidation_price = MoneyField(null=True, blank=True)
    is_inverse = models.BooleanField(default=False)
    wallet = models.ForeignKey(
        Wallet,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Of a position that is traded from here: the wallet that traded it.",
    )
    at = models.DateTimeField(help_text="When the venue said so.")

    class Meta:
        ordering = ("symbol", "side")
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "symbol", "side", "margin_mode", "wallet"),
                name="venue_position_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0, quantity__lt=BEYOND, unrealized_pnl__lt=BEYOND),
                name="venue_position_is_a_number",
            ),
        )

    def __str__(self) -> str:
        return f"{self.side} {self.symbol}"

    @property
    def value(self) -> Decimal:
        """What its contracts are worth in `settle`, at the mark price or, where the venue tells none, the entry's."""
        return notional(
            contracts=self.quantity,
            contract_size=self.contract_size,
            price=self.mark_price or self.entry_price,
            is_inverse=self.is_inverse,
        )


class VenueMovement(Owned):
    """A deposit or a withdrawal that the venue's own history tells of, seen when books and venue differed.

    The venue's id makes it one: it is posted once, whatever is asked again. `amount` is what came or, with its fee,
    left. It waits where no wallet took it, or while the difference is another one than it would explain.
    """

    class Kind(models.TextChoices):
        DEPOSIT = "deposit", "Deposit"
        WITHDRAWAL = "withdrawal", "Withdrawal"

    class Status(models.TextChoices):
        WAITING = "waiting", "Waits for its owner"
        BOOKED = "booked", "Booked"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="movements")
    kind = models.CharField(max_length=10, choices=Kind)
    venue_id = models.CharField(max_length=128)
    asset = models.CharField(max_length=ASSET_LENGTH)
    amount = MoneyField()
    at = models.DateTimeField(help_text="When the venue says that it was done.")
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Whose it became, or was."
    )
    posting = models.ForeignKey(
        Posting, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )

    class Meta:
        ordering = ("-at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("connection", "kind", "venue_id"), name="venue_movement_once"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, amount__lt=BEYOND), name="venue_movement_is_a_number"
            ),
        )
        indexes = (models.Index(fields=("connection", "-at"), name="venue_movement_newest_first"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.amount} {self.asset}"

    @property
    def change(self) -> Decimal:
        """What it did to the account: positive where it came."""
        amount: Decimal = self.amount
        return amount if self.kind == self.Kind.DEPOSIT else -amount


class VenueIncome(Owned):
    """What a derivative brought or cost by the venue's own account of it: realized profit, funding, and fees.

    The venue's id makes it one: it is posted once, whatever is asked again. It waits where no wallet could bear it, or
    while the venue's balance does not show it; what the books have by another way, the opening or an owner's word, is
    known.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waits"
        BOOKED = "booked", "Booked"
        KNOWN = "known", "In the books by another way"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="income")
    venue_id = models.CharField(max_length=128)
    symbol = models.CharField(max_length=SYMBOL_LENGTH, blank=True)
    asset = models.CharField(max_length=ASSET_LENGTH)
    realized = ValueField(default=0, help_text="Before fees.")
    funding = ValueField(default=0, help_text="Positive where it was received.")
    fee = ValueField(default=0, help_text="Positive where it was paid.")
    at = models.DateTimeField(help_text="When the venue says that it was.")
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Whose it is."
    )
    posting = models.ForeignKey(
        Posting, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )

    class Meta:
        ordering = ("-at", "-id")
        constraints = (models.UniqueConstraint(fields=("connection", "venue_id"), name="venue_income_once"),)
        indexes = (
            models.Index(fields=("connection", "-at"), name="venue_income_newest_first"),
            models.Index(fields=("connection",), condition=models.Q(status="waiting"), name="venue_income_waiting"),
        )

    def __str__(self) -> str:
        return f"{self.change} {self.asset} of {self.symbol}"

    @property
    def change(self) -> Decimal:
        """What it did to the account's total."""
        change: Decimal = self.realized + self.funding - self.fee
        return change


class LedgerProof(Owned):
    """What a proof of an owner's books found: every figure recomputed from the transfers."""

    checked_at = models.DateTimeField()
    entries = models.BigIntegerField(help_text="How many there were.")
    seconds = models.FloatField(null=True, blank=True, help_text="Empty for the nightly one, which is of all owners.")
    contradiction = models.TextField(blank=True, help_text="The first that was found; empty where the books are sound.")
    found = models.JSONField(default=list, help_text="What came of each check, and when it was asked.")

    class Meta:
        ordering = ("-checked_at", "-id")
        indexes = (models.Index(fields=("owner", "-checked_at"), name="proof_newest_first"),)

    def __str__(self) -> str:
        return f"{'not ' if self.contradiction else ''}sound at {self.checked_at:%Y-%m-%d %H:%M}"


class ProofRun(models.Model):
    """A proof of everybody's books, and how far it is; operators' only. What was found names rows of whoever."""

    started_at = models.DateTimeField()
    told_at = models.DateTimeField(help_text="When its last part was done.")
    finished_at = models.DateTimeField(null=True, blank=True)
    after = models.JSONField(default=list, blank=True)
    found = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("-started_at", "-id")

    def __str__(self) -> str:
        return f"{'over' if self.finished_at else 'under way'} since {self.started_at:%Y-%m-%d %H:%M}"

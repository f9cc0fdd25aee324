"""What a wallet's owner wants done with its money whenever there is reason, and what was done because of it."""

from django.db import models
from django.db.models import Q

from kit.models import Identified, Owned, SentenceField
from wallets.models.hierarchy import Wallet
from wallets.models.ledger import FundAllocation


class WalletRule(Identified, Owned):
    """A standing order of a wallet, on or off.

    `distribute` what comes in to the children by their targets; `reserve` the minimum balance, from the children;
    `sweep` up from what is below: free profit `every` hour, day or week, or at once what is above a child's ceiling.
    """

    class Kind(models.TextChoices):
        DISTRIBUTE = "distribute", "Share out what comes in"
        RESERVE = "reserve", "Keep the minimum balance"
        SWEEP = "sweep", "Sweep up"

    class Every(models.TextChoices):
        CEILING = "ceiling", "At once, what is above a ceiling"
        HOUR = "hour", "Every hour, free profit"
        DAY = "day", "Every day, free profit"
        WEEK = "week", "Every week, free profit"

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="rules")
    kind = models.CharField(max_length=10, choices=Kind)
    every = models.CharField(max_length=7, choices=Every, blank=True, help_text="Of a sweep only.")
    is_on = models.BooleanField(default=True)
    on_since = models.DateTimeField(help_text="What came before it was switched on concerns it no more.")
    looked_at = models.DateTimeField(null=True, blank=True, help_text="When it was last asked whether there is reason.")

    class Meta:
        ordering = ("created_at",)
        constraints = (
            models.UniqueConstraint(fields=("wallet", "kind", "every"), name="wallet_rule_once"),
            models.CheckConstraint(
                condition=(Q(kind="sweep") & ~Q(every="")) | (~Q(kind="sweep") & Q(every="")),
                name="wallet_rule_sweeps_have_a_rhythm",
            ),
        )
        indexes = (models.Index(fields=("owner",), condition=Q(is_on=True), name="wallet_rule_on"),)

    def __str__(self) -> str:
        return self.get_kind_display()


class RuleRun(Owned):
    """What a rule did for one reason, or why it did nothing; the key makes a second run for it a no-op. Append-only."""

    class Status(models.TextChoices):
        DONE = "done", "Done"
        NOTHING = "nothing", "Nothing to do"
        REFUSED = "refused", "Refused"

    rule = models.ForeignKey(WalletRule, on_delete=models.PROTECT, related_name="runs")
    key = models.CharField(max_length=100, help_text="The period, the movement or the state of the books it was for.")
    status = models.CharField(max_length=7, choices=Status)
    reason = SentenceField()
    allocation = models.ForeignKey(FundAllocation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (models.UniqueConstraint(fields=("rule", "key"), name="rule_run_once"),)
        indexes = (models.Index(fields=("rule", "-created_at"), name="rule_runs_newest_first"),)

    def __str__(self) -> str:
        return f"{self.status} {self.key}"

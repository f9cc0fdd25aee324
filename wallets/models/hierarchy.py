"""The hierarchy of wallets: master, farm, agent; beside the farms reserves, and a pool of free agents."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q, Value

from kit.models import Identified, MoneyField, Owned
from wallets.models.platforms import Connection


class Wallet(Identified, Owned):
    """A node of the hierarchy master → farm → agent. A reserve under a master keeps money that nobody trades with, and
    under its one pool stand the agents that work in no farm.

    Beside the masters stands one *unassigned* wallet per real account, which a sync makes: what the venue holds and no
    wallet claims is in it. It is its owner's money and counts as such; nothing is traded from it, and what leaves it
    goes to a wallet of the connection.
    """

    class Role(models.TextChoices):
        MASTER = "master", "Master"
        FARM = "farm", "Farm"
        AGENT = "agent", "Agent"
        RESERVE = "reserve", "Reserve"
        POOL = "pool", "Pool"
        UNASSIGNED = "unassigned", "Unassigned"

    class TradingState(models.TextChoices):
        ACTIVE = "active", "Active"
        REDUCING = "reducing", "Reducing only"
        HALTED = "halted", "Halted"

    # Nothing is traded from them, and no goal takes from them.
    IDLE = (Role.RESERVE, Role.UNASSIGNED, Role.POOL)

    # The name's key begins with it. An index of its own is what a young table's wallets were looked up by, all that the
    # owner has for each: to a planner that knows nothing yet it promises as much as the wallet's key does.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+")
    name = models.CharField(max_length=80)
    role = models.CharField(max_length=10, choices=Role)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="wallets")
    base_asset = models.CharField(max_length=20, default="USDT")
    trading_state = models.CharField(max_length=8, choices=TradingState, default=TradingState.ACTIVE)
    held_for = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        help_text="What lets it only reduce or halt, where that was no person: a goal, say.",
    )
    holds = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        blank=True,
        help_text="Who holds it, each with the state it asks for and its words; beside them what its owner has chosen.",
    )
    protects_in_halt = models.BooleanField(
        default=True,
        help_text="Stops are carried out while it is halted; its owner ends that in words only.",
    )
    target_weight = models.DecimalField(
        max_digits=9, decimal_places=8, null=True, blank=True, help_text="Fraction of the parent's value."
    )
    minimum_balance = MoneyField(default=Decimal(0), help_text="Of the base asset: goals take nothing below it.")
    maximum_balance = MoneyField(
        null=True, blank=True, help_text="Of the base asset: a sweep takes what is free above it."
    )
    archived_at = models.DateTimeField(
        null=True, blank=True, help_text="Put away: it is empty, takes no money and stands in no list until restored."
    )

    class Meta:
        ordering = ("created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "parent", "name"), name="wallet_name_once_per_parent", nulls_distinct=False
            ),
            models.UniqueConstraint(fields=("id", "owner"), name="wallet_identity"),
            models.CheckConstraint(
                condition=Q(role__in=("master", "unassigned"), parent__isnull=True)
                | (~Q(role__in=("master", "unassigned")) & Q(parent__isnull=False)),
                name="wallet_master_is_the_root",
            ),
            models.UniqueConstraint(
                fields=("connection",),
                condition=Q(role="unassigned", archived_at__isnull=True),
                name="wallet_unassigned_once_per_connection",
            ),
            models.CheckConstraint(
                condition=Q(target_weight__isnull=True) | Q(target_weight__gte=0, target_weight__lte=1),
                name="wallet_target_weight_is_a_fraction",
            ),
            models.CheckConstraint(
                condition=~Q(role__in=("reserve", "pool")) | Q(target_weight__isnull=True),
                name="wallet_reserve_has_no_target",
            ),
            models.UniqueConstraint(fields=("parent",), condition=Q(role="pool"), name="wallet_pool_once_per_master"),
            models.CheckConstraint(condition=Q(minimum_balance__gte=0), name="wallet_minimum_balance_not_negative"),
            models.CheckConstraint(
                condition=Q(maximum_balance__isnull=True) | Q(maximum_balance__gte=models.F("minimum_balance")),
                name="wallet_ceiling_above_the_minimum",
            ),
        )

    def __str__(self) -> str:
        return self.name

"""The demo exchange's own books; a real exchange would keep these on its side."""

from django.db import models
from django.db.models import Q

from kit import clock
from kit.models import MoneyField, Owned, SentenceField, ValueField
from wallets.models.platforms import Connection

RESTS = Q(status__in=("open", "partially_filled"))


class DemoBalance(Owned):
    """What the demo exchange owes a connection, in one asset."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    asset = models.CharField(max_length=20)
    total = ValueField(default=0)

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
    price = MoneyField(null=True, help_text="The limit; an order at the market has none.")
    time_in_force = models.CharField(max_length=3, default="gtc")
    expires_at = models.DateTimeField(null=True, help_text="Until when it is good.")
    status = models.CharField(max_length=16)
    reason = SentenceField()
    created_at = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(null=True, help_text="Until when the market was looked at for what rests.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "client_order_id"), name="demo_order_client_id_once"),
            models.CheckConstraint(
                condition=~RESTS | Q(price__gt=0, seen_at__isnull=False), name="demo_order_rests_at_a_limit"
            ),
        )
        indexes = (models.Index(fields=("connection", "symbol"), condition=RESTS, name="demo_order_resting"),)

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

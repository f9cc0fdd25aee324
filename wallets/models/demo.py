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
    reduce_only = models.BooleanField(db_default=False)
    leverage = MoneyField(db_default=1, help_text="Of a perpetual.")
    part = models.CharField(max_length=40, db_default="", help_text="The part of the account that it is of.")
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
    realized = ValueField(null=True, help_text="Of a perpetual: what it realized, before the fee.")
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.quantity} @ {self.price}"


class DemoPosition(Owned):
    """A position in a perpetual as the demo exchange knows it, of a part of an account; flat ones stay."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    part = models.CharField(max_length=40)
    symbol = models.CharField(max_length=40)
    quantity = ValueField(help_text="In base, negative when short.")
    cost = MoneyField(help_text="What it was opened for.")
    margin = MoneyField(help_text="What stands for it, with what funding has brought and taken.")
    funded_at = models.DateTimeField(help_text="Until when funding is written down.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "part", "symbol"), name="demo_position_once"),
            models.CheckConstraint(
                condition=Q(quantity=0, cost=0, margin=0) | (~Q(quantity=0) & Q(cost__gt=0, margin__gte=0)),
                name="demo_position_is_backed",
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} {self.symbol}"


class DemoFunding(Owned):
    """What a position received or paid at a moment of funding; its balance moves when it is `booked`."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    part = models.CharField(max_length=40)
    symbol = models.CharField(max_length=40)
    at = models.DateTimeField()
    price = MoneyField()
    rate = ValueField(help_text="What longs pay, a fraction of the worth.")
    quantity = ValueField(help_text="In base, negative when short.")
    amount = ValueField(help_text="In the settle asset; positive where it was received.")
    is_booked = models.BooleanField(default=False, help_text="Whether it stands in the balance and in the ledger.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "part", "symbol", "at"), name="demo_funding_once"),
        )
        indexes = (models.Index(fields=("connection",), condition=Q(is_booked=False), name="demo_funding_to_book"),)

    def __str__(self) -> str:
        return f"{self.amount} at {self.at:%Y-%m-%d %H:%M}"

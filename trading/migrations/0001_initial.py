"""Orders, their events and cancellations, fills, positions, limits and decisions."""

import uuid
from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("markets", "0001_initial"),
        ("wallets", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                (
                    "key",
                    models.CharField(
                        help_text="Idempotency key; the client order id is derived from it.", max_length=120
                    ),
                ),
                ("client_order_id", models.CharField(max_length=40)),
                ("venue_order_id", models.CharField(blank=True, max_length=80)),
                ("side", models.CharField(choices=[("buy", "Buy"), ("sell", "Sell")], max_length=4)),
                ("type", models.CharField(choices=[("market", "Market")], default="market", max_length=12)),
                ("quantity", kit.models.MoneyField()),
                ("reduce_only", models.BooleanField(default=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("submitting", "Submitting"),
                            ("open", "Open"),
                            ("partially_filled", "Partially filled"),
                            ("filled", "Filled"),
                            ("cancelled", "Cancelled"),
                            ("rejected", "Rejected"),
                            ("expired", "Expired"),
                            ("uncertain", "Uncertain"),
                        ],
                        default="draft",
                        max_length=16,
                    ),
                ),
                ("reason", kit.models.SentenceField(help_text="Why it was placed.")),
                ("refusal", kit.models.SentenceField(help_text="Why the gate refused or the venue rejected it.")),
                (
                    "reference_price",
                    kit.models.MoneyField(
                        help_text="Price when it was decided; the hold and the slippage are measured from it."
                    ),
                ),
                (
                    "exit_stop",
                    kit.models.MoneyField(
                        blank=True, help_text="Protective stop handed to the position it opens.", null=True
                    ),
                ),
                (
                    "exit_target",
                    kit.models.MoneyField(
                        blank=True, help_text="Profit target handed to the position it opens.", null=True
                    ),
                ),
                (
                    "exit_trail",
                    kit.models.MoneyField(
                        blank=True, help_text="How far below the best price the stop follows, in quote.", null=True
                    ),
                ),
                ("filled_quantity", kit.models.MoneyField(default=0)),
                ("average_price", kit.models.MoneyField(blank=True, null=True)),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(default=0, help_text="How often it was sent, or may have been."),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Until then a worker holds it; after that the sweeper takes it. Real time, even over history.",
                        null=True,
                    ),
                ),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="wallets.connection"
                    ),
                ),
                (
                    "hold",
                    models.ForeignKey(
                        blank=True,
                        help_text="What is set aside for it now; empty once all of it is used or released.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.transfer",
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="markets.instrument",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="wallets.wallet"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="OrderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_status", models.CharField(blank=True, max_length=16)),
                ("to_status", models.CharField(max_length=16)),
                ("detail", kit.models.SentenceField()),
                ("answer", models.JSONField(default=dict, help_text="What the venue said, as it said it.")),
                ("created_at", models.DateTimeField(default=kit.clock.now)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="trading.order"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Position",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                (
                    "direction",
                    models.CharField(choices=[("long", "Long"), ("short", "Short")], default="long", max_length=5),
                ),
                ("quantity", kit.models.MoneyField(help_text="What is open now; zero once closed.")),
                ("entry_quantity", kit.models.MoneyField(help_text="All that was bought into it.")),
                ("entry_price", kit.models.MoneyField(help_text="Average, without fees.")),
                ("exit_quantity", kit.models.MoneyField(default=0, help_text="All that was sold out of it.")),
                ("exit_price", kit.models.MoneyField(blank=True, help_text="Average, without fees.", null=True)),
                ("fees", kit.models.MoneyField(default=0, help_text="In the quote asset.")),
                (
                    "realized_pnl",
                    kit.models.MoneyField(default=0, help_text="In the quote asset, net of all fees paid so far."),
                ),
                (
                    "exit_stop",
                    kit.models.MoneyField(blank=True, help_text="At or below it the position is sold.", null=True),
                ),
                (
                    "exit_target",
                    kit.models.MoneyField(blank=True, help_text="At or above it the position is sold.", null=True),
                ),
                (
                    "exit_trail",
                    kit.models.MoneyField(
                        blank=True, help_text="How far below the best price the stop follows, in quote.", null=True
                    ),
                ),
                ("entry_reason", kit.models.SentenceField()),
                ("exit_reason", kit.models.SentenceField()),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "instrument",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="markets.instrument",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="positions", to="wallets.wallet"
                    ),
                ),
            ],
            options={
                "ordering": ("-opened_at",),
            },
        ),
        migrations.AddField(
            model_name="order",
            name="protects",
            field=models.ForeignKey(
                blank=True,
                help_text="The position whose stop or target it carries out.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="exits",
                to="trading.position",
            ),
        ),
        migrations.CreateModel(
            name="RiskDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("allowed", models.BooleanField()),
                ("limit", models.CharField(blank=True, help_text="Which limit refused.", max_length=40)),
                ("explanation", kit.models.SentenceField()),
                ("numbers", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=kit.clock.now)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="risk_decisions", to="trading.order"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="RiskLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "allowed_symbols",
                    models.JSONField(blank=True, help_text="List of symbols; empty list allows none.", null=True),
                ),
                (
                    "maximum_notional",
                    kit.models.MoneyField(blank=True, help_text="Per order, in the notional asset.", null=True),
                ),
                (
                    "notional_asset",
                    models.CharField(blank=True, help_text="What the maximum notional is counted in.", max_length=20),
                ),
                ("updated_at", models.DateTimeField(default=kit.clock.now)),
                (
                    "connection",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="limit",
                        to="wallets.connection",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "wallet",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="limit",
                        to="wallets.wallet",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Fill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("venue_trade_id", models.CharField(max_length=80)),
                ("side", models.CharField(choices=[("buy", "Buy"), ("sell", "Sell")], max_length=4)),
                ("price", kit.models.MoneyField()),
                ("quantity", kit.models.MoneyField()),
                ("fee", kit.models.MoneyField(default=0)),
                ("fee_asset", models.CharField(max_length=20)),
                (
                    "liquidity",
                    models.CharField(choices=[("maker", "Maker"), ("taker", "Taker")], default="taker", max_length=5),
                ),
                ("filled_at", models.DateTimeField()),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="wallets.connection"
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="markets.instrument"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "posting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fill", to="wallets.posting"
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fills", to="wallets.wallet"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fills", to="trading.order"
                    ),
                ),
            ],
            options={
                "ordering": ("-filled_at", "-id"),
                "indexes": [
                    models.Index(fields=["owner", "-filled_at"], name="fill_newest_first"),
                    models.Index(fields=["owner", "wallet", "-filled_at"], name="fill_of_wallet"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "instrument", "venue_trade_id"), name="fill_once"),
                    models.CheckConstraint(
                        condition=models.Q(("price__gt", 0), ("quantity__gt", 0)), name="fill_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("fee__lt", Decimal(100000000000000000000)),
                            ("price__lt", Decimal(100000000000000000000)),
                            ("quantity__lt", Decimal(100000000000000000000)),
                        ),
                        name="fill_amounts_finite",
                    ),
                    models.CheckConstraint(condition=models.Q(("side__in", ["buy", "sell"])), name="fill_side_known"),
                    models.CheckConstraint(
                        condition=models.Q(("liquidity__in", ("maker", "taker"))), name="fill_liquidity_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Cancellation",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                ("reason", kit.models.SentenceField()),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How often the venue was asked, or may have been."
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Until then a worker holds it; after that the sweeper takes it. Real time.",
                        null=True,
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cancellation", to="trading.order"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)), fields=["due_at"], name="cancellation_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("due_at__isnull", False)),
                            models.Q(("closed_at__isnull", False), ("due_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="cancellation_open_is_never_forgotten",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(fields=["owner", "-closed_at"], name="position_closed_newest_first"),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(fields=["owner", "wallet", "-closed_at"], name="position_of_wallet"),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(fields=["instrument", "owner", "-closed_at"], name="position_of_instrument"),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(condition=models.Q(("closed_at__isnull", True)), fields=["owner"], name="position_open"),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at__isnull", True)),
                fields=("wallet", "instrument"),
                name="position_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("quantity__gt", 0)),
                    models.Q(("closed_at__isnull", False), ("quantity", 0)),
                    _connector="OR",
                ),
                name="position_closed_when_flat",
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(("direction__in", ("long", "short"))), name="position_direction_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("entry_price__lt", Decimal(100000000000000000000)),
                    ("entry_quantity__lt", Decimal(100000000000000000000)),
                    ("exit_price__lt", Decimal(100000000000000000000)),
                    ("exit_quantity__lt", Decimal(100000000000000000000)),
                    ("exit_stop__lt", Decimal(100000000000000000000)),
                    ("exit_target__lt", Decimal(100000000000000000000)),
                    ("exit_trail__lt", Decimal(100000000000000000000)),
                    ("fees__lt", Decimal(100000000000000000000)),
                    ("quantity__lt", Decimal(100000000000000000000)),
                    ("realized_pnl__lt", Decimal(100000000000000000000)),
                ),
                name="position_amounts_finite",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["owner", "-created_at"], name="order_newest_first"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("status__in", ["draft", "open", "partially_filled", "submitting", "uncertain"])),
                fields=["wallet", "instrument"],
                name="order_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("status__in", ["draft", "open", "partially_filled", "submitting", "uncertain"])),
                fields=["due_at"],
                name="order_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(fields=("owner", "key"), name="order_key_once_per_owner"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(fields=("connection", "client_order_id"), name="order_client_id_once"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(condition=models.Q(("quantity__gt", 0)), name="order_quantity_positive"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("average_price__lt", Decimal(100000000000000000000)),
                    ("exit_stop__lt", Decimal(100000000000000000000)),
                    ("exit_target__lt", Decimal(100000000000000000000)),
                    ("exit_trail__lt", Decimal(100000000000000000000)),
                    ("filled_quantity__lt", Decimal(100000000000000000000)),
                    ("quantity__lt", Decimal(100000000000000000000)),
                    ("reference_price__lt", Decimal(100000000000000000000)),
                ),
                name="order_amounts_finite",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("exit_stop__lte", 0), _negated=True),
                    models.Q(("exit_target__lte", 0), _negated=True),
                    models.Q(("exit_trail__lte", 0), _negated=True),
                ),
                name="order_levels_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("filled_quantity__gte", 0)), name="order_filled_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "cancelled",
                            "draft",
                            "expired",
                            "filled",
                            "open",
                            "partially_filled",
                            "rejected",
                            "submitting",
                            "uncertain",
                        ],
                    )
                ),
                name="order_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["buy", "sell"])), name="order_side_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "filled"), _negated=True),
                    ("filled_quantity__gte", models.F("quantity")),
                    _connector="OR",
                ),
                name="order_filled_is_filled",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("status__in", ["draft", "open", "partially_filled", "submitting", "uncertain"]),
                        ("closed_at__isnull", True),
                        ("due_at__isnull", False),
                    ),
                    models.Q(
                        models.Q(
                            ("status__in", ["draft", "open", "partially_filled", "submitting", "uncertain"]),
                            _negated=True,
                        ),
                        ("closed_at__isnull", False),
                        ("due_at__isnull", True),
                        ("hold__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="order_unfinished_is_never_forgotten",
            ),
        ),
        migrations.AddConstraint(
            model_name="risklimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("connection__isnull", True), ("wallet__isnull", False)),
                    models.Q(("connection__isnull", False), ("wallet__isnull", True)),
                    _connector="OR",
                ),
                name="risk_limit_on_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="risklimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("maximum_notional__isnull", True),
                    models.Q(
                        ("maximum_notional__gt", 0),
                        ("maximum_notional__lt", Decimal(100000000000000000000)),
                        models.Q(("notional_asset", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="risk_limit_positive",
            ),
        ),
    ]

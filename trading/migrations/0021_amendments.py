"""Amendments: the wish for other terms, and the order that takes another's place."""

import uuid
from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models
from kit.history import History, history_sql
from kit.tenancy import policy_sql

# A copy, because a migration never changes; a test holds it to `trading.orders.states`.
NEXT = {
    "draft": ("submitting", "rejected"),
    "submitting": ("open", "partially_filled", "uncertain", "filled", "cancelled", "rejected", "expired"),
    "open": ("partially_filled", "uncertain", "filled", "cancelled", "rejected", "expired"),
    "partially_filled": ("uncertain", "filled", "cancelled", "expired"),
    "uncertain": ("submitting", "open", "partially_filled", "filled", "cancelled", "rejected", "expired"),
}
STEPS = ", ".join(f"'{before}>{after}'" for before, afters in NEXT.items() for after in afters)
INTENT = (
    "id",
    "created_at",
    "owner_id",
    "wallet_id",
    "connection_id",
    "instrument_id",
    "key",
    "client_order_id",
    "side",
    "type",
    "quantity",
    "limit_price",
    "time_in_force",
    "expires_at",
    "post_only",
    "reduce_only",
    "reference_price",
    "exit_stop",
    "exit_target",
    "exit_trail",
    "protects_id",
    "replaces_id",
)

GUARD_ORDERS = f"""
CREATE OR REPLACE FUNCTION trading_guard_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status NOT IN ('draft', 'submitting', 'rejected') THEN
            RAISE EXCEPTION 'An order starts as draft, submitting or rejected, not as %.', NEW.status
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND OLD.status || '>' || NEW.status NOT IN ({STEPS}) THEN
        RAISE EXCEPTION 'An order that is % cannot become %.', OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.filled_quantity < OLD.filled_quantity THEN
        RAISE EXCEPTION 'What was filled stays filled.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.attempts < OLD.attempts THEN
        RAISE EXCEPTION 'What was sent stays sent.' USING ERRCODE = 'check_violation';
    END IF;
    IF ({", ".join(f"NEW.{name}" for name in INTENT)}) IS DISTINCT FROM ({", ".join(f"OLD.{name}" for name in INTENT)})
    THEN
        RAISE EXCEPTION 'The intent of an order never changes.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""

MAY_CHANGE = {
    "trading_amendment": History(columns=("due_at", "closed_at", "result"), over="OLD.closed_at IS NOT NULL"),
}


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0020_limit_orders"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="replaces",
            field=models.OneToOneField(
                blank=True,
                help_text="The order that was amended; it had ended when this one was placed.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="trading.order",
            ),
        ),
        migrations.CreateModel(
            name="Amendment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                ("key", models.CharField(help_text="Idempotency key of the wish.", max_length=120)),
                ("limit_price", kit.models.MoneyField()),
                ("quantity", kit.models.MoneyField(help_text="All that is wanted, with what was filled before.")),
                ("result", kit.models.SentenceField(help_text="What became of it.")),
                (
                    "due_at",
                    models.DateTimeField(blank=True, help_text="When the sweeper looks at it. Real time.", null=True),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="amendment", to="trading.order"
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
                "ordering": ("-created_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)), fields=["due_at"], name="amendment_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("limit_price__gt", 0), ("quantity__gt", 0)), name="amendment_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("limit_price__lt", Decimal(100000000000000000000)),
                            ("quantity__lt", Decimal(100000000000000000000)),
                        ),
                        name="amendment_amounts_finite",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("due_at__isnull", False)),
                            models.Q(("closed_at__isnull", False), ("due_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="amendment_open_is_never_forgotten",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARD_ORDERS, migrations.RunSQL.noop),
        migrations.RunSQL(policy_sql("trading_amendment") + history_sql(MAY_CHANGE), migrations.RunSQL.noop),
    ]

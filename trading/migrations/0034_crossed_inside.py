"""Orders of one farm that are opposite to each other are crossed inside it: how much of an order was never changes."""

from importlib import import_module

from django.conf import settings
from django.db import migrations, models

import kit.models

BEFORE = import_module("trading.migrations.0030_perpetuals").GUARD_ORDERS
GUARD_ORDERS = BEFORE.replace("NEW.origin) IS", "NEW.origin, NEW.crossed_quantity) IS").replace(
    "OLD.origin)\n", "OLD.origin, OLD.crossed_quantity)\n"
)


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0006_kept_series"),
        ("trading", "0033_what_scopes_write"),
        ("wallets", "0036_locking_accounts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="fill",
            name="fill_liquidity_known",
        ),
        migrations.AddField(
            model_name="order",
            name="crossed_quantity",
            field=kit.models.MoneyField(
                db_default=0,
                default=0,
                help_text="What of it was crossed inside its farm when it was placed, and never sent.",
            ),
        ),
        migrations.AlterField(
            model_name="fill",
            name="liquidity",
            field=models.CharField(
                choices=[("maker", "Maker"), ("taker", "Taker"), ("internal", "Inside the farm")],
                default="taker",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(("liquidity__in", ("maker", "taker", "internal"))), name="fill_liquidity_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("crossed_quantity", 0),
                    models.Q(
                        ("crossed_quantity__gt", 0),
                        ("crossed_quantity__lte", models.F("quantity")),
                        ("leverage", None),
                        ("type", "market"),
                    ),
                    _connector="OR",
                ),
                name="order_crossed_is_a_part_of_it",
            ),
        ),
        migrations.RunSQL(GUARD_ORDERS, BEFORE),
    ]

"""The book of the demo exchange: limit orders that rest."""

from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.history import History, history_sql

# What rests goes on until it ends.
MAY_CHANGE = {
    "wallets_demoorder": History(
        columns=("status", "reason", "seen_at"), over="OLD.status NOT IN ('open', 'partially_filled')"
    ),
}


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0030_proof"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="demoorder",
            name="expires_at",
            field=models.DateTimeField(help_text="Until when it is good.", null=True),
        ),
        migrations.AddField(
            model_name="demoorder",
            name="price",
            field=kit.models.MoneyField(help_text="The limit; an order at the market has none.", null=True),
        ),
        migrations.AddField(
            model_name="demoorder",
            name="seen_at",
            field=models.DateTimeField(help_text="Until when the market was looked at for what rests.", null=True),
        ),
        migrations.AddField(
            model_name="demoorder",
            name="time_in_force",
            field=models.CharField(default="gtc", max_length=3),
        ),
        migrations.AlterField(
            model_name="demoorder",
            name="status",
            field=models.CharField(max_length=16),
        ),
        migrations.AddIndex(
            model_name="demoorder",
            index=models.Index(
                condition=models.Q(("status__in", ("open", "partially_filled"))),
                fields=["connection", "symbol"],
                name="demo_order_resting",
            ),
        ),
        migrations.AddConstraint(
            model_name="demoorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ("open", "partially_filled")), _negated=True),
                    models.Q(("price__gt", 0), ("seen_at__isnull", False)),
                    _connector="OR",
                ),
                name="demo_order_rests_at_a_limit",
            ),
        ),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
    ]

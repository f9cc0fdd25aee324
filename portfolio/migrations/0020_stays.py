"""Where wallets stood until they were moved."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kit.history import append_only_sql
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0019_earned_elsewhere"),
        ("wallets", "0037_pools"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Stay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateTimeField()),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "under",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: under none.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.wallet",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.wallet",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("wallet", "until"), name="stay_ends_once")],
            },
        ),
        migrations.RunSQL(policy_sql("portfolio_stay") + append_only_sql("portfolio_stay"), migrations.RunSQL.noop),
    ]

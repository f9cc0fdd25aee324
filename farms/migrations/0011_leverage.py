"""Agents of perpetuals say how many times its margin an entry is worth."""

from decimal import Decimal

from django.db import migrations, models

import kit.models


class Migration(migrations.Migration):
    dependencies = (("farms", "0010_runs_by_months"),)

    operations = (
        migrations.AddField(
            "agent",
            "leverage",
            kit.models.MoneyField(
                db_default=1, default=1, help_text="Of a perpetual: how many times its margin an entry is worth."
            ),
        ),
        migrations.AddConstraint(
            "agent",
            models.CheckConstraint(
                condition=models.Q(("leverage__gte", 1), ("leverage__lt", Decimal(100000000000000000000))),
                name="agent_leverage",
            ),
        ),
    )

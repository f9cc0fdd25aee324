"""What a contract of a derivative is, and how far it may be levered."""

from django.db import migrations

import kit.models


class Migration(migrations.Migration):
    dependencies = (("markets", "0002_prices"),)

    operations = (
        migrations.AddField(
            model_name="instrument",
            name="contract_size",
            field=kit.models.MoneyField(
                default=1, help_text="Of a derivative: how much of the base asset one contract is."
            ),
        ),
        migrations.AddField(
            model_name="instrument",
            name="max_leverage",
            field=kit.models.MoneyField(
                blank=True,
                null=True,
                help_text="Of a derivative: how many times its margin a position may be; empty: unknown.",
            ),
        ),
    )

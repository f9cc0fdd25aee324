"""What pages list newest first has an index of its own, so that no list reads all there ever was."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0002_prices"),
        ("trading", "0005_functions"),
        ("wallets", "0006_hierarchy_functions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="position",
            name="position_open",
        ),
        migrations.AlterField(
            model_name="fill",
            name="wallet",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="fills", to="wallets.wallet"
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="wallet",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="wallets.wallet"
            ),
        ),
        migrations.AlterField(
            model_name="position",
            name="wallet",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="positions",
                to="wallets.wallet",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["owner", "wallet", "-created_at"], name="order_of_wallet"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["instrument", "owner", "-created_at"], name="order_of_instrument"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("status__in", ("rejected", "uncertain"))),
                fields=["owner", "-created_at"],
                name="order_gone_wrong",
            ),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(fields=["owner", "-opened_at"], name="position_opened_newest_first"),
        ),
    ]

"""A pool of free agents under each master."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0036_locking_accounts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="wallet",
            name="wallet_reserve_has_no_target",
        ),
        migrations.AlterField(
            model_name="wallet",
            name="role",
            field=models.CharField(
                choices=[
                    ("master", "Master"),
                    ("farm", "Farm"),
                    ("agent", "Agent"),
                    ("reserve", "Reserve"),
                    ("pool", "Pool"),
                    ("unassigned", "Unassigned"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("role__in", ("reserve", "pool")), _negated=True),
                    ("target_weight__isnull", True),
                    _connector="OR",
                ),
                name="wallet_reserve_has_no_target",
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.UniqueConstraint(
                condition=models.Q(("role", "pool")), fields=("parent",), name="wallet_pool_once_per_master"
            ),
        ),
    ]

"""What proofs of the books found."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = (
        ("wallets", "0017_protection"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="LedgerProof",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("checked_at", models.DateTimeField()),
                ("entries", models.BigIntegerField(help_text="How many there were.")),
                (
                    "seconds",
                    models.FloatField(
                        blank=True, help_text="Empty for the nightly one, which is of all owners.", null=True
                    ),
                ),
                (
                    "contradiction",
                    models.TextField(
                        blank=True, help_text="The first that was found; empty where the books are sound."
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
                "ordering": ("-checked_at", "-id"),
                "indexes": [models.Index(fields=["owner", "-checked_at"], name="proof_newest_first")],
            },
        ),
        migrations.RunSQL(policy_sql("wallets_ledgerproof"), migrations.RunSQL.noop),
    )

"""What of the past is worked out anew, and how far it is."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0007_hours"),
        ("wallets", "0022_assets_as_venues_call_them"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="portfoliostate",
            name="fills_to",
            field=models.BigIntegerField(
                blank=True, help_text="Up to which transaction it was looked for trades that were told late.", null=True
            ),
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("late", "A trade was told late"),
                            ("fill", "Values were missing"),
                            ("close", "Days were not closed at their midnight"),
                        ],
                        max_length=8,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                (
                    "step",
                    models.DurationField(
                        blank=True, help_text="How far the values lie apart that are missing.", null=True
                    ),
                ),
                (
                    "joins_at",
                    models.DateTimeField(
                        blank=True, help_text="Where a history began that another is put before.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("done_to", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("written", models.PositiveIntegerField(default=0, help_text="Values of all scopes together.")),
                (
                    "skipped",
                    models.PositiveIntegerField(default=0, help_text="Moments at which something held had no price."),
                ),
                (
                    "unpriced",
                    models.JSONField(
                        default=list, help_text="What had none, or an old one, and what nobody remembers."
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
                        blank=True,
                        help_text="Whose trade was late.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.wallet",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "indexes": [models.Index(fields=["owner", "-created_at", "-id"], name="correction_newest_first")],
            },
        ),
        migrations.RunSQL(policy_sql("portfolio_correction"), migrations.RunSQL.noop),
    ]

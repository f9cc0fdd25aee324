"""Farms and markets that models are asked about at the close of candles."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models
from kit.tenancy import policy_sql, scopes_sql

TABLE = "farms_advicewatch"


class Migration(migrations.Migration):
    dependencies = (
        ("farms", "0025_judged_from_the_first_price"),
        ("markets", "0007_regimes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="AdviceWatch",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                (
                    "timeframe",
                    models.CharField(
                        choices=[
                            ("1m", "1 minute"),
                            ("5m", "5 minutes"),
                            ("15m", "15 minutes"),
                            ("1h", "1 hour"),
                            ("4h", "4 hours"),
                            ("1d", "1 day"),
                        ],
                        max_length=3,
                    ),
                ),
                ("every", models.PositiveSmallIntegerField(help_text="Asked at the close of every so manieth candle.")),
                (
                    "last_bar",
                    models.BigIntegerField(
                        blank=True, help_text="Open of the last bar it was asked at, in ms.", null=True
                    ),
                ),
                ("said", kit.models.SentenceField(help_text="Why nobody was asked at that bar; empty: somebody was.")),
                (
                    "farm",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="advice",
                        to="farms.farm",
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="markets.instrument",
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
                "ordering": ("created_at",),
                "verbose_name_plural": "advice watches",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("owner", "instrument", "timeframe"), name="advice_watches_a_market_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("every__gte", 1), ("every__lte", 1000)), name="advice_watch_bounds"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("farm__isnull", True), ("instrument__isnull", False)),
                            models.Q(("farm__isnull", False), ("instrument__isnull", True)),
                            _connector="OR",
                        ),
                        name="advice_watch_is_of_one_thing",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            policy_sql(TABLE) + scopes_sql(TABLE, "INSERT OR DELETE OR UPDATE", "limits"), migrations.RunSQL.noop
        ),
    )

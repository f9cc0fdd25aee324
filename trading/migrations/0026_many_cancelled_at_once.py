"""The wish that many orders end at once: written once, with the orders that it named."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
from kit.history import append_only_sql
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0003_derivatives"),
        ("trading", "0025_held_totals"),
        ("wallets", "0032_places_at_platforms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MassCancellation",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                (
                    "key",
                    models.CharField(
                        help_text="Idempotency key: the same request finds the same orders.", max_length=120
                    ),
                ),
                (
                    "request",
                    models.CharField(
                        help_text="SHA-256 of what was asked for; the key repeats only that.", max_length=64
                    ),
                ),
                ("side", models.CharField(blank=True, max_length=4)),
                ("below", models.BooleanField(default=True, help_text="Of everything below the wallet too.")),
                (
                    "orders",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), help_text="Those that were asked to be cancelled.", size=None
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        db_index=False,
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
                (
                    "wallet",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.wallet",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "constraints": [models.UniqueConstraint(fields=("owner", "key"), name="mass_cancellation_key_once")],
            },
        ),
        migrations.RunSQL(policy_sql("trading_masscancellation"), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("trading_masscancellation"), migrations.RunSQL.noop),
    ]

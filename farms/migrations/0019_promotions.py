"""Where agents at real accounts come from: never changed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
from kit.history import append_only_sql
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = [
        ("farms", "0018_moves"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Promotion",
            fields=[
                (
                    "agent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="promotion",
                        serialize=False,
                        to="farms.agent",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Why its owner did without a verdict in favour.", max_length=500
                    ),
                ),
                ("key", models.CharField(help_text="Idempotency key of the request.", max_length=100)),
                ("created_at", models.DateTimeField(default=kit.clock.now)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "promoted_from",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="promotions", to="farms.agent"
                    ),
                ),
                (
                    "verdict",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="farms.verdict",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "key"), name="promotion_once_per_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verdict__isnull", False), models.Q(("reason", ""), _negated=True), _connector="OR"
                        ),
                        name="promotion_stands_on_something",
                    ),
                ],
            },
        ),
        migrations.RunSQL(policy_sql("farms_promotion"), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("farms_promotion"), migrations.RunSQL.noop),
    ]

"""Emergency stops."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = (
        ("trading", "0015_more_limits"),
        ("wallets", "0017_protection"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="EmergencyStop",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                (
                    "policy",
                    models.CharField(
                        choices=[
                            ("flatten", "Sell everything"),
                            ("keep", "Keep positions"),
                            ("close_derivatives", "Close derivatives"),
                        ],
                        max_length=17,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("running", "Under way"), ("done", "Done"), ("called_off", "Called off")],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("result", kit.models.SentenceField(help_text="What is done, or what it still waits for.")),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="wallets.wallet"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "running")), fields=("wallet",), name="stop_under_way_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(policy_sql("trading_emergencystop"), migrations.RunSQL.noop),
    )

"""Candles that somebody has asked the laboratory to fetch."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models
from kit.history import History, history_sql
from kit.tenancy import policy_sql

# What was asked for stays; how far it is goes on until it is over.
MAY_CHANGE = {
    "farms_download": History(
        columns=(
            "status", "progress", "step", "error", "attempts", "claim", "claimed_until", "finished_at", "reached",
            "written", "bad", "report",
        ),
        over="OLD.finished_at IS NOT NULL",
    )
}  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("farms", "0013_sweeps"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Download",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting for a worker"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=9,
                    ),
                ),
                ("progress", models.PositiveSmallIntegerField(default=0, help_text="Percent.")),
                ("step", models.CharField(blank=True, max_length=80)),
                ("error", kit.models.SentenceField()),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(default=0, help_text="How many workers have taken it up."),
                ),
                ("claim", models.UUIDField(blank=True, editable=False, help_text="Which worker has it.", null=True)),
                ("claimed_until", models.DateTimeField(blank=True, help_text="Until when a worker has it.", null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("exchange", models.CharField(max_length=40)),
                ("symbol", models.CharField(max_length=40)),
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
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("reached", models.DateTimeField(blank=True, null=True)),
                ("written", models.PositiveIntegerField(default=0, help_text="Bars that were new or different.")),
                (
                    "bad",
                    models.PositiveIntegerField(default=0, help_text="Bars that cannot be true, which were left out."),
                ),
                ("report", models.JSONField(blank=True, help_text="As markets.candles.downloading.Found.", null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [
                    models.Index(fields=["owner", "-created_at"], name="downloads_newest_first"),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True)), fields=["created_at"], name="downloads_to_do"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("since"))), name="download_ends_after_it_begins"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", True), ("status__in", ("queued", "running"))),
                            models.Q(("finished_at__isnull", False), ("status__in", ("done", "failed", "cancelled"))),
                            _connector="OR",
                        ),
                        name="download_is_over_or_not",
                    ),
                ],
            },
        ),
        migrations.RunSQL(policy_sql("farms_download"), migrations.RunSQL.noop),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
    ]

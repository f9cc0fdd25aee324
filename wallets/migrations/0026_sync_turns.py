"""The queue of syncs, and when a sync that found the same was last found to be so."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kit.tenancy import policy_sql

# Rows that are written again with every round: what was there leaves room for what comes, and no index is touched.
ROOM = """
ALTER TABLE wallets_syncturn SET (fillfactor = 50);
ALTER TABLE wallets_connection SET (fillfactor = 70);
ALTER TABLE wallets_syncrun SET (fillfactor = 80);
"""
NO_ROOM = """
ALTER TABLE wallets_connection RESET (fillfactor);
ALTER TABLE wallets_syncrun RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = (
        ("wallets", "0025_streams"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.AddField(
            model_name="syncrun",
            name="seen_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When venue and books last said the same as in this sync, to the last digit.",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="SyncTurn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "wanted_at",
                    models.DateTimeField(blank=True, help_text="Since when a sync is due; empty: none is.", null=True),
                ),
                ("claimed_until", models.DateTimeField(blank=True, help_text="Until when a worker has it.", null=True)),
                ("claim", models.UUIDField(blank=True, help_text="Which worker has it.", null=True)),
                (
                    "seen",
                    models.CharField(
                        blank=True, help_text="A hash of what the venue held; empty: ask all again.", max_length=64
                    ),
                ),
                (
                    "books",
                    models.BigIntegerField(
                        default=0, help_text="How often the connection's accounts had been posted to."
                    ),
                ),
                (
                    "asked",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        help_text="The sync that somebody asked for and waits for.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="wallets.syncrun",
                    ),
                ),
                (
                    "connection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="turn", to="wallets.connection"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        help_text="The last sync whose figures are those of now.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="wallets.syncrun",
                    ),
                ),
            ],
            options={
                "ordering": ("-wanted_at", "pk"),
            },
        ),
        migrations.RunSQL(policy_sql("wallets_syncturn"), migrations.RunSQL.noop),
        migrations.RunSQL(ROOM, NO_ROOM),
    )

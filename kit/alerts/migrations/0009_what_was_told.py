"""What was told stays told: an alert that is resolved and a delivery that has ended are never changed by what serves
pages, which removes neither; deliveries go with their channel, by the database itself."""

import django.db.models.deletion
from django.db import migrations, models

from kit.history import History, history_sql

MAY_CHANGE = {
    "alerts_alert": History(
        columns=(
            "title", "body", "facts", "about", "times", "last_seen_at", "level", "raised_at", "acknowledged_at",
            "resolved_at", "resolved_by_hand",
        ),
        over="OLD.resolved_at IS NOT NULL",
    ),
    "alerts_platformalert": History(
        columns=("acknowledged_at", "acknowledged_by_id", "resolved_at", "resolved_by_hand"),
        over="OLD.resolved_at IS NOT NULL",
    ),
    "alerts_delivery": History(
        columns=("status", "tries", "next_try_at", "ended_at", "said"), over="OLD.ended_at IS NOT NULL"
    ),
}  # fmt: skip

KEY = "alerts_delivery_channel_id_8851c777_fk_alerts_channel_id"
WITH_THEIR_CHANNEL = f"""
ALTER TABLE alerts_delivery DROP CONSTRAINT {KEY}, ADD CONSTRAINT {KEY} FOREIGN KEY (channel_id)
    REFERENCES alerts_channel (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = (("alerts", "0008_links"),)

    operations = (
        migrations.AlterField(
            model_name="delivery",
            name="channel",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.DO_NOTHING, related_name="deliveries", to="alerts.channel"
            ),
        ),
        migrations.RunSQL(WITH_THEIR_CHANNEL, migrations.RunSQL.noop),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
    )

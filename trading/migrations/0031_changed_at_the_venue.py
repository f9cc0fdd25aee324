"""Venues change orders by themselves: how, and what of it may have been asked; two orders share one name then."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.history import History, history_sql

MAY_CHANGE = {
    "trading_amendment": History(
        columns=("way", "attempts", "due_at", "closed_at", "result"), over="OLD.closed_at IS NOT NULL"
    ),
}
UNFINISHED = models.Q(status__in=["draft", "open", "partially_filled", "submitting", "uncertain", "waiting"])


class Migration(migrations.Migration):
    dependencies = (
        ("trading", "0030_perpetuals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.AddField(
            "amendment",
            "way",
            models.CharField(
                choices=[
                    ("ends", "Ended, then placed anew"),
                    ("in_place", "Changed in its place"),
                    ("at_once", "Ended and placed anew at once"),
                ],
                db_default="ends",
                default="ends",
                help_text="How the venue changes an order.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            "amendment",
            "attempts",
            models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="How often the venue was asked to change it, or may have been.",
            ),
        ),
        migrations.AddField(
            "amendment",
            "explanation",
            kit.models.SentenceField(help_text="What the gate said when it was asked for."),
        ),
        migrations.AddField(
            "amendment",
            "numbers",
            models.JSONField(db_default={}, default=dict, help_text="The numbers that the gate looked at."),
        ),
        migrations.AddConstraint(
            "amendment",
            models.CheckConstraint(
                condition=models.Q(("way__in", ("ends", "in_place", "at_once"))), name="amendment_way_known"
            ),
        ),
        migrations.AlterField(
            "order",
            "replaces",
            models.OneToOneField(
                blank=True,
                help_text="The order that was amended; it had ended when this one took its place.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="trading.order",
            ),
        ),
        migrations.RemoveConstraint("order", "order_client_id_once"),
        migrations.AddConstraint(
            "order",
            models.UniqueConstraint(
                fields=("connection", "client_order_id", "replaces"), name="order_client_id_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            "order",
            models.UniqueConstraint(
                condition=UNFINISHED, fields=("connection", "client_order_id"), name="order_client_id_unfinished_once"
            ),
        ),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
    )

"""Rules of wallets that carry themselves out, what they did, and a ceiling for sweeps."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models
from kit.history import append_only_sql
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = (
        ("wallets", "0014_plans"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="RuleRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(
                        help_text="The period, the movement or the state of the books it was for.", max_length=100
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("done", "Done"), ("nothing", "Nothing to do"), ("refused", "Refused")], max_length=7
                    ),
                ),
                ("reason", kit.models.SentenceField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="WalletRule",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("distribute", "Share out what comes in"),
                            ("reserve", "Keep the minimum balance"),
                            ("sweep", "Sweep up"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "every",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ceiling", "At once, what is above a ceiling"),
                            ("hour", "Every hour, free profit"),
                            ("day", "Every day, free profit"),
                            ("week", "Every week, free profit"),
                        ],
                        help_text="Of a sweep only.",
                        max_length=7,
                    ),
                ),
                ("is_on", models.BooleanField(default=True)),
                (
                    "on_since",
                    models.DateTimeField(help_text="What came before it was switched on concerns it no more."),
                ),
                (
                    "looked_at",
                    models.DateTimeField(
                        blank=True, help_text="When it was last asked whether there is reason.", null=True
                    ),
                ),
            ],
            options={
                "ordering": ("created_at",),
            },
        ),
        migrations.AddField(
            model_name="wallet",
            name="maximum_balance",
            field=kit.models.MoneyField(
                blank=True, help_text="Of the base asset: a sweep takes what is free above it.", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("maximum_balance__isnull", True),
                    ("maximum_balance__gte", models.F("minimum_balance")),
                    _connector="OR",
                ),
                name="wallet_ceiling_above_the_minimum",
            ),
        ),
        migrations.AddField(
            model_name="rulerun",
            name="allocation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="wallets.fundallocation",
            ),
        ),
        migrations.AddField(
            model_name="rulerun",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="walletrule",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="walletrule",
            name="wallet",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="rules", to="wallets.wallet"
            ),
        ),
        migrations.AddField(
            model_name="rulerun",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="wallets.walletrule"
            ),
        ),
        migrations.AddIndex(
            model_name="walletrule",
            index=models.Index(condition=models.Q(("is_on", True)), fields=["owner"], name="wallet_rule_on"),
        ),
        migrations.AddConstraint(
            model_name="walletrule",
            constraint=models.UniqueConstraint(fields=("wallet", "kind", "every"), name="wallet_rule_once"),
        ),
        migrations.AddConstraint(
            model_name="walletrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "sweep"), models.Q(("every", ""), _negated=True)),
                    models.Q(models.Q(("kind", "sweep"), _negated=True), ("every", "")),
                    _connector="OR",
                ),
                name="wallet_rule_sweeps_have_a_rhythm",
            ),
        ),
        migrations.AddIndex(
            model_name="rulerun",
            index=models.Index(fields=["rule", "-created_at"], name="rule_runs_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="rulerun",
            constraint=models.UniqueConstraint(fields=("rule", "key"), name="rule_run_once"),
        ),
        migrations.RunSQL(policy_sql("wallets_walletrule", "wallets_rulerun"), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("wallets_rulerun"), migrations.RunSQL.noop),
    )

"""What agents ask for by themselves, version after version, and the owner's limit of the exposure. Limits are the
owner's: the role of operators and jobs may not write them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
from kit.history import append_only_sql
from kit.tenancy import policy_sql


def fraction(help_text: str, digits: int = 9) -> models.DecimalField:
    return models.DecimalField(blank=True, decimal_places=8, help_text=help_text, max_digits=digits, null=True)


OWNERS_ONLY = f'REVOKE INSERT, UPDATE, DELETE ON trading_risklimit FROM "{settings.DATABASES["system"]["USER"]}"'


class Migration(migrations.Migration):
    dependencies = (
        ("trading", "0016_stops"),
        ("wallets", "0018_proofs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.AddField(
            model_name="risklimit",
            name="maximum_exposure",
            field=fraction("A fraction of its usual size, and of these amounts, that a buy may have."),
        ),
        migrations.RemoveConstraint(model_name="risklimit", name="risk_limit_shares"),
        migrations.AddConstraint(
            model_name="risklimit",
            constraint=models.CheckConstraint(
                condition=(models.Q(maximum_risk__isnull=True) | models.Q(maximum_risk__gt=0, maximum_risk__lte=1))
                & (models.Q(default_stop__isnull=True) | models.Q(default_stop__gt=0, default_stop__lt=1))
                & (models.Q(default_target__isnull=True) | models.Q(default_target__gt=0))
                & (models.Q(maximum_exposure__isnull=True) | models.Q(maximum_exposure__gt=0, maximum_exposure__lte=1)),
                name="risk_limit_shares",
            ),
        ),
        migrations.RunSQL(OWNERS_ONLY, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="AiState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "version",
                    models.PositiveIntegerField(help_text="Counts from 1; a writer names the one that it replaces."),
                ),
                (
                    "exposure",
                    fraction("A fraction of the usual size, and of the amounts of limits, that a buy may have."),
                ),
                ("stop_distance", fraction("A fraction below the price: no stop of a buy is farther.")),
                ("target_distance", fraction("A fraction above the price: no target of a buy is farther.", 12)),
                ("sentiment", fraction("From −1, all bad, to 1, all good.")),
                ("sentiment_text", models.CharField(blank=True, max_length=500)),
                ("sentiment_source", models.CharField(blank=True, help_text="Where it comes from.", max_length=200)),
                ("note", models.CharField(blank=True, help_text="What it watches, in words.", max_length=500)),
                (
                    "expires_at",
                    models.DateTimeField(
                        blank=True, help_text="From then on it has no effect; empty: stays.", null=True
                    ),
                ),
                (
                    "written_by",
                    models.CharField(blank=True, help_text="The name of the token; empty: the owner.", max_length=80),
                ),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
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
                "ordering": ("-created_at", "-id"),
                "constraints": [
                    models.UniqueConstraint(fields=("wallet", "version"), name="ai_state_version_once"),
                    models.CheckConstraint(
                        condition=models.Q(version__gte=1)
                        & (models.Q(exposure__isnull=True) | models.Q(exposure__gte=0, exposure__lte=1))
                        & (models.Q(stop_distance__isnull=True) | models.Q(stop_distance__gt=0, stop_distance__lt=1))
                        & (
                            models.Q(target_distance__isnull=True)
                            | models.Q(target_distance__gt=0, target_distance__lte=10)
                        )
                        & (models.Q(sentiment__isnull=True) | models.Q(sentiment__gte=-1, sentiment__lte=1)),
                        name="ai_state_within_its_bounds",
                    ),
                ],
            },
        ),
        migrations.RunSQL(policy_sql("trading_aistate"), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("trading_aistate"), migrations.RunSQL.noop),
    )

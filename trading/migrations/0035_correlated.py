"""A limit of what moves together, which like the others no program without the scope `limits` writes."""

from importlib import import_module

from django.conf import settings
from django.db import migrations, models

from kit.tenancy import scopes_sql

BEFORE = import_module("trading.migrations.0033_what_scopes_write").LIMITS


def scopes(*columns: str) -> str:
    """The trigger, for these columns."""
    written = f"INSERT OR DELETE OR UPDATE OF {', '.join(columns)}"
    return "DROP TRIGGER scopes ON trading_risklimit;" + scopes_sql("trading_risklimit", written, "limits")


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0034_crossed_inside"),
        ("wallets", "0036_locking_accounts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="risklimit",
            name="risk_limit_shares",
        ),
        migrations.AddField(
            model_name="risklimit",
            name="maximum_correlated",
            field=models.DecimalField(
                blank=True,
                decimal_places=8,
                help_text=(
                    "A fraction of what is here and below: what all that is open may come to by how it moves together."
                ),
                max_digits=9,
                null=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="risklimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("maximum_risk__isnull", True),
                        models.Q(("maximum_risk__gt", 0), ("maximum_risk__lte", 1)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("default_stop__isnull", True),
                        models.Q(("default_stop__gt", 0), ("default_stop__lt", 1)),
                        _connector="OR",
                    ),
                    models.Q(("default_target__isnull", True), ("default_target__gt", 0), _connector="OR"),
                    models.Q(
                        ("maximum_exposure__isnull", True),
                        models.Q(("maximum_exposure__gt", 0), ("maximum_exposure__lte", 1)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("maximum_distance__isnull", True),
                        models.Q(("maximum_distance__gt", 0), ("maximum_distance__lte", 1)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("maximum_correlated__isnull", True),
                        models.Q(("maximum_correlated__gt", 0), ("maximum_correlated__lte", 1)),
                        _connector="OR",
                    ),
                ),
                name="risk_limit_shares",
            ),
        ),
        migrations.RunSQL(scopes(*BEFORE, "maximum_correlated"), scopes(*BEFORE)),
    ]

"""Where models are asked for advice: the operators' list. What serves pages notes that one has to be left alone."""

import uuid

import django.core.validators
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models

APP = f'"{settings.DATABASES["default"]["USER"]}"'
OPERATORS_ONLY = f"""
REVOKE INSERT, UPDATE, DELETE ON farms_adviceendpoint FROM {APP};
GRANT UPDATE (paused_until, refusals, stopped) ON farms_adviceendpoint TO {APP};
"""


class Migration(migrations.Migration):
    dependencies = (("farms", "0020_archived_strategies"),)

    operations = (
        migrations.CreateModel(
            name="AdviceEndpoint",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "base_url",
                    models.CharField(
                        help_text="What stands before /chat/completions.",
                        max_length=200,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^https?://[A-Za-z0-9.\\-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/\\-]*)?\\Z",
                                "Enter an address such as https://api.example.com/v1, without a name, a password or a query.",
                            )
                        ],
                    ),
                ),
                ("model", models.CharField(help_text="What the endpoint calls it.", max_length=100)),
                (
                    "key",
                    models.BinaryField(
                        blank=True, help_text="Encrypted, bound to this row; none for a local one.", null=True
                    ),
                ),
                (
                    "price_in",
                    kit.models.MoneyField(default=0, help_text="US dollars for a million tokens that are asked."),
                ),
                (
                    "price_out",
                    kit.models.MoneyField(default=0, help_text="US dollars for a million tokens that are answered."),
                ),
                ("most_tokens", models.PositiveIntegerField(default=1000, help_text="Of one answer.")),
                ("seconds", models.PositiveSmallIntegerField(default=60, help_text="How long one answer may take.")),
                ("is_active", models.BooleanField(default=True)),
                (
                    "paused_until",
                    models.DateTimeField(blank=True, help_text="It wants to be left alone until then.", null=True),
                ),
                (
                    "refusals",
                    models.PositiveSmallIntegerField(default=0, help_text="How often in a row it had no time."),
                ),
                (
                    "stopped",
                    models.CharField(
                        blank=True,
                        help_text="Why nobody asks it any more until an operator has looked; empty: asked.",
                        max_length=200,
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("price_in__gte", 0), ("price_out__gte", 0)), name="endpoint_prices"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("most_tokens__gte", 50),
                            ("most_tokens__lte", 32000),
                            ("seconds__gte", 1),
                            ("seconds__lte", 300),
                        ),
                        name="endpoint_bounds",
                    ),
                ],
            },
        ),
        migrations.RunSQL(OPERATORS_ONLY, migrations.RunSQL.noop),
    )

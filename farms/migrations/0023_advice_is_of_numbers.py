"""What is no number is no figure of advice."""

from decimal import Decimal

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("farms", "0022_advice"),
        ("markets", "0007_regimes"),
        ("trading", "0036_slices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="adviceproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fee__lte", 1),
                    ("gain__lt", Decimal(100000000000000000000)),
                    ("own__lt", Decimal(100000000000000000000)),
                    ("chance__lt", Decimal(100000000000000000000)),
                    ("chance_spread__lt", Decimal(100000000000000000000)),
                ),
                name="advice_proposal_is_of_numbers",
            ),
        ),
    ]

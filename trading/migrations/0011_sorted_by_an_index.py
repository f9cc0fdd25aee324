"""What lists are sorted by has an index, so that no order of them reads all there ever was."""

import django.db.models.expressions
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0002_prices"),
        ("trading", "0010_trades_of_spans"),
        ("wallets", "0008_connections_as_others_see_them"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["owner", "status", "-created_at"], name="order_by_status"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["owner", "quantity"], name="order_by_quantity"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("owner"),
                django.db.models.functions.comparison.Coalesce(
                    django.db.models.expressions.CombinedExpression(
                        models.F("filled_quantity"), "*", models.F("average_price")
                    ),
                    django.db.models.expressions.CombinedExpression(
                        models.F("quantity"), "*", models.F("reference_price")
                    ),
                ),
                name="order_by_worth",
            ),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False)),
                fields=["owner", "realized_pnl"],
                name="trade_by_profit",
            ),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False)), fields=["owner", "fees"], name="trade_by_fees"
            ),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                models.F("owner"),
                django.db.models.expressions.CombinedExpression(
                    models.F("realized_pnl"),
                    "/",
                    django.db.models.functions.comparison.NullIf(
                        django.db.models.expressions.CombinedExpression(
                            models.F("entry_quantity"), "*", models.F("entry_price")
                        ),
                        0,
                    ),
                ),
                condition=models.Q(("closed_at__isnull", False)),
                name="trade_by_return",
            ),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                models.F("owner"),
                django.db.models.expressions.CombinedExpression(models.F("closed_at"), "-", models.F("opened_at")),
                condition=models.Q(("closed_at__isnull", False)),
                name="trade_by_duration",
            ),
        ),
    ]

"""A position in a perpetual says what of its margin is not held."""

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import kit.models

# Those of before said nothing where less was held.
BEFORE = """
ALTER TABLE trading_position NO FORCE ROW LEVEL SECURITY;
ALTER TABLE trading_position DISABLE TRIGGER USER;
DO $$
DECLARE
    somebody uuid;
BEGIN
    FOR somebody IN SELECT DISTINCT owner_id FROM trading_position WHERE margin > 0 AND closed_at IS NULL LOOP
        PERFORM set_config('app.user_id', somebody::text, true);  -- whose transfers are seen
        UPDATE trading_position AS position
        SET margin_shortfall = greatest(
            margin - coalesce((SELECT amount FROM ledger_legs AS held WHERE held.id = position.hold_id), 0), 0)
        WHERE owner_id = somebody AND margin > 0 AND closed_at IS NULL;
    END LOOP;
    PERFORM set_config('app.user_id', '', true);
END $$;
ALTER TABLE trading_position ENABLE TRIGGER USER;
ALTER TABLE trading_position FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0007_regimes"),
        ("trading", "0040_fewer_indexes"),
        ("wallets", "0041_fewer_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="position",
            name="margin_shortfall",
            field=kit.models.MoneyField(
                db_default=0,
                default=0,
                help_text="Of a perpetual: what of its margin is not held, because its wallet has no more.",
            ),
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="position", name="position_margin"),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=Q(
                    leverage=None, cost=None, margin=None, liquidation_price=None, hold=None, margin_shortfall=0
                )
                | Q(leverage__gte=1, cost__gte=0, margin__gte=F("margin_shortfall"), margin_shortfall__gte=0),
                name="position_margin",
            ),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(fields=["owner"], condition=Q(margin_shortfall__gt=0), name="position_short_of_margin"),
        ),
    ]

"""Limits of positions, of their number and of the risk of a trade, and the usual stop and target."""

from django.db import migrations, models

import kit.models
from trading.models.bounds import BOUND

# The positions that are open in the wallet and below it, or under the connection, and the buys that will open one.
OPEN_BELOW = """
CREATE FUNCTION trading_open_below(p_wallet uuid, p_connection uuid) RETURNS integer LANGUAGE sql STABLE AS $$
    WITH place AS (
        SELECT wallet_id FROM wallet_subtree(ARRAY[p_wallet]) WHERE p_wallet IS NOT NULL
        UNION ALL
        SELECT wallet_id FROM wallet_places WHERE connection_id = p_connection
    ),
    held AS (
        SELECT wallet_id, instrument_id FROM trading_position JOIN place USING (wallet_id) WHERE closed_at IS NULL
        UNION
        SELECT wallet_id, instrument_id FROM trading_order JOIN place USING (wallet_id)
        WHERE side = 'buy' AND status IN ('submitting', 'open', 'partially_filled', 'uncertain')
    )
    SELECT count(*)::integer FROM held
$$;
"""


def share(help_text: str, digits: int = 9) -> models.DecimalField:
    return models.DecimalField(blank=True, decimal_places=8, help_text=help_text, max_digits=digits, null=True)


class Migration(migrations.Migration):
    dependencies = (("trading", "0014_fills_and_trades_of_an_owner"), ("wallets", "0013_waiting"))

    operations = (
        migrations.AddField(
            model_name="risklimit",
            name="maximum_position",
            field=kit.models.MoneyField(
                blank=True, help_text="What a position may be worth after a buy, in the notional asset.", null=True
            ),
        ),
        migrations.AddField(
            model_name="risklimit",
            name="maximum_open_positions",
            field=models.PositiveIntegerField(
                blank=True, help_text="How many positions may be open at once here and below.", null=True
            ),
        ),
        migrations.AddField(
            model_name="risklimit",
            name="maximum_risk",
            field=share("A fraction of the wallet's value: what the way from a buy's price to its stop may cost."),
        ),
        migrations.AddField(
            model_name="risklimit",
            name="default_stop",
            field=share("A fraction below the price: the stop of a buy that names none."),
        ),
        migrations.AddField(
            model_name="risklimit",
            name="default_target",
            field=share("A fraction above the price: the target of a buy that names none.", 12),
        ),
        migrations.AddConstraint(
            model_name="risklimit",
            constraint=models.CheckConstraint(
                condition=models.Q(maximum_position__isnull=True)
                | (
                    models.Q(maximum_position__gt=0)
                    & models.Q(maximum_position__lt=BOUND)
                    & ~models.Q(notional_asset="")
                ),
                name="risk_limit_position_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="risklimit",
            constraint=models.CheckConstraint(
                condition=(models.Q(maximum_risk__isnull=True) | models.Q(maximum_risk__gt=0, maximum_risk__lte=1))
                & (models.Q(default_stop__isnull=True) | models.Q(default_stop__gt=0, default_stop__lt=1))
                & (models.Q(default_target__isnull=True) | models.Q(default_target__gt=0)),
                name="risk_limit_shares",
            ),
        ),
        migrations.RunSQL(OPEN_BELOW, migrations.RunSQL.noop),
    )

"""Perpetuals of paper accounts: positions and funding at the demo exchange, and whose what is open is."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.history import History, history_sql
from kit.tenancy import policy_sql

# It is booked once, and stays as it is from then on.
MAY_CHANGE = {"wallets_demofunding": History(columns=("is_booked",), over="OLD.is_booked")}

# As before; a position that is traded from here belongs to the wallet that traded it.
DERIVATIVES = """
CREATE OR REPLACE FUNCTION wallet_derivatives(p_owner uuid)
RETURNS TABLE (
    position_id bigint, wallet_id uuid, symbol text, side text, asset text, underlying text, contracts numeric,
    contract_size numeric, entry_price numeric, mark_price numeric, is_inverse boolean, profit numeric,
    notional numeric, units numeric, at timestamptz
) LANGUAGE sql STABLE ROWS 5 AS $$
    SELECT held.id, coalesce(held.wallet_id, own.wallet_id), held.symbol, held.side, held.settle,
           coalesce(nullif(held.base, ''), held.symbol),
           held.quantity, held.contract_size, held.entry_price, held.mark_price, held.is_inverse, held.unrealized_pnl,
           round(CASE WHEN held.is_inverse THEN counts.size / counts.price ELSE counts.size * counts.price END, 18),
           round(CASE WHEN held.is_inverse THEN counts.size / counts.price ELSE counts.size END, 18),
           held.at
    FROM wallets_venueposition AS held
    JOIN wallets_connection AS account ON account.id = held.connection_id AND account.state <> 'archived'
    CROSS JOIN LATERAL (
        SELECT CASE held.side WHEN 'short' THEN -1 ELSE 1 END * held.quantity * held.contract_size,
               greatest(coalesce(nullif(held.mark_price, 0), held.entry_price), 1e-18)
    ) AS counts (size, price)
    CROSS JOIN LATERAL wallet_of_derivatives(held.connection_id) AS own
    WHERE held.owner_id = p_owner
$$;
"""

# As before, and which reservation a leg resolves.
LEGS = """
CREATE OR REPLACE VIEW ledger_legs WITH (security_invoker = true) AS
SELECT t.id, t.owner_id, t.posting_id, t.phase, t.asset, t.amount, d.wallet_id AS debit_wallet, d.kind AS debit_kind,
       c.wallet_id AS credit_wallet, c.kind AS credit_kind, t.pending_id
FROM wallets_transfer t
JOIN wallets_account d ON d.id = t.debit_id
JOIN wallets_account c ON c.id = t.credit_id;
"""


def owner() -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)


def connection() -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="wallets.connection")


def key() -> models.BigAutoField:  # type: ignore[type-arg]
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = (("wallets", "0033_orders_compared"), migrations.swappable_dependency(settings.AUTH_USER_MODEL))

    operations = (
        migrations.AddField("demoorder", "reduce_only", models.BooleanField(db_default=False)),
        migrations.AddField("demoorder", "leverage", kit.models.MoneyField(db_default=1, help_text="Of a perpetual.")),
        migrations.AddField(
            "demoorder",
            "part",
            models.CharField(db_default="", help_text="The part of the account that it is of.", max_length=40),
        ),
        migrations.AddField(
            "demotrade",
            "realized",
            kit.models.ValueField(help_text="Of a perpetual: what it realized, before the fee.", null=True),
        ),
        migrations.AddField(
            "venueposition",
            "wallet",
            models.ForeignKey(
                blank=True,
                help_text="Of a position that is traded from here: the wallet that traded it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="wallets.wallet",
            ),
        ),
        migrations.RemoveConstraint("venueposition", "venue_position_once"),
        migrations.AddConstraint(
            "venueposition",
            models.UniqueConstraint(
                fields=("connection", "symbol", "side", "margin_mode", "wallet"),
                name="venue_position_once",
                nulls_distinct=False,
            ),
        ),
        migrations.CreateModel(
            name="DemoPosition",
            fields=[
                ("id", key()),
                ("part", models.CharField(max_length=40)),
                ("symbol", models.CharField(max_length=40)),
                ("quantity", kit.models.ValueField(help_text="In base, negative when short.")),
                ("cost", kit.models.MoneyField(help_text="What it was opened for.")),
                (
                    "margin",
                    kit.models.MoneyField(help_text="What stands for it, with what funding has brought and taken."),
                ),
                ("funded_at", models.DateTimeField(help_text="Until when funding is written down.")),
                ("connection", connection()),
                ("owner", owner()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "part", "symbol"), name="demo_position_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cost", 0), ("margin", 0), ("quantity", 0)),
                            models.Q(models.Q(("quantity", 0), _negated=True), ("cost__gt", 0), ("margin__gte", 0)),
                            _connector="OR",
                        ),
                        name="demo_position_is_backed",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="DemoFunding",
            fields=[
                ("id", key()),
                ("part", models.CharField(max_length=40)),
                ("symbol", models.CharField(max_length=40)),
                ("at", models.DateTimeField()),
                ("price", kit.models.MoneyField()),
                ("rate", kit.models.ValueField(help_text="What longs pay, a fraction of the worth.")),
                ("quantity", kit.models.ValueField(help_text="In base, negative when short.")),
                (
                    "amount",
                    kit.models.ValueField(help_text="In the settle asset; positive where it was received."),
                ),
                (
                    "is_booked",
                    models.BooleanField(default=False, help_text="Whether it stands in the balance and in the ledger."),
                ),
                ("connection", connection()),
                ("owner", owner()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "part", "symbol", "at"), name="demo_funding_once"),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_booked", False)), fields=["connection"], name="demo_funding_to_book"
                    ),
                ],
            },
        ),
        migrations.RunSQL(policy_sql("wallets_demoposition", "wallets_demofunding"), migrations.RunSQL.noop),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
        migrations.RunSQL(DERIVATIVES, migrations.RunSQL.noop),
        migrations.RunSQL(LEGS, migrations.RunSQL.noop),
    )

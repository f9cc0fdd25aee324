"""What a proof needs: legs by posting for those who book trades, and how far the proof of everybody's books is."""

from django.conf import settings
from django.db import migrations, models

VIEWS = """
CREATE VIEW ledger_legs WITH (security_invoker = true) AS
    SELECT t.id, t.owner_id, t.posting_id, t.phase, t.asset, t.amount, d.wallet_id AS debit_wallet, d.kind AS debit_kind,
           c.wallet_id AS credit_wallet, c.kind AS credit_kind
    FROM wallets_transfer t
    JOIN wallets_account d ON d.id = t.debit_id
    JOIN wallets_account c ON c.id = t.credit_id;
CREATE VIEW ledger_trades WITH (security_invoker = true) AS
    SELECT id AS posting_id, owner_id, key FROM wallets_posting WHERE kind = 'trade' AND key LIKE 'fill:%';
"""
VIEWS_BACK = "DROP VIEW ledger_legs, ledger_trades;"
# Everybody's: what is found names rows of whoever.
OF_THE_SYSTEM = f'REVOKE ALL ON wallets_proofrun FROM "{settings.DATABASES["default"]["USER"]}";'


class Migration(migrations.Migration):
    dependencies = (("wallets", "0029_what_was_found"),)

    operations = (
        migrations.RunSQL(VIEWS, VIEWS_BACK),
        migrations.AddField(
            "ledgerproof",
            "found",
            models.JSONField(default=list, help_text="What came of each check, and when it was asked."),
        ),
        migrations.CreateModel(
            name="ProofRun",
            fields=(
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField()),
                ("told_at", models.DateTimeField(help_text="When its last part was done.")),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("after", models.JSONField(blank=True, default=list)),
                ("found", models.JSONField(blank=True, default=list)),
            ),
            options={"ordering": ("-started_at", "-id")},
        ),
        migrations.RunSQL(OF_THE_SYSTEM, migrations.RunSQL.noop),
    )

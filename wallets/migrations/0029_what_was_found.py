"""What syncs found and proofs said stays; what a venue told is booked once. Old rows go by the system role."""

from django.db import migrations

from kit.history import History, history_sql

# A plan that nobody applied is a draft.
IS_PREVIEWED = """
CREATE FUNCTION wallets_is_previewed(plan uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (SELECT FROM public.wallets_fundallocation WHERE id = plan AND status = 'previewed')
$$;
"""
MAY_CHANGE = {
    "wallets_syncrun": History(columns=("status", "progress", "step", "error", "finished_at", "seen_at")),
    "wallets_reconciliation": History(),
    "wallets_ledgerproof": History(),
    "wallets_venuemovement": History(columns=("status", "wallet_id", "posting_id"), over="OLD.status <> 'waiting'"),
    "wallets_venueincome": History(columns=("status", "wallet_id", "posting_id"), over="OLD.status <> 'waiting'"),
    "wallets_demoorder": History(),
    "wallets_demotrade": History(),
    # What else is true of them is said by `ledger_check_allocation` and `ledger_keep_line`.
    "wallets_fundallocation": History(
        columns=("status", "posting_id", "created_at"), removes="OLD.status = 'previewed'"
    ),
    "wallets_allocationline": History(removes="wallets_is_previewed(OLD.allocation_id)"),
}


class Migration(migrations.Migration):
    dependencies = (("wallets", "0028_venue_income"),)

    operations = (migrations.RunSQL(IS_PREVIEWED + history_sql(MAY_CHANGE), migrations.RunSQL.noop),)

"""The nightly proof tells whom it concerns, and takes it back when the books are sound again."""

import os
from decimal import Decimal

import psycopg
from django.db import connection

from kit import tenancy
from kit.alerts.models import Alert, PlatformAlert
from kit.users.models import User
from tests.wallets.books import fund, make_wallet
from wallets.ledger.proof import prove_ledger
from wallets.models import Account
from wallets.tasks import verify_ledger


def forge(account_id: int, change: Decimal) -> None:
    """Change a balance as only somebody with the whole server in hand could."""
    database = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["MONIQO_TEST_ADMIN_URL"], dbname=database, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")  # no trigger runs
        admin.execute("UPDATE wallets_account SET balance = balance + %s WHERE id = %s", [change, account_id])


def alerts(user: User) -> list[Alert]:
    with tenancy.tenant(user.pk):
        return list(Alert.objects.filter(resolved_at=None))


def test_a_forged_balance_is_a_critical_alert_until_it_is_gone(
    live_db: str, owner: User, other_owner: User, operator: User
) -> None:
    for user in (owner, other_owner):
        with tenancy.tenant(user.pk):
            fund(make_wallet(user), 100)
    assert prove_ledger().ok
    with tenancy.tenant(owner.pk):
        account = Account.objects.get(kind="wallet").pk
    forge(account, Decimal(5))
    verify_ledger()
    assert [alert.level for alert in alerts(owner)] == [Alert.Level.CRITICAL]
    with tenancy.tenant(operator.pk):
        assert [alert.title for alert in PlatformAlert.objects.unresolved()] == ["The books contradict themselves"]
    assert alerts(other_owner) == []
    forge(account, Decimal(-5))
    assert prove_ledger().ok
    assert alerts(owner) == []
    with tenancy.tenant(operator.pk):
        assert not PlatformAlert.objects.unresolved().exists()

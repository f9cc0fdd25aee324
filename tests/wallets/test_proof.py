"""The nightly proof tells whom it concerns, and takes it back when the books are sound again."""

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from kit import clock, drilling, tenancy
from kit.alerts.models import Alert, PlatformAlert
from kit.drilling import Row
from kit.users.models import User
from tests.programs import bearer
from tests.wallets.books import fund, make_wallet
from tests.wallets.test_hierarchy import plant
from wallets.hierarchy import proofs
from wallets.ledger.proof import prove_ledger
from wallets.models import Account, LedgerProof
from wallets.services import sync_connection
from wallets.tasks import prove_own, verify_ledger
from wallets.venues.demo import account as demo


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


def test_the_proof_page_says_the_sums_the_venues_and_the_last_proof(
    live_db: str, owner: User, other_owner: User, client: Client
) -> None:
    with tenancy.tenant(owner.pk):
        tree = plant(owner)
        demo.credit(owner_id=owner.pk, connection_id=tree.master.connection_id, asset="USDT", amount=Decimal("1e-18"))
    sync_connection(owner_id=owner.pk, connection_id=tree.master.connection_id)
    client.force_login(owner)
    page = reverse("wallets:proof")
    assert f'href="{page}"' in client.get(reverse("wallets:tree")).content.decode()
    assert "Not proved yet" in client.get(page).content.decode()
    assert "The books are proved" in client.post(page, follow=True).content.decode()
    answer = client.get("/api/v1/proof", headers=bearer(owner)).json()
    assert (answer["last"]["contradiction"], answer["last"]["entries"]) == ("", 4)
    assert answer["sums"] == [{"asset": "USDT", "total": "0", "in_wallets": "1000"}]
    (row,) = answer["venues"]
    assert (row["venue_total"], row["drift"]) == ("1000.000000000000000001", "0.000000000000000001")
    with tenancy.tenant(owner.pk):
        account = Account.objects.get(wallet=tree.master, kind="wallet").pk
    forge(account, Decimal("1e-18"))
    told = client.post(page, follow=True).content.decode()
    assert "The books contradict themselves" in told
    assert client.post("/api/v1/proof", headers=bearer(owner)).json()["contradiction"].startswith("Account ")
    client.force_login(other_owner)
    assert "There are no entries yet." in client.get(page).content.decode()
    verify_ledger()
    with tenancy.tenant(owner.pk):
        assert LedgerProof.objects.latest("pk").contradiction


def test_large_books_are_proved_by_a_worker(owner: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenancy.tenant(owner.pk):
        fund(make_wallet(owner), 100)
    monkeypatch.setattr(proofs, "ENTRIES_AT_ONCE", 0)
    program = Client(headers=bearer(owner))
    asked = program.post("/api/v1/proof")
    assert (asked.status_code, program.get("/api/v1/proof").json()["last"]) == (202, None)
    client.force_login(owner)
    page = client.post(reverse("wallets:proof"), follow=True).content.decode()
    assert "The proof is under way" in page
    prove_own(str(owner.pk))  # what a worker does now
    assert program.get("/api/v1/proof").json()["last"]["contradiction"] == ""


def test_the_page_shows_the_last_drill(client: Client, owner: User, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    client.force_login(owner)
    assert "No drill was run here yet" in client.get(reverse("wallets:proof")).content.decode()
    rows = (
        Row("web killed", seconds=3.4, orders=17, expired=0, lost=0, doubled=0, slowest=0.2, broken=0),
        Row("redis hangs", seconds=None, orders=9, expired=2, lost=5, doubled=6, slowest=1.7, broken=0),
    )
    drilling.write(tmp_path, drilling.Drill(at=clock.now(), rows=rows, books=""))
    page = " ".join(client.get(reverse("wallets:proof")).content.decode().split())
    for cells in (("web killed", "3.4 s", "17"), ("redis hangs", "not in time", "9", "2", "5", "6", "1.7 s")):
        written = re.search(rf">{cells[0]}</th>(.*?)</tr>", page)
        assert written
        texts = re.findall(r"<td[^>]*>([^<]*)</td>", written[1])
        assert [text for text in texts if text in cells[1:]] == list(cells[1:])
    assert "its books proved themselves" in page

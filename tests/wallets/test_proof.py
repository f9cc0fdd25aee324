"""The nightly proof tells whom it concerns, and takes it back when the books are sound again."""

import os
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from kit import clock, drilling, simulating, tenancy
from kit.alerts.models import Alert, PlatformAlert
from kit.drilling import Row
from kit.simulating import Simulation
from kit.users.models import User
from tests.programs import bearer
from tests.wallets.books import fund, make_wallet
from tests.wallets.test_hierarchy import plant
from wallets.hierarchy import proofs
from wallets.ledger import Report
from wallets.ledger.checks import CHECKS
from wallets.ledger.proof import prove_ledger, watch
from wallets.models import Account, LedgerProof, ProofRun
from wallets.services import sync_connection
from wallets.tasks import prove_own, verify
from wallets.venues.demo import account as demo


def forge(account_id: int, change: Decimal) -> None:
    """Change a balance as only somebody with the whole server in hand could."""
    database = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["MONIQO_TEST_ADMIN_URL"], dbname=database, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")  # no trigger runs
        admin.execute("UPDATE wallets_account SET balance = balance + %s WHERE id = %s", [change, account_id])


def proved() -> Report:
    report = prove_ledger()
    assert report is not None
    return report


def a_turn() -> Report:
    """One part of it, for its time is over."""
    report = prove_ledger(at_most=timedelta(0))
    assert report is not None
    return report


def alerts(user: User) -> list[Alert]:
    with tenancy.tenant(user.pk):
        return list(Alert.objects.filter(resolved_at=None))


def test_a_forged_balance_is_a_critical_alert_until_it_is_gone(
    live_db: str, owner: User, other_owner: User, operator: User
) -> None:
    for user in (owner, other_owner):
        with tenancy.tenant(user.pk):
            fund(make_wallet(user), 100)
    assert proved().ok
    with tenancy.tenant(owner.pk):
        account = Account.objects.get(kind="wallet").pk
    forge(account, Decimal(5))
    verify()
    assert [alert.level for alert in alerts(owner)] == [Alert.Level.CRITICAL]
    with tenancy.tenant(operator.pk):
        assert [alert.title for alert in PlatformAlert.objects.unresolved()] == ["The books contradict themselves"]
    assert alerts(other_owner) == []
    forge(account, Decimal(-5))
    assert proved().ok
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
    checks = client.get("/api/v1/proof", headers=bearer(owner)).json()["checks"]
    assert {(check["check"], check["at"], check["said"]) for check in checks} == {(slug, None, "") for slug in CHECKS}
    assert "The books are proved" in client.post(page, follow=True).content.decode()
    answer = client.get("/api/v1/proof", headers=bearer(owner)).json()
    assert (answer["last"]["contradiction"], answer["last"]["entries"]) == ("", 4)
    assert answer["sums"] == [{"asset": "USDT", "total": "0", "in_wallets": "1000"}]
    (row,) = answer["venues"]
    assert (row["venue_total"], row["drift"]) == ("1000.000000000000000001", "0.000000000000000001")
    checks = {check["check"]: check for check in answer["checks"]}
    assert all(check["at"] for check in checks.values())
    assert {slug for slug, check in checks.items() if check["said"]} == {"venues"}
    assert "the venue had 1000.000000000000000001 USDT" in checks["venues"]["said"]
    shown = client.get(page).content.decode()
    assert all(check.says in shown for check in CHECKS.values())
    assert "the venue had 1000.000000000000000001 USDT" in shown
    with tenancy.tenant(owner.pk):
        account = Account.objects.get(wallet=tree.master, kind="wallet").pk
    forge(account, Decimal("1e-18"))
    told = client.post(page, follow=True).content.decode()
    assert "The books contradict themselves" in told
    assert client.post("/api/v1/proof", headers=bearer(owner)).json()["contradiction"].startswith("Account ")
    client.force_login(other_owner)
    assert "There are no entries yet." in client.get(page).content.decode()
    verify()
    with tenancy.tenant(owner.pk):
        assert LedgerProof.objects.latest("pk").contradiction


def test_a_proof_goes_on_where_its_time_was_over_and_ends_once(live_db: str, owner: User, other_owner: User) -> None:
    for user in (owner, other_owner):
        with tenancy.tenant(user.pk):
            fund(make_wallet(user), 100)
    turns, positions = 0, []
    while not (report := a_turn()).is_whole:
        turns += 1
        with tenancy.system():
            run = ProofRun.objects.get()
            assert not LedgerProof.objects.exists()
        positions.append(run.after)
        assert run.finished_at is None
    assert len({str(position) for position in positions}) == turns > 5
    assert [one.check for one in report.found] == list(CHECKS)
    with tenancy.system():
        assert ProofRun.objects.get().finished_at is not None
        assert LedgerProof.objects.count() == 2
        assert {len(proof.found) for proof in LedgerProof.objects.all()} == {len(CHECKS)}


def test_what_a_turn_found_is_still_known_at_the_end(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        fund(make_wallet(owner), 100)
        account = Account.objects.get(kind="wallet").pk
    forge(account, Decimal(5))
    while not (report := a_turn()).is_whole:
        pass
    assert report.contradiction
    assert len(alerts(owner)) == 1


def test_a_proof_that_does_not_end_is_gone_on_with_and_then_an_alert(live_db: str, owner: User, operator: User) -> None:
    def told() -> list[str]:
        with tenancy.tenant(operator.pk):
            return [alert.title for alert in PlatformAlert.objects.unresolved()]

    assert not watch()  # there are no books
    with tenancy.tenant(owner.pk):
        fund(make_wallet(owner), 100)
    assert watch()  # there was never one
    now = clock.now()
    assert not a_turn().is_whole
    assert not watch()  # somebody is at it
    with clock.at(now + timedelta(minutes=20)):
        assert watch()
        assert told() == []
    with clock.at(now + timedelta(hours=3)):
        assert watch()
        assert told() == ["The proof of the books does not come to its end"]
    assert proved().is_whole
    assert told() == []
    assert not watch()
    with clock.at(now + timedelta(hours=26)):
        assert watch()  # the next night was missed


def test_two_workers_do_not_prove_at_once(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        fund(make_wallet(owner), 100)
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["MONIQO_TEST_ADMIN_URL"], dbname=name, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('ledger'))")
        assert prove_ledger() is None
        other.execute("SELECT pg_advisory_unlock(hashtext('ledger'))")
        assert prove_ledger() is not None


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


def test_page_and_program_see_the_last_simulation(client: Client, owner: User, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    client.force_login(owner)
    program = Client(headers=bearer(owner))
    assert "No simulation was run here yet" in client.get(reverse("wallets:proof")).content.decode()
    assert program.get("/api/v1/proof").json()["simulation"] is None
    found = Simulation(clock.now(), first=0, seeds=5211, cut=4077, kills=172, violations=1, examples=("seed 9: gone",))
    simulating.write(tmp_path, found)
    page = client.get(reverse("wallets:proof")).content.decode()
    assert all(text in page for text in ("5211", "4077", "172", "seed 9: gone"))
    told = program.get("/api/v1/proof").json()["simulation"]
    assert (told["seeds"], told["kills"], told["violations"], told["examples"]) == (5211, 172, 1, ["seed 9: gone"])

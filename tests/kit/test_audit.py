"""Who did what, from where, before and after: written with the act, and never changed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import DatabaseError, connections
from django.test import Client

from kit import tenancy
from kit.audit.models import AuditEntry
from kit.audit.selectors import audit_log
from kit.audit.services import Area, record, record_change
from kit.users.models import User
from tests.kit.users.test_signing_in import password_of
from tests.programs import bearer
from tests.wallets.books import keyed_platform
from trading.services import set_limits
from wallets.ledger import InsufficientFundsError
from wallets.models import Connection, Wallet
from wallets.services import allocate, create_wallet, deposit
from wallets.venues.accounts import create_demo_connection
from wallets.venues.credentials import store_credentials


def entries(owner: User) -> list[AuditEntry]:
    with tenancy.tenant(owner.pk):
        return list(AuditEntry.objects.order_by("id"))


def make_master(owner: User) -> Wallet:
    connection = create_demo_connection(owner_id=owner.pk)
    return create_wallet(owner_id=owner.pk, name="Master", role="master", connection=connection)


def allocate_too_much(master: Wallet) -> None:
    farm = create_wallet(owner_id=master.owner_id, name="Farm", role="farm", parent=master)
    allocate(owner_id=master.owner_id, source_id=master.pk, target_id=farm.pk, asset="USDT", amount=Decimal(1), key="a")


def test_money_that_moves_is_noted_once_with_its_amount(owner: User) -> None:
    with tenancy.tenant(owner.pk):
        master = make_master(owner)
        for _ in range(2):  # the same key: one deposit
            deposit(owner_id=owner.pk, wallet_id=master.pk, amount=Decimal("250.50"), asset="USDT", key="k")
    found = [entry for entry in entries(owner) if entry.action == "Deposit"]
    assert [(entry.area, entry.subject, entry.after) for entry in found] == [
        ("money", "Master", {"amount": "250.5", "asset": "USDT", "note": ""})
    ]


def test_a_limit_is_noted_with_what_it_was_before(owner: User) -> None:
    with tenancy.tenant(owner.pk):
        master = make_master(owner)
        set_limits(on=master, allowed_symbols=["BTC/USDT"], maximum_notional=Decimal(500))
        set_limits(on=master, allowed_symbols=["BTC/USDT"], maximum_notional=Decimal(900))
        set_limits(on=master, allowed_symbols=["BTC/USDT"], maximum_notional=Decimal(900))
    found = [entry for entry in entries(owner) if entry.area == "limits"]
    assert len(found) == 2
    assert (found[1].before, found[1].after) == ({"maximum_notional": "500"}, {"maximum_notional": "900"})


def test_what_fails_leaves_no_entry(owner: User) -> None:
    with tenancy.tenant(owner.pk):
        master = make_master(owner)
        before = len(entries(owner))
        with pytest.raises(InsufficientFundsError):
            allocate_too_much(master)
    assert len(entries(owner)) == before + 1  # the farm's wallet


def test_keys_are_noted_by_their_fields_and_never_by_their_values(owner: User) -> None:
    platform = keyed_platform("secret")
    with tenancy.tenant(owner.pk):
        connection = Connection.objects.create(owner=owner, platform=platform, name="Mine", venue="simulated")
        store_credentials(connection=connection, values={"secret": "hunter2-hunter2"})
    (entry,) = entries(owner)
    assert (entry.area, entry.action, entry.after) == ("keys", "Keys stored", {"fields": ["secret"]})
    assert "hunter2" not in str(entry.__dict__)


def test_a_program_is_noted_with_its_token_and_address(client: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        master = make_master(owner)
    answer: Any = client.patch(
        f"/api/v1/wallets/{master.pk}",
        {"trading_state": "halted"},
        content_type="application/json",
        headers=bearer(owner, "manage"),
        REMOTE_ADDR="203.0.113.9",
    )
    assert answer.status_code == 200, answer.content
    entry = entries(owner)[-1]
    assert (entry.actor_id, entry.channel, entry.address, entry.token) == (
        owner.pk, "api", "203.0.113.9", "A test's program",
    )  # fmt: skip
    assert (entry.before, entry.after) == ({"trading_state": "active"}, {"trading_state": "halted"})


def test_behind_a_proxy_the_address_is_the_one_it_names_and_not_one_that_was_made_up(
    client: Client, owner: User, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = (ip_network("127.0.0.1"),)
    client.post(
        "/login/",
        {"username": owner.email, "password": password_of(owner)},
        headers={"X-Forwarded-For": "10.9.9.9, 198.51.100.7"},
    )
    assert [entry.address for entry in entries(owner)] == ["198.51.100.7"]


def test_signing_in_and_out_and_being_refused_is_noted(client: Client, owner: User) -> None:
    client.post("/login/", {"username": owner.email, "password": "wrong"})
    client.post("/login/", {"username": owner.email, "password": password_of(owner)})
    client.post("/logout/")
    assert [(entry.action, entry.actor_id) for entry in entries(owner)] == [
        ("Sign-in refused", None),
        ("Signed in", owner.pk),
        ("Signed out", owner.pk),
    ]


def test_a_locked_sign_in_is_noted_once_however_often_it_is_tried(client: Client, owner: User) -> None:
    for _ in range(9):
        client.post("/login/", {"username": owner.email, "password": "wrong"})
    assert [entry.action for entry in entries(owner)] == ["Sign-in refused"] * 4 + ["Signing in locked"]


def test_an_owner_reads_only_their_own_log(client: Client, owner: User, other_owner: User) -> None:
    with tenancy.tenant(owner.pk):
        record(Area.MONEY, "A secret of Olive", owner_id=owner.pk)
    client.force_login(other_owner)
    assert "A secret of Olive" not in client.get("/settings/log/").content.decode()
    with tenancy.tenant(other_owner.pk):
        assert audit_log(owner_id=owner.pk).paginator.count == 0
        with pytest.raises(DatabaseError, match="row-level security"):
            record(Area.MONEY, "Planted", owner_id=owner.pk)


def test_the_page_says_who_what_and_from_what_to_what(client: Client, owner: User) -> None:
    client.force_login(owner)
    with tenancy.tenant(owner.pk):
        record_change(
            Area.LIMITS, "Limits changed", owner_id=owner.pk, subject="Master", before={"days": 1}, after={"days": 2}
        )
    page = client.get("/settings/log/", {"area": "limits"}).content.decode()
    assert "Limits changed" in page
    assert "Days: 1 → 2" in page
    assert "Limits changed" not in client.get("/settings/log/", {"area": "money"}).content.decode()


def test_what_is_noted_raw_is_written_as_its_reader_writes_it(client: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(timezone="Asia/Tokyo", number_format="1.234,56", date_format="23.10.2026")
    client.force_login(owner)
    with tenancy.tenant(owner.pk):
        loss, most, unit = "maximum_daily_loss", "maximum_notional", "notional_asset"
        record_change(
            Area.LIMITS, "Limits changed", owner_id=owner.pk, subject="Master",
            before={loss: Decimal("0.03"), most: Decimal(500), unit: "EUR"},
            after={loss: Decimal("0.025"), most: Decimal("9000.5"), unit: "BTC"},
        )  # fmt: skip
        until = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
        record(Area.TOKENS, "Token made", owner_id=owner.pk, after={"until": until, "day": date(2026, 11, 20)})
    page = client.get("/settings/log/").content.decode().replace("\u202f", " ").replace("\u00a0", " ")
    assert "Maximum daily loss: 3 % → 2,5 %" in page
    assert "Maximum notional: 500,00 EUR → 9.000,5 BTC" in page
    assert "Until: 21.11.2026, 05:30 JST" in page
    assert "Day: 20.11.2026" in page


def test_hidden_amounts_are_hidden_in_the_log_too(client: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        record(Area.MONEY, "Deposit", owner_id=owner.pk, after={"amount": Decimal("77123.5")})
    User.objects.filter(pk=owner.pk).update(privacy=True)
    client.force_login(owner)
    assert "77123" not in client.get("/settings/log/").content.decode()


@pytest.mark.parametrize("alias", ["default", "system", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET action = 'forged'",
        "DELETE FROM audit_auditentry",
        "TRUNCATE audit_auditentry",
    ],
)
def test_no_role_changes_or_removes_an_entry(live_db: str, owner: User, alias: str, statement: str) -> None:
    with tenancy.tenant(owner.pk):
        record(Area.MONEY, "Deposit", owner_id=owner.pk)
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT set_config('app.user_id', %s, false)", [str(owner.pk)])
        with pytest.raises(DatabaseError, match=r"permission denied|never changed or removed"):
            cursor.execute(statement)

"""Operators see platforms, connections and syncs, change what is theirs to change, and never see a credential."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.users.models import User
from markets.services import NewQuote, ensure_simulated_instruments, record_quotes
from tests.wallets.sync.test_pages import account, synced
from tests.wallets.test_credentials import SECRET, make_connection
from tests.wallets.venues.test_demo_books import buy
from wallets.models import Credential, DemoOrder, Reconciliation
from wallets.venues.credentials import read_credentials
from wallets.venues.registry import open_venue

READ_ONLY = (
    "wallets_syncrun",
    "wallets_reconciliation",
    "wallets_demobalance",
    "wallets_demoorder",
    "wallets_demotrade",
)
CHANGEABLE = ("wallets_platform", "wallets_connection", "markets_instrument")


@pytest.fixture
def admin(live_db: str, owner: User, operator: User, client: Client) -> Client:
    """The operator's browser, with something in every list. The admin reads as the system role: commits are real."""
    for instrument in ensure_simulated_instruments():
        record_quotes([NewQuote(instrument.pk, Decimal(10), None, None, "simulated", clock.now())])
    wallet = account(owner, amount=1_000)
    open_venue(wallet.connection).submit(buy("2"))
    synced(wallet, arrived=7)
    client.force_login(operator)
    return client


def test_every_list_opens_and_searches(admin: Client) -> None:
    for name in (*READ_ONLY, *CHANGEABLE, "markets_ticker", "markets_feedstate", "wallets_credential"):
        answer = admin.get(reverse(f"admin:{name}_changelist"), {"q": "owner"})
        assert answer.status_code == 200, name


def test_what_the_engine_writes_can_only_be_read(admin: Client, owner: User) -> None:
    for name in (*READ_ONLY, "markets_ticker"):
        assert admin.get(reverse(f"admin:{name}_add")).status_code == 403, name
    with tenancy.tenant(owner.pk):
        order, row = DemoOrder.objects.get(), Reconciliation.objects.filter(asset="USDT").get()
    for name, pk in (("wallets_demoorder", order.pk), ("wallets_reconciliation", row.pk)):
        assert admin.get(reverse(f"admin:{name}_change", args=[pk])).status_code == 200
        assert admin.post(reverse(f"admin:{name}_change", args=[pk]), {"asset": "X"}).status_code == 403
        assert admin.post(reverse(f"admin:{name}_delete", args=[pk]), {"post": "yes"}).status_code == 403


def test_a_credential_is_entered_blind_and_never_shown(admin: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        connection = make_connection(owner)
    add = reverse("admin:wallets_credential_add")
    for value in ("a first try", SECRET):
        assert admin.post(add, {"connection": connection.pk, "field": "key", "value": value}).status_code == 302
    with tenancy.tenant(owner.pk):
        stored = Credential.objects.get()
        assert read_credentials(connection=connection) == {"key": SECRET}
    for address in (
        reverse("admin:wallets_credential_changelist"),
        reverse("admin:wallets_credential_change", args=[stored.pk]),
        reverse("admin:wallets_connection_change", args=[connection.pk]),
    ):
        page = admin.get(address).content.decode()
        assert SECRET not in page
        assert bytes(stored.token).hex() not in page
        assert repr(bytes(stored.token))[2:-1] not in page


def test_a_credential_the_platform_does_not_have_is_refused(admin: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        connection = make_connection(owner)
    answer = admin.post(
        reverse("admin:wallets_credential_add"), {"connection": connection.pk, "field": "pin", "value": SECRET}
    )
    assert answer.status_code == 200
    assert "Choose one of: key, note, secret" in answer.content.decode()
    assert SECRET not in answer.content.decode()


def test_traders_have_no_business_there(admin: Client, owner: User) -> None:
    admin.force_login(owner)
    assert admin.get(reverse("admin:wallets_connection_changelist")).status_code == 302

"""How old balances are is one fact: the connection's page, its row in the API and the summary say the same moment."""

from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.users.models import User
from tests.farms.conftest import make_desk
from wallets.models import Connection


def _told(client: Client) -> tuple[object, object]:
    connection = client.get("/api/v1/connections").json()[0]
    return connection["synced_at"], client.get("/api/v1/portfolio/summary").json()["synced_at"]


def test_what_was_never_synced_is_as_old_everywhere(client: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        make_desk(owner)
        Connection.objects.update(status="new", synced_at=None)
    client.force_login(owner)
    assert _told(client) == (None, None)
    assert "Never synced" in client.get(reverse("wallets:connections")).content.decode()


def test_what_was_synced_is_as_old_everywhere_and_known(client: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        make_desk(owner)
        Connection.objects.update(status="ok", synced_at=clock.now())
    client.force_login(owner)
    of_connection, of_fund = _told(client)
    assert of_connection == of_fund is not None
    assert "Nothing is known yet" not in client.get(reverse("wallets:connections")).content.decode()

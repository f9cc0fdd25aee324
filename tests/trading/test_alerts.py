"""What a person is told of orders and positions, and what puts an end to it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kit import clock
from kit.alerts.models import Alert
from kit.users.models import User
from tests.trading.desk import Desk, make_desk
from trading.models import OrderEvent
from trading.orders import sending
from trading.risk.limits import set_limits
from wallets.models import Account, Connection
from wallets.venues.base import Venue, VenueCredentialsError, VenueUnavailableError
from wallets.venues.credentials import CredentialError, store_credentials
from wallets.venues.registry import ADAPTERS


@pytest.fixture
def desk(as_owner: User) -> Desk:
    return make_desk(as_owner)


def standing() -> dict[str, Alert]:
    return {alert.key: alert for alert in Alert.objects.unresolved()}


def test_a_refused_key_is_told_until_the_venue_takes_an_order(desk: Desk) -> None:
    order = desk.place("buy", "1")
    sending.wait_for(order, "The venue could not be asked.", VenueCredentialsError("The key is gone."))
    alert = standing()[f"credentials:{desk.connection.pk}"]
    assert (alert.level, alert.url) == ("critical", "/wallets/connections/")
    assert "The key is gone." in alert.story()
    assert desk.execute(order).status == "filled"
    assert standing() == {}


def test_a_refused_key_is_told_until_it_is_replaced(desk: Desk) -> None:
    sending.wait_for(desk.place("buy", "1"), "No answer.", VenueCredentialsError("The key is gone."))
    desk.connection.platform.credential_fields.create(name="key", label="API key")
    store_credentials(connection=desk.connection, values={"key": "another"})
    assert standing() == {}


def test_an_order_whose_end_nobody_knows_is_told_after_ten_minutes_and_until_it_has_one(desk: Desk) -> None:
    order = desk.place("buy", "1")
    sending.move(order, "uncertain", "Nobody knows whether it arrived.")
    sending.wait_for(order, "The venue is away.", VenueUnavailableError("away"))
    assert standing() == {}
    with clock.at(clock.now() + timedelta(minutes=11)):
        sending.wait_for(order, "The venue is away.", VenueUnavailableError("away"))
        alert = standing()[f"order:{order.pk}"]
        assert alert.url == f"/trading/orders/{order.pk}/"
        order.refresh_from_db()
        sending.move(order, "expired", "The venue does not know it.")
    assert standing() == {}


def test_what_the_gate_refuses_an_agent_is_told_once_and_until_an_order_passes(desk: Desk) -> None:
    desk.wallet.role = "agent"
    desk.wallet.save(update_fields=["role"])
    set_limits(on=desk.wallet, allowed_symbols=None, maximum_notional=Decimal(50), notional_asset="USDT")
    for _ in range(3):
        assert desk.place("buy", "10").status == "rejected"
    (alert,) = standing().values()
    assert (alert.key, alert.times, alert.level) == (f"refused:{desk.wallet.pk}:buy", 3, "warning")
    set_limits(on=desk.wallet, allowed_symbols=None, maximum_notional=None, notional_asset="USDT")
    assert desk.place("buy", "1").status == "submitting"
    assert standing() == {}


def test_an_order_whose_keys_cannot_be_read_is_never_sent_and_holds_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(connection: Connection) -> Venue:
        raise CredentialError("Enter the keys of the account again: they were encrypted with a lost key.")

    before = available(desk)
    order = desk.place("buy", "1")
    assert available(desk) < before
    monkeypatch.setitem(ADAPTERS, "demo", locked)
    order = desk.execute(order)
    assert order.status == "expired"
    said = OrderEvent.objects.filter(order=order).latest("pk").detail.exact
    assert "It was never sent: Enter the keys of the account again" in said
    assert available(desk) == before
    assert standing() == {}  # the sync of the connection says it, once


def available(desk: Desk) -> Decimal:
    account = Account.objects.get(wallet=desk.wallet, asset="USDT", kind="wallet")
    return account.balance - account.held

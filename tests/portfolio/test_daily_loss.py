"""What may be lost in a day: looked at with every valuation, by the owner's own day, and flows are no loss."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client

from kit import clock
from kit.alerts.models import Alert
from kit.users.models import User
from portfolio.losses import look_after_losses
from portfolio.services import take_snapshots
from tests.portfolio.fund import Fund, set_price
from trading.models import RiskLimit
from trading.services import set_limits
from wallets.models import Connection, Wallet

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def at_noon(fund: Fund, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fund]:
    """Agent a holds a bitcoin of 100 USDT beside 100 USDT since yesterday; 300 USDT are in the master wallet.

    It is the present there, whose prices are the quotes, and no history, whose prices are the closes of candles.
    """
    monkeypatch.setattr(clock, "is_controlled", lambda: False)
    with clock.at(NOON - timedelta(days=1)):
        set_price("100")
        fund.deposit(500)
        fund.move("master", "farm a", 200)
        fund.move("farm a", "agent a", 200)
        fund.buy("agent a", "1", "100")
        take_snapshots(owner_id=fund.owner.pk)
    with clock.at(NOON):
        yield fund


def limit(on: Wallet | Connection, share: str | None) -> RiskLimit:
    return set_limits(
        on=on,
        allowed_symbols=None,
        maximum_notional=None,
        maximum_daily_loss=None if share is None else Decimal(share),
    )


def look(fund: Fund, price: str, moment: datetime = NOON) -> tuple[Decimal | None, datetime | None]:
    """What the first limit says once the price is known at `moment`."""
    with clock.at(moment):
        set_price(price)
        take_snapshots(owner_id=fund.owner.pk)
        look_after_losses(owner_id=fund.owner.pk)
        return RiskLimit.objects.values_list("lost", "rests_until").order_by("pk")[0]


def told(fund: Fund) -> list[tuple[str, bool]]:
    rows = Alert.objects.filter(owner_id=fund.owner.pk, key__startswith="daily-loss:")
    return [(alert.title, alert.resolved_at is not None) for alert in rows]


@pytest.mark.parametrize(
    ("name", "price", "lost"),
    [
        ("agent a", "94", "0.03"),  # 6 of 200
        ("agent a", "94.01", None),
        ("agent a", "50", "0.25"),
        ("agent a", "120", None),
        ("farm a", "94", "0.03"),
        ("master", "94", None),  # 6 of 500
        ("master", "85", "0.03"),
    ],
)
def test_it_rests_from_the_loss_it_may_have_until_midnight(at_noon: Fund, name: str, price: str, lost: str) -> None:
    limit(at_noon.wallets[name], "0.03")
    expected = None if lost is None else (Decimal(lost), MIDNIGHT)
    assert look(at_noon, price) == (expected or (None, None))
    assert told(at_noon) == ([] if lost is None else [(f"{name} has lost what it may lose in a day", False)])


def test_it_goes_on_resting_when_the_price_recovers_and_stops_with_its_day(at_noon: Fund) -> None:
    limit(at_noon.wallets["agent a"], "0.03")
    look(at_noon, "90")
    assert look(at_noon, "100", NOON + timedelta(hours=11)) == (Decimal("0.05"), MIDNIGHT)
    assert look(at_noon, "100", MIDNIGHT) == (None, None)
    assert told(at_noon) == [("agent a has lost what it may lose in a day", True)]


def test_what_is_lost_today_stands_beside_the_limit_before_it_rests(at_noon: Fund, client: Client) -> None:
    agent = at_noon.wallets["agent a"]
    limit(agent, "0.03")
    limit(agent.connection, "0.5")
    client.force_login(at_noon.owner)

    def used() -> dict[str, object]:
        told = client.get(f"/api/v1/wallets/{agent.pk}/limits").json()
        return {step["role"]: step["used"] and step["used"]["daily_loss"] for step in told["path"]}

    look(at_noon, "96")
    assert used() == {"connection": "0.008", "master": None, "farm": None, "agent": "0.02"}  # 4 of 500, and of 200
    html = client.get(f"/trading/limits/{agent.pk}/").content.decode()
    assert "2.00 % today" in unescape(html).replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    look(at_noon, "110")
    assert used() == {"connection": "0", "master": None, "farm": None, "agent": "0"}


def test_yesterday_s_fall_is_none_of_today(at_noon: Fund) -> None:
    limit(at_noon.wallets["agent a"], "0.03")
    with clock.at(MIDNIGHT - timedelta(minutes=1)):
        set_price("90")
        take_snapshots(owner_id=at_noon.owner.pk)
    assert look(at_noon, "90", MIDNIGHT + timedelta(hours=1)) == (None, None)
    assert look(at_noon, "84", MIDNIGHT + timedelta(hours=2))[0] == Decimal("0.03157895")  # 6 of 190


def test_money_that_leaves_is_no_loss_and_money_that_comes_hides_none(at_noon: Fund) -> None:
    limit(at_noon.wallets["agent a"], "0.03")
    at_noon.move("agent a", "farm a", 90)
    assert look(at_noon, "100", NOON + timedelta(minutes=5)) == (None, None)
    at_noon.move("farm a", "agent a", 90)
    assert look(at_noon, "94", NOON + timedelta(minutes=10))[0] is not None


def test_an_account_loses_what_its_masters_lose_together(at_noon: Fund) -> None:
    at_noon.add("reserve", None)
    at_noon.deposit(500, wallet="reserve")
    limit(at_noon.connection, "0.03")
    assert look(at_noon, "75") == (None, None)  # 25 of 1,000
    assert look(at_noon, "70", NOON + timedelta(minutes=5)) == (Decimal("0.03"), MIDNIGHT)


def test_the_day_is_the_owner_s(at_noon: Fund) -> None:
    User.objects.filter(pk=at_noon.owner.pk).update(timezone="Asia/Tokyo")
    limit(at_noon.wallets["agent a"], "0.03")
    assert look(at_noon, "90") == (Decimal("0.05"), datetime(2026, 3, 2, 15, tzinfo=UTC))


def test_what_has_no_price_is_not_judged(at_noon: Fund) -> None:
    limit(at_noon.wallets["agent a"], "0.03")
    look(at_noon, "90")
    limit(at_noon.wallets["agent b"], "0.03")  # it never held anything
    look(at_noon, "90", NOON + timedelta(minutes=5))
    assert list(RiskLimit.objects.filter(wallet__name="agent b").values_list("lost", flat=True)) == [None]


@pytest.mark.parametrize(("share", "rests"), [("0.04", True), ("0.06", False), (None, False)])
def test_another_limit_ends_the_rest_where_it_allows_the_loss(at_noon: Fund, share: str | None, rests: bool) -> None:
    agent = at_noon.wallets["agent a"]
    limit(agent, "0.03")
    look(at_noon, "90")
    limit(agent, share)
    assert (RiskLimit.objects.get().rests_until is not None) == rests
    assert told(at_noon)[0][1] is not rests

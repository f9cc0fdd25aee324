"""A digest comes once a day at its reader's hour, with the figures of the one valuation and what is open."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connections

from kit import clock, formatting, sentences, tenancy
from kit.alerts.channels import delivering, digests
from kit.alerts.channels.services import change_channel, make_channel
from kit.alerts.models import Channel, Delivery
from kit.alerts.services import acknowledge, mute, raise_alert
from kit.decimals import plain
from kit.users.models import User
from portfolio.selectors.standings import standings
from tests.conftest import as_operators
from tests.kit.alerts.receivers import Receiver
from tests.trading.desk import make_desk

ZONE = ZoneInfo("Asia/Tokyo")
SECRET = "a secret of the receiver's"


@pytest.fixture
def reader(live_db: str, owner: User, receiver: Receiver) -> User:
    """Somebody in Tokyo with a fund, told at eight in the morning, asked for it at seven."""
    User.objects.filter(pk=owner.pk).update(timezone=ZONE.key)
    make_desk(owner)
    with clock.at(at(7)), tenancy.tenant(owner.pk):
        address = {"url": receiver.url, "secret": SECRET}
        hours = {"digest_at": time(8), "quiet_from": time(6), "quiet_until": time(9)}
        make_channel(owner_id=owner.pk, kind="webhook", name="Hook", address=address, level="critical", **hours)
    return owner


def at(hour: int, days: int = 0) -> datetime:
    """Tomorrow, or some days later, at this hour in Tokyo."""
    day = clock.now().astimezone(ZONE).date() + timedelta(days=1 + days)
    return datetime.combine(day, time(hour), ZONE)


def made_on() -> date | None:
    with tenancy.system():
        return Channel.objects.get().digested_on


def test_it_is_queued_once_a_day_when_its_hour_has_come_whoever_looks(reader: User, receiver: Receiver) -> None:
    with clock.at(at(7)):
        assert digests.queue_due() == 0

    def one(_: int) -> int:
        try:
            with clock.at(at(8)):
                return digests.queue_due()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(8))) == 1
    with clock.at(at(8)):
        assert delivering.deliver(owner_id=reader.pk) == 1, "its hour was chosen, whatever is quiet"
    with clock.at(at(23)):
        assert digests.queue_due() == 0
    with clock.at(at(11, days=2)):
        assert digests.queue_due() == 1, "days when nothing ran are not told of; this one is, later"
    with clock.at(at(12, days=3)), tenancy.tenant(reader.pk):
        channel = Channel.objects.get()
        change_channel(owner_id=reader.pk, channel_id=channel.pk, digest_at=time(9))
    with clock.at(at(13, days=3)):
        assert digests.queue_due() == 0, "an hour that is over when it is chosen is tomorrow's"
        with tenancy.tenant(reader.pk):
            change_channel(owner_id=reader.pk, channel_id=channel.pk, is_active=False)
    with clock.at(at(13, days=4)):
        assert digests.queue_due() == 0
    with tenancy.tenant(reader.pk):
        assert [row.status for row in Delivery.objects.order_by("created_at")] == ["sent", "skipped"]


@pytest.mark.parametrize("is_hidden", [False, True])
def test_it_tells_what_the_pages_tell_and_hides_what_they_hide(
    reader: User, receiver: Receiver, is_hidden: bool
) -> None:
    User.objects.filter(pk=reader.pk).update(privacy=is_hidden)
    with tenancy.tenant(reader.pk):
        loss = sentences.amount(Decimal("1.23456"), "BTC")
        raise_alert(owner_id=reader.pk, key="goal:1", title="A goal is reached")
        raise_alert(owner_id=reader.pk, key="drift:x:BTC", title="{loss} is missing", level="critical", loss=loss)
        raise_alert(owner_id=reader.pk, key="sync:x", title="Muted")
        mute(user_id=reader.pk, key="sync")
        seen = raise_alert(owner_id=reader.pk, key="failing:x", title="Seen")
        acknowledge(user_id=reader.pk, alert_id=seen)
        with as_operators():
            Delivery.objects.all().delete()
        fund = standings(owner_id=reader.pk, where=ZONE)[reader.pk]
    with clock.at(at(8)):
        digests.queue_due()
        delivering.deliver(owner_id=reader.pk)
    (got,) = receiver.received
    assert (got.json["type"], got.json["open"]) == ("digest", 2)
    assert [row["key"] for row in got.json["alerts"]] == ["drift:x:BTC", "goal:1"]
    net, today = got.json["figures"]
    assert fund.value is not None
    if is_hidden:
        assert net == f"Net value: {formatting.MASK}."
        assert "1.23456" not in got.body.decode()
    else:
        assert net == f"Net value: {plain(fund.value)} {fund.base}."
        assert "1.23456 BTC" in got.json["alerts"][0]["title"]
    assert today.startswith("Today it has ")

"""Channels in a real browser: all that a channel and a message can be, at every width and in both themes."""

from datetime import time, timedelta

import pytest

from kit import clock, tenancy
from kit.alerts.channels.services import make_channel
from kit.alerts.models import Alert, Channel, Delivery
from kit.alerts.services import raise_alert
from kit.users.models import User
from tests.browser.conftest import OpenPage, Site
from tests.browser.soundness import assert_page_is_sound_everywhere
from tests.conftest import as_operators, make_user


@pytest.fixture
def told(site: Site) -> User:
    """Somebody with three channels, one of which takes nothing, and a message in each state."""
    user = User.objects.filter(email="told@example.com").first() or make_user("told@example.com", name="Tom")
    with tenancy.tenant(user.pk):
        Channel.objects.all().delete()
        with as_operators():
            Alert.objects.filter(owner=user).delete()
        address = {"email": "tom@a-mail-server-with-a-long-name.example.com"}
        made = [
            make_channel(owner_id=user.pk, kind="email", name=name, address=address)
            for name in ("Phone", "A channel with a name that goes on for a while", "Paused")
        ]
        Channel.objects.filter(pk=made[1].pk).update(
            last_error_at=clock.now(), last_error="The mail server answered 550: 5.1.1 No such user here",
            areas=["money", "trading"], quiet_from=time(22), quiet_until=time(7), last_success_at=None,
        )  # fmt: skip
        for number, status in enumerate(Delivery.Status.values):
            raise_alert(owner_id=user.pk, key=f"sync:{number}", title="The sync of a connection at an exchange failed")
            Delivery.objects.filter(alert__key=f"sync:{number}").update(
                status=status, tries=number, said="Held until the quiet hours are over.",
                next_try_at=clock.now() + timedelta(hours=2),
            )  # fmt: skip
        Channel.objects.filter(pk=made[2].pk).update(is_active=False)
        token = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
        make_channel(owner_id=user.pk, kind="telegram", name="Bot", address={"token": token}, digest_at=time(8))
    return user


def test_channels_are_sound_in_both_themes_and_at_every_width(open_page: OpenPage, told: User) -> None:
    visit = open_page("/settings/channels/", user=told)
    assert_page_is_sound_everywhere(visit)
    with tenancy.tenant(told.pk):
        channel = Channel.objects.get(name="Bot")
    assert_page_is_sound_everywhere(open_page(f"/settings/channels/{channel.pk}/", user=told))

"""The operators' first page says how the platform is, for all owners, and to operators only."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from redis import Redis

from kit import clock, heartbeat, tenancy
from kit.alerts.services import raise_platform_alert
from kit.users.models import User
from portfolio.models import PortfolioState
from wallets.models import Connection
from wallets.venues.accounts import create_demo_connection

FIRST = "/admin/"


def rows(client: Client) -> dict[str, str]:
    """The words of each part of the page by its title."""
    html = client.get(FIRST).content.decode()
    parts = re.split(r"<h2[^>]*>", html)[1:]
    words = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part)).strip() for part in parts]
    titles = ("Parts", "Failing syncs", "Lag", "Alerts of the platform")
    return {title: part for title in titles for part in words if part.startswith(title)}


@pytest.fixture
def admin(live_db: str, client: Client, operator: User) -> Client:
    """The operator's browser. The admin reads as the system role: commits are real."""
    client.force_login(operator)
    return client


def test_a_platform_without_anything_wrong_says_so(admin: Client) -> None:
    found = rows(admin)
    assert list(found) == ["Parts", "Failing syncs", "Lag", "Alerts of the platform"]
    assert found["Failing syncs"].startswith("Failing syncs None.")
    assert "Portfolios not valued for 15 minutes 0 Connections" in found["Lag"]


def test_failing_syncs_of_every_owner_come_with_what_the_venue_said(
    admin: Client, owner: User, other_owner: User
) -> None:
    for user, status in ((owner, "failed"), (other_owner, "failed"), (other_owner, "ok")):
        with tenancy.tenant(user.pk):
            connection = create_demo_connection(owner_id=user.pk, name=f"{user.email} {status}")
            Connection.objects.filter(pk=connection.pk).update(
                status=status, status_detail="Invalid API key.", synced_at=clock.now() - timedelta(hours=1)
            )
    found = rows(admin)
    assert f"{owner.email} failed" in found["Failing syncs"]
    assert f"{other_owner.email} failed" in found["Failing syncs"]
    assert f"{other_owner.email} ok" not in found["Failing syncs"]
    assert "Invalid API key." in found["Failing syncs"]
    assert "Connections not synced for 15 minutes 3 3600 s ago" in found["Lag"]


def test_parts_queues_lag_and_alerts_are_told(admin: Client, owner: User) -> None:
    heartbeat.beat_once("orders")
    with Redis.from_url(settings.REDIS_URL) as client:
        client.delete("sync")
        client.rpush("sync", "{}", "{}")
    try:
        with tenancy.tenant(owner.pk):
            PortfolioState.objects.create(owner=owner, valued_at=clock.now() - timedelta(minutes=20))
        with tenancy.system():
            raise_platform_alert(key="lag:sync", title="The workers of sync give no sign of life")
        found = rows(admin)
    finally:
        with Redis.from_url(settings.REDIS_URL) as client:
            client.delete("sync")
    assert re.search(r"orders \d s ago", found["Parts"])
    assert "2 tasks" in found["Parts"]
    assert "Portfolios not valued for 15 minutes 1 1200 s ago" in found["Lag"]
    assert "The workers of sync give no sign of life" in found["Alerts of the platform"]


def test_nobody_else_sees_it(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = client.get(FIRST)
    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]


def test_the_admin_follows_the_theme_that_was_chosen_in_the_product(
    live_db: str, client: Client, operator: User
) -> None:
    client.force_login(operator)
    for theme, shown in (("dark", 'class="dark"'), ("light", 'class="light"'), ("system", 'x-data="theme()"')):
        User.objects.filter(pk=operator.pk).update(theme=theme)
        page = client.get("/admin/").content.decode()
        assert shown in page[: page.index("<head")]
        assert "js/admin.js" in page

"""Nobody reaches another owner's rows, even where the code forgets to filter."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models

from kit import tenancy
from kit.models import Owned
from kit.users.models import User
from wallets.models import Connection, Platform

OURS = {"users", "audit", "alerts", "approvals", "markets", "wallets", "trading", "farms", "goals", "portfolio"}
SHARED = {
    "alerts.PlatformAlert",  # operators' only, by its policy
    "users.User",
    "farms.AdviceEndpoint",  # written by operators only, by grant, but for its pauses
    "markets.Instrument",
    "markets.Candle",
    "markets.Ticker",
    "markets.FeedState",
    "markets.KeptSeries",
    "trading.PlatformLimit",  # written by operators only, by grant
    "wallets.Platform",
    "wallets.ProofRun",  # operators' only, by grant
    "wallets.CredentialField",
}


def our_models() -> list[type[models.Model]]:
    return [
        model
        for label in OURS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if not model._meta.label.startswith("users.User_")
    ]


def test_every_table_is_owned_or_named_as_shared() -> None:
    unowned = {model._meta.label for model in our_models() if not issubclass(model, Owned)}
    assert unowned == SHARED


@pytest.mark.django_db
def test_every_table_with_an_owner_has_a_forced_policy_for_reads_and_writes() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname,
                   c.relrowsecurity AND c.relforcerowsecurity,
                   EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*'
                           AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL)
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'owner_id' AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
            """
        )
        tables = {name: (forced, policed) for name, forced, policed in cursor.fetchall()}
    owned = {model._meta.db_table for model in our_models() if issubclass(model, Owned) and model._meta.managed}
    assert owned == set(tables)
    assert {name for name, state in tables.items() if state != (True, True)} == set()


@pytest.mark.django_db
def test_every_view_with_an_owner_asks_with_the_rights_of_whoever_reads_it() -> None:
    """A view reads as its owner unless it says otherwise, and the owner's policies are not the reader's."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, 'security_invoker=true' = ANY (c.reloptions)
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'owner_id'
            WHERE c.relkind IN ('v', 'm') AND c.relnamespace = 'public'::regnamespace
            """
        )
        views = dict(cursor.fetchall())
    assert {model._meta.db_table for model in our_models() if not model._meta.managed} <= set(views)
    assert set(views.values()) == {True}


def make_connection(user: User, name: str) -> Connection:
    platform, _ = Platform.objects.get_or_create(slug="demo-test", defaults={"name": "Demo", "adapter": "demo"})
    return Connection.objects.create(owner=user, platform=platform, name=name, venue="simulated")


def test_a_query_without_any_filter_shows_only_the_tenants_rows(owner: User, other_owner: User) -> None:
    with tenancy.tenant(owner.pk):
        make_connection(owner, "mine")
    with tenancy.tenant(other_owner.pk):
        make_connection(other_owner, "theirs")
        assert [row.name for row in Connection.objects.all()] == ["theirs"]
        assert Connection.objects.update(name="stolen") == 1
    with tenancy.tenant(owner.pk):
        assert [row.name for row in Connection.objects.all()] == ["mine"]
    assert list(Connection.objects.all()) == []


def test_a_row_cannot_be_written_for_somebody_else(owner: User, other_owner: User) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), tenancy.tenant(other_owner.pk):
        make_connection(owner, "planted")


def test_a_nested_tenant_hands_back_to_the_outer_one(owner: User, other_owner: User) -> None:
    with tenancy.tenant(owner.pk):
        make_connection(owner, "mine")
        with tenancy.tenant(other_owner.pk):
            assert Connection.objects.count() == 0
        assert Connection.objects.count() == 1


@pytest.mark.django_db
def test_the_web_and_worker_role_cannot_bypass_the_policies() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("moniqo_app", False)

"""A wallet says what stops it or what it needs, and the pages and the API say the same."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.statuses import State
from kit.users.models import User
from tests.farms.conftest import make_desk
from wallets.hierarchy.states import wallet_state
from wallets.hierarchy.tree import WalletNode, wallet_tree
from wallets.models import Connection, Wallet
from wallets.sync.health import Freshness, connection_state


@pytest.fixture
def fund(owner: User) -> User:
    """A master, a farm and an agent's wallet, whose connection was just synced."""
    with tenancy.tenant(owner.pk):
        make_desk(owner)
        Connection.objects.update(status=Connection.Status.OK, synced_at=clock.now())
    return owner


def node_of(owner: User, role: str) -> WalletNode:
    with tenancy.tenant(owner.pk):
        return next(node for node in wallet_tree(owner_id=owner.pk) if node.role == role)


def told(owner: User, role: str) -> State:
    return wallet_state(node_of(owner, role))


def test_a_wallet_in_order_says_how_its_connection_is(fund: User) -> None:
    assert (told(fund, "agent").words, told(fund, "agent").kind) == ("Synced", "ok")


def test_what_is_stopped_is_resumed_where_it_was_stopped(fund: User) -> None:
    with tenancy.tenant(fund.pk):
        Wallet.objects.filter(role="farm").update(trading_state="halted")
    farm, agent = told(fund, "farm"), told(fund, "agent")
    assert (farm.words, farm.kind, farm.action and farm.action.label) == ("Halted", "bad", "Resume")
    assert (agent.words, agent.action) == ("Halted above it", None)


def test_a_wallet_without_money_says_where_it_gets_some(fund: User) -> None:
    empty = replace(node_of(fund, "agent"), value=Decimal(0))
    state = wallet_state(empty)
    assert (state.words, state.action and state.action.label) == ("No money", "Allocate")
    assert state.action is not None
    assert str(empty.id) in state.action.url
    unknown = wallet_state(replace(empty, value=None))
    assert unknown.words == "Synced"


@pytest.mark.parametrize(("share", "words", "step"), [("0.6", "+10.0", "Collect"), ("0.4", "\u221210.0", "Allocate")])
def test_a_wallet_off_its_target_says_by_how_much(fund: User, share: str, words: str, step: str) -> None:
    state = wallet_state(replace(node_of(fund, "farm"), share=Decimal(share), target=Decimal("0.5")))
    assert state.words.startswith(f"Off target by {words}")
    assert (state.kind, state.action and state.action.label) == ("warn", step)


def test_a_connection_that_is_behind_says_since_when(fund: User) -> None:
    with tenancy.tenant(fund.pk):
        Connection.objects.update(synced_at=clock.now() - timedelta(hours=3))
        connection = Connection.objects.get()
    state = connection_state(connection)
    assert state.words.startswith("Stale: last sync ")
    assert state.action is not None
    assert state.action.url == reverse("wallets:connection-sync", args=[connection.pk])
    assert told(fund, "master") == state
    assert wallet_state(replace(node_of(fund, "master"), freshness=Freshness("failed", None))).code == "failed"


def test_pages_and_api_say_the_same(fund: User, client: Client) -> None:
    with tenancy.tenant(fund.pk):
        Wallet.objects.filter(role="agent").update(trading_state="reducing")
    client.force_login(fund)
    agent = node_of(fund, "agent")
    answer = client.get(f"/api/v1/wallets/{agent.id}").json()
    assert (answer["state"], answer["state_words"]) == ("reducing", "Only sells")
    assert answer["state_action"]["label"] == "Resume"
    page = client.get(reverse("wallets:wallet", args=[agent.id])).content.decode()
    assert "Only sells" in page
    assert "Resume" in page
    connection = client.get("/api/v1/connections").json()[0]
    assert (connection["state"], connection["state_words"], connection["state_action"]) == ("active", "Synced", None)

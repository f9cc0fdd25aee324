"""Platforms and connections for programs."""

from typing import Any

import pytest
from django.test import Client

from kit import tenancy
from kit.users.models import User
from tests.wallets.sync.test_pages import account, synced
from wallets.models import SyncRun
from wallets.sync import runs as syncing

API = "/api/v1"


@pytest.fixture
def program(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


def get(client: Client, path: str, status: int = 200) -> Any:
    answer = client.get(f"{API}{path}")
    assert answer.status_code == status
    return answer.json()


def test_platforms_are_listed_with_their_fees(program: Client) -> None:
    (paper,) = [platform for platform in get(program, "/platforms") if platform["is_paper"]]
    assert paper == (
        {
            "slug": "demo",
            "name": "Paper exchange",
            "kind": "exchange",
            "is_paper": True,
            "is_sandbox": False,
            "capabilities": ["spot"],
            "fees": {"maker": "0.0008", "taker": "0.0010"},
            "credential_fields": [],
        }
    )


def test_a_connection_says_what_is_unexplained(program: Client, owner: User) -> None:
    wallet = account(owner)
    run = synced(wallet, arrived=7)
    (found,) = get(program, "/connections")
    assert found == get(program, f"/connections/{wallet.connection_id}")
    assert (found["status"], found["unexplained"]) == ("ok", {"USDT": "7"})
    assert found["last_sync"]["id"] == str(run.pk)


def test_a_sync_is_started_once_and_watched(program: Client, owner: User) -> None:
    wallet = account(owner)
    path = f"{API}/connections/{wallet.connection_id}/sync"
    first, second = program.post(path), program.post(path)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    run_id = first.json()["id"]
    watched = f"/connections/{wallet.connection_id}/syncs/{run_id}"
    assert get(program, watched)["status"] == "running"
    with tenancy.tenant(owner.pk):
        syncing.sync_connection(owner_id=owner.pk, connection_id=wallet.connection_id, run_id=SyncRun.objects.get().pk)
    done = get(program, watched)
    assert (done["status"], done["progress"]) == ("ok", 100)
    assert done["assets"] == [
        {
            "asset": "USDT",
            "venue_total": "100",
            "books_total": "100",
            "unassigned": "0",
            "suspense": "0",
            "drift": "0",
            "first_diverging_entry_id": None,
        }
    ]
    assert [row["id"] for row in get(program, f"/connections/{wallet.connection_id}/syncs")["items"]] == [run_id]


def test_another_owner_gets_404(program: Client, other_owner: User) -> None:
    wallet = account(other_owner)
    run = synced(wallet)
    assert get(program, "/connections") == []
    for path in ("", "/syncs", f"/syncs/{run.pk}"):
        assert get(program, f"/connections/{wallet.connection_id}{path}", 404)["status"] == 404
    assert program.post(f"{API}/connections/{wallet.connection_id}/sync").status_code == 404

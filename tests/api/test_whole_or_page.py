"""Wallets, farms, agents and open positions come whole to who asks for no page, and in pages to who does."""

from typing import Any

import pytest
from django.test import Client

from kit.users.models import User
from moniqo.benches.crowd import gather

LISTS = ("wallets", "farms", "agents", "positions")


def pages(client: Client, path: str, **query: Any) -> list[list[Any]]:
    found: list[list[Any]] = []
    asked = dict(query)
    while True:
        page = client.get(path, asked).json()
        assert set(page) == {"items", "next"}
        found.append(page["items"])
        if page["next"] is None:
            return found
        asked = query | {"cursor": page["next"]}


@pytest.mark.parametrize("name", LISTS)
def test_pages_hold_each_row_of_the_whole_once_newest_first(client: Client, as_owner: User, name: str) -> None:
    client.force_login(as_owner)
    gather(as_owner.pk, farms=5, agents=10)
    whole = client.get(f"/api/v1/{name}").json()
    assert isinstance(whole, list)
    found = pages(client, f"/api/v1/{name}", limit=3)
    assert [len(page) for page in found[:-1]] == [3] * (len(found) - 1)
    assert len(found) > 1
    rows = [row for page in found for row in page]
    assert sorted(rows, key=lambda row: row["id"]) == sorted(whole, key=lambda row: row["id"])


@pytest.mark.parametrize("name", LISTS)
def test_what_arrives_meanwhile_neither_repeats_nor_hides_a_row(client: Client, as_owner: User, name: str) -> None:
    client.force_login(as_owner)
    gather(as_owner.pk, farms=3, agents=6)
    before = [row["id"] for row in client.get(f"/api/v1/{name}").json()]
    first = client.get(f"/api/v1/{name}", {"limit": 2}).json()
    gather(as_owner.pk, farms=2, agents=4, name="Later")
    rest = pages(client, f"/api/v1/{name}", limit=2, cursor=first["next"])
    seen = [row["id"] for row in first["items"]] + [row["id"] for page in rest for row in page]
    assert sorted(seen) == sorted(before)


@pytest.mark.parametrize("name", LISTS)
def test_a_cursor_alone_asks_for_a_page(client: Client, as_owner: User, name: str) -> None:
    client.force_login(as_owner)
    gather(as_owner.pk, farms=2, agents=4)
    cursor = client.get(f"/api/v1/{name}", {"limit": 1}).json()["next"]
    assert isinstance(client.get(f"/api/v1/{name}", {"cursor": cursor}).json()["items"], list)
    assert client.get(f"/api/v1/{name}", {"cursor": "none of ours"}).status_code == 422
    assert client.get(f"/api/v1/{name}", {"limit": 0}).status_code == 422

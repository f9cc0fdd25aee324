"""The statement of an account as a file."""

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit.users.models import User
from tests.wallets.test_hierarchy import down, plant
from wallets.hierarchy import statement


def lines(answer: Any) -> list[list[str]]:
    pieces: Iterable[bytes] = answer.streaming_content
    return list(csv.reader(StringIO(b"".join(pieces).decode())))


def test_every_entry_is_in_it_newest_first_with_its_balance(
    as_owner: User, other_owner: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement, "PIECE", 2)
    tree = plant(as_owner)
    tree.farm.name = "=Farm"
    tree.farm.save()
    for number in range(4):
        down(tree, tree.master, tree.farm, 10, key=f"{number}")
    client.force_login(as_owner)
    page = client.get(reverse("wallets:wallet", args=[tree.master.pk])).content.decode()
    path = reverse("wallets:entries-csv", args=[tree.master.pk])
    assert f'href="{path}?asset=USDT&amp;kind=wallet"' in page
    head, *rows = lines(client.get(path))
    assert head == list(statement.COLUMNS)
    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("5", "-10", "960"), ("4", "-10", "970"), ("3", "-10", "980"), ("2", "-10", "990"), ("1", "1000", "1000"),
    ]  # fmt: skip
    assert rows[0][5] == "'=Farm"
    assert len(lines(client.get(path, {"kind": "external"}))) == 2
    client.force_login(other_owner)
    assert client.get(path).status_code == 404

"""Short lists sort by what they show, with what is not known last; long ones by their moment, either way."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.audit.services import Area, record
from kit.sorting import in_order, understood
from kit.users.models import Token, User
from tests.conftest import as_operators
from tests.programs import make_token

KEYS = {"size": lambda row: row[1]}


@pytest.mark.parametrize(("sort", "names"), [("size", "bac"), ("-size", "abc"), ("", "abc")])
def test_what_is_not_known_comes_last_either_way(sort: str, names: str) -> None:
    assert "".join(row[0] for row in in_order([("a", 3), ("b", 1), ("c", None)], KEYS, sort)) == names


def test_a_sort_that_there_is_not_leaves_the_usual_order() -> None:
    assert (understood("-size", KEYS), understood("weight", KEYS), understood("--size", KEYS)) == ("-size", "", "")


def test_tokens_are_sorted_by_their_headers(client: Client, owner: User) -> None:
    for name, ends in (("Bert", 3), ("anna", 1), ("Carl", 2)):
        token = make_token(owner, name=name)
        with tenancy.tenant(owner.pk), as_operators():
            Token.objects.filter(pk=token.pk).update(expires_at=clock.now() + timedelta(days=ends))
    client.force_login(owner)

    def names(sort: str) -> list[str]:
        page = client.get(reverse("users:tokens"), {"sort": sort}).content.decode()
        return re.findall(r'<th scope="row" class="name"><a [^>]*>(\w+)', page)

    assert names("name") == ["anna", "Bert", "Carl"]
    assert names("-name") == ["Carl", "Bert", "anna"]
    assert names("ends") == ["anna", "Carl", "Bert"]
    assert names("colour") == names("")
    page = client.get(reverse("users:tokens"), {"sort": "-ends"}).content.decode()
    assert re.search(r'aria-sort="descending"><a href="\?sort=ends"', page)


def test_the_log_is_read_from_either_end(client: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        for name in ("First", "Second"):
            record(Area.MONEY, name, owner_id=owner.pk)
    client.force_login(owner)

    def acts(**query: str) -> list[str]:
        page = client.get("/settings/log/", {"area": "money"} | query).content.decode()
        return re.findall(r'<span class="b">(First|Second)</span>', page)

    assert acts() == acts(sort="-when") == acts(sort="who") == ["Second", "First"]
    assert acts(sort="when") == ["First", "Second"]

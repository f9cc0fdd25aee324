"""Long lists are counted up to a limit, by a query that ends there."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kit import paging, tenancy
from kit.audit.models import AuditEntry
from kit.audit.services import Area, record
from kit.paging import Pages
from kit.users.models import User


@pytest.fixture(autouse=True)
def two_at_most(monkeypatch: pytest.MonkeyPatch, owner: User) -> None:
    monkeypatch.setattr(paging, "MOST", 2)
    with tenancy.tenant(owner.pk):
        for number in range(5):
            record(Area.MONEY, f"Deposit {number}", owner_id=owner.pk)


def test_rows_are_counted_up_to_the_limit(owner: User) -> None:
    with tenancy.tenant(owner.pk):
        pages = Pages(AuditEntry.objects.order_by("id"), 1)
        with CaptureQueriesContext(connection) as asked:
            assert (pages.count, pages.num_pages, pages.is_cut) == (2, 2, True)
        assert [sql["sql"].count("LIMIT 3") for sql in asked.captured_queries] == [1]
        assert "ORDER BY" not in asked.captured_queries[0]["sql"]
        assert pages.get_page(99).number == 2


def test_a_list_that_was_cut_says_so(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert "1–2 of 2+" in client.get("/settings/log/").content.decode()


def test_a_list_that_ends_at_the_limit_is_whole(owner: User) -> None:
    with tenancy.tenant(owner.pk):
        pages = Pages(AuditEntry.objects.filter(action__in=["Deposit 1", "Deposit 2"]), 1)
        assert (pages.count, pages.is_cut) == (2, False)

"""A statement that is compiled once says what the ORM says, of whoever asks and whenever."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet

from kit import clock, tenancy
from kit.statements import Statement, planned_once
from kit.users.models import User
from tests.wallets.books import fund, funded, make_wallet
from trading.models import RiskLimit
from wallets.models import Account, Wallet


def _recent(owner_id: UUID) -> QuerySet[Any, Any]:
    return Account.objects.filter(owner_id=owner_id, wallet__created_at__lte=clock.now()).values_list(
        "wallet_id", "balance"
    )


def test_it_is_compiled_once_and_asked_of_each_owner_at_each_moment(
    live_db: str, owner: User, other_owner: User
) -> None:
    statement, built = Statement(lambda owner_id: built.append(1) or _recent(owner_id)), []
    mine, theirs = funded(owner.pk, 1, 100)[0], funded(other_owner.pk, 1, 7)[0]
    for person, wallet, amount in ((owner, mine, 100), (other_owner, theirs, 7)):
        with tenancy.tenant(person.pk):
            assert [wallet.pk, amount] in statement.rows(owner_id=person.pk)
            assert statement.rows(owner_id=person.pk) == [list(row) for row in _recent(person.pk)]
            with clock.at(clock.now() - timedelta(days=1)):
                assert statement.rows(owner_id=person.pk) == []
    assert built == [1]


def test_it_sees_what_the_block_that_asks_may_see_wherever_it_was_compiled(
    live_db: str, owner: User, other_owner: User
) -> None:
    for person in (owner, other_owner):
        with tenancy.tenant(person.pk):
            make_wallet(person)
    statement = Statement(lambda _: Wallet.objects.values_list("owner_id"))
    with tenancy.system():
        assert len(statement.rows()) == 2
    with tenancy.tenant(owner.pk):
        assert statement.rows() == [[owner.pk]]
    assert statement.rows() == []


def test_its_values_are_those_of_the_fields(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    fund(wallet, 5)
    RiskLimit.objects.create(
        owner=as_owner, wallet=wallet, allowed_symbols=["A/B"], maximum_notional=3, notional_asset="B"
    )
    statement = Statement(
        lambda _: RiskLimit.objects.annotate(half=F("maximum_notional") / 2).values_list("allowed_symbols", "half")
    )
    ((symbols, half),) = statement.rows()
    assert (symbols, half) == (["A/B"], 1.5)


def test_it_is_planned_for_the_owner_and_the_moment_that_it_asks_for(live_db: str, owner: User) -> None:
    statement = Statement(lambda owner_id: Wallet.objects.filter(owner_id=owner_id, created_at__lt=clock.now()))
    for _ in range(10):
        statement.rows(owner_id=owner.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%wallets_wallet%created_at%'")
        assert cursor.fetchone() == (0,)


def test_a_text_is_planned_once_for_a_connection_and_each_owner_sees_what_is_theirs(
    live_db: str, owner: User, other_owner: User
) -> None:
    text = "SELECT owner_id FROM wallets_wallet WHERE %(name)s::text IS NULL OR name = %(name)s -- planned once"
    for person in (owner, other_owner):
        with tenancy.tenant(person.pk):
            make_wallet(person)
    for _ in range(10):
        for person in (owner, other_owner):
            with tenancy.tenant(person.pk), planned_once(connection) as cursor:
                cursor.execute(text, {"name": None})
                assert cursor.fetchall() == [(person.pk,)]
    with tenancy.tenant(owner.pk), connection.cursor() as cursor:
        cursor.execute("SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE '%-- planned once'")
        ((generic,),) = cursor.fetchall()
    assert generic >= 5

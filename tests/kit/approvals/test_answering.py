"""What a program asks for is answered once, done once, and never changes after that."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.approvals import acts, services
from kit.approvals.acts import Act, Looked
from kit.approvals.models import Approval
from kit.approvals.selectors import approval_row, open_approvals
from kit.approvals.services import OPEN_MOST, Source
from kit.approvals.tasks import close_late_approvals, forget_old_approvals
from kit.audit.models import AuditEntry
from kit.audit.services import Area, record
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.sentences import FOR_PROGRAMS, amount, sentence
from kit.users import tokens
from kit.users.access import ScopeError
from kit.users.models import Token, User
from tests.programs import make_token

GIVEN = {"amount": "10"}
done: list[str] = []


def look(owner_id: UUID, given: Mapping[str, Any]) -> Looked:
    if given.get("amount") == "too much":
        raise InvalidInputError("That is too much.")

    return Looked(
        sentence("Move {amount}", amount=amount(Decimal(given["amount"]), "USDT")), [sentence("It is there.")]
    )


def carry_out(owner_id: UUID, given: Mapping[str, Any], key: str) -> dict[str, Any]:
    record(Area.MONEY, "Done", owner_id=owner_id, subject=key)
    if given.get("amount") == "13":
        raise ConflictError("There is no money any more.")
    done.append(key)
    return {"moved": given["amount"]}


@pytest.fixture(autouse=True)
def _acts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two acts that somebody can do."""
    monkeypatch.setattr(acts, "_registered", {})
    acts.register(
        Act("move", "Move", "Move it", look, carry_out, Token.Scope.MOVE),
        Act("limit", "Limit", "Change it", look, carry_out, None),
    )
    done.clear()
    yield
    done.clear()


@pytest.fixture
def tenant(owner: User) -> Iterator[User]:
    with tenancy.tenant(owner.pk):
        yield owner


def ask(owner: User, kind: str = "move", given: Mapping[str, Any] = GIVEN, **more: Any) -> Approval:
    token = make_token(owner, "agent", name="A model")
    return services.ask(owner_id=owner.pk, kind=kind, given=given, source=Source(token, more.pop("key", "")), **more)


def answer(asked: Approval, *, yes: bool = True, **more: Any) -> Approval:
    return services.answer(owner_id=asked.owner_id, approval_id=asked.pk, is_approved=yes, **more)


def test_what_is_asked_calls_the_owner_until_it_is_answered(tenant: User) -> None:
    asked = ask(tenant, reason="<b>The price</b> falls by 5,000 USDT")
    alert = Alert.objects.get(key=f"approval:{asked.pk}")
    assert alert.headline(FOR_PROGRAMS) == "A program asks: Move 10 USDT"
    assert "A model asked." in alert.story()
    (row,) = open_approvals(owner_id=tenant.pk)
    assert (row.asked_by, row.status, [line.exact for line in row.lines]) == ("A model", "open", ["It is there."])
    answered = answer(asked)
    assert (answered.status, answered.result, done) == ("approved", {"moved": "10"}, [f"approval:{asked.pk}"])
    alert.refresh_from_db()
    assert alert.resolved_at is not None
    assert open_approvals(owner_id=tenant.pk) == []


def test_the_same_answer_again_changes_nothing_and_another_is_refused(tenant: User) -> None:
    asked = ask(tenant)
    first = answer(asked, note="Fine")
    again = answer(asked, note="Twice")
    assert (again.answered_at, again.note) == (first.answered_at, "Fine")
    with pytest.raises(ConflictError, match="approved"):
        answer(asked, yes=False)
    assert len(done) == 1


def test_a_no_does_nothing(tenant: User) -> None:
    declined = answer(ask(tenant), yes=False, note="Not today")
    assert (declined.status, declined.note, done) == ("declined", "Not today", [])


def test_what_is_refused_when_it_is_carried_out_leaves_nothing_and_says_why(tenant: User) -> None:
    answered = answer(ask(tenant, given={"amount": "13"}))
    assert answered.status == "approved"
    assert answered.result == {"refused": "conflict", "said": "There is no money any more."}
    assert str(approval_row(answered).refusal) == "There is no money any more."
    assert not AuditEntry.objects.filter(action="Done").exists()


def test_an_answer_that_comes_too_late_counts_for_nothing(tenant: User) -> None:
    asked = ask(tenant, lasts=timedelta(minutes=1))
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert approval_row(asked).status == "expired"
        with pytest.raises(ConflictError, match="too late"):
            answer(asked)
        assert services.expire(owner_id=tenant.pk) == 1
        assert services.expire(owner_id=tenant.pk) == 0
    asked.refresh_from_db()
    assert asked.status == "expired"
    assert Alert.objects.get(key=f"approval:{asked.pk}").resolved_at is not None
    assert done == []


def test_nobody_answers_for_somebody_else(tenant: User, other_owner: User) -> None:
    asked = ask(tenant)
    with pytest.raises(NotFoundError), tenancy.tenant(other_owner.pk):
        services.answer(owner_id=other_owner.pk, approval_id=asked.pk, is_approved=True)
    asked.refresh_from_db()
    assert asked.is_open


def test_what_only_the_owner_approves_no_token_does_whatever_its_scopes(tenant: User) -> None:
    asked = ask(tenant, kind="limit")
    with pytest.raises(ScopeError, match="page Approvals"):
        answer(asked, token=make_token(tenant))
    asked.refresh_from_db()
    assert asked.is_open
    assert answer(asked).status == "approved"
    assert answer(ask(tenant, kind="limit"), yes=False, token=make_token(tenant)).status == "declined"


def test_a_yes_needs_the_scope_of_the_act_beside_the_one_to_answer(tenant: User) -> None:
    """Or a token with `agent` and `manage` would ask for what needs `move`, and say yes."""
    asked = ask(tenant)
    for scopes in (("agent", "manage"), ("trade", "manage")):
        with pytest.raises(ScopeError, match="needs the scope move"):
            answer(asked, token=make_token(tenant, *scopes))
    asked.refresh_from_db()
    assert asked.is_open
    assert done == []
    assert answer(asked, token=make_token(tenant, "move", "manage")).status == "approved"
    assert answer(ask(tenant), yes=False, token=make_token(tenant, "manage")).status == "declined"


@pytest.mark.parametrize("yes", [True, False])
def test_the_token_that_asked_never_answers(tenant: User, yes: bool) -> None:
    token = make_token(tenant)
    asked = services.ask(owner_id=tenant.pk, kind="move", given=GIVEN, source=Source(token))
    with pytest.raises(ScopeError, match="does not answer"):
        answer(asked, yes=yes, token=token)
    assert answer(asked, token=make_token(tenant)).status == "approved"


def test_what_a_revoked_token_asked_is_not_approved_any_more(tenant: User) -> None:
    token = make_token(tenant, "agent")
    asked = services.ask(owner_id=tenant.pk, kind="move", given=GIVEN, source=Source(token))
    tokens.revoke_token(owner_id=tenant.pk, token_id=token.pk)
    with pytest.raises(ConflictError, match="revoked"):
        answer(asked)
    assert done == []
    assert answer(asked, yes=False).status == "declined"


def test_a_question_with_a_key_is_asked_once(tenant: User) -> None:
    token = make_token(tenant, "agent")
    given: dict[str, Any] = {"owner_id": tenant.pk, "kind": "move", "source": Source(token, "k-1")}
    first = services.ask(given=GIVEN, **given)
    answer(first)
    again = services.ask(given=GIVEN, **given)
    assert (again.pk, again.status) == (first.pk, "approved")
    with pytest.raises(ConflictError, match="another question"):
        services.ask(given={"amount": "11"}, **given)


def test_what_cannot_be_done_cannot_be_asked_for(tenant: User) -> None:
    for refused in ({"given": {"amount": "too much"}}, {"lasts": timedelta(days=8)}, {"kind": "unheard"}):
        with pytest.raises((InvalidInputError, NotFoundError)):
            ask(tenant, **refused)  # type: ignore[arg-type]  # each is one of its arguments
    assert not Approval.objects.exists()


def test_so_many_questions_and_no_more_wait_at_once(tenant: User) -> None:
    first = ask(tenant)
    rows = [
        Approval(owner=tenant, kind="move", given={}, asked_by="", expires_at=first.expires_at)
        for _ in range(OPEN_MOST - 1)
    ]
    Approval.objects.bulk_create(rows)
    with pytest.raises(ConflictError, match="wait for an answer already"):
        ask(tenant)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE approvals_approval SET given = '{}'",
        "UPDATE approvals_approval SET status = 'declined'",
        "DELETE FROM approvals_approval",
    ],
)
def test_the_database_keeps_what_was_asked_and_answered(tenant: User, sql: str) -> None:
    answer(ask(tenant))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "told",
    [None, {}, [], {"approved": "yes"}, {"approved": 1}, {"approved": True, "also": 1}, {"approved": True, "note": 5},
     {"approved": True, "note": "x" * 201}],
)  # fmt: skip
def test_an_answer_that_is_not_of_the_shape_is_none(told: Any) -> None:
    with pytest.raises(InvalidInputError):
        services.read_answer(told)


@pytest.mark.parametrize("of_a_token", [True, False])
def test_two_who_ask_the_same_at_once_are_one_question(live_db: str, owner: User, of_a_token: bool) -> None:
    """A program with its token, and what asks from inside without one: the second finds what the first has asked."""
    with tenancy.tenant(owner.pk):
        token = make_token(owner, "agent") if of_a_token else None
    ready, found = Barrier(4), []

    def one() -> None:
        try:
            ready.wait()
            with tenancy.tenant(owner.pk):
                source = Source(token, "k-1", name="a model")
                found.append(services.ask(owner_id=owner.pk, kind="move", given=GIVEN, source=source).pk)
        finally:
            connections.close_all()

    threads = [Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    with tenancy.tenant(owner.pk):
        assert Approval.objects.count() == 1


@pytest.mark.parametrize("kind", services.ONCE)
@pytest.mark.parametrize("keyed", [True, False])
def test_who_asks_at_once_to_stop_the_same_with_other_keys_asks_one_question(
    live_db: str, owner: User, kind: str, keyed: bool
) -> None:
    acts.register(Act(kind, kind.title(), "Do it", look, carry_out, Token.Scope.TRADE))
    token = make_token(owner, "agent", name="A model")
    has_asked, found = Event(), []

    def one(number: int) -> None:
        try:
            with tenancy.tenant(owner.pk):
                key = f"k{number}" if keyed else ""
                asked = services.ask(owner_id=owner.pk, kind=kind, given=GIVEN, source=Source(token, key))
                found.append(asked.pk)
                has_asked.set()
                sleep(0.3)  # the others look before this one is committed, if nothing holds them
        finally:
            connections.close_all()

    threads = [Thread(target=one, args=(number,)) for number in range(3)]
    threads[0].start()
    assert has_asked.wait(30)
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(found), len(set(found))) == (3, 1)


def test_two_who_answer_at_once_are_one_answer(live_db: str, owner: User) -> None:
    """Four say yes and four say no at the same moment: one answer counts, and what is done is done once at most."""
    with tenancy.tenant(owner.pk):
        asked = ask(owner)
    ready, said = Barrier(8), []

    def one(number: int) -> None:
        try:
            with tenancy.tenant(owner.pk):
                ready.wait()
                said.append(answer(asked, yes=number % 2 == 0).status)
        except ConflictError:
            said.append("refused")
        finally:
            connections.close_all()

    threads = [Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenancy.tenant(owner.pk):
        asked.refresh_from_db()
    assert sorted(said) == sorted([asked.status] * 4 + ["refused"] * 4)
    assert len(done) == (asked.status == "approved")


def test_late_ones_are_closed_and_old_ones_forgotten_by_tasks(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        asked, answered = ask(owner, lasts=timedelta(minutes=1)), answer(ask(owner))
    with clock.at(clock.now() + timedelta(minutes=5)):
        assert close_late_approvals() == 1
        assert close_late_approvals() == 0
    with clock.at(clock.now() + timedelta(days=400)):
        assert forget_old_approvals() == 2
    with tenancy.tenant(owner.pk):
        assert not Approval.objects.filter(pk__in=(asked.pk, answered.pk)).exists()


def test_the_page_asks_and_its_buttons_answer(owner: User, other_owner: User, client: Client) -> None:
    with tenancy.tenant(owner.pk):
        asked, other = ask(owner, reason="<b>now</b>"), ask(owner)
    assert client.get("/approvals/").status_code == 302
    client.force_login(other_owner)
    assert "Move" not in client.get("/approvals/").content.decode()
    assert client.post(f"/approvals/{asked.pk}/answer/", {"answer": "approve"}).status_code == 404
    client.force_login(owner)
    for said in ({}, {"answer": ""}, {"answer": "perhaps"}):
        assert client.post(f"/approvals/{asked.pk}/answer/", said).status_code == 400
    page = client.get("/approvals/").content.decode()
    assert "Move 10.00 USDT" in page.replace("\xa0", " ")
    assert "&lt;b&gt;now&lt;/b&gt;" in page
    answered = client.post(f"/approvals/{asked.pk}/answer/", {"answer": "approve"}, follow=True).content.decode()
    assert "Approved and done." in answered
    assert done == [f"approval:{asked.pk}"]
    late = client.post(f"/approvals/{asked.pk}/answer/", {"answer": "decline"}, follow=True).content.decode()
    assert "It is over: approved." in late
    client.post(f"/approvals/{other.pk}/answer/", {"answer": "decline"})
    assert "Nobody asks for anything." in client.get("/approvals/").content.decode()

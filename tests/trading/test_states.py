"""The table of states, in Python and in the database, is one table."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from kit import clock
from tests.trading.desk import Desk, make_desk
from trading.models import Fill, Order, OrderEvent, RiskDecision
from trading.orders import states

ALL = sorted(states.NEXT)


@given(st.lists(st.sampled_from(ALL), max_size=12))
def test_no_walk_leaves_a_terminal_state_or_unfills(wishes: list[str]) -> None:
    status, seen = states.DRAFT, [states.DRAFT]
    for wish in wishes:
        if states.is_allowed(status, wish):
            status = wish
            seen.append(status)
        else:
            with pytest.raises(states.TransitionError):
                states.check(status, wish) if status != wish else states.check(status, "nowhere")
    ended = [place for place, step in enumerate(seen) if step in states.TERMINAL]
    assert ended in ([], [len(seen) - 1])
    assert states.DRAFT not in seen[1:]


def test_every_unfinished_state_can_still_end() -> None:
    for status in states.UNFINISHED:
        reachable, frontier = {status}, [status]
        while frontier:
            found = states.NEXT[frontier.pop()] - reachable
            reachable |= found
            frontier.extend(found)
        assert reachable & states.TERMINAL


@pytest.fixture
def desk(as_owner: object, owner: object) -> Desk:
    return make_desk(owner)  # type: ignore[arg-type]


def test_the_database_allows_exactly_the_steps_of_the_table(desk: Desk) -> None:
    template = desk.place()
    for number, before in enumerate(ALL):
        order = _draft(template, number)
        for status in _way(states.DRAFT, before):
            _go(order, status)
        allowed = {after for after in ALL if after != before and _can_go(order, after)}
        assert allowed == states.NEXT[before], before


def _draft(template: Order, number: int) -> Order:
    fields = {field.attname: getattr(template, field.attname) for field in Order._meta.concrete_fields}
    names = {"id": uuid4(), "key": f"walk {number}", "client_order_id": f"walk{number}", "status": states.DRAFT}
    return Order.objects.create(**{**fields, **names, "hold_id": None})


def _way(start: str, end: str) -> list[str]:
    """The steps of a shortest walk from `start` to `end`, without `start`."""
    walks = [[start]]
    for walk in walks:
        if walk[-1] == end:
            return walk[1:]
        walks.extend([*walk, step] for step in sorted(states.NEXT[walk[-1]]))
    raise AssertionError(f"Nothing leads to {end}.")


def _go(order: Order, status: str) -> None:
    """Only the status and what its row's checks ask for, so that the guard alone decides."""
    now = clock.now()
    ends = {"closed_at": now, "due_at": None} if status in states.TERMINAL else {"closed_at": None, "due_at": now}
    if status == states.WAITING:  # the monitor looks at it, and nobody else
        ends["due_at"] = None
    filled = {"filled_quantity": order.quantity} if status == states.FILLED else {}
    Order.objects.filter(pk=order.pk).update(status=status, **ends, **filled)


def _can_go(order: Order, status: str) -> bool:
    try:
        with transaction.atomic():
            _go(order, status)
            transaction.set_rollback(True)
    except IntegrityError:
        return False
    return True


def refused(**changes: object) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Order.objects.update(**changes)


def test_a_terminal_order_stays_as_it_is(desk: Desk) -> None:
    desk.trade("buy", "1")
    for status in ALL:
        if status != states.FILLED:
            refused(status=status)
    refused(filled_quantity=F("filled_quantity") - Decimal("0.1"))
    refused(attempts=0)


def test_an_intent_never_changes(desk: Desk) -> None:
    desk.place("buy", "1")
    refused(quantity=2)
    refused(side="sell")
    refused(client_order_id="other")
    refused(reference_price=1)


def test_an_unfinished_order_always_has_a_moment_when_it_is_due(desk: Desk) -> None:
    desk.place("buy", "1")
    refused(due_at=None)


def test_an_order_cannot_be_born_in_the_middle_of_its_life(desk: Desk) -> None:
    order = desk.place("buy", "1")
    order.pk, order.key, order.client_order_id, order.status = None, "forged", "forged", states.FILLED
    with pytest.raises(DatabaseError, match="starts as"), transaction.atomic():
        order.save(force_insert=True)


@pytest.mark.parametrize("model", [OrderEvent, RiskDecision, Fill, Order])
def test_histories_are_never_removed(desk: Desk, model: type[Order]) -> None:
    desk.trade("buy", "1")
    table = model._meta.db_table
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize("model", [OrderEvent, RiskDecision, Fill])
def test_histories_are_never_rewritten(desk: Desk, model: type[OrderEvent]) -> None:
    desk.trade("buy", "1")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        model.objects.update(owner_id=desk.owner.pk)

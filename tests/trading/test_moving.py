"""Stop, target and trail of an open position are moved on its page and by the API, and the monitor goes by them."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.audit.models import AuditEntry
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.users.models import User
from tests.programs import bearer
from tests.trading.desk import Desk, make_desk, set_price
from trading import services
from trading.models import Position

D = Decimal


@pytest.fixture
def desk(owner: User) -> Iterator[Desk]:
    with tenancy.tenant(owner.pk):
        desk = make_desk(owner)
        desk.trade("buy", "1", exit_stop=D(95), exit_target=D(110))
        yield desk


def move(desk: Desk, **levels: Decimal | None) -> Position:
    return services.move_levels(owner_id=desk.owner.pk, position_id=Position.objects.get().pk, levels=levels)


def levels() -> tuple[Decimal | None, ...]:
    return Position.objects.values_list("exit_stop", "exit_target", "exit_trail").get()


def test_what_is_named_is_moved_and_the_rest_stays_and_the_log_knows_it(desk: Desk) -> None:
    move(desk, exit_stop=D("97.123"))
    assert levels() == (D("97.12"), 110, None)
    move(desk, exit_target=None, exit_trail=D(2))
    assert levels() == (D("97.12"), None, 2)
    first = AuditEntry.objects.filter(action="Protection moved").earliest("at")
    assert (first.before, first.after) == ({"exit_stop": "95"}, {"exit_stop": "97.12"})
    assert first.subject == "BTC/USDT, Agent"


def test_the_monitor_goes_by_what_was_moved(desk: Desk) -> None:
    move(desk, exit_stop=D(90))
    set_price(desk.instrument, "94")
    assert services.keep_protection(owner_id=desk.owner.pk) == []
    move(desk, exit_trail=D(3))
    assert services.keep_protection(owner_id=desk.owner.pk) == []
    assert levels()[0] == 91
    set_price(desk.instrument, "90.99")
    (order,) = services.keep_protection(owner_id=desk.owner.pk)
    assert order.reason.exact == "The stop at 91 was reached by 90.99."


def test_nothing_new_is_written_twice(desk: Desk) -> None:
    move(desk, exit_stop=D(95), exit_target=D("110.001"))
    assert not AuditEntry.objects.filter(action="Protection moved").exists()


@pytest.mark.parametrize(
    ("levels_", "fields"),
    [
        ({"exit_stop": D(100)}, {"exit_stop"}),
        ({"exit_stop": D(101), "exit_target": D(99)}, {"exit_stop", "exit_target"}),
        ({"exit_stop": D(0)}, {"exit_stop"}),
        ({"exit_target": D("NaN")}, {"exit_target"}),
        ({"exit_trail": D(-1)}, {"exit_trail"}),
        ({"exit_trail": D(100)}, {"exit_trail"}),
        ({"exit_stop": D("0.001")}, {"exit_stop"}),
    ],
)
def test_what_cannot_protect_is_refused_and_nothing_is_moved(
    desk: Desk, levels_: dict[str, Decimal], fields: set[str]
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        move(desk, **levels_)
    assert set(refused.value.fields) == fields
    assert levels() == (95, 110, None)


def test_without_a_fresh_price_levels_are_taken_away_and_none_is_given(desk: Desk) -> None:
    set_price(desk.instrument, "100", at=clock.now() - timedelta(seconds=61))
    with pytest.raises(ConflictError, match="fresh enough"):
        move(desk, exit_stop=D(96))
    move(desk, exit_target=None)
    assert levels() == (95, None, None)


def test_a_closed_position_and_somebody_elses_have_no_levels_to_move(desk: Desk, other_owner: User) -> None:
    position = Position.objects.get().pk
    with tenancy.tenant(other_owner.pk), pytest.raises(NotFoundError):
        services.move_levels(owner_id=other_owner.pk, position_id=position, levels={"exit_stop": D(96)})
    desk.trade("sell", "1")
    with pytest.raises(ConflictError, match="closed already"):
        move(desk, exit_stop=D(96))


def test_the_page_moves_only_what_was_touched(desk: Desk, client: Client) -> None:
    client.force_login(desk.owner)
    address = reverse("trading:levels", args=(Position.objects.get().pk,))
    shown = client.get(address)
    assert 'name="initial-exit_stop"' in shown.content.decode()
    Position.objects.update(exit_stop=D(98))  # it has followed the price since the page was made
    sent = {
        "exit_stop": "95", "initial-exit_stop": "95", "exit_target": "120", "initial-exit_target": "110",
        "exit_trail": "", "initial-exit_trail": "",
    }  # fmt: skip
    assert client.post(address, sent).status_code == 302
    assert levels() == (98, 120, None)
    refused = client.post(address, sent | {"exit_stop": "100"})
    assert (refused.status_code, "bid of 100" in refused.content.decode()) == (422, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"exit_stop": "96.5"}, 200),
        ({"exit_stop": None}, 200),
        ({"exit_stop": "100"}, 422),
        ({"exit_stop": 96.5}, 422),
        ({"exit_stopp": "96.5"}, 422),
        ({}, 200),
    ],
)
def test_the_api_moves_levels(desk: Desk, client: Client, body: dict[str, Any], status: int) -> None:
    address, headers = f"/api/v1/positions/{Position.objects.get().pk}", bearer(desk.owner)
    before = levels()
    answer = client.patch(address, body, content_type="application/json", headers=headers)
    assert answer.status_code == status
    if status == 200:
        wanted = body.get("exit_stop", "95")
        assert (answer.json()["exit_stop"], answer.json()["exit_target"]) == (wanted, "110")
        assert client.get(address, headers=headers).json()["exit_stop"] == wanted
    else:
        assert levels() == before

"""Agents move between the farms of a master and its pool: with all that they have, and as nobody's profit."""

import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from threading import Barrier, Thread
from types import FrameType
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from farms import services
from farms.models import Agent, AgentFarmAssignment, Farm, FarmEvent
from farms.selectors.farms import FarmRow, farm_row, farm_rows
from kit import clock, tenancy
from kit.audit.models import AuditEntry
from kit.errors import ConflictError, NotFoundError
from kit.users.models import User
from portfolio.daily import roll_up
from portfolio.models import DailyPerformance
from portfolio.services import take_snapshots
from tests.farms.conftest import CROSS_UP, HOUR, Desk, hire, make_desk
from tests.farms.test_changing import free
from tests.farms.test_placing import calm  # noqa: F401 - the fixture
from tests.programs import bearer
from trading.models import Order, Position
from trading.services import place_order, set_limits
from wallets.ledger import IdempotencyConflictError, verify
from wallets.models import Wallet
from wallets.services import create_wallet


def other_farm(desk: Desk, name: str = "Other", **given: Any) -> Farm:
    return services.create_farm(
        owner_id=desk.owner.pk, **{"master_id": desk.master.pk, "name": name, "kind": desk.farm.kind, **given}
    )


@pytest.fixture
def traded(desk: Desk) -> Iterator[Desk]:
    """The agent has closed a trade with a loss and holds a position that has won, an hour after both were valued."""
    desk.candles(CROSS_UP)
    assert desk.run() is not None
    with clock.at(desk.now):
        take_snapshots(owner_id=desk.owner.pk)
    desk.each([96, 95, 90, 85, 80, 75, 100, 120, 125])
    with clock.at(desk.now):
        take_snapshots(owner_id=desk.owner.pk)
    assert Position.objects.filter(wallet=desk.agent.wallet, closed_at=None).count() == 1
    assert Position.objects.filter(wallet=desk.agent.wallet).exclude(closed_at=None).count() >= 1
    desk.candles([130])
    with clock.at(desk.now):
        yield desk


def figures(row: FarmRow) -> tuple[Any, ...]:
    return row.profit, pytest.approx(row.twr), row.today


def parts(owner: User) -> dict[Any, Any]:
    """What of the change of each wallet was the market's, was realized, was paid; all but the flows."""
    roll_up(owner_id=owner.pk)
    found: dict[Any, Any] = {}
    for day in DailyPerformance.objects.order_by("day"):
        told = (day.market, day.realized, day.fees, day.funding, day.adjustments)
        found[day.scope] = tuple(map(sum, zip(found.get(day.scope, (0,) * 5), told, strict=True)))
    return found


def test_a_move_is_a_flow_of_both_farms_and_changes_nobodys_profit_to_the_last_digit(traded: Desk) -> None:
    owner = traded.owner
    other = other_farm(traded)
    hire(owner, other, traded.instrument, name="Two")
    take_snapshots(owner_id=owner.pk)
    before = {row.id: row for row in farm_rows(owner_id=owner.pk)}
    parts_before, held = parts(owner), Position.objects.get(wallet=traded.agent.wallet, closed_at=None)
    value = before[traded.farm.pk].agents[0].value
    assert value is not None
    assert before[traded.farm.pk].profit
    with clock.at(clock.now() + HOUR / 12):
        services.move_agent(owner_id=owner.pk, agent_id=traded.agent.pk, farm_id=other.pk)
        for _ in range(2):
            after = {row.id: row for row in farm_rows(owner_id=owner.pk)}
            assert {pk: figures(row) for pk, row in before.items()} == {pk: figures(row) for pk, row in after.items()}
            assert after[other.pk].funding == before[other.pk].funding + value
            assert after[other.pk].value == before[other.pk].value + value  # type: ignore[operator]  # priced
            assert {row.name for row in after[other.pk].agents} == {"One", "Two"}
            with clock.at(clock.now() + HOUR / 12):
                take_snapshots(owner_id=owner.pk)
    with clock.at(clock.now() + HOUR / 2):
        assert parts(owner) == parts_before
    held.refresh_from_db()
    assert held.closed_at is None
    assert verify(owner_id=owner.pk).ok


def test_what_it_earns_after_a_move_is_the_new_farms(traded: Desk) -> None:
    owner, other = traded.owner, other_farm(traded)
    take_snapshots(owner_id=owner.pk)
    here, there = (farm_row(owner_id=owner.pk, farm_id=farm.pk).profit for farm in (traded.farm, other))
    services.move_agent(owner_id=owner.pk, agent_id=traded.agent.pk, farm_id=other.pk)
    held = Position.objects.get(wallet=traded.agent.wallet, closed_at=None)
    traded.candles([140])
    with clock.at(traded.now):
        take_snapshots(owner_id=owner.pk)
        assert farm_row(owner_id=owner.pk, farm_id=traded.farm.pk).profit == here
        gained = farm_row(owner_id=owner.pk, farm_id=other.pk).profit
        assert gained == (there or 0) + held.quantity * 10


def test_a_freed_agent_is_paused_in_the_one_pool_of_its_master_and_trades_nothing(calm: Desk) -> None:  # noqa: F811
    owner, money = calm.owner.pk, free(calm.agent.wallet)
    second = hire(calm.owner, calm.farm, calm.instrument, name="Second")
    services.start_farm(owner_id=owner, farm_id=calm.farm.pk)
    freed = services.free_agent(owner_id=owner, agent_id=calm.agent.pk)
    assert (freed.status, freed.farm.is_pool, free(freed.wallet)) == (Agent.Status.PAUSED, True, money)
    assert services.free_agent(owner_id=owner, agent_id=second.pk).farm == freed.farm
    pool = Wallet.objects.get(role=Wallet.Role.POOL)
    assert (pool.parent_id, set(pool.children.values_list("name", flat=True))) == (calm.master.pk, {"One", "Second"})
    with pytest.raises(ConflictError, match="One is free: move it to a farm"):
        services.start_agent(owner_id=owner, agent_id=freed.pk)
    with pytest.raises(ConflictError, match="Nobody trades in Pool"):
        services.start_farm(owner_id=owner, farm_id=freed.farm_id)
    with pytest.raises(ConflictError, match="is free already"):
        services.free_agent(owner_id=owner, agent_id=freed.pk)
    with pytest.raises(ConflictError, match="stays with its master"):
        services.move_farm(owner_id=owner, farm_id=freed.farm_id, master_id=calm.master.pk)
    with pytest.raises(ConflictError, match="there is nothing to set"):
        services.update_farm(
            owner_id=owner, farm_id=freed.farm_id, name="X", kind="mixed", maximum_share=Decimal(1), target_weight=None
        )
    row = farm_row(owner_id=owner, farm_id=freed.farm_id)
    assert (row.is_pool, row.state.words, row.present[0].state.words) == (True, "2 free agents", "Free: in no farm")
    back = services.move_agent(owner_id=owner, agent_id=freed.pk, farm_id=calm.farm.pk)
    assert (back.farm, back.status, back.wallet.parent_id) == (calm.farm, Agent.Status.PAUSED, calm.farm.wallet_id)
    services.start_agent(owner_id=owner, agent_id=back.pk)
    kinds = FarmEvent.objects.filter(agent=back, kind=FarmEvent.Kind.MOVED).values_list("farm__name", flat=True)
    assert sorted(kinds) == ["Pool", "Pool", "Trend", "Trend"]
    assert AuditEntry.objects.filter(action="Wallet moved", subject="One").count() == 2


def test_the_pages_open_for_an_owner_with_a_pool(calm: Desk, client: Client) -> None:  # noqa: F811
    client.force_login(calm.owner)
    services.free_agent(owner_id=calm.owner.pk, agent_id=calm.agent.pk, key="free")
    pages = (
        "/", "/wallets/", "/farms/", "/goals/", "/goals/new/", "/trading/positions/", "/trading/ticket/",
        "/portfolio/exposure/", "/portfolio/changes/", "/portfolio/profit/", "/portfolio/history/", "/start/",
        "/laboratory/", "/advice/", f"/farms/{calm.agent.pk}/",
    )  # fmt: skip
    answers = {page: client.get(page, follow=True).status_code for page in pages}
    assert {page: status for page, status in answers.items() if status >= 500} == {}
    assert answers["/"] == 200


def test_an_agent_in_the_pool_decides_nothing_even_if_it_says_that_it_runs(traded: Desk) -> None:
    services.free_agent(owner_id=traded.owner.pk, agent_id=traded.agent.pk)
    Agent.objects.update(status=Agent.Status.RUNNING)
    traded.candles([120])
    assert traded.run() is None
    services.move_agent(owner_id=traded.owner.pk, agent_id=traded.agent.pk, farm_id=traded.farm.pk)
    traded.candles([121])
    assert traded.run() is not None


def test_an_archived_pool_is_taken_back_by_the_next_who_is_freed(calm: Desk) -> None:  # noqa: F811
    owner = calm.owner.pk
    freed = services.free_agent(owner_id=owner, agent_id=calm.agent.pk)
    pool = freed.farm_id
    services.move_agent(owner_id=owner, agent_id=freed.pk, farm_id=calm.farm.pk)
    services.archive_farm(owner_id=owner, farm_id=pool)
    assert services.free_agent(owner_id=owner, agent_id=freed.pk).farm_id == pool
    assert Farm.objects.get(pk=pool).status == Farm.Status.PAUSED


def test_an_agent_that_comes_from_a_paused_farm_waits_for_the_next_candle(calm: Desk) -> None:  # noqa: F811
    other = other_farm(calm)
    services.start_farm(owner_id=calm.owner.pk, farm_id=other.pk)
    assert calm.agent.last_bar is None
    moved = services.move_agent(owner_id=calm.owner.pk, agent_id=calm.agent.pk, farm_id=other.pk)
    assert moved.status == Agent.Status.RUNNING
    assert moved.last_bar is not None
    assert clock.now().timestamp() * 1000 - moved.last_bar < 2 * HOUR.total_seconds() * 1000


def test_an_agent_is_refused_a_place_in_words(calm: Desk, other_owner: User) -> None:  # noqa: F811
    owner, places = calm.owner.pk, {}
    places["of another kind"] = other_farm(calm, "Breaks", kind="breakout"), "Breaks is a Breakout farm"
    second = create_wallet(owner_id=owner, name="Second", role="master", connection=calm.master.connection)
    places["of another master"] = other_farm(calm, "Far", master_id=second.pk), "Far has its money from Second"
    places["archived"] = other_farm(calm, "Away"), "Away is archived"
    services.archive_farm(owner_id=owner, farm_id=places["archived"][0].pk)
    places["where its name is used"] = other_farm(calm, "Named"), "Rename One first"
    hire(calm.owner, places["where its name is used"][0], calm.instrument, name="ONE")
    places["that does not enter its market"] = other_farm(calm, "Picky"), "The policy of Picky does not allow TST/USDT"
    Farm.objects.filter(name="Picky").update(allowed_symbols=["OTH/USDT"])
    places["where it is"] = calm.farm, "One works in Trend already"
    for farm, words in places.values():
        with pytest.raises(ConflictError, match=words):
            services.move_agent(owner_id=owner, agent_id=calm.agent.pk, farm_id=farm.pk)
    assert AgentFarmAssignment.objects.filter(agent=calm.agent).count() == 1
    for act in (services.free_agent, lambda **given: services.move_agent(farm_id=calm.farm.pk, **given)):
        with pytest.raises(NotFoundError):
            act(owner_id=other_owner.pk, agent_id=calm.agent.pk)


def test_an_agent_whose_order_is_on_its_way_is_not_moved(traded: Desk) -> None:
    other = other_farm(traded)
    set_limits(on=traded.agent.wallet, allowed_symbols=["TST/USDT"], maximum_notional=Decimal(1_000_000))
    order = place_order(
        wallet=traded.agent.wallet, instrument=traded.instrument, side="sell", quantity=Decimal("0.5"), key="by hand",
        reason="by hand",
    )  # fmt: skip
    assert order.status == Order.Status.SUBMITTING
    with pytest.raises(ConflictError, match="An order of One is on its way"):
        services.move_agent(owner_id=traded.owner.pk, agent_id=traded.agent.pk, farm_id=other.pk)
    traded.execute(order.pk)
    assert services.move_agent(owner_id=traded.owner.pk, agent_id=traded.agent.pk, farm_id=other.pk).farm == other


def test_the_same_key_moves_once_and_no_other_agent(calm: Desk) -> None:  # noqa: F811
    owner, other = calm.owner.pk, other_farm(calm)
    second = hire(calm.owner, calm.farm, calm.instrument, name="Second")
    asked: dict[str, Any] = {"owner_id": owner, "agent_id": calm.agent.pk, "farm_id": other.pk, "key": "once"}
    for _ in range(2):
        assert services.move_agent(**asked).farm_id == other.pk
    services.free_agent(owner_id=owner, agent_id=calm.agent.pk, key="freed")
    assert services.move_agent(**asked).farm.is_pool  # what came after stays
    for wrong in ({**asked, "agent_id": second.pk}, {**asked, "farm_id": calm.farm.pk}):
        with pytest.raises(IdempotencyConflictError):
            services.move_agent(**wrong)
    with pytest.raises(IdempotencyConflictError):
        services.free_agent(owner_id=owner, agent_id=calm.agent.pk, key="once")
    assert AgentFarmAssignment.objects.filter(agent=calm.agent).count() == 3


class KilledError(Exception):
    """As if the process had ended here."""


def killed_at(stop: int, act: Callable[[], Any]) -> bool:
    """Whether `act` was ended at its line number `stop` of those that move an agent; False when it came to its end."""
    seen = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal seen
        if not frame.f_code.co_filename.endswith(("farms/services/moving.py", "hierarchy/archiving.py")):
            return None
        if event == "line":
            seen += 1
            if seen == stop:
                raise KilledError
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with transaction.atomic():
            act()
    except KilledError:
        return True
    finally:
        sys.settrace(before)
    return False


def test_a_move_that_is_cut_off_at_any_line_has_not_happened(traded: Desk) -> None:
    """Every third line, which changes with the code; each time nothing is different, and the next try finds it so."""
    owner, other = traded.owner, other_farm(traded)

    def state() -> Any:
        return (
            [(row.id, row.profit, row.value, [one.name for one in row.agents]) for row in farm_rows(owner_id=owner.pk)],
            list(AgentFarmAssignment.objects.values_list("agent", "farm", "ended_at")),
            FarmEvent.objects.count(),
        )

    before, stop = state(), 1
    while killed_at(stop, lambda: services.move_agent(owner_id=owner.pk, agent_id=traded.agent.pk, farm_id=other.pk)):
        assert state() == before
        stop += 9
    assert stop > 50
    assert AgentFarmAssignment.objects.get(ended_at=None).farm == other
    assert verify(owner_id=owner.pk).ok


def test_of_six_who_move_an_agent_at_once_each_finds_it_where_the_one_before_left_it(live_db: str, owner: User) -> None:
    """Three send the same key, three free it: the books are right, and it is in one place."""
    with tenancy.tenant(owner.pk):
        desk = make_desk(owner)
        Farm.objects.update(status="paused")
        other = other_farm(desk)
    ready, said = Barrier(6), []

    def one(number: int) -> None:
        asked: dict[str, Any] = {"owner_id": owner.pk, "agent_id": desk.agent.pk}
        try:
            with tenancy.tenant(owner.pk):
                ready.wait()
                if number % 2:
                    services.move_agent(**asked, farm_id=other.pk, key="same")
                else:
                    services.free_agent(**asked, key=f"freed {number}")
            said.append("moved")
        except ConflictError:
            said.append("refused")
        finally:
            connections.close_all()

    threads = [Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenancy.tenant(owner.pk):
        assert len(said) == 6
        moves = AgentFarmAssignment.objects.filter(agent=desk.agent)
        assert moves.filter(key="same").count() == 1
        assert Wallet.objects.filter(role=Wallet.Role.POOL).count() == 1
        where = moves.get(ended_at=None).farm
        agent = Agent.objects.select_related("wallet").get(pk=desk.agent.pk)
        assert (agent.farm_id, agent.wallet.parent_id) == (where.pk, where.wallet_id)
        rows = {row.id: row.funding for row in farm_rows(owner_id=owner.pk)}
        assert rows == {**dict.fromkeys(rows, Decimal(0)), where.pk: Decimal(5_000)}
        assert verify(owner_id=owner.pk).ok


def test_programs_move_and_free_with_a_key(calm: Desk, client: Client, other_owner: User) -> None:  # noqa: F811
    other, path = other_farm(calm), f"/api/v1/agents/{calm.agent.pk}"
    headers = bearer(calm.owner)
    asked: Any = {"content_type": "application/json"}
    body = {"farm_id": str(other.pk)}
    assert client.post(f"{path}/move", body, headers=headers, **asked).status_code == 422  # without a key
    for _ in range(2):
        moved = client.post(f"{path}/move", body, headers=headers | {"Idempotency-Key": "a"}, **asked)
        assert (moved.status_code, moved.json()["farm_id"]) == (200, str(other.pk))
    freed = client.post(f"{path}/free", headers=headers | {"Idempotency-Key": "b"})
    assert (freed.status_code, freed.json()["status"]) == (200, "paused")
    again = client.post(f"{path}/free", headers=headers | {"Idempotency-Key": "a"})
    assert (again.status_code, again.json()["type"]) == (409, "urn:moniqo:problem:idempotency_conflict")
    pools = [row for row in client.get("/api/v1/farms", headers=headers).json() if row["is_pool"]]
    assert [row["id"] for row in pools] == [freed.json()["farm_id"]]
    stranger = bearer(other_owner) | {"Idempotency-Key": "c"}
    assert client.post(f"{path}/free", headers=stranger).status_code == 404


def test_the_page_moves_and_frees_and_a_second_press_changes_nothing(calm: Desk, client: Client) -> None:  # noqa: F811
    address, other = reverse("farms:agent-move", args=[calm.agent.pk]), other_farm(calm)
    client.force_login(calm.owner)
    page = client.get(address).content.decode()
    assert "None: a free agent" in page
    assert f'<option value="{other.pk}">' in page
    assert '<option value="" selected>Choose</option>' in page
    assert client.post(address, {"place": "", "key": "nothing"}).status_code == 422
    for _ in range(2):
        told = client.post(address, {"place": "free", "key": "pressed"}, follow=True).content.decode()
        assert "One is free now, and paused." in told
        assert reverse("farms:agent-start", args=[calm.agent.pk]) not in told
    assert "None: a free agent" not in client.get(address).content.decode()
    pool = Farm.objects.get(wallet__role=Wallet.Role.POOL)
    shown = client.get(reverse("farms:farm", args=[pool.pk])).content.decode()
    assert "Here are the agents that work in no farm" in shown
    assert reverse("farms:farm-start", args=[pool.pk]) not in shown
    assert client.post(address, {"place": "free", "key": "again"}).status_code == 422
    told = client.post(address, {"place": str(other.pk), "key": "back"}, follow=True).content.decode()
    assert "One is with Other now." in told


def test_the_page_offers_farms_that_may_have_it_and_answers_others_in_words(calm: Desk, client: Client) -> None:  # noqa: F811
    kept = [other_farm(calm, "Breaks", kind="breakout"), other_farm(calm, "Picky"), other_farm(calm, "Named")]
    Farm.objects.filter(name="Picky").update(allowed_symbols=["OTH/USDT"])
    hire(calm.owner, kept[2], calm.instrument, name="ONE")
    address = reverse("farms:agent-move", args=[calm.agent.pk])
    client.force_login(calm.owner)
    page = client.get(address).content.decode()
    assert not any(f'<option value="{farm.pk}">' in page for farm in kept)
    assert "No other farm of its master may have it" in page
    told = client.post(address, {"place": str(kept[1].pk), "key": "k"})
    assert (told.status_code, "does not allow TST/USDT" in told.content.decode()) == (422, True)

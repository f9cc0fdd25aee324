"""What a goal does when it has ended: every unit of money it moves is accounted for, and nobody's profit."""

from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import uuid4

import pytest

from farms.models import Agent, Farm
from goals import selectors, services
from goals.acting import TRIES_THAT_FAIL, TRIES_TO_CLOSE, TRIES_TO_COLLECT
from goals.models import Goal, GoalAction, GoalEvent, GoalMove
from goals.targets import read
from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.errors import InvalidInputError
from portfolio.allocation.asking import Asked
from portfolio.exposure.limits import Wish, remove_limit, set_limit
from portfolio.rebalancing.models import RebalanceRun
from portfolio.rebalancing.rules import Wish as Rebalanced
from portfolio.rebalancing.rules import set_rule
from portfolio.selectors.standings import standings
from portfolio.services import take_snapshots
from portfolio.tasks import watch_exposure
from tests.conftest import make_user
from tests.farms.conftest import T0
from tests.farms.conftest import make_desk as make_farm
from tests.goals.conftest import Ground
from tests.goals.test_histories import POSITION, past_the_keys
from tests.trading.desk import assert_books_prove_themselves, fund
from trading.models import Order, Position
from trading.services import execute_order
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Connection, Posting, Wallet
from wallets.services import update_wallet

D = Decimal
COLLECT = {"do": "collect", "amount": "profit", "to": "master"}
CENT = D("0.01")  # the last digit that goals move
WON = D("9.73")  # of a round trip of one from 100 to 110, after fees and slippage


def second_agent(ground: Ground, *, farm: Wallet | None = None, name: str = "Second") -> Wallet:
    wallet = ground.wallet(name, "agent", farm or ground.desk.farm)
    with ground.tenant():
        first = ground.desk.wallet
        ground.desk.wallet = wallet
        fund(ground.desk, "USDT", D(10_000))
        ground.desk.wallet = first
    return wallet


def trip(ground: Ground, wallet: Wallet, quantity: str = "1", sold: str = "110") -> None:
    first, ground.desk.wallet = ground.desk.wallet, wallet
    ground.round_trip(quantity=quantity, sold=sold)
    ground.desk.wallet = first


def execute_exits(ground: Ground) -> None:
    with ground.tenant():
        waiting = list(Order.objects.unfinished().filter(side="sell"))
    for order in waiting:
        execute_order(owner_id=ground.owner_id, order_id=order.pk)


def fall_due(ground: Ground, goal: Goal) -> None:
    with ground.tenant():
        GoalAction.objects.filter(goal=goal, done_at=None).update(next_try_at=None)


def steps(ground: Ground, goal: Goal) -> dict[str, GoalAction]:
    with ground.tenant():
        return {step.do: step for step in selectors.steps(owner_id=ground.owner_id, goal_id=goal.pk)}


def moved(ground: Ground, goal: Goal) -> list[tuple[Any, ...]]:
    with ground.tenant():
        rows = GoalMove.objects.filter(goal=goal).order_by("pk")
        return [(row.source_id, row.target_id, row.asset, row.amount) for row in rows]


def previewed(ground: Ground, goal: Goal) -> list[tuple[Any, ...]]:
    with ground.tenant():
        found = selectors.preview(owner_id=ground.owner_id, goal_id=goal.pk)
    return [(move.source.pk, move.target.pk, move.asset, move.amount) for move in found.moves]


def total(ground: Ground, goal: Goal, purpose: str) -> Decimal:
    with ground.tenant():
        return sum(GoalMove.objects.filter(goal=goal, purpose=purpose).values_list("amount", flat=True), D(0))


def achieve(ground: Ground, goal: Goal) -> None:
    """Reach a goal of closed trades whose trades are there."""
    assert ground.update() == [goal.pk]


def earned(ground: Ground) -> dict[Any, Any]:
    with ground.tenant():
        found = standings(owner_id=ground.owner_id)
    return {scope: (one.profit, one.twr, one.today) for scope, one in found.items()}


def floor(ground: Ground, wallet: Wallet, amount: str) -> None:
    with ground.tenant():
        fresh = Wallet.objects.get(pk=wallet.pk)
        update_wallet(
            owner_id=ground.owner_id,
            wallet_id=wallet.pk,
            name=fresh.name,
            target_weight=fresh.target_weight,
            trading_state=fresh.trading_state,
            minimum_balance=D(amount),
        )


def test_from_the_moment_that_a_goal_ends_nothing_is_opened_where_positions_are_to_be_left(ground: Ground) -> None:
    goal = ground.goal(target=1, actions=["close"])
    ground.round_trip()
    achieve(ground, goal)
    # Nothing has been done yet: whoever acts for goals comes later.
    assert steps(ground, goal)["close"].tries == 0
    refused = ground.desk.place("buy", "1")
    said = f"only reduces positions now, for goal “{goal.name}”: set it to active before buying."
    assert (refused.status, said in str(refused.refusal)) == ("rejected", True), refused.refusal
    assert ground.carry_out(goal) is True
    assert ground.desk.place("buy", "1").status != "rejected"
    with ground.tenant():
        assert not Wallet.objects.exclude(held_for="").exists()


def test_what_a_goal_lets_go_is_held_by_a_limit_of_exposure_that_is_still_broken(ground: Ground) -> None:
    def standing() -> tuple[str, str]:
        with ground.tenant():
            return Wallet.objects.values_list("trading_state", "held_for").get(pk=ground.desk.master.pk)

    goal = ground.goal(target=1, actions=["close"], scope="fund")
    ground.round_trip()
    achieve(ground, goal)
    assert standing() == ("reducing", f"goal “{goal.name}”")
    with ground.tenant():  # all of the fund is at one venue
        wish = Wish("venue", D("0.5"), action="reduce", recovers=True)
        found = set_limit(owner_id=ground.owner_id, wallet_id=None, wish=wish)
    assert standing() == ("reducing", f"goal “{goal.name}”")
    assert watch_exposure() == 1
    assert ground.carry_out(goal) is True
    assert standing() == ("reducing", found.reason)
    with ground.tenant():
        remove_limit(owner_id=ground.owner_id, limit_id=found.pk)
    assert standing() == ("active", "")


def test_what_a_limit_has_halted_while_a_goal_held_it_is_nobodys_when_both_are_done(ground: Ground) -> None:
    def standing() -> str:
        with ground.tenant():
            return Wallet.objects.values_list("trading_state", flat=True).get(pk=ground.desk.master.pk)

    goal = ground.goal(target=1, actions=["close"], scope="fund")
    ground.round_trip()
    achieve(ground, goal)
    with ground.tenant():
        wish = Wish("venue", D("0.5"), action="halt")
        found = set_limit(owner_id=ground.owner_id, wallet_id=None, wish=wish)
    assert standing() == "halted"
    assert ground.carry_out(goal) is True
    assert standing() == "halted"
    with ground.tenant():
        remove_limit(owner_id=ground.owner_id, limit_id=found.pk)
    assert standing() == "active"


def test_a_goal_closes_and_collects_though_a_limit_of_exposure_has_halted_the_fund(ground: Ground) -> None:
    goal = ground.goal(target=1, actions=["close", COLLECT], scope="fund")
    ground.round_trip()
    ground.desk.trade("buy", "0.5")
    with ground.tenant():
        set_limit(owner_id=ground.owner_id, wallet_id=None, wish=Wish("venue", D("0.5"), action="halt"))
    achieve(ground, goal)
    assert ground.carry_out(goal) is False
    execute_exits(ground)
    fall_due(ground, goal)
    assert ground.carry_out(goal) is True
    assert {name: step.status for name, step in steps(ground, goal).items()} == {"close": "done", "collect": "done"}
    assert moved(ground, goal)
    with ground.tenant():
        assert Wallet.objects.get(pk=ground.desk.master.pk).trading_state == "halted"


def test_a_rule_that_rebalances_runs_after_the_goal_that_brought_money_home_is_done(ground: Ground) -> None:
    with ground.tenant(), clock.at(clock.now() - timedelta(hours=1)):
        set_rule(
            owner_id=ground.owner_id, wallet_id=ground.desk.master.pk,
            wish=Rebalanced(Asked("equal"), "month", 1, after_goals=True),
        )  # fmt: skip
    goal = ground.goal(target=1, actions=[{"do": "collect", "amount": "profit", "to": "master"}, "pause"], scope="fund")
    ground.round_trip()
    achieve(ground, goal)
    with ground.tenant():
        assert not RebalanceRun.objects.exists()
    assert ground.carry_out(goal) is True
    assert ground.carry_out(goal) is True
    with ground.tenant():
        run = RebalanceRun.objects.get()
    assert (run.key, run.because.exact) == (f"goal:{goal.pk}", f"The goal {goal.name} brought money home.")
    nothing = ground.goal(target=1, actions=["pause"], scope="fund")
    ground.round_trip()
    achieve(ground, nothing)
    ground.carry_out(nothing)
    with ground.tenant():
        assert RebalanceRun.objects.count() == 1


def test_positions_are_closed_profit_is_collected_and_distributed_to_the_last_digit(ground: Ground) -> None:
    desk, second = ground.desk, second_agent(ground)
    reserve = ground.wallet("Savings", "reserve", desk.master)
    shares = [
        {"to": "agents", "share": "0.333"},
        {"to": "farm", "share": "0.2"},
        {"to": "master", "share": "0.267"},
        {"to": str(reserve.pk), "share": "0.2"},
    ]
    goal = ground.goal(
        target=2, actions=["close", COLLECT, {"do": "distribute", "shares": shares}, {"do": "renew", "rule": "same"}]
    )
    ground.round_trip(quantity="3")
    trip(ground, second, "1")
    with ground.tenant():
        take_snapshots(owner_id=ground.owner_id, at=clock.now() - timedelta(seconds=1))
    desk.trade("buy", "0.5")  # still open when the goal is reached
    achieve(ground, goal)
    assert ground.carry_out(goal) is False
    assert steps(ground, goal)["close"].status == "running"
    with ground.tenant():
        assert Wallet.objects.get(pk=desk.farm.pk).trading_state == "reducing"
    execute_exits(ground)
    before, promised = earned(ground), previewed(ground, goal)
    fall_due(ground, goal)
    assert ground.carry_out(goal) is True

    assert moved(ground, goal) == promised
    assert earned(ground) == before
    with ground.tenant():
        profit = sum(Position.objects.exclude(closed_at=None).values_list("realized_pnl", flat=True), D(0))
        assert Wallet.objects.get(pk=desk.farm.pk).trading_state == "active"
        assert {one.status for one in GoalAction.objects.filter(goal=goal)} == {"done"}
        assert Goal.objects.get(renews=goal).status == "active"
        postings = Posting.objects.filter(kind__in=("collect", "reward"))
        kinds = list(postings.order_by("id").values_list("kind", flat=True))
    collected, distributed = total(ground, goal, "collect"), total(ground, goal, "reward")
    stays = ground.balance(desk.master)
    assert collected == profit > 30
    assert collected == distributed + stays
    assert kinds == ["collect", "reward"]  # a posting each, whatever the number of moves
    assert ground.balance(reserve) == (collected * D("0.2")).quantize(CENT, ROUND_DOWN)
    # Agents share by what they earned, rounded down to what the asset is shown with.
    to_agents = {target: amount for source, target, _, amount in moved(ground, goal) if source == desk.master.pk}
    ours, theirs = to_agents[desk.wallet.pk], to_agents[second.pk]
    assert ours > theirs > 0
    assert ours + theirs <= collected * D("0.333") < ours + theirs + 2 * CENT
    assert ground.fresh(goal).status == "achieved"
    assert_books_prove_themselves(desk)


def test_what_is_left_over_by_rounding_stays_and_is_stated(ground: Ground) -> None:
    desk = ground.desk
    for name in ("Second", "Third"):
        second_agent(ground, name=name)
    goal = ground.goal(
        target=1, actions=[COLLECT, {"do": "distribute", "shares": [{"to": "agents", "share": "1"}]}], scope="fund"
    )
    ground.round_trip()  # one agent earned all, so it gets all
    achieve(ground, goal)
    ground.carry_out(goal)
    assert ground.balance(desk.wallet) == 100_000 + WON

    idle = ground.goal(kind="trade_volume", target=1, actions=[
        {"do": "collect", "amount": "0.1", "to": "master"}, {"do": "distribute", "shares": {"agents": "1"}}
    ], scope="fund", starts_at=clock.now())  # fmt: skip
    ground.round_trip(sold="90")  # nobody has earned anything since: equal parts of what does not divide by three
    achieve(ground, idle)
    ground.carry_out(idle)
    parts = [amount for source, _, _, amount in moved(ground, idle) if source == desk.master.pk]
    assert parts == [D("0.03")] * 3
    rest = D("0.1") - sum(parts)
    assert rest == ground.balance(desk.master) == CENT
    assert "0.01 USDT stays in Fund" in steps(ground, idle)["distribute"].result.exact


def test_nothing_goes_below_a_minimum_balance_or_out_of_open_orders_and_both_are_stated(ground: Ground) -> None:
    desk = ground.desk
    goal = ground.goal(target=1, actions=[COLLECT])
    ground.round_trip()
    floor(ground, desk.wallet, "100005")
    achieve(ground, goal)
    promised = previewed(ground, goal)
    ground.carry_out(goal)
    assert moved(ground, goal) == promised == [(desk.wallet.pk, desk.master.pk, "USDT", WON - 5)]
    assert ground.balance(desk.wallet) == 100_005
    step = steps(ground, goal)["collect"]
    assert step.status == "partly"
    assert "5 USDT of its profit is in open orders or positions, or below its minimum balance" in step.result.exact


def test_what_open_orders_hold_is_collected_when_they_let_go_of_it(ground: Ground) -> None:
    desk = ground.desk
    goal = ground.goal(target=1, actions=[COLLECT])
    ground.round_trip()
    order = desk.place("buy", "1")
    floor(ground, desk.wallet, str(100_000 + WON - desk.held("USDT") - 4))
    achieve(ground, goal)
    assert ground.carry_out(goal) is False
    first = total(ground, goal, "collect")
    assert first == 4
    desk.execute(order)
    desk.trade("sell", "1", reduce_only=True)
    fall_due(ground, goal)
    assert ground.carry_out(goal) is True
    with ground.tenant():
        profit = sum(Position.objects.values_list("realized_pnl", flat=True), D(0))
    assert total(ground, goal, "collect") == profit > first
    step = steps(ground, goal)["collect"]
    assert (step.status, step.tries) == ("done", 2)


def test_what_does_not_become_free_is_given_up_and_its_owner_told(ground: Ground) -> None:
    desk = ground.desk
    goal = ground.goal(target=1, actions=[COLLECT, "continue"])
    ground.round_trip()
    desk.place("buy", "1")
    floor(ground, desk.wallet, "99900")
    achieve(ground, goal)
    for _ in range(TRIES_TO_COLLECT):
        fall_due(ground, goal)
        ground.carry_out(goal)
    done = steps(ground, goal)
    assert (done["collect"].status, done["collect"].tries, done["continue"].status) == (
        "partly",
        TRIES_TO_COLLECT,
        "done",
    )
    with ground.tenant():
        assert Alert.objects.filter(key=f"goal:{goal.pk}:action-1").count() == 1


@pytest.mark.parametrize(("amount", "taken"), [("4", "4"), ("all", "100009.73"), ("profit", "9.73")])
def test_a_fixed_amount_all_or_the_profit_is_collected(ground: Ground, amount: str, taken: str) -> None:
    goal = ground.goal(target=1, actions=[{"do": "collect", "amount": amount, "to": "farm"}])
    ground.round_trip()
    achieve(ground, goal)
    promised = previewed(ground, goal)
    assert ground.carry_out(goal) is True
    assert moved(ground, goal) == promised == [(ground.desk.wallet.pk, ground.desk.farm.pk, "USDT", D(taken))]
    assert ground.balance(ground.desk.farm) == D(taken)
    assert steps(ground, goal)["collect"].status == "done"


def test_a_fixed_amount_is_taken_from_several_and_what_is_missing_is_stated(ground: Ground) -> None:
    second = second_agent(ground)
    goal = ground.goal(target=1, actions=[{"do": "collect", "amount": "200000", "to": "master"}])
    ground.round_trip()
    achieve(ground, goal)
    assert ground.carry_out(goal) is False
    assert total(ground, goal, "collect") == D("110009.73")
    assert ground.balance(second) == 0
    ground.wallet("Later", "agent", ground.desk.farm)
    for _ in range(TRIES_TO_COLLECT):
        fall_due(ground, goal)
        ground.carry_out(goal)
    step = steps(ground, goal)["collect"]
    assert step.status == "partly"
    assert "89990.27 USDT of what was asked for is not free" in step.result.exact


def test_nothing_to_collect_is_nothing_moved(ground: Ground) -> None:
    goal = ground.goal(target=1, actions=[COLLECT, {"do": "distribute", "to": "agents"}])
    ground.round_trip(sold="90")
    achieve(ground, goal)
    assert previewed(ground, goal) == []
    assert ground.carry_out(goal) is True
    done = steps(ground, goal)
    assert (done["collect"].result.exact, done["distribute"].result.exact) == (
        "Collected: nothing.",
        "Distributed: nothing.",
    )
    assert moved(ground, goal) == []


def test_the_second_of_two_goals_gets_what_is_left_of_the_profit_and_says_so(ground: Ground) -> None:
    first = ground.goal(target=1, actions=[COLLECT], name="First")
    second = ground.goal(target=2, actions=[COLLECT], name="Second")
    ground.round_trip()
    achieve(ground, first)
    ground.carry_out(first)
    ground.round_trip()
    achieve(ground, second)
    promised = previewed(ground, second)
    ground.carry_out(second)
    assert [total(ground, goal, "collect") for goal in (first, second)] == [WON, WON]
    assert moved(ground, second) == promised
    said = steps(ground, second)["collect"].result.exact
    assert "Collected 9.73 USDT" in said
    assert "9.73 USDT of its profit was collected by another goal" in said
    assert ground.balance(ground.desk.wallet) == 100_000


def test_what_was_collected_of_everything_is_no_debt_of_later_profit(ground: Ground) -> None:
    """Capital that a goal took and gave back is not profit that another has lost."""
    later = ground.goal(target=2, actions=[COLLECT], name="Later")
    whole = ground.goal(
        target=1,
        actions=[{"do": "collect", "amount": "all", "to": "master"}, {"do": "distribute", "to": "agents"}],
        name="Again from the whole",
    )
    ground.round_trip()
    achieve(ground, whole)
    ground.carry_out(whole)
    assert ground.balance(ground.desk.wallet) == D("100009.73")
    ground.round_trip()
    achieve(ground, later)
    ground.carry_out(later)
    assert total(ground, later, "collect") == WON


def test_wallets_of_another_or_a_paused_connection_are_stated_and_do_not_break_the_rest(ground: Ground) -> None:
    desk = ground.desk
    with ground.tenant():
        other = Connection.objects.create(owner=desk.owner, platform_id="desk", name="Elsewhere", venue="simulated")
        far = Wallet.objects.create(
            owner=desk.owner, connection=other, name="Far agent", role="agent", parent=desk.farm
        )
        post(
            owner_id=ground.owner_id,
            key="far",
            kind="deposit",
            legs=[Leg(AccountRef(far.pk, "USDT", "external"), AccountRef(far.pk, "USDT"), D(50))],
        )
    goal = ground.goal(target=1, actions=[{"do": "collect", "amount": "all", "to": "master"}])
    ground.round_trip()
    achieve(ground, goal)
    promised = previewed(ground, goal)
    ground.carry_out(goal)
    assert moved(ground, goal) == promised == [(desk.wallet.pk, desk.master.pk, "USDT", D("100009.73"))]
    assert "Far agent" in steps(ground, goal)["collect"].result.exact
    assert ground.balance(far) == 50

    with ground.tenant():
        Connection.objects.filter(pk=desk.connection.pk).update(state="paused")
    stopped = ground.goal(target=2, starts_at=clock.now() - timedelta(hours=1), actions=[
        {"do": "collect", "amount": "all", "to": "farm"}
    ], scope=[desk.master.pk])  # fmt: skip
    with ground.tenant():
        Goal.objects.filter(pk=stopped.pk).update(target=read("trade_volume", 1).stored)
    achieve(ground, stopped)
    ground.carry_out(stopped)
    assert moved(ground, stopped) == []


@pytest.mark.parametrize("scope", ["farm", "agent"])
def test_pausing_stops_the_farm_or_where_it_alone_is_in_scope_the_agent(goals_db: None, scope: str) -> None:
    owner = make_user(f"{scope} {uuid4().hex}@example.com".replace(" ", "-"))
    with tenancy.tenant(owner.pk), clock.at(T0):
        desk = make_farm(owner)
        Farm.objects.filter(pk=desk.farm.pk).update(status=Farm.Status.RUNNING)
        wallet_id = desk.farm.wallet_id if scope == "farm" else desk.agent.wallet_id
        goal = services.create(
            owner_id=owner.pk, name="One", kind="trade_volume", target=1, scope=[wallet_id], actions=["pause"]
        )
        reached = {
            "at": T0 + timedelta(minutes=1), "profit": 1, "instrument": desk.instrument.pk, "owner": owner.pk,
            "wallet": desk.agent.wallet_id,
        }  # fmt: skip
    with past_the_keys() as writer:
        writer.execute(POSITION.encode(), reached)
    with clock.at(T0 + timedelta(minutes=2)), tenancy.tenant(owner.pk):
        assert services.update(owner_id=owner.pk) == [goal.pk]
    with clock.at(T0 + timedelta(minutes=2)), tenancy.tenant(owner.pk):
        assert services.carry_out(owner_id=owner.pk, goal_id=goal.pk)
        farm, agent = Farm.objects.get(pk=desk.farm.pk), Agent.objects.get(pk=desk.agent.pk)
        step = GoalAction.objects.get(goal=goal)
    stopped, other = (farm, agent) if scope == "farm" else (agent, farm)
    assert (stopped.status, other.status) == ("paused", "running")
    assert step.result.exact == f"Paused: {stopped.name}."


def test_pausing_where_nothing_runs_says_so(ground: Ground) -> None:
    goal = ground.goal(target=1, actions=["pause"])
    ground.round_trip()
    achieve(ground, goal)
    ground.carry_out(goal)
    assert "nothing was running" in steps(ground, goal)["pause"].result.exact


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({"rule": "same"}, "2"),
        ({"rule": "percentage", "value": "0.25"}, "3"),  # 2.5 closed trades are 3
        ({"rule": "percentage", "value": "-0.5"}, "1"),
        ({"rule": "ratchet"}, "4"),
        ({"rule": "average"}, "4"),
    ],
)
def test_a_goal_is_renewed_with_another_target(ground: Ground, rule: dict[str, str], wanted: str) -> None:
    goal = ground.goal(target=2, actions=[{"do": "renew", **rule}], scope="fund")
    for _ in range(4):
        ground.round_trip()
    achieve(ground, goal)
    assert ground.carry_out(goal) is True
    with ground.tenant():
        following = Goal.objects.get(renews=goal)
        assert following.assignments.get().wallet_id is None
        assert (following.value, following.status, following.actions) == (0, "active", goal.actions)
        assert following.ends_at - following.starts_at == goal.ends_at - goal.starts_at
        assert following.target["conditions"][0]["value"] == wanted
    assert ground.update() == []


def test_the_average_is_of_the_last_three(ground: Ground) -> None:
    goal = ground.goal(target=1, actions=[{"do": "renew", "rule": "average"}])
    for trades, following in ((1, 1), (3, 2), (5, 3), (7, 5)):
        for _ in range(trades):
            ground.round_trip()
        achieve(ground, goal)
        ground.carry_out(goal)
        with ground.tenant():
            goal = Goal.objects.get(renews=goal)
        assert goal.target["conditions"][0]["value"] == str(following)


def test_a_goal_that_would_be_reached_at_once_is_not_renewed(ground: Ground) -> None:
    with ground.tenant():
        worth = standings(owner_id=ground.owner_id)[ground.owner_id].value
    assert worth is not None
    goal = ground.goal("equity", str(worth + 1), scope="fund", actions=[{"do": "renew", "rule": "same"}])
    ground.round_trip()
    achieve(ground, goal)
    ground.carry_out(goal)
    step = steps(ground, goal)["renew"]
    assert (step.status, "reached already" in step.result.exact) == ("partly", True)
    with ground.tenant():
        assert not Goal.objects.filter(renews=goal).exists()


@pytest.mark.parametrize(("action", "state"), [("reduce", "reducing"), ("halt", "halted")])
def test_a_missed_goal_lets_its_wallets_do_less(ground: Ground, action: str, state: str) -> None:
    goal = ground.goal(target=5, on_miss=[action])
    miss(ground, goal)
    ground.carry_out(goal)
    with ground.tenant():
        assert Wallet.objects.get(pk=ground.desk.farm.pk).trading_state == state
    assert ground.fresh(goal).status == "missed"


def miss(ground: Ground, goal: Goal) -> list[Any]:
    with ground.tenant():
        now = clock.now()
        Goal.objects.filter(pk=goal.pk).update(starts_at=now - timedelta(days=2), ends_at=now - timedelta(minutes=2))
    return ground.update()


def test_a_missed_goal_returns_what_is_free(ground: Ground) -> None:
    goal = ground.goal(target=5, on_miss=["return", "reduce"])
    floor(ground, ground.desk.wallet, "1000")
    ground.desk.place("buy", "1")
    miss(ground, goal)
    assert ground.carry_out(goal) is False
    held = ground.desk.held("USDT")
    assert held > 50
    assert total(ground, goal, "collect") == ground.balance(ground.desk.master) == 100_000 - held - 1000
    assert "is in open orders" in steps(ground, goal)["return"].result.exact


def test_a_missed_goal_is_extended_as_often_as_was_said_and_then_missed(ground: Ground) -> None:
    goal = ground.goal(target=5, on_miss=[{"do": "extend", "days": 3, "times": 2}])
    for left in (1, 0):
        assert miss(ground, goal) == []
        extended = ground.fresh(goal)
        assert (extended.status, extended.on_miss[0]["times"]) == ("active", left)
        assert extended.ends_at > clock.now() + timedelta(days=2, hours=23)
    assert miss(ground, goal) == [goal.pk]
    assert ground.carry_out(goal) is True
    with ground.tenant():
        kinds = [event.kind for event in GoalEvent.objects.filter(goal=goal).order_by("pk")]
    assert kinds == ["created", "started", "extended", "extended", "missed"]


def test_a_missed_goal_begins_again_with_less(ground: Ground) -> None:
    goal = ground.goal(target=10, on_miss=[{"do": "adjust", "value": "-0.25"}])
    miss(ground, goal)
    ground.carry_out(goal)
    with ground.tenant():
        assert Goal.objects.get(renews=goal).target["conditions"][0]["value"] == "8"


def test_a_paused_goal_counts_on_and_does_not_end_until_it_goes_on(ground: Ground) -> None:
    goal = ground.goal(target=1, actions=[COLLECT])
    with ground.tenant():
        services.pause(owner_id=ground.owner_id, goal_id=goal.pk)
        services.pause(owner_id=ground.owner_id, goal_id=goal.pk)
    ground.round_trip()
    assert ground.update() == []
    assert (ground.fresh(goal).status, ground.fresh(goal).value) == ("active", 1)
    with ground.tenant():
        services.resume(owner_id=ground.owner_id, goal_id=goal.pk)
        assert GoalEvent.objects.filter(goal=goal, kind="paused").count() == 1
    achieve(ground, goal)


def test_an_action_that_fails_says_why_is_tried_again_and_given_up_so_that_the_next_can_begin(ground: Ground) -> None:
    desk = ground.desk
    goal = ground.goal(target=1, actions=["close", COLLECT, "continue"])
    ground.round_trip()
    achieve(ground, goal)
    with ground.tenant():
        # An option that no form lets through: every try of it raises.
        GoalAction.objects.filter(goal=goal, do="collect").update(options={"amount": "profit", "from": [], "to": "x"})
    assert ground.carry_out(goal) is False
    step = steps(ground, goal)["collect"]
    assert (step.status, step.tries) == ("running", 1)
    assert step.next_try_at > clock.now()
    assert "tried again" in step.result.exact
    assert ground.carry_out(goal) is False  # not before its time
    assert steps(ground, goal)["collect"].tries == 1
    pauses = []
    for _ in range(TRIES_THAT_FAIL - 1):
        fall_due(ground, goal)
        ground.carry_out(goal)
        again = steps(ground, goal)["collect"].next_try_at
        pauses += [again - clock.now()] if again else []
    assert pauses == sorted(pauses)
    done = steps(ground, goal)
    assert (done["collect"].status, done["continue"].status) == ("skipped", "done")
    assert done["collect"].tries == TRIES_THAT_FAIL
    with ground.tenant():
        assert Wallet.objects.get(pk=desk.farm.pk).trading_state == "active"  # what was held is let go
        alert = Alert.objects.get(key=f"goal:{goal.pk}:action-2")
        assert alert.level == "warning"
    with ground.tenant():
        assert goal.pk not in {goal_id for _, goal_id in services.due_goals()}


def test_positions_that_do_not_close_are_stated_and_the_rest_goes_on(ground: Ground) -> None:
    desk = ground.desk
    goal = ground.goal(target=1, actions=["close", COLLECT])
    ground.round_trip()
    desk.trade("buy", "2")
    achieve(ground, goal)
    for _ in range(TRIES_TO_CLOSE):
        fall_due(ground, goal)
        ground.carry_out(goal)
    with ground.tenant():
        assert Order.objects.unfinished().filter(side="sell").count() == 1  # asked thirty times, placed once
    done = steps(ground, goal)
    assert done["close"].status == "partly"
    assert "still holds BTC/USDT" in done["close"].result.exact
    assert done["collect"].status in ("done", "partly")


def test_rewards_do_not_take_a_place_below_its_minimum_balance(ground: Ground) -> None:
    desk = ground.desk
    reserve = ground.wallet("Savings", "reserve", desk.master)
    floor(ground, desk.master, "5")
    goal = ground.goal(target=1, actions=[COLLECT, {"do": "distribute", "shares": {str(reserve.pk): "1"}}])
    ground.round_trip()
    achieve(ground, goal)
    promised = previewed(ground, goal)
    ground.carry_out(goal)
    assert moved(ground, goal) == promised
    assert (ground.balance(reserve), ground.balance(desk.master)) == (WON - 5, 5)
    assert "5 USDT stays in Fund" in steps(ground, goal)["distribute"].result.exact


def bitcoin_fund(ground: Ground, amount: str) -> tuple[Wallet, Wallet]:
    """Another master, which keeps bitcoin, and its agent, who has some."""
    desk = ground.desk
    given = {"owner": desk.owner, "connection": desk.connection, "base_asset": "BTC"}
    with ground.tenant():
        master = Wallet.objects.create(name="Bitcoin fund", role="master", **given)
        farm = Wallet.objects.create(name="Bitcoin farm", role="farm", parent=master, **given)
        agent = Wallet.objects.create(name="Bitcoin agent", role="agent", parent=farm, **given)
        post(
            owner_id=ground.owner_id,
            key="bitcoin",
            kind="deposit",
            legs=[Leg(AccountRef(agent.pk, "BTC", "external"), AccountRef(agent.pk, "BTC"), D(amount))],
        )
    return master, agent


def test_a_fixed_amount_is_of_one_asset(ground: Ground) -> None:
    """100 is not 2 bitcoin and 98 dollars."""
    _, agent = bitcoin_fund(ground, "2")
    goal = ground.goal(target=1, actions=[{"do": "collect", "amount": "100", "to": "master"}], scope="fund")
    ground.round_trip()
    achieve(ground, goal)
    promised = previewed(ground, goal)
    assert ground.carry_out(goal) is True
    assert moved(ground, goal) == promised == [(ground.desk.wallet.pk, ground.desk.master.pk, "USDT", D(100))]
    assert ground.balance(agent, "BTC") == 2


def test_every_fund_collects_and_shares_for_itself_in_what_it_keeps(ground: Ground) -> None:
    desk = ground.desk
    master, agent = bitcoin_fund(ground, "2")
    actions = [{"do": "collect", "amount": "all", "to": "master"}, {"do": "distribute", "shares": {"agents": "1"}}]
    goal = ground.goal(target=1, actions=actions, scope="fund")
    ground.round_trip()
    achieve(ground, goal)
    promised = previewed(ground, goal)
    assert ground.carry_out(goal) is True
    assert sorted(moved(ground, goal), key=str) == sorted(promised, key=str)
    whole = 100_000 + WON
    assert set(moved(ground, goal)) == {
        (desk.wallet.pk, desk.master.pk, "USDT", whole),
        (agent.pk, master.pk, "BTC", D(2)),
        (desk.master.pk, desk.wallet.pk, "USDT", whole),
        (master.pk, agent.pk, "BTC", D(2)),
    }
    assert {step.status for step in steps(ground, goal).values()} == {"done"}


@pytest.mark.parametrize(("source", "to"), [("wallet", "wallet"), ("farm", "farm"), ("farm", "wallet")])
def test_nothing_is_collected_from_a_wallet_to_itself_or_into_what_gives(ground: Ground, source: str, to: str) -> None:
    gives, takes = getattr(ground.desk, source), getattr(ground.desk, to)
    action = {"do": "collect", "amount": "profit", "from": [str(gives.pk)], "to": str(takes.pk)}
    with pytest.raises(InvalidInputError, match=f"{takes.name} would give to itself"):
        ground.goal(actions=[action])
    ground.goal(actions=[action | {"to": str(ground.desk.master.pk)}])

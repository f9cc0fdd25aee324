"""A rule at work: due once, explained, put off while something stands in the way, approved or done by itself."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client

from kit import clock
from kit.alerts.models import Alert
from kit.errors import ConflictError, NotFoundError
from kit.users.models import User
from portfolio.allocation import services as plans
from portfolio.models import DailyPerformance, PortfolioState
from portfolio.rebalancing import rules, running, selectors
from portfolio.rebalancing.models import RebalanceRule, RebalanceRun
from tests.conftest import as_operators
from tests.portfolio.fund import D, set_price
from tests.portfolio.rebalancing.conftest import DUE, SET, Ruled
from tests.portfolio.test_method_plans import hold
from tests.wallets.books import balance
from trading.models import EmergencyStop
from wallets.hierarchy import holds
from wallets.ledger import verify
from wallets.ledger.checks import CHECKS
from wallets.models import Account, Connection, FundAllocation, Posting, Wallet

MINUTE = timedelta(minutes=1)


def weights(ruled: Ruled) -> list[Decimal]:
    """What the agents hold."""
    return [balance(ruled.fund.wallets[f"agent {letter}"]) for letter in "ab"]


def farms(ruled: Ruled) -> list[Decimal]:
    """What stands under each farm."""
    names = ("farm", "agent")
    return [sum((balance(ruled.fund.wallets[f"{name} {one}"]) for name in names), D(0)) for one in "ab"]


# --- once for each due time -----------------------------------------------------------------------------------------


def test_it_runs_once_when_it_is_due_and_says_why_and_what_moved(ruled: Ruled) -> None:
    ruled.make()
    assert ruled.look(DUE - MINUTE) == []
    told = "farm b is 0.2 off its weight, beyond the band of 0.05. It moves 0.3 of the capital, in and out."
    assert ruled.look() == [("done", told)]
    assert farms(ruled) == [500, 500]
    run = ruled.runs()[0]
    assert (run.status, run.key, run.due_at) == ("done", "day:2030-05-07", DUE)
    assert run.because.exact == "Every day: it was due at 7 May 2030, 03:00 UTC."
    assert (run.used, run.base, run.capital, run.drift, run.turnover, run.cost) == (
        "equal", "USDT", 1000, D("0.2"), D("0.3"), 0,
    )  # fmt: skip
    shown = selectors.explained(run)
    assert [(one.name, one.value, one.amount, one.moved) for one in shown.targets] == [
        ("farm a", 600, 500, -100), ("farm b", 300, 500, 200),
    ]  # fmt: skip
    assert all(one.reason for one in shown.targets)
    assert run.allocation is not None
    assert run.allocation.posting is not None
    assert run.allocation.posting.key.startswith("rule:")
    assert run.allocation.note.exact == "Rebalancing rule: every day"
    for _ in range(3):
        assert ruled.look(DUE + timedelta(hours=5)) == []
    assert len(ruled.runs()) == 1
    assert verify(owner_id=ruled.fund.owner.pk, only=CHECKS.keys() - {"time"}).ok


def test_what_it_did_is_taken_back_and_not_done_again_for_that_time(ruled: Ruled) -> None:
    ruled.make()
    ruled.look()
    done = ruled.runs()[0].allocation
    assert done is not None
    plans.undo(owner_id=ruled.fund.owner.pk, plan_id=done.pk)
    assert weights(ruled) == [600, 300]
    assert ruled.look(DUE + MINUTE) == []


def test_a_clock_that_is_set_back_or_a_zone_that_changes_makes_no_second_run_of_a_day(ruled: Ruled) -> None:
    ruled.make()
    ruled.look()
    ruled.fund.deposit("100")
    for earlier in (1, 5, 24, 72):
        assert ruled.look(DUE + MINUTE - timedelta(hours=earlier)) == []
    User.objects.filter(pk=ruled.fund.owner.pk).update(timezone="America/Los_Angeles")
    assert ruled.look(DUE + timedelta(hours=8)) == []  # 03:00 of the 7th once more, there
    assert len(ruled.runs()) == 1
    ruled.look(DUE + timedelta(hours=31))
    assert [run.key for run in ruled.runs()] == ["day:2030-05-07", "day:2030-05-08"]


@pytest.mark.parametrize("change", ["hour", "zone"])
def test_what_is_due_next_is_a_day_that_had_no_run_yet_whatever_the_hour_or_the_zone_became(
    ruled: Ruled, change: str
) -> None:
    rule = ruled.make()
    ruled.look()
    if change == "hour":
        rule, following = ruled.make(hour=4, at=DUE + timedelta(minutes=53)), DUE + timedelta(days=1, hours=1)
    else:
        User.objects.filter(pk=ruled.fund.owner.pk).update(timezone="America/Los_Angeles")
        following = DUE + timedelta(days=1, hours=7)
    rule = RebalanceRule.objects.select_related("wallet__connection").get(pk=rule.pk)
    with clock.at(DUE + timedelta(minutes=53)):
        promised = selectors.standing_of(rule).next_at
    assert promised == following
    assert ruled.look(promised - MINUTE) == []
    ruled.look(promised)
    assert [run.due_at for run in ruled.runs()] == [DUE, promised]


def test_days_that_nobody_was_there_for_are_one_run(ruled: Ruled) -> None:
    ruled.make()
    ruled.look(DUE + timedelta(days=5, hours=1))
    assert [run.key for run in ruled.runs()] == ["day:2030-05-12"]


def test_what_was_due_before_the_rule_or_while_it_was_off_concerns_it_no_more(ruled: Ruled) -> None:
    rule = ruled.make(hour=11)
    assert ruled.look(SET + MINUTE) == []
    owner, wallet = ruled.fund.owner.pk, ruled.fund.wallets["master"].pk
    rules.switch_rule(owner_id=owner, wallet_id=wallet, is_on=False)
    assert ruled.look(SET + timedelta(days=2)) == []
    with clock.at(SET + timedelta(days=3)):
        rules.switch_rule(owner_id=owner, wallet_id=wallet, is_on=True)
    assert ruled.look(SET + timedelta(days=3, minutes=5)) == []
    ruled.look(SET + timedelta(days=4))
    assert [run.key for run in rule.runs.all()] == ["day:2030-05-10"]


def test_nothing_moves_within_the_band_and_the_run_says_by_how_much(ruled: Ruled) -> None:
    ruled.make(band=D("0.25"))
    ruled.look()
    run = ruled.runs()[0]
    assert (run.status, run.reason.exact) == (
        "nothing", "farm b is 0.2 off its weight, the farthest of all: within the band of 0.25.",
    )  # fmt: skip
    assert [one["reason"] for one in run.targets]
    assert not FundAllocation.objects.filter(kind="rebalance").exists()
    assert weights(ruled) == [600, 300]


def test_a_turnover_cap_lets_each_run_go_as_far_and_the_next_one_goes_on(ruled: Ruled) -> None:
    ruled.make(turnover=D("0.1"), cash_reserve=D("0.2"))
    ruled.look()
    run = ruled.runs()[0]
    assert (run.status, run.drift) == ("done", D("0.2"))
    assert D("0.0999") < run.turnover <= D("0.1")
    assert run.reason.exact.endswith("The weights ask for 0.3, and one run moves at most 0.1.")
    # A third of the way to 400 each.
    assert [round(one) for one in farms(ruled)] == [533, 333]
    assert [one.is_short for one in selectors.explained(run).targets] == [True, True]
    for day in range(1, 5):
        ruled.look(DUE + timedelta(days=day))
    assert all(abs(one - 400) <= 50 for one in farms(ruled))  # within the band
    assert ruled.runs()[-1].status == "nothing"
    assert verify(owner_id=ruled.fund.owner.pk, only=CHECKS.keys() - {"time"}).ok


# --- approval -------------------------------------------------------------------------------------------------------


def waiting(ruled: Ruled, **wish: object) -> RebalanceRun:
    ruled.make(**{"automatic_up_to": None, **wish})
    ruled.look()
    run = ruled.runs()[-1]
    assert run.status == "waiting"
    return run


def approve(run: RebalanceRun, at: datetime = DUE + MINUTE) -> RebalanceRun:
    assert run.allocation_id is not None
    with clock.at(at):
        return running.approve(owner_id=run.owner_id, run=run, plan_id=run.allocation_id)


@pytest.mark.parametrize("automatic", [None, D("0.29")])
def test_what_may_not_be_done_by_itself_waits_and_is_told_and_done_once_when_it_is_approved(
    ruled: Ruled, automatic: Decimal | None
) -> None:
    run = waiting(ruled, automatic_up_to=automatic)
    alert = Alert.objects.get(key=f"rebalance:{run.rule_id}")
    assert "waits for you" in str(alert)
    assert alert.about == f"rebalance-run:{run.pk}"
    assert (weights(ruled), run.expires_at) == ([600, 300], DUE + timedelta(hours=24))
    assert ruled.look(DUE + timedelta(hours=23)) == []
    assert approve(run).status == "done"
    postings = Posting.objects.count()
    assert approve(run).status == "done"
    assert Posting.objects.count() == postings
    assert farms(ruled) == [500, 500]
    alert.refresh_from_db()
    assert alert.resolved_at is not None


def test_a_plan_that_nobody_approves_expires(ruled: Ruled) -> None:
    run = waiting(ruled, approve_within=2)
    with pytest.raises(ConflictError, match="does not wait any more: its time is over"):
        approve(run, DUE + timedelta(hours=2))
    assert ruled.look(DUE + timedelta(hours=2)) == [("expired", "Nobody approved it in time: nothing was moved.")]
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_a_declined_plan_moves_nothing_and_cannot_be_approved(ruled: Ruled) -> None:
    run = waiting(ruled)
    for _ in range(2):
        assert running.decline(owner_id=run.owner_id, run=run).status == "declined"
    with pytest.raises(ConflictError, match="declined"):
        approve(run)
    assert weights(ruled) == [600, 300]


def test_a_plan_whose_money_has_moved_is_not_applied_and_is_worked_out_anew(ruled: Ruled) -> None:
    run = waiting(ruled)
    ruled.fund.deposit("100")
    again = approve(run)
    why = (
        "farm b is 0.2273 off its weight, beyond the band of 0.05. Money had moved since it was first worked out, "
        "so it was worked out anew. It moves 0.2727 of the capital, in and out."
    )
    assert again.status == "waiting"
    assert again.allocation_id != run.allocation_id
    assert (again.capital, weights(ruled)) == (1100, [600, 300])
    with pytest.raises(ConflictError, match="worked out anew"):
        approve(run)  # the old plan
    done = approve(again)
    assert (done.status, done.reason.exact, again.reason.exact) == ("done", why, why)
    assert farms(ruled) == [550, 550]


def test_a_plan_that_its_owner_applied_on_its_own_page_is_done(ruled: Ruled) -> None:
    run = waiting(ruled)
    assert run.allocation_id is not None
    plans.apply(owner_id=run.owner_id, wallet_id=run.rule.wallet_id, plan_id=run.allocation_id, key="by hand")
    assert ruled.look(DUE + MINUTE) == [("done", "Its owner applied the plan by hand.")]


def by_hand(run: RebalanceRun, at: datetime = DUE + MINUTE) -> str:
    """What the owner is told who applies the run's plan on its own page."""
    assert run.allocation_id is not None
    with clock.at(at), pytest.raises((ConflictError, NotFoundError)) as refused:
        plans.apply(owner_id=run.owner_id, wallet_id=run.rule.wallet_id, plan_id=run.allocation_id, key="by hand")
    return str(refused.value)


def test_the_plan_of_a_run_that_is_over_without_it_is_not_applied_by_hand_either(ruled: Ruled) -> None:
    declined = waiting(ruled)
    running.decline(owner_id=declined.owner_id, run=declined)
    assert by_hand(declined) == "The run that made this plan is over. Its owner declined it: nothing was moved."
    ruled.look(DUE + timedelta(days=1))
    replaced = ruled.runs()[-1]
    RebalanceRun.objects.filter(pk=replaced.pk).update(expires_at=DUE + timedelta(days=3))
    ruled.look(DUE + timedelta(days=2))
    assert "A newer run took its place" in by_hand(replaced)
    late = ruled.runs()[-1]
    assert late.expires_at is not None
    assert "nobody approved it in time" in by_hand(late, late.expires_at)  # nobody has looked since
    ruled.look(late.expires_at)
    assert "Nobody approved it in time" in by_hand(late)
    assert weights(ruled) == [600, 300]


def test_the_page_of_such_a_plan_says_so_instead_of_offering_to_apply_it(ruled: Ruled, client: Client) -> None:
    run = waiting(ruled)
    client.force_login(run.owner)
    page, apply = f"/wallets/methods/{run.allocation_id}/", f"/wallets/methods/{run.allocation_id}/apply/"
    with clock.at(DUE + MINUTE):
        assert apply in client.get(page).content.decode()
        running.decline(owner_id=run.owner_id, run=run)
        told = client.get(page).content.decode()
    assert apply not in told
    assert "The run that made this plan is over. Its owner declined it: nothing was moved." in told


def test_a_plan_that_was_worked_out_anew_leaves_no_older_one_to_apply(ruled: Ruled) -> None:
    for letter in "cd":
        ruled.fund.add(f"farm {letter}", "master")
    run = waiting(ruled)
    holds.choose(owner_id=run.owner_id, wallet_id=ruled.fund.wallets["agent b"].pk, state="halted")
    again = approve(run)
    assert again.allocation_id != run.allocation_id
    assert by_hand(run) == "There is no such plan."
    assert weights(ruled) == [600, 300]


def test_who_declines_what_was_applied_by_hand_is_told_so(ruled: Ruled) -> None:
    run = waiting(ruled)
    assert run.allocation_id is not None
    plans.apply(owner_id=run.owner_id, wallet_id=run.rule.wallet_id, plan_id=run.allocation_id, key="by hand")
    with pytest.raises(ConflictError, match="applied by hand"):
        running.decline(owner_id=run.owner_id, run=run)
    ruled.make(automatic_up_to=None, hour=5, at=DUE + MINUTE)
    run.refresh_from_db()
    assert (run.status, run.reason.exact) == ("done", "Its owner applied the plan by hand.")


def test_a_newer_plan_takes_the_place_of_one_that_waits(ruled: Ruled) -> None:
    run = waiting(ruled, approve_within=120)
    ruled.look(DUE + timedelta(days=1))
    assert [one.status for one in ruled.runs()] == ["expired", "waiting"]
    with pytest.raises(ConflictError, match="expired"):
        approve(run)


def test_a_rule_that_is_set_anew_ends_what_waits_and_one_that_is_set_the_same_does_not(ruled: Ruled) -> None:
    run = waiting(ruled)
    ruled.make(automatic_up_to=None, at=DUE + MINUTE)
    run.refresh_from_db()
    assert run.status == "waiting"
    ruled.make(automatic_up_to=None, hour=4, at=DUE + MINUTE)
    run.refresh_from_db()
    assert (run.status, run.reason.exact) == ("expired", "The rule was set anew.")


# --- what stands in the way -----------------------------------------------------------------------------------------


def stop(ruled: Ruled) -> None:
    EmergencyStop.objects.create(owner=ruled.fund.owner, wallet=ruled.fund.wallets["agent b"], policy="keep")


def close_goal(ruled: Ruled) -> None:
    holds.hold(
        owner_id=ruled.fund.owner.pk, wallet_ids=[ruled.fund.wallets["farm a"].pk], holder=f"goal:{uuid4()}",
        state="reducing", words="goal “Ten percent”",
    )  # fmt: skip


def halt(ruled: Ruled) -> None:
    holds.choose(owner_id=ruled.fund.owner.pk, wallet_id=ruled.fund.wallets["master"].pk, state="halted")


def reduce(ruled: Ruled) -> None:
    holds.choose(owner_id=ruled.fund.owner.pk, wallet_id=ruled.fund.wallets["master"].pk, state="reducing")


def pause(ruled: Ruled) -> None:
    Connection.objects.update(state="paused")


def free(ruled: Ruled) -> None:
    """Nothing of it is there any more."""
    EmergencyStop.objects.update(status="done", done_at=clock.now())
    for wallet in Wallet.objects.all():
        holds.choose(owner_id=wallet.owner_id, wallet_id=wallet.pk, state="active")
    Connection.objects.update(state="active")


@pytest.mark.parametrize(
    ("hinder", "why"),
    [
        (stop, "An emergency stop of agent b is under way."),
        (close_goal, "farm a is kept for goal “Ten percent”, which has ended and is being carried out."),
        (halt, "master is halted."),
        (reduce, "master is only selling."),
        (pause, "Testing is paused."),
    ],
)
def test_it_is_put_off_with_the_reason_told_after_an_hour_and_done_once_nothing_is_in_the_way(
    ruled: Ruled, hinder: object, why: str
) -> None:
    ruled.make()
    hinder(ruled)  # type: ignore[operator]  # one of the functions above
    assert ruled.look()[-1] == ("due", why)
    assert not Alert.objects.filter(kind="rebalance-paused").exists()
    assert ruled.look(DUE + timedelta(hours=2)) == []
    assert Alert.objects.get(kind="rebalance-paused").resolved_at is None
    assert weights(ruled) == [600, 300]
    free(ruled)
    assert ruled.look(DUE + timedelta(hours=3))[-1][0] == "done"
    assert farms(ruled) == [500, 500]
    assert Alert.objects.get(kind="rebalance-paused").resolved_at is not None


def test_it_names_the_wallet_above_that_is_halted_and_not_the_one_that_is_not(ruled: Ruled) -> None:
    ruled.fund.add("agent c", "farm a")
    ruled.make("farm a")
    halt(ruled)
    assert ruled.look(name="farm a")[-1] == ("due", "master is halted.")


@pytest.mark.parametrize("hinder", [stop, close_goal, halt, reduce, pause])
def test_nothing_is_approved_either_while_something_is_in_the_way(ruled: Ruled, hinder: object) -> None:
    run = waiting(ruled)
    hinder(ruled)  # type: ignore[operator]  # one of the functions above
    with pytest.raises(ConflictError, match="Not now"):
        approve(run)
    assert weights(ruled) == [600, 300]


def test_what_is_put_off_until_the_next_one_is_due_is_over(ruled: Ruled) -> None:
    ruled.make()
    halt(ruled)
    ruled.look()
    ruled.look(DUE + timedelta(days=1))
    assert [(run.status, run.reason.exact) for run in ruled.runs()] == [
        ("expired", "It was put off until the next one was due. master is halted."),
        ("due", "master is halted."),
    ]


@pytest.mark.parametrize("name", ["farm b", "agent b"])
def test_a_child_that_is_halted_or_has_something_halted_below_it_is_left_as_it_is(ruled: Ruled, name: str) -> None:
    ruled.fund.add("farm c", "master")
    holds.choose(owner_id=ruled.fund.owner.pk, wallet_id=ruled.fund.wallets[name].pk, state="halted")
    ruled.make()
    ruled.look()
    run = ruled.runs()[0]
    assert run.status == "done"
    moved = {one.name: (one.amount, one.reason) for one in selectors.explained(run).targets}
    assert moved["farm b"] == (300, f"left as it is: {name} is halted")
    assert {moved[f"farm {one}"][0] for one in "ac"} == {350}


def test_a_child_that_was_halted_after_the_plan_was_made_is_not_moved_by_an_approval(ruled: Ruled) -> None:
    for letter in "cd":
        ruled.fund.add(f"farm {letter}", "master")
    run = waiting(ruled)
    holds.choose(owner_id=run.owner_id, wallet_id=ruled.fund.wallets["agent b"].pk, state="halted")
    again = approve(run)
    assert (again.status, "A wallet of the first plan was not free" in again.reason.exact) == ("waiting", True)
    assert approve(again).status == "done"
    assert weights(ruled)[1] == 300


def test_money_in_open_orders_stays_and_the_run_says_so(ruled: Ruled) -> None:
    hold(ruled.fund, "agent a", "560")
    ruled.make()
    ruled.look()
    run = ruled.runs()[0]
    assert run.status == "done"
    assert "farm a: 60 USDT too much is not free in it, 560 USDT is in open orders or margin." in run.reason.exact
    assert farms(ruled) == [560, 440]


def test_where_no_weights_can_be_found_it_says_what_is_enough_to_relax_and_tells_its_owner(ruled: Ruled) -> None:
    ruled.make(maximum=D("0.4"))
    ruled.look()
    run = ruled.runs()[0]
    assert run.status == "refused"
    assert "it is enough to raise the maximum of" in run.reason.exact
    assert "was refused" in str(Alert.objects.get(key=f"rebalance:{run.rule_id}"))


# --- data that are not of now ---------------------------------------------------------------------------------------


def test_it_waits_for_values_balances_prices_and_days_and_says_for_which(remembered: Ruled) -> None:
    fund = remembered.fund
    remembered.make(method="inverse_volatility", at=clock.now() - timedelta(days=3), automatic_up_to=None)
    assert remembered.live() == [("due", "No value was written down yet.")]
    remembered.value()
    fund.buy("agent a", "1", "100")
    set_price("100", at=clock.now() - timedelta(hours=1))
    Connection.objects.update(status="failed", synced_at=clock.now() - timedelta(hours=2))
    PortfolioState.objects.update(valued_at=clock.now() - timedelta(hours=2))
    with as_operators():
        DailyPerformance.objects.filter(day__gte=clock.now().date() - timedelta(days=2)).delete()
    told = remembered.live()[0][1]
    for what in ("The balances at Testing are from", "The price of BTC is from", "The last values are from",
                 "Days are closed up to"):  # fmt: skip
        assert what in told
    run = remembered.runs()[-1]
    plan = plans.preview(owner_id=run.owner_id, wallet_id=run.rule.wallet_id, asked=run.rule.wish)
    RebalanceRun.objects.filter(pk=run.pk).update(  # as if it had been worked out before the data grew old
        status="waiting", allocation=plan.id, expires_at=clock.now() + timedelta(hours=1)
    )
    with pytest.raises(ConflictError, match="The price of BTC is from"):
        running.approve(owner_id=run.owner_id, run=run, plan_id=plan.id)


def test_equal_weights_do_not_wait_for_days(remembered: Ruled) -> None:
    remembered.make(at=clock.now() - timedelta(days=3))
    with as_operators():
        DailyPerformance.objects.filter(day__gte=clock.now().date() - timedelta(days=5)).delete()
    remembered.value()
    assert remembered.live()[0][0] == "done"


# --- after a goal, and what is kept ---------------------------------------------------------------------------------


def test_a_goal_lets_the_rules_that_want_to_run_once(ruled: Ruled) -> None:
    given = {"owner_id": ruled.fund.owner.pk, "goal_id": uuid4(), "name": "Ten percent"}
    homes = {ruled.fund.wallets["master"].pk}
    ruled.make()
    assert running.after_goal(**given, wallet_ids=homes) == 0  # it does not want to
    ruled.make(after_goals=True, at=SET + MINUTE)
    assert running.after_goal(**given, wallet_ids={ruled.fund.wallets["farm a"].pk}) == 0
    with clock.at(SET + timedelta(hours=1)):
        assert running.after_goal(**given, wallet_ids=homes) == 1
        assert running.after_goal(**given, wallet_ids=homes) == 0
    assert [status for status, _ in ruled.look(SET + timedelta(hours=2))] == ["done"]
    run = ruled.runs()[0]
    assert run.because.exact == "The goal Ten percent brought money home."
    assert farms(ruled) == [500, 500]


def test_a_plan_that_is_forgotten_leaves_its_run(ruled: Ruled) -> None:
    run = waiting(ruled)
    assert run.allocation is not None
    with as_operators():
        run.allocation.lines.all().delete()
        run.allocation.delete()
    assert ruled.look(DUE + MINUTE) == [("expired", "Nobody approved it in time: nothing was moved.")]
    assert len(ruled.runs()[0].targets) == 2


def test_what_is_moved_adds_up_with_a_rule_at_both_levels(ruled: Ruled) -> None:
    ruled.fund.add("agent c", "farm a")
    ruled.make()
    ruled.make("farm a")
    ruled.look()
    ruled.look(name="farm a")
    assert farms(ruled) == [250, 500]
    assert sum(row.balance for row in Account.objects.filter(kind="wallet")) == 1000
    assert verify(owner_id=ruled.fund.owner.pk, only=CHECKS.keys() - {"time"}).ok

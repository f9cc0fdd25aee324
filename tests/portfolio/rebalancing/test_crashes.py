"""Killed at any statement, and on two workers at once: a due time is done once, or not yet."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections

from kit import clock, tenancy
from kit.users.models import User
from portfolio import tasks
from portfolio.allocation.asking import Asked
from portfolio.rebalancing import rules, running
from portfolio.rebalancing.forgetting import forget_runs
from portfolio.rebalancing.models import RebalanceRule, RebalanceRun
from portfolio.services import take_snapshots
from tests.conftest import as_operators
from tests.portfolio.fund import D, Fund, set_price
from tests.portfolio.test_forgetting import KilledError, killed_at
from tests.wallets.books import balance
from wallets.hierarchy import plans
from wallets.ledger import verify
from wallets.models import FundAllocation, Posting

# More statements than a look needs.
MOST = 200
ALWAYS = D(2)


def make(owner: User, automatic_up_to: Decimal | None = ALWAYS) -> Fund:
    """A master with 100 and two farms with 600 and 300; its rule has been due since three in the morning."""
    set_price("100")
    fund = Fund.make(owner)
    fund.deposit("1000")
    fund.move("master", "farm a", "600")
    fund.move("master", "farm b", "300")
    with clock.at(clock.now() - timedelta(days=3)):
        rules.set_rule(
            owner_id=owner.pk,
            wallet_id=fund.wallets["master"].pk,
            wish=rules.Wish(Asked("equal"), "day", None, automatic_up_to=automatic_up_to),
        )
    take_snapshots(owner_id=owner.pk)
    return fund


def farms(fund: Fund) -> list[Decimal]:
    return [balance(fund.wallets[f"farm {one}"]) for one in "ab"]


def test_killed_at_any_statement_it_is_done_once_or_not_at_all(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        fund = make(owner)
    wallet = str(fund.wallets["master"].pk)
    for statement in range(1, MOST):
        try:
            with killed_at(statement):
                tasks.rebalance_wallet(str(owner.pk), wallet)
        except KilledError:
            connections["default"].close()
        with tenancy.tenant(owner.pk):
            moved = Posting.objects.filter(key__startswith="rule:").count()
            assert (farms(fund), RebalanceRun.objects.filter(status="done").count()) == (
                ([500, 500], 1) if moved else ([600, 300], 0)
            )
        if moved:
            break
    assert moved == 1
    assert statement > 20
    assert tasks.rebalance_wallet(str(owner.pk), wallet) == 0
    with tenancy.tenant(owner.pk):
        assert Posting.objects.filter(key__startswith="rule:").count() == 1
        assert RebalanceRun.objects.count() == 1
        assert verify(owner_id=owner.pk).ok


@pytest.mark.parametrize("automatic_up_to", [ALWAYS, None])
def test_four_workers_at_once_make_one_run(live_db: str, owner: User, automatic_up_to: Decimal | None) -> None:
    with tenancy.tenant(owner.pk):
        fund = make(owner, automatic_up_to)
    changed: list[int] = []

    def work() -> None:
        changed.append(tasks.rebalance_wallet(str(owner.pk), str(fund.wallets["master"].pk)))
        connections.close_all()

    together(work)
    assert sorted(changed) == [0, 0, 0, 1]
    with tenancy.tenant(owner.pk):
        assert RebalanceRun.objects.count() == 1
        assert FundAllocation.objects.filter(kind="rebalance").count() == 1


def test_approved_four_times_at_once_it_is_applied_once(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        fund = make(owner, None)
    tasks.rebalance_wallet(str(owner.pk), str(fund.wallets["master"].pk))
    with tenancy.tenant(owner.pk):
        run = RebalanceRun.objects.select_related("rule").get()
    assert run.allocation_id is not None
    done: list[str] = []

    def approve() -> None:
        assert run.allocation_id is not None
        with tenancy.tenant(owner.pk):
            done.append(running.approve(owner_id=owner.pk, run=run, plan_id=run.allocation_id).status)
        connections.close_all()

    together(approve)
    assert done == ["done"] * 4
    with tenancy.tenant(owner.pk):
        assert farms(fund) == [500, 500]
        assert Posting.objects.filter(key__startswith="rule:").count() == 1


def test_every_rule_is_looked_at_but_those_of_a_history_that_is_built(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        fund = make(owner)
    with tenancy.system():
        assert running.due_rules() == [(owner.pk, fund.wallets["master"].pk)]
    with tenancy.tenant(owner.pk):
        rules.switch_rule(owner_id=owner.pk, wallet_id=fund.wallets["master"].pk, is_on=False)
    with tenancy.system():
        assert running.due_rules() == []
    assert tasks.rebalance_wallet(str(owner.pk), str(fund.wallets["farm a"].pk)) == 0  # it has no rule


def test_old_runs_go_but_not_the_newest_one_nor_what_they_moved(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        fund = make(owner)
    tasks.rebalance_wallet(str(owner.pk), str(fund.wallets["master"].pk))
    with tenancy.tenant(owner.pk):
        rule = RebalanceRule.objects.get()
        for ago, status in ((800, "done"), (100, "nothing"), (100, "done"), (20, "nothing"), (100, "due")):
            moment = clock.now() - timedelta(days=ago)
            RebalanceRun.objects.create(
                owner=owner, rule=rule, key=f"{ago} {status}", due_at=moment, status=status,
                settled_at=None if status == "due" else moment,
            )  # fmt: skip
    assert forget_runs() == 2
    assert forget_runs() == 0
    with tenancy.tenant(owner.pk):
        kept = set(RebalanceRun.objects.exclude(key__startswith="day:").values_list("key", flat=True))
        assert kept == {"100 done", "20 nothing", "100 due"}
        with as_operators():
            RebalanceRun.objects.exclude(key__startswith="day:").delete()
            RebalanceRun.objects.update(due_at=clock.now() - timedelta(days=900))
    assert forget_runs() == 0
    with tenancy.tenant(owner.pk):
        assert FundAllocation.objects.filter(kind="rebalance").count() == 1


def test_a_plan_that_waited_too_long_is_forgotten_and_its_run_is_not(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        fund = make(owner, None)
    tasks.rebalance_wallet(str(owner.pk), str(fund.wallets["master"].pk))
    with clock.at(clock.now() + timedelta(days=8)):
        assert plans.forget_previews() == 1
    with tenancy.tenant(owner.pk):
        run = RebalanceRun.objects.get()
        assert (run.allocation_id, run.status, len(run.targets)) == (None, "waiting", 2)
    tasks.rebalance_wallet(str(owner.pk), str(fund.wallets["master"].pk))
    with tenancy.tenant(owner.pk):
        assert RebalanceRun.objects.get(pk=run.pk).status == "expired"


def together(work: object) -> None:
    threads = [threading.Thread(target=work) for _ in range(4)]  # type: ignore[arg-type]  # a function of nothing
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

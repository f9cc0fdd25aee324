"""Capital by method: worked out and explained, applied as one posting, taken back; what is wrong is refused."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from kit import clock, days
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.tenancy import tenant
from kit.users.models import User
from portfolio.allocation import services
from portfolio.allocation.asking import Asked, Bound, Limits
from portfolio.allocation.comparing import compare_methods
from portfolio.allocation.methods import CHOICES
from portfolio.allocation.selectors import MethodPlan
from portfolio.models import AllocationPlan, DailyPerformance
from tests.conftest import as_operators
from tests.portfolio.fund import D, Fund
from tests.programs import bearer
from tests.wallets.books import balance
from wallets.hierarchy import plans
from wallets.ledger import Leg, post, verify
from wallets.models import Account, Connection, FundAllocation, Posting, Wallet

WALKS = np.random.default_rng(7).normal([0.002, 0.001], [0.02, 0.01], size=(80, 2))
# Both have earned something.
WALKS += [0.002, 0.001] - WALKS.mean(axis=0)


def remember(fund: Fund, table: Any, *names: str) -> None:
    """A day of history per row of the table, the newest yesterday, before it the day on which all began."""
    today = days.day_of(clock.now())
    rows = []
    for name, column in zip(names, np.asarray(table).T, strict=True):
        index = 1.0
        for age, twr in zip(range(len(column), -1, -1), [0.0, *column], strict=True):
            index *= 1 + float(twr)
            day = today - timedelta(days=age + 1)
            rows.append(
                DailyPerformance(
                    owner=fund.owner,
                    wallet=fund.wallets[name],
                    day=day,
                    ends=days.ends(day),
                    base="USDT",
                    equity=1,
                    low=1,
                    high=1,
                    twr=float(twr),
                    twr_index=index,
                    twr_low=index,
                    twr_high=index,
                )
            )
    DailyPerformance.objects.bulk_create(rows)


@pytest.fixture
def funded(fund: Fund) -> Fund:
    """100 in the master; 600 below farm a, 550 of it with its agent; 300 below farm b, all with its agent."""
    fund.deposit("1000")
    fund.move("master", "farm a", "600")
    fund.move("farm a", "agent a", "550")
    fund.move("master", "farm b", "300")
    fund.move("farm b", "agent b", "300")
    return fund


@pytest.fixture
def old(funded: Fund) -> Fund:
    """With 80 days of history."""
    remember(funded, WALKS[:80], "farm a", "farm b")
    return funded


def weigh(fund: Fund, method: str = "equal", back: int = 90, options: Any = None, **limits: Any) -> MethodPlan:
    asked = Asked(method, back, options or {}, Limits(**limits))
    return services.preview(owner_id=fund.owner.pk, wallet_id=fund.wallets["master"].pk, asked=asked)


def apply(fund: Fund, plan: MethodPlan, key: str = "now") -> FundAllocation:
    wallet = fund.wallets["master"].pk
    return services.apply(owner_id=fund.owner.pk, wallet_id=wallet, plan_id=plan.id, key=key)


def books() -> dict[Any, Any]:
    return {row.pk: (row.balance, row.held) for row in Account.objects.filter(balance__gt=0)}


def hold(fund: Fund, name: str, amount: str) -> None:
    leg = fund._leg(name, "wallet", name, "clearing", "USDT", amount)
    post(
        owner_id=fund.owner.pk, key=f"hold {name}", kind="hold",
        legs=[Leg(leg.debit, leg.credit, leg.amount, phase="pending")],
    )  # fmt: skip


# --- what it works out ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", CHOICES)
def test_every_method_makes_a_plan_with_a_reason_for_each_weight_that_uses_all_the_capital(
    old: Fund, method: str
) -> None:
    plan = weigh(old, method, cash_reserve=D("0.1"))
    assert (plan.row.method, plan.row.used, plan.row.days, plan.row.capital) == (method, method, 80, 1000)
    assert all(one.reason and one.share_of_risk is not None for one in plan.targets)
    assert plan.row.expected_return is not None
    assert plan.row.volatility
    weights = [one.weight or D(0) for one in plan.targets]
    assert sum(weights) + round(D(repr(plan.row.cash)), 8) == 1, "to the last decimal"
    assert plan.row.cash >= 0.1 - 1e-6
    whole = sum(one.amount for one in plan.targets)
    assert abs(whole - 1000 * sum(weights)) < D("0.02")
    assert sum(one.share_of_risk or 0 for one in plan.targets) == pytest.approx(1)
    assert not plan.is_partial
    assert all(one.value + one.moved == one.amount for one in plan.targets)


def test_a_plan_is_applied_as_one_posting_and_taken_back_to_the_last_digit(old: Fund) -> None:
    old.deposit("0.01", wallet="agent a")
    Wallet.objects.filter(pk=old.wallets["agent b"].pk).update(target_weight=D("0.6"))
    before, postings = books(), Posting.objects.count()
    plan = weigh(old, "equal")
    told = [(one.name, one.value, one.weight, one.amount, one.moved) for one in plan.targets]
    assert told == [
        ("farm a", D("600.01"), D("0.5"), D("500.01"), D("-100.00")),
        ("farm b", 300, D("0.5"), D("500.00"), D("200.00")),
    ]
    assert books() == before
    lines = [(line.source.name if line.source else "", line.target.name, line.amount) for line in plan.lines]
    assert lines == [
        ("farm a", "master", 50), ("agent a", "farm a", 50), ("farm a", "master", 50), ("master", "farm b", 200),
        ("farm b", "agent b", 120),
    ]  # fmt: skip
    done = apply(old, plan)
    assert apply(old, plan).pk == done.pk
    assert Posting.objects.count() == postings + 1
    held = [balance(old.wallets[name]) for name in ("master", "farm a", "agent a", "farm b", "agent b")]
    assert held == [0, 0, D("500.01"), 80, 420]
    assert verify(owner_id=old.owner.pk).ok
    services.undo(owner_id=old.owner.pk, plan_id=plan.id)
    services.undo(owner_id=old.owner.pk, plan_id=plan.id)
    assert books() == before
    assert Posting.objects.count() == postings + 2
    assert verify(owner_id=old.owner.pk).ok


def test_what_is_in_open_orders_and_below_a_floor_stays_and_the_plan_says_that_it_is_partial(old: Fund) -> None:
    hold(old, "agent a", "520")
    Wallet.objects.filter(pk=old.wallets["farm a"].pk).update(minimum_balance=40)
    Wallet.objects.filter(pk=old.wallets["master"].pk).update(minimum_balance=30)
    plan = weigh(old, "equal", cash_reserve=D("0.01"))
    assert plan.row.capital == 970
    assert plan.is_partial
    moved = {one.name: (one.change, one.moved) for one in plan.targets}
    assert moved == {"farm a": (D("-119.85"), D("-40.00")), "farm b": (D("180.15"), D("100.30"))}
    stays = "farm a: 79.85 USDT too much is not free in it, 520 USDT is in open orders or margin."
    assert plan.stays.exact.startswith(stays)
    apply(old, plan)
    held = [balance(old.wallets[name]) for name in ("master", "farm a", "agent a", "farm b")]
    assert held == [D("39.70"), 40, 520, D("100.30")]
    assert verify(owner_id=old.owner.pk).ok


@pytest.mark.parametrize(
    ("count", "used", "says"),
    [
        (0, "equal", "no shared whole days"),
        (12, "equal", "12 shared whole days are too few"),
        (40, "inverse_volatility", "40 shared whole days are too few for 2 wallets (60 are needed)"),
        (60, "risk_parity", ""),
    ],
)
def test_where_the_history_is_too_short_it_says_what_was_done_instead(
    funded: Fund, count: int, used: str, says: str
) -> None:
    remember(funded, WALKS[:count], "farm a", "farm b")
    plan = weigh(funded, "risk_parity")
    assert (plan.row.used, plan.row.days, plan.is_other) == (used, count, used != "risk_parity")
    assert says in " ".join(plan.row.notes)
    assert (plan.row.expected_return is None) == (count == 0)


def test_where_every_mean_is_negative_the_least_risk_is_taken_instead(funded: Fund) -> None:
    remember(funded, -abs(WALKS[:80]), "farm a", "farm b")
    plan = weigh(funded, "mean_variance")
    assert plan.row.used == "minimum_variance"
    assert "minimum variance instead" in " ".join(plan.row.notes)


def test_who_is_newer_than_the_others_is_left_as_it_is_and_who_never_moved_gets_nothing(old: Fund) -> None:
    for name, amount in (("farm c", "20"), ("farm d", "20")):
        old.add(name, "master")
        old.move("master", name, amount)
    remember(old, WALKS[:5, :1], "farm c")
    remember(old, np.zeros((80, 1)), "farm d")
    plan = weigh(old, "inverse_volatility")
    said = {one.name: (one.weight, one.moved, one.reason) for one in plan.targets}
    assert said["farm c"] == (None, 0, "left as it is: 5 whole days where others have 80")
    assert said["farm d"] == (0, -20, "nothing: its returns never change")
    assert plan.row.capital == 980
    everyone = weigh(old, "equal")
    assert [(one.weight, one.share_of_risk) for one in everyone.targets] == [(D("0.25"), None)] * 4


def test_histories_of_different_length_are_compared_on_the_days_that_all_share(funded: Fund) -> None:
    remember(funded, WALKS[:80, :1], "farm a")
    remember(funded, WALKS[:65, 1:], "farm b")
    assert weigh(funded, "minimum_variance").row.days == 65
    assert weigh(funded, "minimum_variance", back=63).row.days == 63


def test_the_day_on_which_all_began_counts_for_nobody_however_far_one_looks_back(old: Fund) -> None:
    assert [weigh(old, back=back).row.days for back in (79, 80, 81, 82)] == [79, 80, 80, 80]


def test_limits_are_kept(old: Fund) -> None:
    farm = old.wallets["farm a"].pk
    plan = weigh(old, "equal", bounds={farm: Bound(capacity=D(350))}, maximum=D("0.7"))
    assert [one.amount for one in plan.targets] == [350, 650]
    assert "at its maximum of 35.0%" in plan.targets[0].reason
    careful = weigh(old, "equal", turnover=D("0.12"))
    changes = [(one.weight or D(0)) - one.weight_now for one in careful.targets]
    assert sum(map(abs, changes)) <= D("0.1201")


# --- what is refused ------------------------------------------------------------------------------------------------


def refusal(fund: Fund, method: str = "equal", **limits: Any) -> str:
    with pytest.raises(InvalidInputError) as refused:
        weigh(fund, method, **limits)
    return str(refused.value)


def test_what_makes_no_sense_is_refused_in_words(old: Fund) -> None:
    farm = old.wallets["farm a"].pk
    assert "raise the maximum of farm a from 30.00% by" in refusal(old, maximum=D("0.3"))
    assert "lower its minimum by 30.00%" in refusal(old, bounds={farm: Bound(minimum=D("0.5"), capacity=D(200))})
    assert "Choose one of equal" in refusal(old, "astrology")
    assert "Only what stands right below master" in refusal(old, bounds={uuid4(): Bound()})
    assert "raise the turnover limit" in refusal(old, turnover=D("0.01"), maximum=D("0.5"))
    assert AllocationPlan.objects.count() == 0
    apply(old, weigh(old))
    assert refusal(old) == "There is nothing to move."


def test_the_relaxation_that_is_named_is_one_that_there_is_and_works(old: Fund) -> None:
    told = refusal(old, minimum=D("0.4"), cash_reserve=D("0.9"))
    assert told.endswith("it is enough to lower the cash reserve from 90.00% by 70.00%.")
    assert weigh(old, minimum=D("0.4"), cash_reserve=D("0.2")).targets
    assert re.search(r"lower the minimum of farm [ab] from 90\.00% by 80\.00%\.$", refusal(old, minimum=D("0.9")))


@pytest.mark.parametrize("method", ["equal", "risk_parity"])
def test_a_minimum_sharpe_ratio_that_nobody_has_is_told_per_year_with_the_one_that_works(
    old: Fund, method: str
) -> None:
    told = refusal(old, method, minimum_sharpe=D(99))
    assert re.search(r"Sharpe ratio -?\d+\.\d\d per year is below the threshold of 99\.00", told)
    assert "Equal weights need none" not in told
    found = re.search(r"It is enough to lower the minimum Sharpe ratio to (-?[\d.]+)\.$", told)
    assert found, told
    assert weigh(old, method, minimum_sharpe=D(found[1])).targets
    assert "It is enough" in refusal(old, method, minimum_sharpe=D(found[1]) + D("0.02"))


def test_a_history_that_nobody_has_is_refused_with_the_longest_one_that_works(old: Fund) -> None:
    assert refusal(old, minimum_history=730).endswith("It is enough to lower the minimum history to 80 days.")
    assert weigh(old, minimum_history=80).targets
    assert "It is enough" in refusal(old, minimum_history=81)


def test_fewer_than_two_targets_and_nobody_who_moves_are_refused(funded: Fund) -> None:
    remember(funded, np.zeros((80, 2)), "farm a", "farm b")
    assert "None of them can be weighed" in refusal(funded, "risk_parity")
    assert "farm b: left as it is: 3 whole days" in refusal_of_new(funded)
    lone = Asked("equal")
    with pytest.raises(InvalidInputError, match="fewer than two wallets under farm a"):
        services.preview(owner_id=funded.owner.pk, wallet_id=funded.wallets["farm a"].pk, asked=lone)


def refusal_of_new(fund: Fund) -> str:
    with as_operators():
        DailyPerformance.objects.all().delete()
    remember(fund, WALKS[:80, :1], "farm a")
    remember(fund, WALKS[:3, 1:], "farm b")
    return refusal(fund, "momentum")


def test_what_has_no_price_is_not_weighed(old: Fund) -> None:
    old.add("farm c", "master")
    old.deposit("5", "XYZ", "farm c")
    assert "What farm c holds has no price in USDT" in refusal(old)


def test_a_connection_that_is_not_active_moves_nothing(old: Fund) -> None:
    Connection.objects.filter(pk=old.connection.pk).update(state=Connection.State.PAUSED)
    assert "farm a: left as it is: Testing is paused" in refusal(old)


def test_a_plan_is_refused_once_money_has_moved_and_trades_do_not_count_as_that(old: Fund) -> None:
    plan = weigh(old)
    old.buy("agent b", "1", "100")
    hold(old, "agent a", "545")
    with pytest.raises(ConflictError, match="agent a has less free than this plan moves: preview it anew"):
        apply(old, plan)
    old.move("master", "farm a", "1")
    with pytest.raises(ConflictError, match="Money has moved since this plan was worked out: preview it anew"):
        apply(old, plan)
    with pytest.raises(ConflictError, match="preview it anew"):  # by the door of every plan too
        plans.apply(owner_id=old.owner.pk, allocation_id=plan.id, key="other door")
    fresh = weigh(old)
    old.buy("agent b", "0.5", "100")
    apply(old, fresh)
    with pytest.raises(ConflictError, match="carried out already"):
        apply(old, fresh, "again")
    assert verify(owner_id=old.owner.pk).ok


def test_a_plan_that_nobody_applied_is_forgotten_with_its_reasons(live_db: str, owner: User) -> None:
    with tenant(owner.pk):
        fund = Fund.make(owner)
        fund.deposit("100")
        with clock.at(clock.now() - timedelta(days=2 * settings.PLAN_DAYS)):
            weigh(fund)
        new = weigh(fund)
    assert plans.forget_previews() == 1
    with tenant(owner.pk):
        assert [row.allocation_id for row in AllocationPlan.objects.all()] == [new.id]


def test_nobody_else_sees_applies_or_takes_back_a_plan(old: Fund, other_owner: User) -> None:
    plan, master = weigh(old), old.wallets["master"].pk
    with tenant(other_owner.pk):
        for act in (
            lambda: services.apply(owner_id=other_owner.pk, wallet_id=master, plan_id=plan.id, key="k"),
            lambda: services.undo(owner_id=other_owner.pk, plan_id=plan.id),
            lambda: services.preview(owner_id=other_owner.pk, wallet_id=master, asked=Asked("equal")),
        ):
            with pytest.raises(NotFoundError):
                act()
        assert not AllocationPlan.objects.exists()


# --- compared -------------------------------------------------------------------------------------------------------


def test_all_methods_are_compared_on_this_history_with_equal_weights_among_them(old: Fund) -> None:
    client, master = Client(), old.wallets["master"].pk
    client.force_login(old.owner)
    found = compare_methods(owner_id=old.owner.pk, wallet_id=master)
    assert {track.method for track in found.tracks} == set(CHOICES)
    assert (found.days, found.lookback) == (20, 60)
    equal = next(track for track in found.tracks if track.method == "equal")
    # The first half of the cost is paid when cash becomes half and half; it is rebalanced twice more.
    by_hand = (1 + WALKS[60:80].mean(axis=1)).prod() - 1
    assert equal.total_return == pytest.approx(by_hand, abs=0.003)
    assert "_" not in found.verdict
    page = client.get(reverse("allocation:compared", args=[master])).content.decode()
    assert found.verdict in page
    assert all(one.label in page for one in CHOICES.values())
    told = client.get(f"/api/v1/wallets/{master}/plans/comparison", headers=bearer(old.owner)).json()
    assert [track["method"] for track in told["tracks"]] == [track.method for track in found.tracks]
    short = client.get(f"/api/v1/wallets/{master}/plans/comparison?days=70", headers=bearer(old.owner)).json()
    assert short["verdict"] == "Nothing is compared yet: they share 70 whole days, 74 are needed."
    old.add("farm c", "master")
    remember(old, WALKS[:5, :1], "farm c")
    anew = compare_methods(owner_id=old.owner.pk, wallet_id=master)
    assert anew.verdict == f"{found.verdict} farm c is left as it is: 5 whole days where others have 80."
    lone = client.get(reverse("allocation:compared", args=[old.wallets["farm a"].pk]))
    assert (lone.status_code, "there are 1 under farm a" in lone.content.decode()) == (422, True)


def test_where_nothing_beats_equal_weights_the_verdict_says_so(funded: Fund) -> None:
    twins = WALKS[:, :1] + [0, 1e-9] * np.arange(80)[:, None]
    remember(funded, twins, "farm a", "farm b")
    found = compare_methods(owner_id=funded.owner.pk, wallet_id=funded.wallets["master"].pk)
    assert found.verdict.startswith("Nothing beats equal weight")


# --- programs and pages ---------------------------------------------------------------------------------------------


def test_programs_preview_apply_list_and_take_back(old: Fund) -> None:
    client, master = Client(), old.wallets["master"].pk
    headers = bearer(old.owner)
    wish = {"method": "risk_parity", "days": 90, "constraints": {"cash_reserve": "0.05", "maximum": "0.9"}}
    preview = f"/api/v1/wallets/{master}/plans/preview"

    def send(path: str, body: Any, key: str = "k") -> Any:
        return client.post(path, body, content_type="application/json", headers=headers | {"Idempotency-Key": key})

    made = send(preview, wish)
    assert made.status_code == 200, made.content
    plan = made.json()
    assert {"plan_id", "targets", "moves", "cost"} <= set(plan)
    assert (plan["status"], plan["used"], plan["cost"], plan["days"]) == ("previewed", "risk_parity", "0", 80)
    assert {"wallet_id", "weight", "amount", "reason"} <= set(plan["targets"][0])
    assert plan["asked"]["constraints"]["cash_reserve"] == "0.05"
    done = send(f"/api/v1/wallets/{master}/plans", {"plan_id": plan["plan_id"]})
    assert (done.status_code, done.json()["status"]) == (201, "applied")
    listed = client.get(f"/api/v1/plans?wallet_id={master}", headers=headers).json()
    assert [one["plan_id"] for one in listed["items"]] == [plan["plan_id"]]
    back = send(f"/api/v1/plans/{plan['plan_id']}/undo", {})
    assert (back.status_code, back.json()["status"]) == (201, "undone")
    one = client.get(f"/api/v1/plans/{plan['plan_id']}", headers=headers).json()
    assert one["moves"] == plan["moves"]

    late = send(preview, wish).json()["plan_id"]
    old.move("master", "farm a", "1")
    refused = send(f"/api/v1/wallets/{master}/plans", {"plan_id": late}, "late")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:moniqo:problem:money_moved")
    assert "preview it anew" in refused.json()["detail"]
    infeasible = send(preview, {"method": "equal", "constraints": {"maximum": "0.2"}})
    assert infeasible.status_code == 422
    assert "it is enough to raise the maximum of farm a" in infeasible.json()["detail"]
    for body in ({"method": "hope"}, {"method": "equal", "constraints": {"cash_reserve": "1"}}, {"days": 30}):
        assert send(preview, body).status_code == 422
    assert send(preview.replace(str(master), str(uuid4())), wish).status_code == 404
    assert send(f"/api/v1/wallets/{old.wallets['farm a'].pk}/plans", {"plan_id": late}).status_code == 404


def test_a_person_picks_a_method_reads_the_plan_applies_and_takes_it_back_without_scripts(old: Fund) -> None:
    client, master = Client(), old.wallets["master"].pk
    client.force_login(old.owner)
    picker = reverse("allocation:choose", args=[master])
    assert picker in client.get(reverse("wallets:wish", args=[master])).content.decode()
    page = client.get(picker).content.decode()
    assert all(one.label in page and one.words in page for one in CHOICES.values())
    given = {
        "method": "equal", "days": "90", "minimum": "0", "maximum": "100", "cash_reserve": "0", "turnover": "",
        "risk_tolerance": "0.5", "half_life": "30", "kelly_fraction": "25",
    }  # fmt: skip
    wrong = client.post(picker, given | {"maximum": "30"})
    assert wrong.status_code == 422
    assert "it is enough to raise the maximum of farm a" in wrong.content.decode()
    made = client.post(picker, given)
    assert made.status_code == 302
    plan_id = UUID(made["Location"].rstrip("/").split("/")[-1])
    page = client.get(made["Location"]).content.decode()
    assert "one of 2 equal parts" in page
    apply_at = reverse("allocation:apply", args=[plan_id])
    assert apply_at in page
    before = books()
    assert client.post(apply_at, {"key": "k"}, follow=True).status_code == 200
    assert balance(old.wallets["farm a"]) + balance(old.wallets["agent a"]) == 500
    page = client.get(made["Location"]).content.decode()
    assert reverse("allocation:undo", args=[plan_id]) in page
    client.post(reverse("allocation:undo", args=[plan_id]))
    assert books() == before
    assert "Taken back" in client.get(picker).content.decode()
    stale = client.post(picker, given)["Location"]
    old.move("master", "farm a", "1")
    refused = client.post(f"{stale}apply/", {"key": "late"}, follow=True).content.decode()
    assert "Money has moved since this plan was worked out: preview it anew." in refused


def test_amounts_are_hidden_from_who_hides_them_and_weights_are_not(old: Fund) -> None:
    client = Client()
    User.objects.filter(pk=old.owner.pk).update(privacy=True)
    client.force_login(old.owner)
    plan = weigh(old, bounds={old.wallets["farm a"].pk: Bound(capacity=D("351.77"))})
    page = client.get(reverse("allocation:plan", args=[plan.id])).content.decode()
    assert "351.77" not in page
    assert "35.2" in page

"""Filters of kind and status, and the highest risk score: who is left as it is, who gets nothing, and what to relax."""

from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from farms.models import Agent, Farm
from farms.services import create_agent, create_farm
from kit.errors import InvalidInputError
from portfolio.allocation import services
from portfolio.allocation.asking import Asked, Bound, Limits
from portfolio.allocation.selectors import MethodPlan
from tests.portfolio.fund import D, Fund, make_instrument
from tests.portfolio.test_method_plans import remember
from tests.programs import bearer
from wallets.hierarchy import holds

CALM, WILD = np.tile([0.01, -0.005], 40), np.tile([-0.05, 0.06], 40)
MIDDLE = np.tile([0.02, -0.018, 0.01, -0.009], 20)


@pytest.fixture
def staffed(as_owner: Any, fund: Fund) -> Fund:
    """Three farms with 300 each: Trend runs with an agent, Breakout is paused, Mixed is paused and of another kind."""
    fund.deposit("1000")
    for name, kind in (("Trend", "trend_following"), ("Break", "breakout"), ("Many", "mixed")):
        farm = create_farm(owner_id=fund.owner.pk, master_id=fund.wallets["master"].pk, name=name, kind=kind)
        fund.wallets[name] = farm.wallet
        fund.move("master", name, "300")
    Farm.objects.filter(name="Trend").update(status="running")
    Farm.objects.filter(name="Break").update(kind="custom")  # for a moment: its kind would not hire the odd one
    create_agent(
        owner_id=fund.owner.pk, farm_id=Farm.objects.get(name="Break").pk, name="Odd one out",
        strategy="mean_reversion", instrument_id=make_instrument().pk, timeframe="1h", parameters={},
    )  # fmt: skip
    Farm.objects.filter(name="Break").update(kind="breakout")
    for name in ("farm a", "farm b"):
        fund.wallets[name].archived_at = fund.wallets[name].created_at
        fund.wallets[name].save()
    remember(fund, np.column_stack([CALM, MIDDLE, WILD]), "Trend", "Break", "Many")
    return fund


def weigh(fund: Fund, method: str = "equal", **limits: Any) -> MethodPlan:
    asked = Asked(method, 90, {}, Limits(**limits))
    return services.preview(owner_id=fund.owner.pk, wallet_id=fund.wallets["master"].pk, asked=asked)


def reasons(plan: MethodPlan) -> dict[str, tuple[Any, str]]:
    return {one.name: (one.weight, one.reason) for one in plan.targets}


def refusal(fund: Fund, method: str = "equal", **limits: Any) -> str:
    with pytest.raises(InvalidInputError) as told:
        weigh(fund, method, **limits)
    return str(told.value)


def test_only_the_statuses_that_are_asked_for_are_weighed(staffed: Fund) -> None:
    found = reasons(weigh(staffed, statuses=("paused",)))
    assert found["Trend"] == (None, "left as it is: it is running, and only what is paused is weighed")
    assert (found["Break"][0], found["Many"][0]) == (D("0.5"), D("0.5"))
    holds.choose(owner_id=staffed.owner.pk, wallet_id=staffed.wallets["Many"].pk, state="reducing")
    found = reasons(weigh(staffed, statuses=("running", "paused")))
    assert found["Many"] == (None, "left as it is: it is only selling, and only what is running or paused is weighed")


def test_only_the_kinds_that_are_asked_for_are_weighed_and_a_farm_is_of_its_agents_kinds_too(staffed: Fund) -> None:
    found = reasons(weigh(staffed, kinds=("mean_reversion", "mixed")))
    assert found["Trend"] == (
        None, "left as it is: its kind is Trend following, and only mean reversion or mixed is weighed",
    )  # fmt: skip
    assert (found["Break"][0], found["Many"][0]) == (D("0.5"), D("0.5"))
    Agent.objects.update(status="archived")
    assert "Break: left as it is: its kind is Breakout" in refusal(staffed, kinds=("mean_reversion", "mixed"))


@pytest.mark.parametrize(
    ("filters", "enough"),
    [
        ({"statuses": ("running",)}, "It is enough to allow “paused” too."),
        ({"kinds": ("mixed",)}, "It is enough to allow “Breakout” (breakout) too."),
        ({"kinds": ("mixed",), "statuses": ("running",)}, "It is enough to leave the filters empty."),
        ({"statuses": ("halted",)}, "It is enough to allow “paused” too."),
    ],
)
def test_where_a_filter_leaves_too_few_the_smallest_relaxation_is_named_and_works(
    staffed: Fund, filters: dict[str, Any], enough: str
) -> None:
    assert refusal(staffed, **filters).endswith(enough)
    names = {"“paused”": ("statuses", "paused"), "“Breakout”": ("kinds", "breakout")}
    relaxed = dict.fromkeys(filters, ())
    for quoted, (name, value) in names.items():
        if quoted in enough:
            relaxed = filters | {name: (*filters[name], value)}
    assert weigh(staffed, **relaxed).targets


def test_who_is_too_risky_gets_nothing_and_who_has_no_score_is_left_as_it_is(staffed: Fund) -> None:
    found = reasons(weigh(staffed, "inverse_volatility", maximum_risk_score=D(40)))
    weight, reason = found["Many"]
    assert weight == 0
    assert reason.startswith("nothing: its risk score of ")
    assert reason.endswith(" is above 40")
    assert found["Trend"][0] + found["Break"][0] == 1
    staffed.add("New", "master")
    found = reasons(weigh(staffed, maximum_risk_score=D(40)))
    assert found["New"] == (None, "left as it is: no risk score, which needs 30 whole days")


def test_a_bound_of_one_comes_before_that_of_all(staffed: Fund) -> None:
    many = staffed.wallets["Many"].pk
    found = reasons(weigh(staffed, maximum_risk_score=D(40), bounds={many: Bound(maximum_risk_score=D(100))}))
    assert found["Many"][0] == pytest.approx(D(1) / 3)
    found = reasons(weigh(staffed, bounds={many: Bound(maximum_risk_score=D(1))}))
    assert (found["Many"][0], found["Trend"][0]) == (0, D("0.5"))


def test_where_all_are_too_risky_or_the_rest_cannot_take_it_the_smallest_relaxation_works(staffed: Fund) -> None:
    told = refusal(staffed, maximum_risk_score=D("0.01"))
    assert told.startswith("Every one of them is riskier than allowed: the calmest is Trend, whose risk score is ")
    least = D(told.rstrip(".").rpartition(" ")[2])
    assert reasons(weigh(staffed, maximum_risk_score=least))["Trend"][0] == 1
    assert "riskier than allowed" in refusal(staffed, maximum_risk_score=least - D("0.01"))
    told = refusal(staffed, maximum_risk_score=D(40), maximum=D("0.4"))
    assert "it is enough to raise the maximum of" in told
    assert ", which lets Many in." in told
    enough = D(told.rpartition("Or raise the maximum risk score to ")[2].partition(",")[0])
    assert weigh(staffed, maximum_risk_score=enough, maximum=D("0.4")).targets
    assert "raise the maximum" in refusal(staffed, maximum_risk_score=enough - D("0.01"), maximum=D("0.4"))
    many = staffed.wallets["Many"].pk
    told = refusal(staffed, maximum_risk_score=D(40), bounds={many: Bound(minimum=D("0.1"))})
    assert told.startswith("Many must have 10.00%, and its risk score of ")


def test_programs_and_pages_ask_for_the_same(staffed: Fund) -> None:
    client, master = Client(), staffed.wallets["master"].pk
    wish = {"method": "equal", "constraints": {"statuses": ["paused"], "kinds": ["mixed", "breakout"],
                                               "maximum_risk_score": "90"}}  # fmt: skip
    made = client.post(
        f"/api/v1/wallets/{master}/plans/preview", wish, content_type="application/json", headers=bearer(staffed.owner)
    )
    assert made.status_code == 200, made.content
    assert made.json()["asked"]["constraints"]["statuses"] == ["paused"]
    asked = Asked.of_json("equal", made.json()["asked"])
    assert (asked.limits.kinds, asked.limits.maximum_risk_score) == (("mixed", "breakout"), 90)
    assert asked.as_json == made.json()["asked"]
    client.force_login(staffed.owner)
    picker = reverse("allocation:choose", args=[master])
    page = client.get(picker).content.decode()
    for word in ("Only these kinds", "Mean reversion", "Trend following", "Only what is now", "Running", "Paused"):
        assert word in page
    given = {
        "method": "equal", "days": "90", "minimum": "0", "maximum": "100", "cash_reserve": "0", "turnover": "",
        "risk_tolerance": "0.5", "half_life": "30", "kelly_fraction": "25", "statuses": ["running"],
        "maximum_risk_score": "",
    }  # fmt: skip
    refused = client.post(picker, given)
    assert refused.status_code == 422
    assert "It is enough to allow “paused” too." in refused.content.decode()
    done = client.post(picker, given | {"statuses": ["paused"]}, follow=True).content.decode()
    assert "it is running, and only what is paused is weighed" in done
    assert client.post(picker, given | {"statuses": ["nonsense"]}).status_code == 422

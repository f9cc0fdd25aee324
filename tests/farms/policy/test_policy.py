"""What a farm's policy keeps its agents from entering, who may change it, and what is kept of that."""

from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from farms import services
from farms.models import Farm, FarmEvent
from farms.policy.readings import policy_row
from farms.policy.services import Policy, set_policy
from kit import clock
from kit.audit.models import AuditEntry
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from tests.farms.conftest import CROSS_UP, T0, Desk, hire, make_instrument
from tests.programs import bearer
from trading.models import Order, RiskLimit
from trading.orders.placing import place_order
from trading.services import set_limits
from wallets.models import Connection, Wallet


@pytest.fixture(autouse=True)
def another_market(desk: Desk) -> None:
    make_instrument("OTH/USDT")


def policy_of(desk: Desk) -> Policy:
    return policy_row(owner_id=desk.owner.pk, farm_id=desk.farm.pk).policy


def change(desk: Desk, **changes: Any) -> Farm:
    with clock.at(desk.now):
        return set_policy(owner_id=desk.owner.pk, farm_id=desk.farm.pk, policy=replace(policy_of(desk), **changes))


def entered(desk: Desk) -> Any:
    """The run on the bar on which the strategy wants to enter."""
    desk.candles(CROSS_UP)
    run = desk.run()
    assert run is not None
    return run


def test_a_market_outside_of_the_policy_is_not_entered_and_the_run_says_so(desk: Desk) -> None:
    change(desk, allowed_symbols=("OTH/USDT",))
    run = entered(desk)
    assert (run.decision, run.order) == ("skip", None)
    assert str(run.explanation).startswith("No entry: ")
    assert "The policy of Trend does not allow TST/USDT: it allows OTH/USDT." in str(run.explanation)


def test_outside_of_the_schedule_nothing_is_entered_and_the_run_says_when_it_opens(desk: Desk) -> None:
    User.objects.filter(pk=desk.owner.pk).update(timezone="Europe/Berlin")
    change(desk, trading_days=(2, 3), opens_at=time(9), closes_at=time(12))
    run = entered(desk)  # Monday, 16:00 in UTC
    assert run.decision == "skip"
    told = "Trend enters Tue, Wed 09:00 to 12:00, Europe/Berlin only: it opens next at 3 Mar 2026, 08:00 UTC."
    assert told in run.explanation.exact


def test_it_binds_what_agents_decide_and_limits_of_the_farm_bind_their_owner_too(client: Client, desk: Desk) -> None:
    change(desk, allowed_symbols=("OTH/USDT",), maximum_share=Decimal("0.01"), trading_days=(2,))
    assert entered(desk).decision == "skip"

    def by_hand(key: str) -> Order:
        with clock.at(desk.now):
            return place_order(
                wallet=desk.agent.wallet, instrument=desk.instrument, side="buy", quantity=Decimal(5), key=key,
                reason="By hand.",
            )  # fmt: skip

    set_limits(on=desk.farm.wallet, allowed_symbols=["OTH/USDT"], maximum_notional=None)
    refused = by_hand("limited")
    assert (refused.status, "TST/USDT" in str(refused.refusal)) == ("rejected", True)
    set_limits(on=desk.farm.wallet, allowed_symbols=None, maximum_notional=None)
    assert by_hand("free").status == "submitting"
    client.force_login(desk.owner)
    html = client.get(reverse("farms:farm-policy", args=[desk.farm.pk])).content.decode()
    assert "bind what its agents decide" in html
    assert reverse("trading:limits", args=[desk.farm.wallet_id]) in html


def test_what_is_held_is_left_whatever_the_policy_says(desk: Desk) -> None:
    assert entered(desk).decision == "enter"
    change(desk, allowed_symbols=("OTH/USDT",), trading_days=(7,))
    runs = desk.each([90.0, 80.0])
    assert "exit" in {run.decision for run in runs}
    assert Order.objects.filter(side="sell", status="filled").exists()


def test_a_market_with_a_cap_of_its_own_has_that_one(desk: Desk) -> None:
    change(desk, maximum_share=Decimal(1), caps={"TST/USDT": Decimal("0.1"), "OTH/USDT": Decimal(1)})
    run = entered(desk)
    assert run.decision == "enter"
    assert Decimal(450) < Decimal(run.numbers["notional"]) <= Decimal(run.numbers["room"]) <= Decimal(500)
    assert "limit for one instrument made the entry smaller" in str(run.explanation)


def test_what_moves_together_is_a_limit_of_its_wallet_and_told_with_what_is_open(client: Client, desk: Desk) -> None:
    set_limits(on=desk.farm.wallet, allowed_symbols=["TST/USDT"], maximum_notional=Decimal(9_000))
    assert entered(desk).decision == "enter"
    change(desk, maximum_correlated=Decimal("0.4"))
    limit = RiskLimit.objects.get(wallet=desk.farm.wallet_id)
    assert (limit.maximum_correlated, limit.allowed_symbols, limit.maximum_notional) == (
        Decimal("0.4"), ["TST/USDT"], 9_000,
    )  # fmt: skip
    event = FarmEvent.objects.filter(kind="changed").latest("pk")
    assert str(event.detail) == "Moves together: no limit → 40 %"
    with clock.at(desk.now):
        row = policy_row(owner_id=desk.owner.pk, farm_id=desk.farm.pk)
        assert Decimal("0.45") < row.correlated.now < Decimal("0.55")
        client.force_login(desk.owner)
        page = client.get(reverse("farms:farm", args=(desk.farm.pk,))).content.decode()
    assert "of at most 40" in page


def test_who_changed_what_is_kept(desk: Desk) -> None:
    hours: dict[str, Any] = {"trading_days": (1, 2), "opens_at": time(8), "closes_at": time(17)}
    change(desk, caps={"TST/USDT": Decimal("0.25")}, weights={desk.agent.pk: Decimal("0.4")}, **hours)
    change(desk)
    (event,) = FarmEvent.objects.filter(kind="changed")
    assert str(event.detail).split("; ") == [
        "Caps: none → TST/USDT 25 %",
        "Days: every day → Mon, Tue",
        "Hours: all day → 08:00 to 17:00",
        "Weight of One: none → 40 %",
    ]
    (entry,) = AuditEntry.objects.filter(action="Policy changed")
    assert (entry.subject, entry.before["Caps"], entry.after["Caps"]) == ("Trend", "none", "TST/USDT 25 %")
    assert Wallet.objects.get(pk=desk.agent.wallet_id).target_weight == Decimal("0.4")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"maximum_share": Decimal(0)}, "maximum_share"),
        ({"caps": {"TST/USDT": Decimal("1.1")}}, "caps"),
        ({"caps": {"NOT/HERE": Decimal("0.1")}}, "caps"),
        ({"allowed_symbols": ("NOT/HERE",)}, "allowed_symbols"),
        ({"trading_days": (0,)}, "trading_days"),
        ({"opens_at": time(8)}, "closes_at"),
        ({"opens_at": time(8), "closes_at": time(8)}, "closes_at"),
        ({"weights": {T0: Decimal("0.1")}}, "weights"),
    ],
)
def test_what_no_policy_can_say_is_refused_at_its_field(desk: Desk, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        change(desk, **changes)
    assert set(refused.value.fields) == {field}
    assert not FarmEvent.objects.filter(kind="changed").exists()


def test_weights_come_to_at_most_the_whole_on_the_page_and_for_programs(client: Client, desk: Desk) -> None:
    with clock.at(T0):
        other = hire(desk.owner, desk.farm, desk.instrument, name="Two")
    Farm.objects.update(status="running")
    set_policy(
        owner_id=desk.owner.pk, farm_id=desk.farm.pk,
        policy=replace(policy_of(desk), weights={desk.agent.pk: Decimal("0.7"), other.pk: Decimal("0.3")}),
    )  # fmt: skip
    told = "The weights come to 140 % together: give at most 100 %."
    path = f"/api/v1/farms/{desk.farm.pk}/policy"
    asked: dict[str, Any] = {"content_type": "application/json", "headers": bearer(desk.owner, "limits", "read")}
    more = {"agent_id": str(other.pk), "weight": "0.7"}
    refused = client.patch(path, {"weights": [more]}, **asked)
    assert (refused.status_code, refused.json()["fields"]) == (422, {"weights": told})
    refused = client.patch(path, {"weights": [more, {**more, "weight": "0.1"}]}, **asked)
    assert (refused.status_code, refused.json()["fields"]) == (422, {"weights": "Name each agent once."})
    client.force_login(desk.owner)
    given = {"maximum_share": "100", f"weight_{desk.agent.pk}": "70", f"weight_{other.pk}": "70"}
    page = client.post(reverse("farms:farm-policy", args=(desk.farm.pk,)), given)
    assert (page.status_code, told in page.content.decode()) == (422, True)
    assert Wallet.objects.get(pk=other.wallet_id).target_weight == Decimal("0.3")


def test_a_pool_has_no_policy_to_change_and_no_pages_for_it(client: Client, desk: Desk) -> None:
    Farm.objects.update(status="paused")
    Connection.objects.update(is_rehearsing=False)
    pool = services.free_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk).farm
    asked: dict[str, Any] = {"content_type": "application/json", "headers": bearer(desk.owner, "limits", "read")}
    refused = client.patch(f"/api/v1/farms/{pool.pk}/policy", {"nets": True}, **asked)
    assert (refused.status_code, "there is nothing to set" in refused.json()["detail"]) == (409, True)
    client.force_login(desk.owner)
    for name in ("farm-edit", "farm-policy", "farm-move"):
        assert client.get(reverse(f"farms:{name}", args=(pool.pk,))).status_code == 404


def test_the_database_keeps_days_of_a_week_and_both_hours(desk: Desk) -> None:
    for wrong in ({"trading_days": [8]}, {"opens_at": time(8)}, {"opens_at": time(8), "closes_at": time(8)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Farm.objects.filter(pk=desk.farm.pk).update(**wrong)


def test_an_archived_farm_keeps_its_policy(desk: Desk) -> None:
    Farm.objects.update(status="archived")
    with pytest.raises(ConflictError, match="archived"):
        change(desk, trading_days=(1,))


def test_a_page_keeps_what_it_does_not_change_and_shows_what_it_says(client: Client, desk: Desk) -> None:
    with clock.at(T0):
        hire(desk.owner, desk.farm, desk.instrument, name="Two")
    Farm.objects.update(status="running")
    client.force_login(desk.owner)
    address = reverse("farms:farm-policy", args=(desk.farm.pk,))
    form = client.get(address).context["form"]
    given = {field.html_name: field.value() for field in form if field.value() not in (None, [], ())}
    assert client.post(address, given).status_code == 302
    assert not FarmEvent.objects.filter(kind="changed").exists()
    more = {
        f"weight_{desk.agent.pk}": "40", "cap_TST/USDT": "25", "trading_days": ["1", "2"],
        "opens_at": "08:00", "closes_at": "17:00", "allowed_symbols": ["TST/USDT"],
    }  # fmt: skip
    page = client.post(address, given | more, follow=True).content.decode()
    for words in ("The policy of Trend is saved", "TST/USDT 25 %", "Mon, Tue 08:00 to 17:00, UTC"):
        assert words in page
    wrong = client.post(address, given | {"opens_at": "08:00"})
    assert wrong.status_code == 422
    assert "Give both, when it opens and when it closes" in wrong.content.decode()


def test_a_program_changes_what_it_names_and_strangers_nothing(client: Client, desk: Desk, other_owner: User) -> None:
    Farm.objects.update(status="running")
    address = f"/api/v1/farms/{desk.farm.pk}/policy"
    asked: dict[str, Any] = {"content_type": "application/json", "headers": bearer(desk.owner, "limits", "read")}
    hours = {"trading_days": [1], "opens_at": "22:00", "closes_at": "06:00"}
    assert client.patch(address, hours, **asked).status_code == 200
    body = {"caps": {"TST/USDT": "0.25"}, "weights": [{"agent_id": str(desk.agent.pk), "weight": "0.5"}]}
    said = client.patch(address, body, **asked).json()
    assert "caps" in said, said["fields"]
    assert (said["caps"], said["trading_days"], said["opens_at"]) == ({"TST/USDT": "0.25"}, [1], "22:00")
    assert (said["weights"][0]["weight"], said["timezone"]) == ("0.5", "UTC")
    assert client.get(address, headers=asked["headers"]).json() == said
    wrong = client.patch(address, {"opens_at": None}, **asked)
    assert (wrong.status_code, list(wrong.json()["fields"])) == (422, ["closes_at"])
    wrong = client.patch(address, {"opens_at": "8 o'clock"}, **asked)
    told = 'Give a time of day with four digits, such as "08:00".'
    assert (wrong.status_code, wrong.json()["fields"]) == (422, {"opens_at": told})
    stranger = asked | {"headers": bearer(other_owner, "limits", "read")}
    assert client.patch(address, body, **stranger).status_code == 404
    manager = asked | {"headers": bearer(desk.owner, "manage")}
    assert client.patch(address, body, **manager).status_code == 403

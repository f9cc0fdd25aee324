"""Editing, duplicating and archiving farms and agents: what changes, what it is refused for, and what it leaves."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from farms.models import Agent, AgentFarmAssignment, Farm, FarmEvent
from farms.selectors import agent_row, farm_row, farm_rows
from farms.services import (
    archive_agent,
    archive_farm,
    create_agent,
    pause_agent,
    pause_farm,
    start_agent,
    start_farm,
    update_agent,
    update_farm,
)
from kit import clock, tenancy
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.users.models import User
from tests.farms.conftest import CROSS_UP, PARAMETERS, T0, Desk, hire, make_desk, store_hours
from trading.models import Position
from wallets.models import Account, Wallet


def free(wallet: Wallet) -> Decimal:
    return sum(Account.objects.filter(wallet=wallet, kind="wallet").values_list("balance", flat=True), Decimal(0))


def edit(desk: Desk, **changes: Any) -> Agent:
    given = {"name": "One", "timeframe": "1h", "parameters": PARAMETERS, "sizing": "cash", "size": Decimal("0.5")}
    with clock.at(desk.now):
        return update_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk, **given | changes)


def edit_farm(desk: Desk, **changes: Any) -> Farm:
    given = {"name": "Trend", "kind": "custom", "maximum_share": Decimal(1), "target_weight": None}
    with clock.at(desk.now):
        return update_farm(owner_id=desk.owner.pk, farm_id=desk.farm.pk, **given | changes)


def told() -> list[str]:
    events = FarmEvent.objects.filter(kind=FarmEvent.Kind.CHANGED).order_by("id")
    return [str(told) for told in events.values_list("detail", flat=True)]


# --- editing -------------------------------------------------------------------------------------------------------


def test_an_edit_of_an_agent_is_in_the_diary_and_binds_the_next_candle(desk: Desk) -> None:
    desk.candles(CROSS_UP[:-1])
    edit(desk, name="Uno", size=Decimal("0.25"), parameters={**PARAMETERS, "stop_atr": 3.0})
    assert told()[0].split("; ") == [
        "Name: One → Uno",
        "Size: 50 %, share of its cash → 25 %, share of its cash",
        f"Stop distance: {PARAMETERS['stop_atr']:g} ATR → 3 ATR",
    ]
    (run,) = desk.each([103.0])
    assert run.decision == "enter"
    assert Decimal(run.numbers["wanted"]) < Decimal(run.numbers["cash"]) * Decimal("0.26")
    assert Wallet.objects.get(pk=desk.agent.wallet_id).name == "Uno"


def test_an_edit_that_changes_nothing_is_not_told(desk: Desk) -> None:
    desk.candles(CROSS_UP)
    edit(desk)
    edit_farm(desk)
    assert told() == []


def test_after_a_change_of_candles_no_bar_is_decided_twice(desk: Desk) -> None:
    desk.candles(CROSS_UP)
    first = desk.run()
    assert first is not None
    edit(desk, timeframe="4h")
    store_hours(desk.instrument, T0, [100.0] * 40, timeframe="4h")
    with clock.at(desk.now):
        assert desk.run() is None
    assert Agent.objects.get(pk=desk.agent.pk).last_bar >= first.bar
    assert "Candles: 1h → 4h" in told()[0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "Two"}, "name"),
        ({"timeframe": "2h"}, "timeframe"),
        ({"sizing": "luck"}, "sizing"),
        ({"size": Decimal(0)}, "size"),
        ({"parameters": {**PARAMETERS, "fast": 9, "slow": 4}}, "parameters"),
    ],
)
def test_an_edit_of_no_use_is_refused_at_its_field(desk: Desk, changes: dict[str, Any], field: str) -> None:
    desk.candles(CROSS_UP)
    with clock.at(desk.now):
        hire(desk.owner, desk.farm, desk.instrument, name="Two")
    with pytest.raises(InvalidInputError) as refused:
        edit(desk, **changes)
    assert field in refused.value.fields
    assert told() == []


def test_an_edit_of_a_farm_is_in_the_diary(desk: Desk) -> None:
    edit_farm(desk, name="Trends", kind="mixed", maximum_share=Decimal("0.4"), target_weight=Decimal("0.25"))
    assert told()[0].split("; ") == [
        "Name: Trend → Trends",
        "Kind: Custom → Mixed",
        "Most in one instrument: 100 % → 40 %",
        "Target: none → 25 %",
    ]
    wallet = Wallet.objects.get(pk=desk.farm.wallet_id)
    assert (wallet.name, wallet.target_weight) == ("Trends", Decimal("0.25"))


def test_nobody_else_changes_or_archives_anything(desk: Desk, other_owner: User) -> None:
    for change, which in ((archive_farm, {"farm_id": desk.farm.pk}), (archive_agent, {"agent_id": desk.agent.pk})):
        with pytest.raises(NotFoundError):
            change(owner_id=other_owner.pk, **which)


# --- archiving -----------------------------------------------------------------------------------------------------


def test_archiving_an_agent_brings_its_money_to_its_farm(desk: Desk) -> None:
    owner = desk.owner.pk
    with clock.at(T0):
        second = hire(desk.owner, desk.farm, desk.instrument, name="Two")
        money, before = free(second.wallet), free(desk.farm.wallet)
        archive_agent(owner_id=owner, agent_id=second.pk)
    assert money > 0
    assert (free(second.wallet), free(desk.farm.wallet)) == (0, before + money)
    farm = farm_row(owner_id=owner, farm_id=desk.farm.pk)
    assert ([row.name for row in farm.present], [row.name for row in farm.archived]) == (["One"], ["Two"])
    assert list(AgentFarmAssignment.objects.filter(ended_at=None).values_list("agent__name", flat=True)) == ["One"]


def test_a_quiet_farm_is_archived_whole(desk: Desk) -> None:
    owner, total = desk.owner.pk, free(desk.master) + free(desk.farm.wallet) + free(desk.agent.wallet)
    with clock.at(T0):
        archive_farm(owner_id=owner, farm_id=desk.farm.pk)
        archive_farm(owner_id=owner, farm_id=desk.farm.pk)
    assert free(desk.master) == total
    assert free(desk.farm.wallet) == free(desk.agent.wallet) == 0
    assert farm_rows(owner_id=owner) == ()
    assert farm_row(owner_id=owner, farm_id=desk.farm.pk).state.template == "Archived"
    assert agent_row(owner_id=owner, agent_id=desk.agent.pk).state.template == "Archived"
    assert set(Wallet.objects.exclude(role="master").values_list("trading_state", flat=True)) == {"halted"}
    assert list(FarmEvent.objects.filter(kind="archived").values_list("agent__name", flat=True)) == [None, "One"]


def test_what_is_archived_is_not_started_nor_changed(desk: Desk) -> None:
    owner = desk.owner.pk
    with clock.at(T0):
        archive_farm(owner_id=owner, farm_id=desk.farm.pk)
    assert pause_farm(owner_id=owner, farm_id=desk.farm.pk).status == Farm.Status.ARCHIVED
    assert pause_agent(owner_id=owner, agent_id=desk.agent.pk).status == Agent.Status.ARCHIVED
    for act in (
        lambda: start_farm(owner_id=owner, farm_id=desk.farm.pk),
        lambda: start_agent(owner_id=owner, agent_id=desk.agent.pk),
        lambda: edit(desk),
        lambda: edit_farm(desk),
        lambda: hire(desk.owner, desk.farm, desk.instrument, name="Late"),
    ):
        with pytest.raises(ConflictError, match="archived"):
            act()


def test_an_open_position_keeps_a_farm_from_being_archived_and_nothing_is_moved(desk: Desk) -> None:
    desk.candles(CROSS_UP[:-1])
    desk.each([103.0])
    assert Position.objects.filter(closed_at=None).exists()
    money = free(desk.master)
    with clock.at(desk.now), pytest.raises(ConflictError, match="One holds a position"):
        archive_farm(owner_id=desk.owner.pk, farm_id=desk.farm.pk)
    with clock.at(desk.now), pytest.raises(ConflictError, match="One holds a position"):
        archive_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
    assert free(desk.master) == money
    assert Agent.objects.get(pk=desk.agent.pk).status == "running"


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def live(owner: User, client: Client) -> Iterator[Desk]:
    """A desk of the present whose owner is signed in."""
    with tenancy.tenant(owner.pk):
        made = make_desk(owner)
        start_farm(owner_id=owner.pk, farm_id=made.farm.pk)
    client.force_login(owner)
    return made


def fields(client: Client, address: str) -> dict[str, Any]:
    """What the form of the page begins with."""
    form = client.get(address).context["form"]
    return {field.html_name: value for field in form if (value := field.value()) is not None}


def test_a_farm_and_an_agent_are_edited_by_their_forms(live: Desk, client: Client) -> None:
    for thing, name in ((live.farm, "farm-edit"), (live.agent, "agent-edit")):
        address = reverse(f"farms:{name}", args=(thing.pk,))
        given = fields(client, address)
        assert client.post(address, given).status_code == 302
        with tenancy.tenant(live.owner.pk):
            assert told() == []
        assert client.post(address, {**given, "name": ""}).status_code == 422
    client.post(reverse("farms:agent-edit", args=(live.agent.pk,)), {**given, "name": "Renamed", "timeframe": "4h"})
    with tenancy.tenant(live.owner.pk):
        assert told() == ["Name: One → Renamed; Candles: 1h → 4h"]
    assert "Candles: 1h → 4h" in client.get(reverse("farms:farm", args=(live.farm.pk,))).content.decode()


def test_a_duplicate_is_a_form_that_begins_with_the_same(live: Desk, client: Client) -> None:
    hire_it = f"{reverse('farms:hire', args=(live.farm.pk,))}?like={live.agent.pk}"
    assert client.post(hire_it, fields(client, hire_it)).status_code == 302
    with tenancy.tenant(live.owner.pk):
        old, new = Agent.objects.order_by("created_at")
    assert (new.name, new.parameters, new.size) == ("One (copy)", old.parameters, old.size)
    make_it = f"{reverse('farms:new')}?like={live.farm.pk}"
    assert client.post(make_it, fields(client, make_it)).status_code == 302
    with tenancy.tenant(live.owner.pk):
        assert Farm.objects.filter(name="Trend (copy)", maximum_share=1).exists()


@pytest.mark.parametrize("slug", ["custom", "mixed"])
def test_composed_rules_survive_the_forms_that_cannot_ask_for_them(
    live: Desk, client: Client, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whether they are sound, a handful of candles cannot say, and is asked elsewhere (tests/farms/composing).
    monkeypatch.setattr("farms.views.require_sound_agent", lambda **_: None)
    with tenancy.tenant(live.owner.pk):
        made = create_agent(
            owner_id=live.owner.pk,
            farm_id=live.farm.pk,
            name="Composed",
            strategy=slug,
            instrument_id=live.instrument.pk,
            timeframe="1h",
        )
    for address in (
        reverse("farms:agent-edit", args=(made.pk,)),
        f"{reverse('farms:hire', args=(live.farm.pk,))}?like={made.pk}",
    ):
        assert "<dt>Enter when</dt>" in (html := client.get(address).content.decode()) or "Strategies that vote" in html
        assert client.post(address, fields(client, address)).status_code == 302
    with tenancy.tenant(live.owner.pk):
        kept = Agent.objects.filter(strategy=slug).values_list("parameters", flat=True)
        assert list(kept) == [made.parameters] * 2


def test_archiving_is_said_before_it_is_done(live: Desk, client: Client) -> None:
    for thing, name, status in ((live.agent, "agent-archive", Agent), (live.farm, "farm-archive", Farm)):
        address = reverse(f"farms:{name}", args=(thing.pk,))
        assert "refused while a position" in client.get(address).content.decode()
        with tenancy.tenant(live.owner.pk):
            assert status.objects.get(pk=thing.pk).status == "running"
        assert client.post(address)["Location"] == reverse("farms:list")
        with tenancy.tenant(live.owner.pk):
            assert status.objects.get(pk=thing.pk).status == "archived"
    for page in (reverse("farms:farm", args=(live.farm.pk,)), reverse("farms:agent", args=(live.agent.pk,))):
        html = client.get(page).content.decode()
        assert "Archived" in html
        assert "-archive" not in html
        assert "Start the" not in html
    assert live.farm.name not in client.get(reverse("farms:list")).content.decode().partition("<main")[2]


@pytest.mark.parametrize("name", ["farm-edit", "farm-archive", "agent-edit", "agent-archive"])
def test_somebody_else_finds_no_form(live: Desk, client: Client, other_owner: User, name: str) -> None:
    client.force_login(other_owner)
    thing = live.farm if name.startswith("farm") else live.agent
    address = reverse(f"farms:{name}", args=(thing.pk,))
    assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)

"""Agents follow versions of saved strategies: hired with one, moved to the next, and told what changed."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from farms.composing.changes import changes
from farms.composing.saving import Rules, archive_strategy, change_strategy, restore_strategy, save_strategy
from farms.models import Agent, Farm, FarmEvent, SavedStrategy, StrategyVersion
from farms.selectors import hireable_versions
from farms.services import archive_agent, create_agent, restore_agent, run_agent, update_agent
from kit import clock, tenancy
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from markets.models import Instrument
from quant import strategies
from tests.farms.composing.conftest import BARS, ENTRY, PRICE, RULES, average
from tests.farms.composing.test_api import Program
from tests.farms.composing.test_pages import filled, sentences
from tests.farms.conftest import HOUR, Desk, make_desk
from tests.farms.laboratory.conftest import SINCE

CUSTOM = strategies.get("custom")
OTHER = RULES | {"stop": {"percent": 0.04}}


@pytest.fixture
def desk(market: Instrument, as_owner: User) -> Desk:
    """A farm on the paper venue, and a strategy saved by its owner."""
    made = make_desk(as_owner)
    Farm.objects.update(status=Farm.Status.PAUSED)
    return made


@pytest.fixture
def first(desk: Desk, market: Instrument) -> StrategyVersion:
    return save_strategy(owner_id=desk.owner.pk, name="Mine", strategy="custom", rules=rules(market))


def rules(market: Instrument, parameters: dict[str, Any] = RULES) -> Rules:
    return Rules(parameters=parameters, instrument_id=market.pk, timeframe="1h")


def hire(desk: Desk, version: StrategyVersion, name: str = "Follower", **more: Any) -> Agent:
    return create_agent(
        owner_id=desk.owner.pk, farm_id=desk.farm.pk, name=name, instrument_id=desk.instrument.pk, timeframe="1h",
        version_id=version.pk, **more,
    )  # fmt: skip


def change(desk: Desk, first: StrategyVersion, *agents: Agent, parameters: dict[str, Any] = OTHER) -> StrategyVersion:
    change_strategy(
        owner_id=desk.owner.pk,
        strategy_id=first.saved_id,
        base=first.saved.versions.latest("number").number,
        rules=rules(desk.instrument, parameters),
        agent_ids=[agent.pk for agent in agents],
    )
    return first.saved.versions.latest("number")


def test_agents_share_a_version_and_have_its_rules(desk: Desk, first: StrategyVersion) -> None:
    agents = [hire(desk, first), hire(desk, first, "Another")]
    for agent in agents:
        agent.refresh_from_db()
        assert (agent.strategy, agent.parameters, agent.version) == ("custom", first.parameters, first)


def test_the_database_lets_no_agent_differ_from_the_version_that_it_follows(desk: Desk, first: StrategyVersion) -> None:
    agent = hire(desk, first)
    Agent.objects.filter(pk=agent.pk).update(parameters={"fast": 1}, strategy="breakout")
    agent.refresh_from_db()
    assert (agent.strategy, agent.parameters) == ("custom", first.parameters)
    with pytest.raises(IntegrityError), transaction.atomic():
        Agent.objects.filter(pk=agent.pk).update(version=uuid4())


def test_somebody_elses_version_cannot_be_followed(
    desk: Desk, first: StrategyVersion, market: Instrument, other_owner: User
) -> None:
    with tenancy.tenant(other_owner.pk):
        theirs = save_strategy(owner_id=other_owner.pk, name="Theirs", strategy="custom", rules=rules(market))
    with pytest.raises(InvalidInputError, match="Choose a version of a strategy that you saved"):
        hire(desk, theirs)
    with pytest.raises(IntegrityError), transaction.atomic():
        Agent.objects.filter(pk=desk.agent.pk).update(version=theirs)


def test_a_new_version_binds_those_who_are_named_and_the_diary_says_what_changed(
    desk: Desk, first: StrategyVersion
) -> None:
    moved, stays = hire(desk, first), hire(desk, first, "Stays")
    second = change(desk, first, moved)
    moved.refresh_from_db()
    stays.refresh_from_db()
    assert (second.number, second.changes) == (2, ["Stop: 5 % from the close → 4 % from the close"])
    assert (moved.version, moved.parameters["stop"]) == (second, {"percent": 0.04})
    assert (stays.version, stays.parameters["stop"]) == (first, {"percent": 0.05})
    event = FarmEvent.objects.get(kind=FarmEvent.Kind.CHANGED)
    assert event.agent == moved
    assert str(event.detail) == (
        "Follows: Mine, version 1 → Mine, version 2; Stop: 5 % from the close → 4 % from the close"
    )


def test_versions_never_change(desk: Desk, first: StrategyVersion) -> None:
    for write in (
        lambda: StrategyVersion.objects.update(parameters={}),
        lambda: StrategyVersion.objects.all().delete(),
        lambda: SavedStrategy.objects.update(strategy="breakout"),
    ):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            write()


def test_all_or_none_of_the_agents_move(desk: Desk, first: StrategyVersion) -> None:
    risky, plain = hire(desk, first, "Risky", sizing="risk"), hire(desk, first)
    trailing = RULES | {"stop": None, "trail": {"percent": 0.05}}
    with pytest.raises(ConflictError, match=r"Risky cannot follow these rules\. Give the rules a stop"):
        change(desk, first, plain, risky, parameters=trailing)
    gone = hire(desk, first, "Gone")
    archive_agent(owner_id=desk.owner.pk, agent_id=gone.pk)
    with pytest.raises(ConflictError, match="Gone is archived"):
        change(desk, first, plain, gone)
    with pytest.raises(ConflictError, match="Choose agents that follow Mine"):
        change(desk, first, plain, desk.agent)
    assert first.saved.versions.count() == 1
    plain.refresh_from_db()
    assert plain.version == first


def test_who_follows_a_version_has_no_parameters_of_its_own(desk: Desk, first: StrategyVersion) -> None:
    agent = hire(desk, first)
    usual: dict[str, Any] = {
        "owner_id": desk.owner.pk, "agent_id": agent.pk, "name": "Follower", "timeframe": "1h", "sizing": "cash",
        "size": Decimal("0.5"),
    }  # fmt: skip
    with pytest.raises(InvalidInputError, match="It follows Mine, version 1: change that strategy"):
        update_agent(**usual, parameters=OTHER, version_id=first.pk)
    with pytest.raises(InvalidInputError, match="alone, or a strategy with parameters"):
        hire(desk, first, "Both", parameters=RULES)
    update_agent(**usual, parameters=OTHER)
    agent.refresh_from_db()
    assert (agent.version, agent.parameters["stop"]) == (None, {"percent": 0.04})
    update_agent(**usual, parameters=OTHER, version_id=first.pk)
    agent.refresh_from_db()
    assert (agent.version, agent.parameters) == (first, first.parameters)
    with pytest.raises(InvalidInputError, match="Choose a version of the agent's own strategy"):
        update_agent(**usual | {"agent_id": desk.agent.pk, "name": "One"}, parameters={}, version_id=first.pk)


def test_a_run_decides_by_the_version(desk: Desk, first: StrategyVersion) -> None:
    agent = hire(desk, first)
    Agent.objects.filter(pk=agent.pk).update(status="running", last_bar=None)
    Farm.objects.update(status=Farm.Status.REHEARSING)
    with clock.at(SINCE + BARS * HOUR):
        run = run_agent(owner_id=desk.owner.pk, agent_id=agent.pk)
    assert run is not None
    assert "sma(10)" in str(run.explanation)


# --- on the pages ---------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(client: Client, desk: Desk) -> Client:
    client.force_login(desk.owner)
    return client


def test_what_changes_is_said_before_it_is_saved(browser: Client, desk: Desk, first: StrategyVersion) -> None:
    agent = hire(desk, first)
    address = reverse("strategies:edit", args=(first.saved_id,))
    given = filled(desk.instrument, OTHER)
    blind = browser.post(address, given | {"agents": str(agent.pk)})  # without JavaScript: nothing was said yet
    assert blind.status_code == 422
    assert sentences(blind) == ["Look at what changes, then save it."]
    assert blind.context["changes"] == ["Stop: 5 % from the close → 4 % from the close"]
    looked = browser.post(address, given | {"do": "look"})
    assert looked.context["changes"] == blind.context["changes"]
    said = given | {"seen": looked.context["seen"], "base": "1", "agents": str(agent.pk)}
    assert browser.post(address, said | {"rules.stop.share": "3"}).status_code == 422  # that is something else
    assert browser.post(address, said).status_code == 302
    agent.refresh_from_db()
    assert (agent.version.number if agent.version else 0, agent.parameters["stop"]) == (2, {"percent": 0.04})
    page = browser.get(reverse("strategies:strategy", args=(first.saved_id,))).content.decode()
    assert page.index("Version 2") < page.index("Version 1")
    assert f'<a href="/farms/agents/{agent.pk}/">Follower</a>' in page


def test_whoever_follows_no_more_is_not_moved(browser: Client, desk: Desk, first: StrategyVersion) -> None:
    hire(desk, first)
    address = reverse("strategies:edit", args=(first.saved_id,))
    said = browser.post(address, filled(desk.instrument, OTHER) | {"do": "look"}).context["seen"]
    answer = browser.post(address, filled(desk.instrument, OTHER) | seen_of("1", said, desk.agent))
    assert answer.status_code == 422
    assert "somebody of these follows it no more" in answer.content.decode()
    assert first.saved.versions.count() == 1


def seen_of(base: str, seen: str, *agents: Agent) -> dict[str, Any]:
    """What a browser sends of a page that has said what differs from this version."""
    return {"base": base, "seen": seen, "agents": [str(agent.pk) for agent in agents]}


def test_of_two_tabs_the_second_is_told_what_the_first_saved_and_undoes_nothing_unseen(
    browser: Client, desk: Desk, first: StrategyVersion
) -> None:
    agent = hire(desk, first)
    address = reverse("strategies:edit", args=(first.saved_id,))
    opened = browser.get(address).context
    here, there = filled(desk.instrument, OTHER), filled(desk.instrument, RULES)
    seen = browser.post(address, here | seen_of("1", "") | {"do": "look"}).context["seen"]
    assert browser.post(address, here | seen_of("1", seen, agent)).status_code == 302
    late = there | seen_of(str(opened["base"]), opened["seen"], agent)
    assert "Version 2: Stop: 5 % from the close" in browser.post(address, late | {"do": "look"}).content.decode()
    refused = browser.post(address, late)
    assert refused.status_code == 422
    assert "Somebody saved another version meanwhile" in sentences(refused)[0]
    assert refused.context["meanwhile"] == ["Version 2: Stop: 5 % from the close → 4 % from the close"]
    assert 'name="base" value="2"' in refused.content.decode()
    agent.refresh_from_db()
    assert (first.saved.versions.count(), agent.parameters["stop"]) == (2, {"percent": 0.04})
    again = there | seen_of(str(refused.context["base"]), refused.context["seen"], agent)
    assert browser.post(address, again).status_code == 302
    assert first.saved.versions.count() == 3


def test_agents_that_lag_behind_move_to_the_newest_version_by_themselves(
    browser: Client, desk: Desk, first: StrategyVersion
) -> None:
    ticked, named, stays = (hire(desk, first, name) for name in ("Ticked", "Named", "Stays"))
    second = change(desk, first)
    address = reverse("strategies:edit", args=(first.saved_id,))
    page = browser.get(address)
    assert page.context["form"]["agents"].value() == []  # whoever was left behind stays, unless somebody ticks
    given = filled(desk.instrument, OTHER) | seen_of("2", page.context["seen"], ticked)
    assert browser.post(address, given).status_code == 302
    path = f"/saved-strategies/{first.saved_id}"
    program = Program(browser, desk.owner)
    program.ask("patch", path, {"agent_ids": [str(named.pk)], "version": 1}, status=409)
    program.ask("patch", path, {"agent_ids": [str(named.pk)]}, status=422)
    program.ask("patch", path, {"agent_ids": [str(named.pk), str(ticked.pk)], "version": 2})
    for agent, version in ((ticked, second), (named, second), (stays, first)):
        agent.refresh_from_db()
        assert agent.version == version
    assert first.saved.versions.count() == 2
    assert FarmEvent.objects.filter(kind=FarmEvent.Kind.CHANGED).count() == 2


def test_another_name_alone_makes_no_version(browser: Client, desk: Desk, first: StrategyVersion) -> None:
    address = reverse("strategies:edit", args=(first.saved_id,))
    assert browser.post(address, filled(desk.instrument) | {"name": "Other", "base": "1"}).status_code == 302
    saved = SavedStrategy.objects.get()
    assert (saved.name, saved.versions.count()) == ("Other", 1)


def test_an_agent_is_hired_with_a_saved_strategy_and_shows_it(
    browser: Client, desk: Desk, first: StrategyVersion
) -> None:
    hiring = f"{reverse('farms:hire', args=(desk.farm.pk,))}?saved={first.pk}"
    page = browser.get(hiring)
    assert "close crosses above sma(10)" in page.content.decode()
    form = page.context["form"]
    assert not [name for name in form.fields if name.startswith("p_")]
    given = {"name": "Hired", "instrument": str(desk.instrument.pk), "timeframe": "1h", "sizing": "cash"}
    answer = browser.post(hiring, given | {"cash_share": "50", "risk_share": "1", "leverage": "1"})
    assert answer.status_code == 302
    hired = Agent.objects.get(name="Hired")
    assert hired.version == first
    shown = browser.get(answer["Location"]).content.decode()
    assert f'Follows <a href="/strategies/{first.saved_id}/">Mine, version 1</a>' in shown
    like = browser.get(f"{reverse('farms:hire', args=(desk.farm.pk,))}?like={hired.pk}")
    assert like.context["version"] == first


def test_short_rules_are_offered_where_they_can_be_traded_and_nowhere_else(
    browser: Client, desk: Desk, first: StrategyVersion
) -> None:
    saved = SavedStrategy.objects.create(owner=desk.owner, name="Short", strategy="custom")
    short = StrategyVersion.objects.create(
        owner=desk.owner, saved=saved, number=1, parameters=CUSTOM.validate(RULES | {"direction": "short"}),
        instrument=desk.instrument, timeframe="1h", bars=1000,
    )  # fmt: skip
    hiring = reverse("farms:hire", args=(desk.farm.pk,))
    assert [one.saved.name for one in browser.get(hiring).context["saved"]] == ["Mine", "Short"]
    given = {"name": "Bear", "instrument": str(desk.instrument.pk), "timeframe": "1h", "sizing": "cash"}
    given |= {"cash_share": "50", "risk_share": "1", "leverage": "1"}
    refused = browser.post(f"{hiring}?saved={short.pk}", given)  # on spot
    assert refused.status_code == 422
    assert sentences(refused) == ["TST/USDT is a spot market, which nobody sells short: trade it long."]
    Instrument.objects.filter(prices_of__isnull=False).update(is_active=False)
    assert [one.saved.name for one in browser.get(hiring).context["saved"]] == ["Mine"]
    assert browser.get(f"{hiring}?saved={short.pk}").status_code == 404


def test_an_agent_goes_back_to_an_earlier_version(browser: Client, desk: Desk, first: StrategyVersion) -> None:
    agent = hire(desk, first)
    change(desk, first, agent)
    address = reverse("farms:agent-edit", args=(agent.pk,))
    labels = [str(label) for _, label in browser.get(address).context["form"].fields["version"].choices]
    assert labels[1:] == ["Mine, version 2: Stop: 5 % from the close → 4 % from the close", "Mine, version 1"]
    given = {"name": "Follower", "timeframe": "1h", "sizing": "cash", "cash_share": "50", "risk_share": "1"}
    assert browser.post(address, given | {"version": str(first.pk), "leverage": "1"}).status_code == 302
    agent.refresh_from_db()
    assert agent.version == first


def test_an_agents_own_rules_become_a_strategy(browser: Client, desk: Desk) -> None:
    own = create_agent(
        owner_id=desk.owner.pk, farm_id=desk.farm.pk, name="Own", strategy="custom", instrument_id=desk.instrument.pk,
        timeframe="1h", parameters=RULES,
    )  # fmt: skip
    assert (
        f"/strategies/new/?agent={own.pk}" in browser.get(reverse("farms:agent-edit", args=(own.pk,))).content.decode()
    )
    page = browser.get(f"/strategies/new/?agent={own.pk}")
    assert page.context["form"].params == own.parameters
    assert page.context["form"].shown_on == desk.instrument


def test_programs_hire_move_and_free_agents(browser: Client, desk: Desk, first: StrategyVersion) -> None:
    program = Program(browser, desk.owner)
    body = {
        "farm_id": str(desk.farm.pk), "name": "Programmed", "instrument_id": desk.instrument.pk, "timeframe": "1h",
        "version_id": str(first.pk),
    }  # fmt: skip
    made = program.ask("post", "/agents", body, status=201)
    assert (made["version_id"], made["strategy_slug"], made["parameters"]) == (
        str(first.pk),
        "custom",
        first.parameters,
    )
    changed = program.ask(
        "patch", f"/saved-strategies/{first.saved_id}", {"parameters": OTHER, "agent_ids": [made["id"]], "version": 1}
    )
    assert changed["versions"][0]["agent_ids"] == [made["id"]]
    path = f"/agents/{made['id']}"
    assert program.ask("patch", path, {"name": "Renamed"})["version_id"] == changed["versions"][0]["id"]
    told = program.ask("patch", path, {"parameters": RULES}, status=422)
    assert list(told["fields"]) == ["parameters"]
    assert program.ask("patch", path, {"version_id": str(first.pk)})["parameters"]["stop"] == {"percent": 0.05}
    free = program.ask("patch", path, {"version_id": None, "parameters": OTHER})
    assert (free["version_id"], free["parameters"]["stop"]) == (None, {"percent": 0.04})


# --- what changed, in words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"direction": "short"}, ["Direction: Long → Short"]),
        ({"target": {"atr": 4}}, ["Target: None → 4 × atr(14) from the close"]),
        ({"exit": None}, ["Leave when: close crosses below sma(10) → Never"]),
        ({"entry": {"all": [*ENTRY["all"], {"left": PRICE, "op": "<", "right": 5}]}},
         ["Enter when: now also close < 5"]),
        ({"entry": {"all": [{"left": PRICE, "op": ">", "right": average(20)}]}},
         ["Enter when: no longer close crosses above sma(10), instead close > sma(20)"]),
        ({"entry": {"any": [*ENTRY["all"], {"left": PRICE, "op": "<", "right": 5}]}},
         ["Enter when: close crosses above sma(10) → any of: close crosses above sma(10); close < 5"]),
    ],
)  # fmt: skip
def test_changes_are_said_by_what_came_and_went(change: dict[str, Any], said: list[str]) -> None:
    assert changes(CUSTOM, CUSTOM.validate(RULES), CUSTOM.validate(RULES | change)) == said


def test_changes_of_a_mixture_name_the_member() -> None:
    mixed = strategies.get("mixed")
    before, after = mixed.validate({}), mixed.validate({})
    after["members"][1]["weight"] = 2.0
    (said,) = changes(mixed, before, after)
    assert said == (
        "Strategies that vote: no longer Breakout with weight 1 (direction: Long and short), "
        "instead Breakout with weight 2 (direction: Long and short)"
    )


def test_a_strategy_that_agents_at_work_follow_is_not_archived(desk: Desk, first: StrategyVersion) -> None:
    agents = [hire(desk, first, f"Agent {number}") for number in range(6)]
    owner = {"owner_id": desk.owner.pk}
    named = "follows Mine: Agent 0, Agent 1, Agent 2, Agent 3, Agent 4 and 1 more"
    with pytest.raises(ConflictError, match=named):
        archive_strategy(**owner, strategy_id=first.saved_id)
    for agent in agents:
        archive_agent(**owner, agent_id=agent.pk)
    assert archive_strategy(**owner, strategy_id=first.saved_id).archived_at is not None
    assert hireable_versions(**owner, farm=desk.farm) == []
    with pytest.raises(InvalidInputError, match="Mine is archived: restore it first"):
        hire(desk, first, "Late")
    with pytest.raises(ConflictError, match=r"Restore Mine first: Agent 0 follows it\."):
        restore_agent(**owner, agent_id=agents[0].pk)
    restore_strategy(**owner, strategy_id=first.saved_id)
    assert [one.pk for one in hireable_versions(**owner, farm=desk.farm)] == [first.pk]
    assert restore_agent(**owner, agent_id=agents[0].pk).version == first


def test_no_code_lets_an_agent_at_work_follow_what_is_archived(desk: Desk, first: StrategyVersion) -> None:
    agent, other = hire(desk, first), hire(desk, first, "Another")
    archive_agent(owner_id=desk.owner.pk, agent_id=agent.pk)
    Agent.objects.filter(pk=other.pk).update(version=None)
    SavedStrategy.objects.filter(pk=first.saved_id).update(archived_at=clock.now())
    Agent.objects.filter(pk=agent.pk).update(parameters=agent.parameters)  # it keeps what it followed
    for write in ({"version": first}, {"version": first, "status": Agent.Status.PAUSED}):
        with pytest.raises(IntegrityError, match="No agent at work follows"), transaction.atomic():
            Agent.objects.filter(pk=other.pk).update(**write)
    with pytest.raises(IntegrityError, match="No agent at work follows"), transaction.atomic():
        Agent.objects.filter(pk=agent.pk).update(status=Agent.Status.PAUSED)


def test_who_archives_waits_for_who_begins_to_follow(desk: Desk, first: StrategyVersion) -> None:
    """The row of the strategy is held by both: a hire that is not committed yet makes whoever archives wait."""
    with connection.cursor() as cursor, transaction.atomic():
        hire(desk, first)
        cursor.execute(
            "SELECT count(*) FROM farms_strategy AS saved WHERE id = %s AND xmax::text::bigint <> 0", [first.saved_id]
        )
        assert cursor.fetchone() == (1,)

"""A backtest takes the rules of a saved strategy, and its result says which version they are."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from farms.composing.saving import archive_strategy, change_strategy, save_strategy
from farms.laboratory.asking import Wish, repeat_backtest, request_backtest
from farms.laboratory.readings import backtest_rows, backtests
from farms.models import Backtest, StrategyVersion
from farms.services import update_agent
from kit import tenancy
from kit.errors import InvalidInputError
from kit.users.models import User
from markets.models import Instrument
from tests.farms.composing.conftest import RULES
from tests.farms.composing.test_api import Program
from tests.farms.composing.test_following import change, desk, first, hire, rules
from tests.farms.conftest import Desk

__all__ = ("desk", "first")
NEW = reverse("laboratory:new")


@pytest.fixture
def version(as_owner: User, market: Instrument) -> StrategyVersion:
    return save_strategy(owner_id=as_owner.pk, name="Mine", strategy="custom", rules=rules(market))


def asked(client: Client, version: StrategyVersion, **more: Any) -> Any:
    page = client.get(NEW, {"version": str(version.pk)})
    given = {name: field.initial for name, field in page.context["form"].fields.items()}
    given |= {name: value for name, value in page.context["form"].initial.items() if name in given}
    filled = {name: value for name, value in given.items() if value is not None}
    return client.post(
        f"{NEW}?version={version.pk}", {**filled, "taker_fee": "0.1", "slippage": "0", "size": "100", **more}
    )


def test_the_form_takes_a_version_and_asks_for_none_of_its_rules(client: Client, version: StrategyVersion) -> None:
    owner = version.owner
    client.force_login(owner)
    assert ("Mine, version 1" in client.get(NEW).content.decode()) is True
    page = client.get(NEW, {"version": str(version.pk)})
    assert not [name for name in page.context["form"].fields if name.startswith("p_")]
    assert "close crosses above sma(10)" in page.content.decode()
    answer = asked(client, version)
    assert answer.status_code == 302, answer.context["form"].errors
    with tenancy.tenant(owner.pk):
        made = Backtest.objects.get()
        assert (made.version, made.strategy, made.parameters) == (version, "custom", version.parameters)
    assert "Mine, version 1" in client.get(answer["Location"]).content.decode()
    assert "Mine, version 1" in client.get(reverse("laboratory:list")).content.decode()
    like = client.get(NEW, {"like": str(made.pk)})
    assert like.context["version"] == version


def test_a_program_names_a_version_alone(client: Client, version: StrategyVersion) -> None:
    program = Program(client, version.owner)
    made = program.ask("post", "/backtests", {"version_id": str(version.pk)}, status=202)
    assert (made["version_id"], made["version"]) == (str(version.pk), "Mine, version 1")
    assert (made["strategy"], made["timeframe"], made["instrument_ids"]) == ("custom", "1h", [version.instrument_id])
    told = program.ask("post", "/backtests", {"version_id": str(version.pk), "parameters": {}}, status=422)
    assert told["fields"] == {"version_id": "Send Mine, version 1 alone, or a strategy with parameters."}
    told = program.ask("post", "/backtests", {"version_id": str(version.saved_id)}, status=422)
    assert "Choose a version of a strategy that you saved" in told["fields"]["version_id"]


def test_a_sweep_varies_the_parameters_of_a_version(as_owner: User, client: Client, market: Instrument) -> None:
    of = rules(market, {"ma": "sma", "fast": 5, "slow": 30, "adx_min": 0})
    saved = save_strategy(owner_id=as_owner.pk, name="Averages", strategy="trend_following", rules=of)
    program = Program(client, saved.owner)
    made = program.ask("post", "/sweeps", {"version_id": str(saved.pk), "axes": {"fast": [5, 10, 15]}}, status=202)
    assert (made["strategy"], made["instrument_id"], made["timeframe"]) == ("trend_following", market.pk, "1h")
    assert (made["trials"], made["parameters"]) == (3, saved.parameters)
    both = {"version_id": str(saved.pk), "axes": {"fast": [5, 10]}, "parameters": {"slow": 40}}
    told = program.ask("post", "/sweeps", both, status=422)
    assert told["fields"] == {"version_id": "Send Averages, version 1 alone, or a strategy with parameters."}


def test_a_version_goes_beside_an_agent_that_follows_it_alone(desk: Desk, first: StrategyVersion) -> None:
    owner = {"owner_id": desk.owner.pk}
    agent = hire(desk, first)
    assert request_backtest(**owner, wish=Wish(agent_id=agent.pk, version_id=first.pk)).version == first
    for other, words in ((change(desk, first, agent), "version 2"), (None, "no saved strategy")):
        if other is None:
            update_agent(
                **owner, agent_id=agent.pk, name=agent.name, timeframe="1h", parameters=RULES, version_id=None,
                sizing=agent.sizing, size=agent.size,
            )  # fmt: skip
        with pytest.raises(InvalidInputError, match=words) as refused:
            request_backtest(**owner, wish=Wish(agent_id=agent.pk, version_id=first.pk))
        assert set(refused.value.fields) == {"version_id"}


def test_who_repeats_it_asks_of_the_same_version_and_lists_read_it_along(
    version: StrategyVersion, django_assert_num_queries: Any
) -> None:
    owner = {"owner_id": version.owner_id}
    made = request_backtest(**owner, wish=Wish(version_id=version.pk))
    change_strategy(
        **owner,
        strategy_id=version.saved_id,
        base=1,
        rules=rules(version.instrument, RULES | {"stop": {"percent": 0.1}}),
    )
    again = repeat_backtest(**owner, backtest_id=made.pk)
    assert (again.version, again.parameters) == (version, version.parameters)
    archive_strategy(**owner, strategy_id=version.saved_id)
    assert repeat_backtest(**owner, backtest_id=made.pk).version == version  # exactly the same, whatever came since
    with django_assert_num_queries(3):
        assert {row.version for row in backtest_rows(list(backtests(**owner)))} == {"Mine, version 1"}


def test_a_backtest_of_an_agents_rules_names_the_version_it_follows_as_long_as_they_are_that(
    desk: Desk, first: StrategyVersion
) -> None:
    owner = {"owner_id": desk.owner.pk}
    agent = hire(desk, first)
    assert request_backtest(**owner, wish=Wish(agent_id=agent.pk)).version == first
    other = Wish(agent_id=agent.pk, parameters=RULES | {"stop": {"percent": 0.2}})
    assert request_backtest(**owner, wish=other).version is None
    second = change(desk, first, agent)
    assert request_backtest(**owner, wish=Wish(agent_id=agent.pk)).version == second
    update_agent(
        **owner, agent_id=agent.pk, name=agent.name, timeframe="1h", parameters=second.parameters, version_id=None,
        sizing=agent.sizing, size=agent.size,
    )  # fmt: skip
    assert request_backtest(**owner, wish=Wish(agent_id=agent.pk)).version is None

"""The demo trader asks for a sweep that has something to show, and for none where there is too little history."""

import pytest

from farms.laboratory import running
from farms.laboratory.sweep_readings import FoundSweep
from farms.models import Agent, Sweep
from kit import tenancy
from kit.users.models import User
from moniqo.demo import cast, tried
from quant import strategies
from tests.farms.conftest import make_desk, make_instrument
from tests.farms.laboratory.conftest import hours, store

ROLE = next(agent for farm in cast.FARMS for agent in farm.agents if agent.timeframe == "1h" and not agent.leverage)


def hired(owner: User, bars: int) -> Agent:
    """The agent of a desk with the rules of one of the demo's, on a market with so many candles."""
    store(make_instrument(), hours(bars=bars))
    agent = make_desk(owner).agent
    agent.strategy, agent.parameters = ROLE.strategy, strategies.get(ROLE.strategy).validate(ROLE.parameters)
    agent.sizing, agent.size = ROLE.sizing, ROLE.size
    agent.save(update_fields=("strategy", "parameters", "sizing", "size"))
    return agent


@pytest.mark.usefixtures("live_db")
def test_it_sweeps_the_averages_of_an_agent_and_there_is_a_map_of_it(owner: User) -> None:
    with tenancy.tenant(owner.pk):
        agent = hired(owner, 1_500)
        tried.ask(owner_id=owner.pk)
        sweep = Sweep.objects.get()
        assert (sweep.agent, [name for name, _ in sweep.axes]) == (agent, ["fast", "slow"])
        assert agent.parameters["fast"] in dict(sweep.axes)["fast"]
    while running.take_part():
        pass
    with tenancy.tenant(owner.pk):
        found = FoundSweep(owner_id=owner.pk, sweep_id=sweep.pk)
        assert found.result is not None, found.sweep.error
        assert 40 < found.result.trials <= 81
        assert len(found.plateau_rows()) > 1


@pytest.mark.parametrize("bars", [0, 400])
def test_a_short_history_has_no_sweep(as_owner: User, bars: int) -> None:
    if bars:
        hired(as_owner, bars)
    assert tried.ask(owner_id=as_owner.pk) == 0
    assert not Sweep.objects.exists()

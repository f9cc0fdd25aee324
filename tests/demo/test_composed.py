"""The demo trader's own rules become a saved strategy where its history is long enough to check them on."""

from farms.models import Agent, Farm, SavedStrategy
from farms.services import create_agent
from kit.users.models import User
from markets.models import Instrument
from moniqo.demo import cast, composed
from tests.farms.conftest import make_desk, make_instrument
from tests.farms.laboratory.conftest import hours, store

ROLE = next(agent for farm in cast.FARMS for agent in farm.agents if agent.strategy == composed.COMPOSED)


def hired(owner: User, *, bars: int) -> Agent:
    """An agent with the demo's rules, on a market with so many candles."""
    instrument: Instrument = make_instrument()
    store(instrument, hours(bars=bars))
    desk = make_desk(owner)
    Farm.objects.update(status=Farm.Status.RUNNING)
    return create_agent(
        owner_id=owner.pk, farm_id=desk.farm.pk, name="Own", strategy=composed.COMPOSED, instrument_id=instrument.pk,
        timeframe="1h", parameters=ROLE.parameters,
    )  # fmt: skip


def test_the_agent_follows_what_it_was(as_owner: User) -> None:
    agent = hired(as_owner, bars=1_100)
    before = agent.parameters
    for _ in range(2):
        composed.save(owner_id=as_owner.pk)
        agent.refresh_from_db()
        assert agent.version is not None
        assert (str(agent.version), agent.parameters) == ("Strength in a trend, version 1", before)


def test_a_short_history_leaves_it_its_own(as_owner: User) -> None:
    agent = hired(as_owner, bars=400)
    composed.save(owner_id=as_owner.pk)
    agent.refresh_from_db()
    assert agent.version is None
    assert not SavedStrategy.objects.exists()

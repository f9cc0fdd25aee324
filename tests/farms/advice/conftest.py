"""A simulated model and an endpoint that leads to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from farms.advice import endpoints
from farms.advice.asking import answer, request_advice
from farms.advice.client import Endpoint
from farms.advice.facts import find
from farms.advice.wanting import set_advice, set_level
from farms.models import AdviceCall, AdviceEndpoint, AdviceLevel, AdviceProposal, Agent, Farm
from kit import clock, tenancy
from kit.sealing import Secret
from kit.users.models import User
from tests.conftest import as_operators
from tests.farms.advice.simulator import Script, proposal, simulated_model
from tests.farms.conftest import HOUR, Desk, desk, make_desk, store_hours

__all__ = ["desk"]

KEY = "sk-of-a-test"


@pytest.fixture(scope="session")
def _model() -> Iterator[tuple[str, Script]]:
    with simulated_model() as found:
        yield found


@pytest.fixture
def address(_model: tuple[str, Script]) -> str:
    return _model[0]


@pytest.fixture
def model(_model: tuple[str, Script]) -> Script:
    """What the model will say, anew."""
    script = _model[1]
    script.__dict__.update(Script().__dict__)
    return script


@pytest.fixture
def wire(address: str) -> Endpoint:
    return Endpoint(address, "a-model", Secret(KEY), seconds=0.3)


def make_endpoint(address: str, name: str = "Simulated") -> AdviceEndpoint:
    """As an operator makes one."""
    endpoint = AdviceEndpoint(
        name=name, base_url=address, model="a-model", price_in=Decimal(1), price_out=Decimal(2), most_tokens=500
    )
    endpoints.seal_key(endpoint, KEY)
    with as_operators():
        endpoint.save()
    return endpoint


@dataclass
class Board:
    """A running farm with an agent on paper, advice turned on, and the model that will be asked."""

    desk: Desk
    endpoint: AdviceEndpoint
    model: Script

    @property
    def owner_id(self) -> UUID:
        return self.desk.owner.pk

    @property
    def agent(self) -> Agent:
        return self.desk.agent

    def level(self, level: str, **also: Any) -> AdviceLevel:
        return set_level(
            owner_id=self.owner_id, agent_id=self.agent.pk, level=level, **{"every": 0, "daily_orders": 2, **also}
        )

    def budgets(self, **budgets: Any) -> None:
        set_advice(owner_id=self.owner_id, is_on=True, endpoint_id=self.endpoint.pk, budgets=budgets)

    def request(self, **about: Any) -> AdviceCall:
        about = about or {"agent_id": self.agent.pk}
        return request_advice(owner_id=self.owner_id, about=find(owner_id=self.owner_id, **about))

    def taken(self, call: AdviceCall) -> AdviceCall:
        """As `take` does, which is the system's and sees what is committed."""
        until = clock.now() + timedelta(minutes=5)
        AdviceCall.objects.filter(pk=call.pk).update(status="asking", claimed_until=until)
        call.refresh_from_db()
        return call

    def ask(self, *answers: str, **about: Any) -> AdviceCall:
        """Ask once; the model answers so."""
        self.model.answers = list(answers) or self.model.answers
        return answer(self.taken(self.request(**about)))

    def propose(self, **changed: Any) -> AdviceProposal:
        """What becomes of a valid answer, some of it changed."""
        call = self.ask(proposal(**changed))
        assert call.status == "proposal", str(call.cause)
        return call.proposal


@pytest.fixture
def board(desk: Desk, address: str, model: Script) -> Iterator[Board]:
    """Sixty bars, the last of which closed now at 100, with a price of the present."""
    desk.candles([100 + (bar % 5) - 2.0 for bar in range(59)] + [100.0])
    endpoint = make_endpoint(address)
    Farm.objects.update(status="rehearsing")
    with clock.at(desk.now):
        set_advice(owner_id=desk.owner.pk, is_on=True, endpoint_id=endpoint.pk, budgets={})
        yield Board(desk, endpoint, model)


@pytest.fixture
def stage(live_db: str, owner: User, operator: User, address: str, model: Script) -> Iterator[Board]:
    """The same where commits are real, in the present, asked about at every other candle."""
    with tenancy.tenant(owner.pk):
        desk: Desk = make_desk(owner)
        desk.bars = -60
        now = clock.now().replace(minute=0, second=0, microsecond=0)
    with tenancy.tenant(owner.pk):
        store_hours(desk.instrument, now - 60 * HOUR, [100.0] * 60)
        Farm.objects.update(status="running")
    endpoint = make_endpoint(address)
    with tenancy.tenant(owner.pk):
        set_advice(owner_id=owner.pk, is_on=True, endpoint_id=endpoint.pk, budgets={})
        set_level(owner_id=owner.pk, agent_id=desk.agent.pk, level="comment", every=2, daily_orders=1)
    yield Board(desk, endpoint, model)
    connections.close_all()

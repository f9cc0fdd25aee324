"""A simulated model and an endpoint that leads to it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from farms.advice import endpoints
from farms.advice.client import Endpoint
from farms.models import AdviceEndpoint
from kit.sealing import Secret
from tests.conftest import as_operators
from tests.farms.advice.simulator import Script, simulated_model

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

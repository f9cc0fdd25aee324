"""Owners with funded, running agents in farms, for benchmarks that let them act."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from farms.models import Farm
from farms.services import create_agent, create_farm, rehearse_farm, start_agent
from markets.models import Instrument
from trading.services import set_limits
from wallets.models import Wallet
from wallets.services import allocate, create_wallet, deposit
from wallets.venues.accounts import create_demo_connection

FARMS: Final = 4
EACH: Final = Decimal(1_000)


def hire(
    owner: UUID,
    agents: int,
    instruments: Sequence[Instrument],
    *,
    strategy: str,
    parameters: Mapping[str, Any],
    timeframe: str,
) -> list[UUID]:
    """Agents on a demo account of their own, spread over farms and instruments; their farms are rehearsing."""
    account = create_demo_connection(owner_id=owner)
    set_limits(on=account, allowed_symbols=[one.symbol for one in instruments], maximum_notional=EACH)
    master = create_wallet(owner_id=owner, name="Master", role=Wallet.Role.MASTER, connection=account)
    deposit(owner_id=owner, wallet_id=master.pk, amount=EACH * agents, asset="USDT", key="bench")
    farms = [_farm(owner, master, number) for number in range(FARMS)]
    hired = []
    for number in range(agents):
        farm = farms[number % FARMS]
        agent = create_agent(
            owner_id=owner,
            farm_id=farm.pk,
            name=f"Agent {number}",
            strategy=strategy,
            instrument_id=instruments[number % len(instruments)].pk,
            timeframe=timeframe,
            parameters=parameters,
        )
        _give(owner, master, farm.wallet)
        _give(owner, farm.wallet, agent.wallet)
        hired.append(start_agent(owner_id=owner, agent_id=agent.pk).pk)
    return hired


def _farm(owner: UUID, master: Wallet, number: int) -> Farm:
    farm = create_farm(
        owner_id=owner, master_id=master.pk, name=f"Farm {number}", kind=Farm.Kind.CUSTOM, maximum_share=Decimal(1)
    )
    return rehearse_farm(owner_id=owner, farm_id=farm.pk)


def _give(owner: UUID, source: Wallet, target: Wallet) -> None:
    allocate(owner_id=owner, source_id=source.pk, target_id=target.pk, asset="USDT", amount=EACH, key=str(uuid4()))

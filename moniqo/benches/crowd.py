"""An owner with very many wallets: one master, farms, and agents that hold money and positions. Written in bulk."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from farms.models import Agent, AgentFarmAssignment, Farm
from kit import clock
from markets.models import Instrument
from markets.services import NewQuote, ensure_instrument, record_quotes
from quant import strategies
from trading.models import Position
from wallets.ledger import AccountRef, Leg, Request, post_many
from wallets.models import Account, Wallet
from wallets.services import create_wallet, deposit
from wallets.venues.accounts import create_demo_connection

EACH: Final = Decimal(1_000)
# Every so manyth agent has half of its money in the instrument.
HOLDS: Final = 1
PRICE: Final = Decimal(50_000)
LOT: Final = Decimal("0.01")
STRATEGY: Final = "trend_following"


@dataclass(frozen=True, slots=True)
class Crowd:
    master: Wallet
    farms: list[Farm]
    agents: list[Agent]
    instrument: Instrument


def gather(owner: UUID, *, farms: int, agents: int, name: str = "Fund", symbol: str = "BTC/USDT") -> Crowd:
    """A master with `farms` farms of `agents` agents together; call it in the owner's tenant."""
    instrument = _market(symbol)
    account = create_demo_connection(owner_id=owner)
    master = create_wallet(owner_id=owner, name=name, role=Wallet.Role.MASTER, connection=account)
    deposit(owner_id=owner, wallet_id=master.pk, amount=EACH * (agents + 1), asset="USDT", key=f"crowd {uuid4()}")
    of_farms = [_wallet(master, f"{name} {number:02}", Wallet.Role.FARM, 1 / Decimal(farms)) for number in range(farms)]
    of_agents = [
        _wallet(of_farms[number % farms], f"Agent {number:03}", Wallet.Role.AGENT, farms / Decimal(agents))
        for number in range(agents)
    ]
    Wallet.objects.bulk_create([*of_farms, *of_agents])
    made = Farm.objects.bulk_create(
        Farm(owner_id=owner, name=wallet.name, wallet=wallet, status=Farm.Status.RUNNING) for wallet in of_farms
    )
    parameters = strategies.get(STRATEGY).validate({})
    hired = Agent.objects.bulk_create(
        Agent(
            owner_id=owner, farm=made[number % farms], name=wallet.name, wallet=wallet, strategy=STRATEGY,
            parameters=parameters, instrument=instrument, status=Agent.Status.RUNNING,
        )
        for number, wallet in enumerate(of_agents)
    )  # fmt: skip
    AgentFarmAssignment.objects.bulk_create(
        AgentFarmAssignment(owner_id=owner, agent=agent, farm=agent.farm, started_at=clock.now()) for agent in hired
    )
    _fund(owner, master, of_agents)
    _invest(owner, of_agents[::HOLDS], instrument)
    return Crowd(master, made, hired, instrument)


def _market(symbol: str) -> Instrument:
    instrument, _ = ensure_instrument(
        venue="simulated", symbol=symbol, tick_size=Decimal("0.01"), lot_size=Decimal("0.0001"),
        minimum_notional=Decimal(5), is_simulated=True,
    )  # fmt: skip
    record_quotes([NewQuote(instrument.pk, PRICE, PRICE, PRICE, "simulated", clock.now())])
    return instrument


def _wallet(parent: Wallet, name: str, role: str, weight: Decimal) -> Wallet:
    return Wallet(
        owner_id=parent.owner_id, name=name, role=role, parent=parent, connection=parent.connection,
        base_asset=parent.base_asset, target_weight=weight.quantize(Decimal("0.0001")),
    )  # fmt: skip


def _fund(owner: UUID, master: Wallet, agents: list[Wallet]) -> None:
    def given(wallet: Wallet) -> Request:
        legs = (Leg(AccountRef(master.pk, "USDT"), AccountRef(wallet.pk, "USDT"), EACH),)
        return Request(f"fund {wallet.pk}", "allocate", legs)

    post_many(owner_id=owner, requests=map(given, agents))


def _invest(owner: UUID, agents: list[Wallet], instrument: Instrument) -> None:
    """As a purchase books it, and the position that it opens."""
    clearing = Account.Kind.CLEARING.value

    def bought(wallet: Wallet) -> Request:
        paid = Leg(AccountRef(wallet.pk, "USDT"), AccountRef(wallet.pk, "USDT", clearing), LOT * PRICE)
        got = Leg(AccountRef(wallet.pk, "BTC", clearing), AccountRef(wallet.pk, "BTC"), LOT)
        return Request(f"buy {wallet.pk}", "trade", (paid, got))

    post_many(owner_id=owner, requests=map(bought, agents))
    Position.objects.bulk_create(
        Position(
            owner_id=owner, wallet=wallet, instrument=instrument, direction="long", quantity=LOT, entry_quantity=LOT,
            entry_price=PRICE, opened_at=clock.now(),
        )
        for wallet in agents
    )  # fmt: skip

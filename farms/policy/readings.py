"""The policy of a farm as its page and programs read it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from farms.engine.policy import Schedule, schedule_of
from farms.models import Agent, Farm
from farms.policy.services import Policy, percent
from kit import clock
from kit.errors import NotFoundError
from trading.risk.correlated import Correlated
from trading.risk.open_below import Place, books_of
from trading.selectors import wallet_limits


@dataclass(frozen=True, slots=True)
class Member:
    """An agent and the share of the farm's money that it should have."""

    id: UUID
    name: str
    symbol: str
    weight: Decimal | None


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """`opens_next` is None while entries may be made; `choices` are the markets that a form offers. `correlated` is
    what its open positions come to by how they move together, as a share of what it is worth."""

    farm: Farm
    policy: Policy
    members: tuple[Member, ...]
    schedule: Schedule
    opens_next: datetime | None
    choices: tuple[str, ...]
    correlated: Correlated

    @property
    def says(self) -> list[tuple[str, str]]:
        """What it says beyond the one cap of all markets and the weights, in words."""
        policy, said = self.policy, []
        if policy.caps:
            said.append(("Caps", ", ".join(f"{symbol} {percent(cap)}" for symbol, cap in policy.caps.items())))
        if policy.allowed_symbols:
            said.append(("Markets", ", ".join(policy.allowed_symbols)))
        if not self.schedule.is_always:
            said.append(("Schedule", self.schedule.words))
        if policy.nets:
            said.append(("Netting", "opposite orders at one bar are crossed inside the farm"))
        return said

    @property
    def weighed(self) -> Decimal:
        """What the weights come to together."""
        return sum((member.weight for member in self.members if member.weight is not None), Decimal(0))


def policy_row(*, owner_id: UUID, farm_id: UUID) -> PolicyRow:
    """The farm's policy, or NotFoundError."""
    farm = Farm.objects.select_related("wallet__connection").filter(owner_id=owner_id, pk=farm_id).first()
    if farm is None:
        raise NotFoundError("This farm does not exist.")
    names = ("pk", "name", "instrument__symbol", "wallet__target_weight")
    members = tuple(Member(*row) for row in farm.agents.exclude(status=Agent.Status.ARCHIVED).values_list(*names))
    limits = wallet_limits(owner_id=owner_id, wallet_id=farm.wallet_id)
    traded = {member.symbol for member in members}
    named = {*farm.caps, *farm.allowed_symbols, *(limits.allowed_symbols or limits.choices)}
    schedule = schedule_of(farm)
    place = Place(farm.wallet_id, farm.wallet.connection.venue, farm.wallet.base_asset)
    return PolicyRow(
        farm=farm,
        policy=Policy(
            maximum_share=farm.maximum_share,
            caps={symbol: Decimal(cap) for symbol, cap in farm.caps.items()},
            allowed_symbols=tuple(farm.allowed_symbols),
            trading_days=tuple(farm.trading_days),
            opens_at=farm.opens_at,
            closes_at=farm.closes_at,
            nets=farm.nets,
            maximum_correlated=limits.own.maximum_correlated,
            weights={member.id: member.weight for member in members},
        ),
        members=members,
        schedule=schedule,
        opens_next=schedule.next_opening(clock.now()),
        choices=tuple(sorted(traded | named)),
        correlated=books_of([place])[place].figure(),
    )

"""New farms and agents: each with a wallet of its own in the hierarchy, checked before anything is written."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from farms.engine.standing import lock_farm
from farms.kinds import preset, require_allowed, require_known, require_market
from farms.models import Agent, AgentFarmAssignment, Farm, FarmEvent, StrategyVersion
from farms.services.diary import record
from kit import clock
from kit.errors import ConflictError, InvalidInputError
from markets.models import Instrument, Timeframe
from quant import strategies
from quant.errors import QuantError
from wallets.models import Connection, Wallet
from wallets.services import create_wallet

# What an entry takes of the cash where nobody says more: half of it spent, or one percent of it at risk.
DEFAULT_SIZE: Final = {Agent.Sizing.CASH: Decimal("0.5"), Agent.Sizing.RISK: Decimal("0.01")}


def create_farm(
    *,
    owner_id: UUID,
    master_id: UUID,
    name: str,
    kind: str = Farm.Kind.TREND_FOLLOWING,
    maximum_share: Decimal = Decimal("0.6"),
    target_weight: Decimal | None = None,
) -> Farm:
    """A paused farm with a wallet of its own under the master wallet.

    `maximum_share` (fraction) is the most of the farm's value that its agents may hold in one instrument together,
    `target_weight` the fraction of the master's value the farm should have.
    """
    name = named(name, taken=Farm.objects.filter(owner_id=owner_id))
    require_known(kind)
    maximum_share = fraction(maximum_share, "maximum_share")
    master = _parent(master_id, Wallet.Role.MASTER, "master_id")
    wallet = create_wallet(
        owner_id=owner_id, name=name, role=Wallet.Role.FARM, parent=master, target_weight=target_weight
    )
    farm = Farm.objects.create(owner_id=owner_id, name=name, kind=kind, wallet=wallet, maximum_share=maximum_share)
    record(farm, FarmEvent.Kind.CREATED)
    return farm


def create_agent(
    *,
    owner_id: UUID,
    farm_id: UUID,
    name: str,
    strategy: str = "",
    instrument_id: int,
    timeframe: str,
    parameters: Mapping[str, Any] | None = None,
    version_id: UUID | None = None,
    sizing: str = Agent.Sizing.CASH,
    size: Decimal | None = None,
    leverage: Decimal = Decimal(1),
    target_weight: Decimal | None = None,
) -> Agent:
    """A paused agent with a wallet under the farm's, assigned to the farm from now on.

    Its rules are those of a saved version, or of a `strategy` (slug) with `parameters` of its own; where none is named
    it is the one of the farm's kind, which says what its agents may follow.
    `size` is by default half of the cash for "cash", one percent of it for "risk". The instrument says what kind is
    traded: a perpetual is sold short as well, and with `leverage` an entry is worth that many times its margin.

    Raises InvalidInputError naming the field: a strategy of another kind, a parameter outside its schema, an instrument
    that the farm's connection does not trade or its policy does not allow, an unknown timeframe, a size that is no
    fraction.
    """
    farm = lock_farm(owner_id=owner_id, farm_id=farm_id)
    if farm.status == Farm.Status.ARCHIVED:
        raise ConflictError(f"{farm.name} is archived: restore it first.")
    name = named(name, taken=farm.agents.all())
    instrument = _tradable(instrument_id, farm.wallet.connection)
    version = None if version_id is None else version_of(version_id)
    if version is not None:
        strategy, parameters = _rules_of(version, strategy, parameters)
    strategy = strategy or preset(farm)
    checked = checked_parameters(strategy, parameters or {}, instrument)
    require_allowed(farm, strategy, field="strategy" if version is None else "version_id")
    require_market(farm, instrument.symbol, field="instrument_id")
    if timeframe not in Timeframe.values:
        raise invalid("timeframe", f"Choose one of {', '.join(Timeframe.values)}.")
    if sizing not in Agent.Sizing.values:
        raise invalid("sizing", f"Choose one of {', '.join(Agent.Sizing.values)}.")
    size = fraction(DEFAULT_SIZE[Agent.Sizing(sizing)] if size is None else size, "size")
    require_a_stop(sizing, checked)
    require_leverage(leverage, instrument)
    wallet = create_wallet(
        owner_id=owner_id, name=name, role=Wallet.Role.AGENT, parent=farm.wallet, target_weight=target_weight
    )
    agent = Agent.objects.create(
        owner_id=owner_id,
        farm=farm,
        name=name,
        wallet=wallet,
        strategy=strategy,
        parameters=checked,
        version=version,
        instrument=instrument,
        timeframe=timeframe,
        sizing=sizing,
        size=size,
        leverage=leverage,
    )
    AgentFarmAssignment.objects.create(owner_id=owner_id, agent=agent, farm=farm, started_at=clock.now())
    record(farm, FarmEvent.Kind.CREATED, agent=agent)
    return agent


def version_of(version_id: UUID) -> StrategyVersion:
    """The saved rules, or InvalidInputError where the owner has no such, or has put them away."""
    version = StrategyVersion.objects.select_related("saved").filter(pk=version_id).first()
    if version is None:
        raise invalid("version_id", "Choose a version of a strategy that you saved: see GET /saved-strategies.")
    if version.saved.archived_at is not None:
        raise invalid("version_id", f"{version.saved.name} is archived: restore it first.")
    return version


def _rules_of(
    version: StrategyVersion, strategy: str, parameters: Mapping[str, Any] | None
) -> tuple[str, Mapping[str, Any]]:
    """The strategy and the parameters of the version; whoever names others beside it wants two things at once."""
    if parameters or strategy not in ("", version.saved.strategy):
        raise invalid("version_id", f"Send {version} alone, or a strategy with parameters of the agent's own.")
    return version.saved.strategy, version.parameters


def checked_parameters(slug: str, parameters: Mapping[str, Any], instrument: Instrument) -> dict[str, Any]:
    """All parameters of the strategy, or InvalidInputError naming `parameters`, which spot lets only buy."""
    try:
        checked = strategies.get(slug).validate(parameters)
    except QuantError as error:
        raise invalid("parameters", str(error)) from error
    if instrument.kind == Instrument.Kind.SPOT and checked.get("direction", "long") != "long":
        raise invalid("parameters", f"{instrument.symbol} is a spot market, which nobody sells short: trade it long.")
    return checked


def require_a_stop(sizing: str, parameters: Mapping[str, Any]) -> None:
    """Raises InvalidInputError where entries are to be sized by what is lost at a stop that the rules never set."""
    if sizing == Agent.Sizing.RISK and parameters.get("stop", "a stop") is None:
        raise invalid("sizing", "Give the rules a stop, or size by cash: without a stop nothing says what is at risk.")


def require_leverage(leverage: Decimal, instrument: Instrument) -> None:
    """Raises InvalidInputError for a leverage that the instrument does not have."""
    most = (instrument.max_leverage or Decimal(1)) if instrument.is_perpetual else Decimal(1)
    if not (leverage.is_finite() and 1 <= leverage <= most):
        least = "is traded without leverage: give 1" if most == 1 else f"has a leverage from 1 to {most.normalize():f}"
        raise invalid("leverage", f"{instrument.symbol} {least}.")


def _tradable(instrument_id: int, account: Connection) -> Instrument:
    instrument = Instrument.objects.filter(pk=instrument_id, venue=account.venue).first()
    if instrument is None:
        raise invalid("instrument_id", f"Choose an instrument that {account.name} trades: the farm works there.")
    if not instrument.is_active:
        raise invalid("instrument_id", f"{instrument.symbol} is no longer traded: choose another market.")
    return instrument


def _parent(wallet_id: UUID, role: Wallet.Role, field: str) -> Wallet:
    wallet = Wallet.objects.select_related("connection").filter(pk=wallet_id, role=role).first()
    if wallet is None:
        raise invalid(field, f"Choose a {role} wallet of yours.")
    return wallet


def named(name: str, *, taken: QuerySet[Any]) -> str:
    """The name without needless spaces, or InvalidInputError when it is empty, too long or among the `taken`.

    Names that differ in capitals only are the same to who reads them.
    """
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise invalid("name", "Give a name of 1 to 80 characters.")
    if taken.filter(name__iexact=name).exists():
        raise invalid("name", "Choose another name: this one is taken.")
    return name


def fraction(value: Decimal, field: str) -> Decimal:
    """The value, or InvalidInputError when it is not above 0 and at most 1."""
    try:
        share = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        share = Decimal(0)
    if not (share.is_finite() and 0 < share <= 1):
        raise invalid(field, "Give a fraction above 0 and up to 1, such as 0.5 for half.")
    return share


def invalid(field: str, sentence: str) -> InvalidInputError:
    """The error that shows the sentence at the field."""
    return InvalidInputError(sentence, fields={field: sentence})

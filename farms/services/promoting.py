"""Promoting an agent from paper to a real account: a copy is hired there, and the one on paper goes on.

The copy has the same rules, market, candles and size, is paused and has no money until somebody funds it; whatever the
real account asks before it trades, it asks of the copy as of any other agent. A verdict in favour of these rules on
this market, no older than `VALID`, has to be there, of a backtest that was no kinder than the account is: fee,
slippage, fill, size and the time it ends. Of these the newest counts, because whoever chose among verdicts would choose
the kindest. Without it the owner may type that they do it nevertheless, and why; that is kept.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from farms.kinds import may_have, require_allowed, require_market
from farms.models import Agent, Backtest, Farm, Promotion, Verdict
from farms.services.changing import require_changeable, require_unarchived
from farms.services.hiring import create_agent, invalid
from kit import clock
from kit.audit.services import Area
from kit.audit.services import record as audit
from kit.errors import ConflictError, NotFoundError
from kit.formatting import percent
from kit.limits import KEY_LENGTH
from markets.models import Instrument
from trading.risk.fees import taker_fee
from wallets.ledger import IdempotencyConflictError
from wallets.models import Connection

VALID: Final = timedelta(days=30)
REASON_LENGTH: Final = 500
# What the laboratory begins with, and the least that a verdict was reached with.
SLIPPAGE: Final = Decimal("0.0005")


class NoVerdictError(ConflictError):
    """Nothing of the last days speaks for the agent. Test it, or type the override with its reason."""

    code = "no_verdict"


@dataclass(frozen=True, slots=True)
class Override:
    """What the owner types to do without a verdict in favour, and why."""

    words: str = ""
    reason: str = ""


def override_words(agent: Agent) -> str:
    """What has to be typed, to the letter."""
    return f"Promote {agent.name} without a verdict in its favour"


def newest_verdict(agent: Agent) -> Verdict | None:
    """Of a backtest with the rules, the market and the candles that the agent has now: the newest of those that were no
    kinder than its account, or else the newest of all."""
    found = Verdict.objects.select_related("backtest").filter(
        owner_id=agent.owner_id,
        backtest__strategy=agent.strategy,
        backtest__parameters=agent.parameters,
        backtest__instruments=[agent.instrument_id],
        backtest__timeframe=agent.timeframe,
    )
    newest = None
    for verdict in found.order_by("-created_at", "-pk").iterator():
        if not _kinder(agent, verdict.backtest):
            return verdict
        newest = newest or verdict
    return newest


def why_not(agent: Agent, verdict: Verdict | None) -> str:
    """Why the verdict is not enough; empty where it is."""
    market = f"{agent.instrument.symbol} {agent.timeframe}"
    if verdict is None:
        return f"No backtest of these rules on {market} was judged: test {agent.name} first."
    if verdict.created_at < clock.now() - VALID:
        return f"The last verdict on these rules is older than {VALID.days} days: test {agent.name} again."
    if not verdict.is_significant:
        return f"The last verdict on these rules on {market} is not in their favour."
    if kinder := _kinder(agent, verdict.backtest):
        return f"The last verdict on these rules on {market} does not count: {kinder} Test {agent.name} again."
    return ""


def sized_as(agent: Agent) -> tuple[str, Decimal]:
    """How a backtest sizes as the agent does: of its equity, no more than all of it."""
    if agent.sizing == Agent.Sizing.RISK:
        return "risk", agent.size
    return "fraction", min(agent.size * agent.leverage, Decimal(1))


def _kinder(agent: Agent, backtest: Backtest) -> str:
    """What the backtest assumed that is kinder than, or other than, what the agent meets; empty where it is neither."""
    assumed = backtest.assumptions
    fee, slippage, leverage = (Decimal(str(assumed[name])) for name in ("taker_fee", "slippage", "leverage"))
    sizing, _, size = assumed["size"].partition(":")
    due = taker_fee(agent.wallet)
    if fee < due:
        return f"its fee was {percent(fee, 3)}, and the account takes {percent(due, 3)}."
    if slippage < SLIPPAGE:
        return f"its slippage was {percent(slippage, 3)}, less than {percent(SLIPPAGE, 3)}."
    if assumed["fill"] != "next_open":
        return "its orders did not fill at the next candle's open."
    if agent.sizing == Agent.Sizing.CASH and agent.size * agent.leverage > 1:
        return f"{agent.name} enters with more than its equity, and no backtest does."
    if (sizing, Decimal(size), leverage) != (*sized_as(agent), agent.leverage):
        return f"its entries were not sized as those of {agent.name}."
    if backtest.until < clock.now() - VALID:
        return f"its candles ended more than {VALID.days} days ago."
    return ""


def promotable(agent: Agent) -> list[Farm]:
    """The farms at real accounts where it may work, by name."""
    farms = Farm.objects.select_related("wallet__connection").filter(
        owner_id=agent.owner_id,
        wallet__role="farm",
        wallet__connection__is_paper=False,
        wallet__connection__state=Connection.State.ACTIVE,
    )
    return [farm for farm in farms.exclude(status=Farm.Status.ARCHIVED).order_by("name") if may_have(farm, agent)]


def promote_agent(
    *, owner_id: UUID, agent_id: UUID, farm_id: UUID, key: str, name: str = "", override: Override | None = None
) -> Agent:
    """Hire a paused copy without money in a farm at a real account; the same `key` again returns the first copy.

    Raises NotFoundError; ConflictError for an agent that is archived or at a real account already, and for a farm that
    is archived or of another kind; NoVerdictError where neither a verdict nor the owner's override is given;
    InvalidInputError naming the field for a farm on paper, a market that is not traded there, a name that is used, or
    an override that is not typed as it is written or says no reason; IdempotencyConflictError.
    """
    if not 0 < len(key) <= KEY_LENGTH:
        raise invalid("key", f"A key has 1 to {KEY_LENGTH} characters.")
    with transaction.atomic():
        _take_turns(owner_id)
        original = _original(owner_id, agent_id)
        if (before := _promoted_before(owner_id, key)) is not None:
            if (before.promoted_from_id, before.agent.farm_id) != (agent_id, farm_id):
                raise IdempotencyConflictError("This key has promoted another agent, or it elsewhere: use a new key.")
            return before.agent
        farm = _farm(original, farm_id)
        verdict = newest_verdict(original)
        reason = _reason(original, override) if (lacks := why_not(original, verdict)) else ""
        if lacks and not reason:
            raise NoVerdictError(f"{lacks} To do it nevertheless, type: {override_words(original)}")
        copy = create_agent(
            owner_id=owner_id,
            farm_id=farm.pk,
            name=name or original.name,
            strategy=original.strategy,
            parameters=None if original.version_id else original.parameters,
            version_id=original.version_id,
            instrument_id=_market_there(original, farm).pk,
            timeframe=original.timeframe,
            sizing=original.sizing,
            size=original.size,
            leverage=original.leverage,
        )
        Promotion.objects.create(
            owner_id=owner_id, agent=copy, promoted_from=original, verdict=verdict, reason=reason, key=key
        )
        audit(
            Area.TRADING,
            "Agent promoted",
            owner_id=owner_id,
            subject=copy.name,
            after={"from": original.name, "farm": farm.name, "overrides": lacks, "reason": reason},
        )
    return copy


def _take_turns(owner_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"promotions:{owner_id}"])


def _promoted_before(owner_id: UUID, key: str) -> Promotion | None:
    return Promotion.objects.select_related("agent__farm").filter(owner_id=owner_id, key=key).first()


def _original(owner_id: UUID, agent_id: UUID) -> Agent:
    rows = Agent.objects.select_related("farm", "instrument", "wallet__connection")
    agent = rows.filter(owner_id=owner_id, pk=agent_id).first()
    if agent is None:
        raise NotFoundError("This agent does not exist.")
    require_unarchived(agent)
    if not agent.wallet.connection.is_paper:
        raise ConflictError(f"{agent.name} is at a real account already: hire one like it instead.")
    return agent


def _farm(agent: Agent, farm_id: UUID) -> Farm:
    farm = Farm.objects.select_related("wallet__connection").filter(owner_id=agent.owner_id, pk=farm_id).first()
    if farm is None:
        raise NotFoundError("This farm does not exist.")
    if farm.wallet.connection.is_paper or farm.is_pool:
        raise invalid("farm_id", f"{farm.name} is no farm at a real account: choose one that is.")
    if farm.wallet.connection.state == Connection.State.ARCHIVED:
        raise ConflictError(f"{farm.wallet.connection.name} is archived: restore it first.")
    require_allowed(require_changeable(farm), agent.strategy)
    require_market(farm, agent.instrument.symbol)
    return farm


def _market_there(agent: Agent, farm: Farm) -> Instrument:
    """The same market at the farm's venue."""
    known, venue = agent.instrument, farm.wallet.connection.venue
    found = Instrument.objects.filter(venue=venue, symbol=known.symbol, kind=known.kind, is_active=True).first()
    if found is None:
        raise invalid("farm_id", f"{known.symbol} is not traded at {farm.wallet.connection.name}: choose another farm.")
    return found


def _reason(agent: Agent, override: Override | None) -> str:
    """The owner's, where they have typed what has to be typed."""
    if override is None or not (override.words or override.reason):
        return ""
    if override.words.strip() != override_words(agent):
        raise invalid("override", f"Type it as it is written: {override_words(agent)}")
    reason = " ".join(override.reason.split())
    if not 0 < len(reason) <= REASON_LENGTH:
        raise invalid("reason", f"Say why, in 1 to {REASON_LENGTH} characters: it is kept.")
    return reason

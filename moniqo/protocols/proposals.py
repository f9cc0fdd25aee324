"""What programs may ask their owner for: how each act looks beforehand, and how it is done once it is approved.

What is approved goes through the services that pages and API call, under a key of its own, so that it happens once.
The arguments are stored as they were sent and read again by the same shape when they are carried out.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

from django.db import transaction
from pydantic import Field, field_validator

from farms.composing.working import require_sound_farm, require_sound_start
from farms.selectors import agent_row, farm_row
from farms.services import pause_agent, pause_farm, start_agent, start_farm
from goals import services as goals
from goals.described import Action
from goals.drafts import check, currency_of
from goals.models import Goal
from goals.pages import wallet_names
from goals.schemas import Kind, Moment
from goals.words import action_in_words, target_in_words
from kit.api import Body, PositiveAmount, PositiveShare
from kit.approvals.acts import Act, Given, Looked, register
from kit.decimals import plain
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.sentences import Sentence, Told, amount, joined, moment, number, price, sentence, share
from kit.users.models import Token
from markets.models import Instrument
from trading import services as trading
from trading.models import Order, Side
from trading.orders.intents import Terms
from trading.selectors import wallet_limits
from wallets.hierarchy.places import get_wallet
from wallets.models import Wallet
from wallets.services import Preview, allocate, collect, preview_allocate, preview_collect


class Asking(Body):
    """Why, and how long the question stands."""

    reason: str = Field("", max_length=500, description="Why, in your own words: the owner reads it.")
    minutes: int = Field(30, ge=1, le=10_080, description="How long the question stands.")

    @property
    def given(self) -> dict[str, Any]:
        """The arguments of the act, as JSON."""
        return self.model_dump(mode="json", exclude={"reason", "minutes"})


class OrderAskIn(Asking):
    """An order at the market; `exit_stop` and `exit_target` protect what a buy opens."""

    wallet_id: UUID
    symbol: str = Field(max_length=40, examples=["BTC/USDT"])
    side: Literal["buy", "sell"]
    quantity: PositiveAmount
    exit_stop: PositiveAmount | None = None
    exit_target: PositiveAmount | None = None
    reduce_only: bool = False


class WorkAskIn(Asking):
    """Of an agent or of a farm: one of the two."""

    agent_id: UUID | None = None
    farm_id: UUID | None = None


class HaltAskIn(Asking):
    """Of a wallet and everything below it."""

    wallet_id: UUID


class CollectionAskIn(Asking):
    """Free money of a wallet, to its parent."""

    wallet_id: UUID
    asset: str = Field(max_length=20)
    amount: PositiveAmount


class AllocationAskIn(CollectionAskIn):
    """Free money of a wallet, to its child `target_id`."""

    target_id: UUID


class GoalAskIn(Asking):
    """A goal, as `POST /goals` takes it, with what is done once it is achieved."""

    name: str = Field(max_length=80)
    kind: Kind
    target: Any = Field(examples=["500"])
    scope: Any = Field("fund", description="Ids of wallets, or `fund`.")
    ends_at: Moment | None = None
    actions: list[Action] = Field(default_factory=list)

    @field_validator("actions")
    @classmethod
    def _are_objects(cls, actions: list[Any]) -> list[Any]:
        if not all(isinstance(action, dict) for action in actions):
            raise ValueError('Give each action as an object, such as {"do": "close"}.')
        return actions


class LimitAskIn(Asking):
    """A lower or higher limit of a wallet; what is left out stays."""

    wallet_id: UUID
    maximum_notional: PositiveAmount | None = None
    maximum_daily_loss: PositiveShare | None = None


Shape = TypeVar("Shape", bound=Asking)


# --- orders --------------------------------------------------------------------------------------------------------


def _look_at_order(owner_id: UUID, asked: OrderAskIn) -> Looked:
    wallet, instrument = _market(owner_id, asked)
    found = trading.preview_order(wallet=wallet, instrument=instrument, terms=_terms(asked))
    if not found.verdict.allowed:
        raise InvalidInputError(found.verdict.explanation)
    lines = [
        sentence("It is worth {notional}.", notional=amount(found.notional, instrument.quote)),
        sentence("Free afterwards: {free}.", free=amount(found.free_after, instrument.quote)),
        *_of_the_order(found, instrument),
    ]
    verb = Side(asked.side).label
    quantity = amount(found.order.quantity, instrument.base)
    title = sentence(
        f"{verb} {{quantity}} in {{symbol}} for {{wallet}}",
        quantity=quantity, symbol=instrument.symbol, wallet=wallet.name,
    )  # fmt: skip
    return Looked(title, lines)


def _of_the_order(found: trading.Preview, instrument: Instrument) -> Iterator[Sentence]:
    """What of it is not seen by its side and quantity: what stands in a perpetual then, and what protects it."""
    order, before, after = found.order, found.position, found.position_after
    if order.leverage is not None and after:
        verb = "leaves" if before * after > 0 else "opens"
        side = "short" if after < 0 else "long"
        size, leverage = amount(abs(after), instrument.base), number(plain(order.leverage))
        yield sentence(
            f"It {verb} a {side} of {{size}}, with a leverage of {{leverage}}.", size=size, leverage=leverage
        )
    if order.reduce_only:
        yield Sentence("It only reduces what is open.")
    if order.exit_stop is not None:
        yield sentence("Its stop: {stop}.", stop=price(order.exit_stop, instrument.tick_size))
    if order.exit_target is not None:
        yield sentence("Its target: {target}.", target=price(order.exit_target, instrument.tick_size))
    if found.risk is not None:
        yield sentence("The way to its stop costs {risk}.", risk=amount(found.risk, instrument.quote))


def _place(owner_id: UUID, asked: OrderAskIn, key: str) -> dict[str, Any]:
    wallet, instrument = _market(owner_id, asked)
    terms = _terms(asked)
    order = trading.place_order(
        wallet=wallet, instrument=instrument, side=terms.side, quantity=terms.quantity, key=key, reason=terms.reason,
        reduce_only=terms.reduce_only, exit_stop=terms.exit_stop, exit_target=terms.exit_target,
    )  # fmt: skip
    told = {"order_id": str(order.pk), "status": str(order.outcome)}
    if order.status == Order.Status.REJECTED:
        told |= {"refused": "limit", "said": order.refusal.exact}
    return told


def _market(owner_id: UUID, asked: OrderAskIn) -> tuple[Wallet, Instrument]:
    wallet = Wallet.objects.select_related("connection").filter(owner_id=owner_id, pk=asked.wallet_id).first()
    if wallet is None:
        raise NotFoundError("There is no such wallet: choose one of yours.")
    instrument = Instrument.objects.filter(venue=wallet.connection.venue, symbol=asked.symbol).first()
    if instrument is None:
        told = f"Choose another symbol: the wallet's venue does not list {asked.symbol}."
        raise InvalidInputError(told, fields={"symbol": "Not listed at the wallet's venue."})
    trading.require_lots(instrument, asked.quantity)
    return wallet, instrument


def _terms(asked: OrderAskIn) -> Terms:
    why: Told = "Proposed by a program and approved."
    stop, target = asked.exit_stop, asked.exit_target
    return Terms(asked.side, asked.quantity, why, asked.reduce_only, exit_stop=stop, exit_target=target)


# --- agents and farms ----------------------------------------------------------------------------------------------


def _named(owner_id: UUID, asked: WorkAskIn) -> tuple[str, str]:
    """Its name and what it does now."""
    if (asked.agent_id is None) == (asked.farm_id is None):
        raise InvalidInputError("Name an agent or a farm, one of the two.", fields={"agent_id": "Either."})
    if asked.agent_id is not None:
        agent = agent_row(owner_id=owner_id, agent_id=asked.agent_id)
        return agent.name, agent.state.exact
    farm = farm_row(owner_id=owner_id, farm_id=asked.farm_id)  # type: ignore[arg-type]  # one of the two is there
    return farm.name, farm.state.exact


def _look_at_pause(owner_id: UUID, asked: WorkAskIn) -> Looked:
    name, now = _named(owner_id, asked)
    told = sentence("No new decisions; an open position keeps its stop. When it was asked: {now}", now=now)
    return Looked(sentence("Pause {name}", name=name), [told])


def _look_at_start(owner_id: UUID, asked: WorkAskIn) -> Looked:
    name, now = _named(owner_id, asked)
    try:
        with transaction.atomic():  # tried, and taken back
            _start(owner_id, asked, "")
            transaction.set_rollback(True)
    except ConflictError as error:
        raise InvalidInputError(str(error)) from error
    told = sentence("It acts from its next bar on. When it was asked: {now}", now=now)
    return Looked(sentence("Start {name}", name=name), [told])


def _pause(owner_id: UUID, asked: WorkAskIn, _: str) -> dict[str, Any]:
    _named(owner_id, asked)
    if asked.agent_id is not None:
        return {"status": str(pause_agent(owner_id=owner_id, agent_id=asked.agent_id).status)}
    return {"status": str(pause_farm(owner_id=owner_id, farm_id=asked.farm_id).status)}  # type: ignore[arg-type]  # as above


def _look_at_halt(owner_id: UUID, asked: HaltAskIn) -> Looked:
    found = trading.preview_stop(owner_id=owner_id, wallet_id=asked.wallet_id, policy="keep")
    told = sentence(
        "Positions keep their stops. When it was asked: {count} orders that it cancels.",
        count=number(str(len(found.orders))),
    )
    return Looked(sentence("Halt {wallet}", wallet=found.wallet.name), [told])


def _halt(owner_id: UUID, asked: HaltAskIn, _: str) -> dict[str, Any]:
    return {"status": str(trading.stop(owner_id=owner_id, wallet_id=asked.wallet_id, policy="keep").status)}


def _start(owner_id: UUID, asked: WorkAskIn, _: str) -> dict[str, Any]:
    _named(owner_id, asked)
    if asked.agent_id is not None:
        require_sound_start(owner_id=owner_id, agent_id=asked.agent_id)
        return {"status": str(start_agent(owner_id=owner_id, agent_id=asked.agent_id).status)}
    require_sound_farm(owner_id=owner_id, farm_id=asked.farm_id)  # type: ignore[arg-type]  # as above
    return {"status": str(start_farm(owner_id=owner_id, farm_id=asked.farm_id).status)}  # type: ignore[arg-type]  # as above


# --- money ---------------------------------------------------------------------------------------------------------


def _down(owner_id: UUID, asked: AllocationAskIn) -> dict[str, Any]:
    step = {"source_id": asked.wallet_id, "target_id": asked.target_id}
    return {"owner_id": owner_id, **step, "asset": asked.asset, "amount": asked.amount}


def _up(owner_id: UUID, asked: CollectionAskIn) -> dict[str, Any]:
    wallet = get_wallet(owner_id=owner_id, wallet_id=asked.wallet_id)
    if wallet.parent_id is None:
        raise InvalidInputError("A master has nothing above it: collect from a farm or an agent.")
    step = {"source_id": wallet.pk, "target_id": wallet.parent_id}
    return {"owner_id": owner_id, **step, "asset": asked.asset, "amount": asked.amount}


def _look_at_allocation(owner_id: UUID, asked: AllocationAskIn) -> Looked:
    return _looked("Allocate", preview_allocate(**_down(owner_id, asked)))


def _look_at_collection(owner_id: UUID, asked: CollectionAskIn) -> Looked:
    return _looked("Collect", preview_collect(**_up(owner_id, asked)))


def _looked(verb: str, found: Preview) -> Looked:
    sides = [side for side in (found.source, found.target) if side is not None]
    lines = [
        sentence(
            "Free in {wallet}: {before}, then {after}.", wallet=side.wallet.name,
            before=amount(side.free_before, found.asset), after=amount(side.free_after, found.asset),
        )
        for side in sides
    ]  # fmt: skip
    lines += [Sentence(warning) for warning in found.warnings]
    names = {"source": sides[0].wallet.name, "target": sides[-1].wallet.name}
    moved = amount(found.amount, found.asset)
    return Looked(sentence(f"{verb} {{amount}} from {{source}} to {{target}}", amount=moved, **names), lines)


def _allocate(owner_id: UUID, asked: AllocationAskIn, key: str) -> dict[str, Any]:
    return {"allocation_id": str(allocate(**_down(owner_id, asked), key=key).pk)}


def _collect(owner_id: UUID, asked: CollectionAskIn, key: str) -> dict[str, Any]:
    return {"allocation_id": str(collect(**_up(owner_id, asked), key=key).pk)}


# --- goals and limits ----------------------------------------------------------------------------------------------


def _goal(asked: GoalAskIn) -> dict[str, Any]:
    names = ("name", "kind", "target", "scope", "ends_at", "actions")
    return {name: getattr(asked, name) for name in names} | {"starts_at": None, "on_miss": [], "accepts_changes": None}


def _look_at_goal(owner_id: UUID, asked: GoalAskIn) -> Looked:
    draft = check(owner_id=owner_id, **_goal(asked))
    base, names = currency_of(owner_id), wallet_names(owner_id)
    scope = ", ".join("the whole fund" if one is None else names[str(one)] for one in draft.scope)
    does = [action_in_words(action, base, names) for action in draft.actions]
    lines = [
        sentence("{kind}: {target}.", kind=Goal.Kind(draft.kind).label, target=target_in_words(draft.target, base)),
        sentence("What works for it: {scope}.", scope=scope),
        Sentence("It has no deadline.")
        if draft.ends_at is None
        else sentence("Until {end}.", end=moment(draft.ends_at)),
        sentence("Once it is achieved: {done}", done=joined(*does) if does else Sentence("nothing else is done.")),
    ]
    return Looked(sentence("Make the goal {name}", name=draft.name), lines)


def _make_goal(owner_id: UUID, asked: GoalAskIn, key: str) -> dict[str, Any]:
    return {"goal_id": str(goals.create(owner_id=owner_id, key=key, **_goal(asked)).pk)}


def _look_at_limit(owner_id: UUID, asked: LimitAskIn) -> Looked:
    path = wallet_limits(owner_id=owner_id, wallet_id=asked.wallet_id)
    if asked.maximum_notional is None and asked.maximum_daily_loss is None:
        raise InvalidInputError("Say which limit.", fields={"maximum_notional": "This one or maximum_daily_loss."})
    lines, own = [], path.own
    if asked.maximum_notional is not None:
        unit = own.notional_asset or path.unit
        now = "none" if own.maximum_notional is None else amount(own.maximum_notional, unit)
        after = amount(asked.maximum_notional, unit)
        lines.append(sentence("Most of an order: {after} instead of {now}.", after=after, now=now))
    if asked.maximum_daily_loss is not None:
        now = "none" if own.maximum_daily_loss is None else share(own.maximum_daily_loss)
        lines.append(
            sentence("Most lost in a day: {after} instead of {now}.", after=share(asked.maximum_daily_loss), now=now)
        )
    return Looked(sentence("Change the limits of {wallet}", wallet=own.name), lines)


def _set_limit(owner_id: UUID, asked: LimitAskIn, _: str) -> dict[str, Any]:
    path = wallet_limits(owner_id=owner_id, wallet_id=asked.wallet_id)
    own = path.own
    trading.set_limits(
        on=path.target,
        allowed_symbols=own.allowed_symbols,
        maximum_notional=asked.maximum_notional or own.maximum_notional,
        notional_asset=own.notional_asset,
        maximum_daily_loss=asked.maximum_daily_loss or own.maximum_daily_loss,
    )
    return {"wallet_id": str(asked.wallet_id)}


def _act(
    kind: str,
    label: str,
    verb: str,
    shape: type[Shape],
    look: Callable[[UUID, Shape], Looked],
    carry_out: Callable[[UUID, Shape, str], dict[str, Any]],
    scope: Token.Scope | None,
) -> Act:
    """An act whose stored arguments are read by `shape`."""

    def looked(owner_id: UUID, given: Given) -> Looked:
        return look(owner_id, shape.model_validate(dict(given)))

    def carried_out(owner_id: UUID, given: Given, key: str) -> dict[str, Any]:
        return carry_out(owner_id, shape.model_validate(dict(given)), key)

    return Act(kind, label, verb, looked, carried_out, scope)


Scope = Token.Scope
# The scopes are those that the operations need which do the same at once.
ACTS: Final = (
    _act("order", "Order", "Place it", OrderAskIn, _look_at_order, _place, Scope.TRADE),
    _act("pause", "Pause", "Pause", WorkAskIn, _look_at_pause, _pause, Scope.TRADE),
    _act("halt", "Halt", "Halt it", HaltAskIn, _look_at_halt, _halt, Scope.TRADE),
    _act("resume", "Start", "Start", WorkAskIn, _look_at_start, _start, Scope.TRADE),
    _act("allocation", "Allocation", "Move it", AllocationAskIn, _look_at_allocation, _allocate, Scope.MOVE),
    _act("collection", "Collection", "Collect", CollectionAskIn, _look_at_collection, _collect, Scope.MOVE),
    _act("goal", "Goal", "Make it", GoalAskIn, _look_at_goal, _make_goal, Scope.MANAGE),
    # No token changes a limit, by whatever way: its owner says so, in the browser.
    _act("limit", "Limit", "Change it", LimitAskIn, _look_at_limit, _set_limit, None),
)


def wallets_of(owner_id: UUID, asked: Asking) -> Sequence[UUID | None]:
    """The wallets that it is about, which a token that is bound to one has to hold; None is the whole fund.

    Raises NotFoundError for an agent or a farm that is not the owner's, InvalidInputError for a goal that is none.
    """
    if isinstance(asked, WorkAskIn):
        _named(owner_id, asked)
        if asked.agent_id is not None:
            return [agent_row(owner_id=owner_id, agent_id=asked.agent_id).wallet_id]
        return [farm_row(owner_id=owner_id, farm_id=asked.farm_id).wallet_id]  # type: ignore[arg-type]  # as above
    if isinstance(asked, GoalAskIn):
        return check(owner_id=owner_id, **_goal(asked)).scope
    return [asked.wallet_id]  # type: ignore[attr-defined]  # every other shape has one


def register_all() -> None:
    register(*ACTS)

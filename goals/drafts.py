"""A goal as somebody wrote it, read and checked; and written again so that it can be read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn
from uuid import UUID

from goals.actions import AGENTS, FARM, MASTER, read_actions, read_on_miss, read_rule
from goals.figures import Span, read_figures
from goals.measures import reading
from goals.models import Goal
from goals.reach import Reach
from goals.targets import Target, load, read
from kit import clock
from kit.decimals import plain
from kit.errors import InvalidInputError
from kit.users.models import User
from wallets.hierarchy.movements import smallest_unit
from wallets.models import Wallet

FUND: Final = "fund"
LATEST_START: Final = timedelta(days=366)
LONGEST: Final = timedelta(days=3653)
# What a user may write of a goal.
FIELDS: Final = ("name", "kind", "target", "starts_at", "ends_at", "scope", "actions", "on_miss", "accepts_changes")


@dataclass(frozen=True, slots=True)
class Draft:
    """A goal as it was asked for, checked; `scope` are ids of wallets, None the whole fund."""

    name: str
    kind: str
    target: Target
    starts_at: datetime
    ends_at: datetime | None
    scope: tuple[UUID | None, ...]
    actions: list[dict[str, Any]]
    on_miss: list[dict[str, Any]]
    accepts_changes: dict[str, Any] | None


def check(*, owner_id: UUID, is_running: bool = False, **given: Any) -> Draft:
    """What was asked for, checked. Raises InvalidInputError that names the field.

    A deadline must lie ahead; a start may lie in the past, and what happened since then counts. The scope is a list of
    wallets' ids, or "fund" for everything there is and will be.
    """
    name = str(given.get("name") or "").strip()
    if not name or len(name) > Goal._meta.get_field("name").max_length:  # type: ignore[operator]
        raise _wrong("name", "Give the goal a name of at most 80 characters.")
    kind = given.get("kind")
    if kind not in Goal.Kind.values:
        raise _wrong("kind", f"Choose one of {', '.join(Goal.Kind.values)}.")
    target = read(str(kind), given.get("target"))
    starts_at, ends_at = _times(str(kind), given.get("starts_at"), given.get("ends_at"))
    scope = _scope(owner_id, given.get("scope"))
    draft = Draft(
        name=name,
        kind=str(kind),
        target=target,
        starts_at=starts_at,
        ends_at=ends_at,
        scope=scope,
        actions=read_actions(given.get("actions")),
        on_miss=read_on_miss(given.get("on_miss")),
        accepts_changes=read_rule(given.get("accepts_changes")),
    )
    _check_wallets(owner_id, draft)
    reach = Reach(owner_id, draft.scope)
    for number, action in enumerate(draft.actions):
        if action["do"] == "collect":
            _settle(action, f"actions.{number}", reach, currency_of(owner_id))
    if draft.accepts_changes and ends_at is None:
        said = "A goal without a deadline has no plan to be ahead of or behind: set a deadline."
        raise _wrong("accepts_changes", said)
    if draft.on_miss and ends_at is None:
        raise _wrong("on_miss", "A goal without a deadline is never missed: set a deadline.")
    if not is_running:
        _check_ahead(owner_id, draft)
    return draft


def _times(kind: str, start: datetime | None, ends_at: datetime | None) -> tuple[datetime, datetime | None]:
    """From when and until when; it starts now where nothing is said."""
    now = clock.now()
    starts_at = start or now
    if starts_at - now > LATEST_START:
        raise _wrong("starts_at", "Choose a start within a year from now.")
    if now - starts_at > LONGEST:
        raise _wrong("starts_at", "Choose a start within the last ten years.")
    if kind == Goal.Kind.EQUITY and ends_at is None:
        raise _wrong("ends_at", "Say by when the equity is to be reached.")
    if ends_at is None:
        return starts_at, None
    if ends_at - now > LONGEST:
        raise _wrong("ends_at", "Choose a deadline within ten years from now.")
    if ends_at <= starts_at:
        raise _wrong("ends_at", "The deadline is before the start: choose a later one.")
    if ends_at <= now:
        raise _wrong("ends_at", "The deadline is over already: choose one that lies ahead.")
    return starts_at, ends_at


def told(goal: Goal) -> dict[str, Any]:
    """The goal as somebody would write it: the `FIELDS`, as `check` takes them."""
    scope = [one.wallet_id for one in goal.assignments.all() if one.until is None]
    return {
        "name": goal.name,
        "kind": goal.kind,
        "target": load(goal.target).told(goal.kind),
        "starts_at": goal.starts_at,
        "ends_at": goal.ends_at,
        "scope": FUND if None in scope else scope,
        "actions": goal.actions,
        "on_miss": goal.on_miss,
        "accepts_changes": goal.accepts_changes,
    }


def _scope(owner_id: UUID, given: Any) -> tuple[UUID | None, ...]:
    if given == FUND:
        if not Wallet.objects.filter(owner_id=owner_id).exists():
            raise _wrong("scope", "There is no wallet yet: make a master wallet first.")
        return (None,)
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping) or not (wanted := list(given)):
        raise _wrong("scope", 'Choose at least one farm, agent or wallet, or "fund" for all of them.')
    try:
        ids = [UUID(str(one)) for one in wanted]
    except ValueError as error:
        raise _wrong("scope", "Give ids of wallets.") from error
    found = dict(Wallet.objects.filter(owner_id=owner_id, pk__in=ids).values_list("pk", "role"))
    if len(found) < len(set(ids)):
        raise _wrong("scope", "There is no such wallet: choose among yours.")
    if any(role in Wallet.IDLE for role in found.values()):
        raise _wrong("scope", "Nothing is traded there: choose a farm, an agent or a master.")
    return tuple(dict.fromkeys(ids))


def _check_wallets(owner_id: UUID, draft: Draft) -> None:
    """Wallets that actions name are the owner's."""
    named = [(place, UUID(name)) for place, name in _named(draft.actions) if name not in (FARM, MASTER, AGENTS)]
    wallets = Wallet.objects.filter(owner_id=owner_id, pk__in=[wallet for _, wallet in named])
    known = set(wallets.values_list("pk", flat=True))
    if unknown := [place for place, wallet in named if wallet not in known]:
        said = "There is no such wallet: choose among yours."
        raise InvalidInputError(said, fields=dict.fromkeys(unknown, said))


def _settle(action: dict[str, Any], place: str, reach: Reach, base: str) -> None:
    """Hold a collection to the scope, on its way up, and a fixed amount to an asset that is kept there."""
    for name in action["from"]:
        if not reach.covers(reach.family[name]):
            said = f"{reach.family[name].name} does not work for this goal: collect from what is in its scope."
            raise _wrong(f"{place}.from", said)
    sources = reach.sources(action["from"])
    if action["to"] not in (FARM, MASTER):
        target = reach.family[action["to"]]
        if reach.is_below(target, sources):
            said = f"{target.name} would give to itself: collect to a wallet outside of what gives."
            raise _wrong(f"{place}.to", said)
        if target not in reach.places(sources):
            said = f"{target.name} is not above all that gives: collect to its farm, its master or that one's reserve."
            raise _wrong(f"{place}.to", said)
    if "asset" in action:
        action["asset"] = _asset(action["asset"], place, reach.assets(sources), base)
        amount, unit = Decimal(action["amount"]), smallest_unit(action["asset"])
        if amount % unit:
            said = f"An amount of {action['asset']} is one of steps of {plain(unit)}: leave the further decimals out."
            raise _wrong(f"{place}.amount", said)


def _asset(named: str, place: str, kept: Sequence[str], base: str) -> str:
    """What a fixed amount is one of: what was named, else the owner's currency or the one asset that is kept there."""
    asset = named or (base if base in kept or not kept else kept[0])
    if asset not in kept and kept:
        raise _wrong(f"{place}.asset", f"Choose what is kept where it is collected: {', '.join(kept)}.")
    if not named and asset != base and len(kept) > 1:
        said = f"The wallets keep {' and '.join(kept)}: say of which the amount is, or collect from some of them only."
        raise _wrong(f"{place}.asset", said)
    return asset


def _named(actions: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The fields in which actions name wallets, by their place, and whom they name."""
    for number, action in enumerate(actions):
        place = f"actions.{number}"
        for name in action.get("from", ()):
            yield f"{place}.from", name
        for row, share in enumerate(action.get("shares", ())):
            yield f"{place}.shares.{row}.to", share["to"]
        if "to" in action:
            yield f"{place}.to", action["to"]


def _check_ahead(owner_id: UUID, draft: Draft) -> None:
    """What is reached with nothing done is refused: it would end as it begins."""
    if draft.starts_at <= clock.now() and is_reached_at_once(
        owner_id, draft.target, draft.scope, base=currency_of(owner_id)
    ):
        refuse_reached(draft.kind, "It is reached already: choose one that lies ahead.")


def refuse_reached(kind: str, said: str) -> NoReturn:
    """Raises InvalidInputError about the target of a goal of this kind."""
    raise _wrong("target.conditions" if kind == Goal.Kind.CUSTOM else "target.value", said)


def is_reached_at_once(owner_id: UUID, target: Target, scope: Iterable[UUID | None], *, base: str) -> bool:
    """Whether a goal of these that began now, with nothing counted yet, would be reached."""
    probe = Goal(owner_id=owner_id, target=target.stored, base=base, starts_at=clock.now())
    spans = {probe.pk: _spans(owner_id, scope)}
    return reading(target, read_figures(owner_id=owner_id, goals=[probe], spans=spans)[probe.pk]).is_reached


def _spans(owner_id: UUID, scope: Iterable[UUID | None]) -> list[Span]:
    return [Span(wallet_id or owner_id, clock.now(), None) for wallet_id in scope]


def currency_of(owner_id: UUID) -> str:
    currency: str = User.objects.values_list("base_currency", flat=True).get(pk=owner_id)
    return currency


def _wrong(field: str, said: str) -> InvalidInputError:
    return InvalidInputError(said, fields={field: said})

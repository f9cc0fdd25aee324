"""Saved strategies: made, changed in a new version, and followed. Nothing is saved that was not checked."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction

from farms.composing.changes import changes
from farms.composing.checking import Checked, require_sound
from farms.composing.working import require_sound_agent
from farms.models import Agent, SavedStrategy, StrategyVersion
from farms.services import follow_version
from farms.services.hiring import invalid, named
from kit import clock
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from quant import strategies

# Agents that a refusal names.
NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Parameters of a strategy, and the market and timeframe on whose candles they are checked."""

    parameters: Mapping[str, Any]
    instrument_id: int
    timeframe: str


def save_strategy(*, owner_id: UUID, name: str, strategy: str, rules: Rules, key: str = "") -> StrategyVersion:
    """The first version of a new strategy; the same `key` with the same request returns what it saved before.

    Raises InvalidInputError naming the field; of `parameters` it says which rule they break. ConflictError for a key
    that was used for another one.
    """
    asked = _hash(name, strategy, asdict(rules))
    if (made := _made_before(owner_id, key, asked)) is not None:
        return made
    names = SavedStrategy.objects.filter(owner_id=owner_id)
    try:
        name = named(name, taken=names)
        checked = require_sound(strategy, rules.parameters, rules.instrument_id, rules.timeframe)
        with transaction.atomic():
            request = {"key": key, "request_hash": asked} if key else {}
            saved = SavedStrategy.objects.create(owner_id=owner_id, name=name, strategy=strategy, **request)
            return _write(saved, 1, checked, rules, [])
    except (IntegrityError, InvalidInputError):
        # Sent twice at once, the second may find the name or the key taken by the first.
        if (made := _made_before(owner_id, key, asked)) is not None:
            return made
        named(name, taken=names)
        raise


def _made_before(owner_id: UUID, key: str, asked: str) -> StrategyVersion | None:
    """What the request with this key saved; ConflictError where that asked for something else."""
    if not key:
        return None
    saved = SavedStrategy.objects.filter(owner_id=owner_id, key=key).first()
    if saved is None:
        return None
    if saved.request_hash != asked:
        raise ConflictError("The key was used for another strategy: use a new key for a new one.")
    return saved.versions.get(number=1)


def _hash(*asked: Any) -> str:
    return sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def archive_strategy(*, owner_id: UUID, strategy_id: UUID) -> SavedStrategy:
    """Put it away: it is offered nowhere any more, and its versions stay.

    Raises NotFoundError, ConflictError that names the agents which follow it and are not archived.
    """
    with transaction.atomic():
        # Against agents that begin to follow it: the database holds this row for them (`follow_version`).
        saved = SavedStrategy.objects.select_for_update().filter(owner_id=owner_id, pk=strategy_id).first()
        if saved is None:
            raise NotFoundError("There is no such saved strategy.")
        if saved.archived_at is None:
            _require_unfollowed(saved)
            saved.archived_at = clock.now()
            saved.save(update_fields=("archived_at",))
    return saved


def restore_strategy(*, owner_id: UUID, strategy_id: UUID) -> SavedStrategy:
    """Take it back: it is offered again. Raises NotFoundError."""
    with transaction.atomic():
        saved = _locked(owner_id, strategy_id)
        saved.archived_at = None
        saved.save(update_fields=("archived_at",))
    return saved


def _require_unfollowed(saved: SavedStrategy) -> None:
    at_work = Agent.objects.filter(version__saved=saved).exclude(status=Agent.Status.ARCHIVED)
    names = list(at_work.order_by("name").values_list("name", flat=True))
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        raise ConflictError(
            f"Let other rules be followed first, or archive who follows {saved.name}: {', '.join(names[:NAMED])}{more}."
        )


def change_strategy(
    *,
    owner_id: UUID,
    strategy_id: UUID,
    base: int | None = None,
    name: str | None = None,
    rules: Rules | None = None,
    agent_ids: Sequence[UUID] = (),
) -> SavedStrategy:
    """Another name, other rules in a new version, agents that follow the newest from the next candle on; or all three.

    `base` is the number of the version that was looked at: rules and agents need it, and it has to be the newest
    still, or somebody else's change would be undone unseen. The other agents stay with the version that they follow.
    Raises NotFoundError for a strategy that is not there, InvalidInputError for a name that is taken and rules that do
    not pass, ConflictError where it is archived, `base` is not the newest version or the rules are those of it, and for
    an agent that does not follow the strategy or cannot follow them. Then nothing changed.
    """
    with transaction.atomic():
        saved = _locked(owner_id, strategy_id)
        if saved.archived_at is not None:
            raise ConflictError(f"{saved.name} is archived: restore it first.")
        newest = saved.versions.latest("number")
        if base is None and (rules is not None or agent_ids):
            raise invalid("version", f"Name the version that you looked at: the newest is {newest.number}.")
        if base is not None and base != newest.number:
            raise ConflictError(
                f"Look again: version {newest.number} of {saved.name} is the newest, and this was made from version "
                f"{base}."
            )
        if name is not None:
            saved.name = named(name, taken=SavedStrategy.objects.filter(owner_id=owner_id).exclude(pk=strategy_id))
            saved.save(update_fields=("name",))
        if rules is not None:
            newest = _revised(saved, newest, rules)
        adopt_version(owner_id=owner_id, version=newest, agent_ids=agent_ids)
    return saved


def _revised(saved: SavedStrategy, newest: StrategyVersion, rules: Rules) -> StrategyVersion:
    """The next version of a strategy that is locked."""
    checked = require_sound(saved.strategy, rules.parameters, rules.instrument_id, rules.timeframe)
    strategy = strategies.get(saved.strategy)
    said = changes(strategy, newest.parameters, checked.parameters)
    if not said:
        raise ConflictError(f"Change something first: these are the rules of version {newest.number}.")
    return _write(saved, newest.number + 1, checked, rules, said)


def adopt_version(*, owner_id: UUID, version: StrategyVersion, agent_ids: Sequence[UUID]) -> None:
    """Let agents that follow a version of the strategy follow this one. Raises ConflictError, all or none."""
    theirs = Agent.objects.filter(owner_id=owner_id, pk__in=agent_ids, version__saved=version.saved_id)
    # Farms are locked by ascending id, as everywhere.
    found = list(theirs.order_by("farm_id", "pk").values_list("pk", "version_id"))
    if len(found) < len(set(agent_ids)):
        raise ConflictError(f"Choose agents that follow {version.saved.name}.")
    others = [agent_id for agent_id, followed in found if followed != version.pk]
    for agent_id in others:  # before any farm is locked: a check takes a while
        _require_sound_on(agent_id, version)
    for agent_id in others:
        follow_version(owner_id=owner_id, agent_id=agent_id, version=version)


def _require_sound_on(agent_id: UUID, version: StrategyVersion) -> None:
    """On the agent's own market and candles too, where these are others than it was saved on."""
    agent = Agent.objects.get(pk=agent_id)
    try:
        require_sound_agent(
            strategy=agent.strategy,
            parameters=None,
            version_id=version.pk,
            instrument_id=agent.instrument_id,
            timeframe=agent.timeframe,
        )
    except InvalidInputError as error:
        raise ConflictError(f"{agent.name} cannot follow these rules. {error}") from error


def _locked(owner_id: UUID, strategy_id: UUID) -> SavedStrategy:
    # Agents that follow it hold its key meanwhile, which is no hindrance here.
    held = SavedStrategy.objects.select_for_update(no_key=True)
    saved = held.filter(owner_id=owner_id, pk=strategy_id).first()
    if saved is None:
        raise NotFoundError("There is no such saved strategy.")
    return saved


def _write(saved: SavedStrategy, number: int, checked: Checked, rules: Rules, said: list[str]) -> StrategyVersion:
    return StrategyVersion.objects.create(
        owner_id=saved.owner_id,
        saved=saved,
        number=number,
        parameters=checked.parameters,
        changes=said,
        instrument_id=rules.instrument_id,
        timeframe=rules.timeframe,
        bars=checked.bars,
    )

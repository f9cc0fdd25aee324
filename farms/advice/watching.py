"""Questions at the close of candles: of agents whose level says so, and of the farms and markets that somebody watches.

A candle is asked about once. What keeps a question from being asked is remembered for the page, and tried again at the
next candle that is due.
"""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from farms.advice import asking, facts
from farms.advice.wanting import MOST_CANDLES
from farms.models import AdviceCall, AdviceLevel, AdviceSetting, AdviceWatch, Agent, Farm
from kit import tenancy
from kit.alerts.failures import resting
from kit.audit.services import Area, record_change
from kit.errors import ConflictError, InvalidInputError, MoniqoError
from kit.sentences import Sentence
from markets.candles.reading import TIMEFRAME_MS, last_closed_bars
from markets.models import Timeframe

MOST_WATCHES: Final = 50
# What a question at the close of a candle is called where failures are counted, before what it is about.
WORK: Final = "advice of "


def set_watch(*, owner_id: UUID, about: facts.About, every: int, timeframe: str = "") -> AdviceWatch | None:
    """Have a farm or a market asked about at the close of every so manieth candle; 0: no more, and None.

    A market brings its timeframe along, and a farm is watched in one that its agents run on. Raises InvalidInputError
    that names what is wrong, and ConflictError where enough is watched.
    """
    timeframe = about.timeframe or timeframe
    wrong = {}
    if about.farm is None and about.instrument is None:
        wrong["farm_id"] = "Name a farm or a market: an agent has its level, and the portfolio has no candles."
    # What is watched already ends in any, its agents may have left.
    offered = timeframes_of(about) if every else tuple(Timeframe.values)
    if timeframe not in offered:
        wrong["timeframe"] = f"Choose a timeframe of {', '.join(offered)}."
    if not 0 <= every <= MOST_CANDLES:
        wrong["every"] = f"Give a number of candles from 0 to {MOST_CANDLES:,}."
    if wrong:
        raise InvalidInputError(next(iter(wrong.values())), fields=wrong)
    if about.instrument is not None:
        facts.require_clean(about.instrument)
    with transaction.atomic():
        known = watch_of(owner_id=owner_id, about=about)
        after = _written(owner_id, about, known, timeframe, every) if every else None
        if known is not None and not every:
            AdviceWatch.objects.filter(pk=known.pk).delete()
        record_change(
            Area.LIMITS, "Watching for advice changed", owner_id=owner_id, subject=about.farm or about.instrument or "",
            before=_facts(known), after=_facts(after),
        )  # fmt: skip
    return after


def timeframes_of(about: facts.About) -> tuple[str, ...]:
    """Those that it can be asked about at: of a farm those of its agents, all where it has none yet; of a market its
    own."""
    if about.farm is None:
        return (about.timeframe,) if about.timeframe else tuple(Timeframe.values)
    used = set(Agent.objects.filter(farm=about.farm).exclude(status="archived").values_list("timeframe", flat=True))
    return tuple(one for one in Timeframe.values if one in used) or tuple(Timeframe.values)


def watch_of(*, owner_id: UUID, about: facts.About) -> AdviceWatch | None:
    """How it is watched; None where it is not."""
    rows = AdviceWatch.objects.filter(owner_id=owner_id, farm=about.farm, instrument=about.instrument)
    return (rows.filter(timeframe=about.timeframe) if about.instrument is not None else rows).first()


def watches(*, owner_id: UUID) -> QuerySet[AdviceWatch]:
    """All of them, with what they are of."""
    return AdviceWatch.objects.filter(owner_id=owner_id).select_related("farm", "instrument")


def due_levels() -> list[tuple[UUID, UUID]]:
    """(owner, agent) of those whose candle has closed since they were asked about last, but for those whose question
    broke a moment ago. As the system."""
    with tenancy.system():
        rows = AdviceLevel.objects.filter(
            owner_id__in=_who_asks(), every__gt=0, agent__status=Agent.Status.RUNNING,
            agent__farm__status=Farm.Status.RUNNING, agent__last_bar__isnull=False,
        ).exclude(level=AdviceLevel.Level.OFF)  # fmt: skip
        found, rest = list(rows.select_related("agent").order_by("pk")), resting(WORK)
    return [
        (level.owner_id, level.agent_id)
        for level in found
        if _is_due(level, level.agent.last_bar, level.agent.timeframe) and f"{WORK}{level.agent_id}" not in rest
    ]


def due_watches() -> list[tuple[UUID, UUID]]:
    """(owner, watch) of the farms that run and the markets whose candle has closed, in the same way. As the system."""
    with tenancy.system():
        awake = Q(farm__isnull=True) | Q(farm__status=Farm.Status.RUNNING)
        rows = list(AdviceWatch.objects.filter(awake, owner_id__in=_who_asks()))
        newest, rest = _newest_bars(rows), resting(WORK)
    due = (one for one in rows if _is_due(one, newest.get(one.pk), one.timeframe))
    return [(one.owner_id, one.pk) for one in due if f"{WORK}{one.pk}" not in rest]


def _who_asks() -> QuerySet[AdviceSetting, UUID]:
    """The owners who have turned advice on and may still sign in."""
    return AdviceSetting.objects.filter(is_on=True, owner__is_active=True).values_list("owner_id", flat=True)


def ask_at_close(*, owner_id: UUID, agent_id: UUID) -> bool:
    """Ask about the candle that its agent has just run on, once; whether somebody will be asked. As the tenant."""
    rows = AdviceLevel.objects.select_for_update(of=("self",)).select_related("agent").exclude(level="off")
    level = rows.filter(agent_id=agent_id).first()
    if level is None:
        return False
    return _ask(level, level.agent.last_bar, level.agent.timeframe, owner_id=owner_id, agent_id=agent_id)


def ask_of_watch(*, owner_id: UUID, watch_id: UUID) -> bool:
    """The same of a farm or a market that is watched."""
    watch = AdviceWatch.objects.select_for_update(of=("self",)).filter(pk=watch_id).first()
    if watch is None:
        return False
    named: dict[str, Any] = {"farm_id": watch.farm_id}
    if watch.instrument_id is not None:
        named = {"instrument_id": watch.instrument_id, "timeframe": watch.timeframe}
    return _ask(watch, _newest_bars([watch]).get(watch.pk), watch.timeframe, owner_id=owner_id, **named)


def _ask(wish: AdviceLevel | AdviceWatch, bar: int | None, length: str, *, owner_id: UUID, **named: Any) -> bool:
    """Ask about what is named, at its newest candle of that length, if it is due."""
    if not _is_due(wish, bar, length):
        return False
    wish.last_bar, wish.said = bar, Sentence()
    try:
        with transaction.atomic():
            about = facts.find(owner_id=owner_id, **named)
            asking.request_advice(owner_id=owner_id, about=about, occasion=AdviceCall.Occasion.CLOSE)
    except MoniqoError as error:
        wish.said = error.sentence
    wish.save(update_fields=("last_bar", "said"))
    return not wish.said


def _is_due(wish: AdviceLevel | AdviceWatch, bar: int | None, timeframe: str) -> bool:
    if not wish.every or bar is None or bar == wish.last_bar:
        return False
    waits = wish.every * TIMEFRAME_MS[timeframe]
    # A last bar of the future, from a clock that was ahead, keeps nothing back.
    return wish.last_bar is None or bar - wish.last_bar >= waits or bar < wish.last_bar


def _newest_bars(watches: Collection[AdviceWatch]) -> dict[UUID, int]:
    """The newest candle of a market that is there; of a farm the newest that one of its agents has run on. Two queries,
    however many are watched."""
    farms = {one.farm_id for one in watches if one.farm_id is not None}
    agents = Agent.objects.filter(farm__in=farms, status=Agent.Status.RUNNING, last_bar__isnull=False)
    ran = agents.order_by().values_list("farm", "timeframe").annotate(Max("last_bar"))
    found: dict[tuple[Any, str], int] = {(farm_id, timeframe): bar for farm_id, timeframe, bar in ran}
    markets = {(one.instrument_id, one.timeframe) for one in watches if one.instrument_id is not None}
    found |= last_closed_bars(markets)
    keys = {one.pk: (one.farm_id or one.instrument_id, one.timeframe) for one in watches}
    return {pk: found[key] for pk, key in keys.items() if key in found}


def _written(owner_id: UUID, about: facts.About, known: AdviceWatch | None, timeframe: str, every: int) -> AdviceWatch:
    if known is None and AdviceWatch.objects.filter(owner_id=owner_id).count() >= MOST_WATCHES:
        raise ConflictError(f"{MOST_WATCHES} farms and markets are watched already: end one first.")
    which = {"farm": about.farm} if about.farm is not None else {"instrument": about.instrument, "timeframe": timeframe}
    fresh = AdviceWatch(owner_id=owner_id, **{**which, "timeframe": timeframe})
    changed: dict[str, Any] = {"every": every, "timeframe": timeframe}
    if known is None or known.timeframe != timeframe:
        changed["last_bar"] = _newest_bars([fresh]).get(
            fresh.pk
        )  # what closed before it was wanted is nobody's question
    found, _ = AdviceWatch.objects.update_or_create(owner_id=owner_id, **which, defaults=changed)
    return found


def _facts(watch: AdviceWatch | None) -> dict[str, Any]:
    return {"timeframe": "", "every": 0} if watch is None else {"timeframe": watch.timeframe, "every": watch.every}

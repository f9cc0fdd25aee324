"""What is known of each goal now: its counts in its base, the returns of its days, what its scope is worth.

For any number of goals of one owner in a fixed number of queries.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, FloatField, Value
from django.db.models.functions import Cast, Extract, Greatest

from goals.measures import NOT_SAID, NOTHING, Figures, Floats
from goals.models import Goal, GoalAssignment, GoalTotal
from goals.targets import load
from kit import clock, days
from kit.sentences import Sentence
from kit.users.models import User
from markets.prices import prices_in
from portfolio.models import DailyPerformance
from portfolio.selectors.standings import Standing, standings
from portfolio.trees import Trees
from wallets.models import Connection

ZERO: Final = Decimal(0)
EPOCH: Final = date(1970, 1, 1)
WORTH: Final = ("scope", "ends", "equity", "base")
Bools = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Span:
    """A wallet (or, as the owner's id, the whole fund) that works for a goal since and until when."""

    scope: UUID
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Days:
    """The whole days of one scope, oldest first: arrays of one length, moments in seconds since 1970.

    `capital` is what a day began with, inflow included, in `base`; `twr` its return, a fraction.
    """

    day: Floats
    begins: Floats
    ends: Floats
    capital: Floats
    twr: Floats
    base: tuple[str, ...]

    def within(self, since: datetime, until: datetime) -> Bools:
        """Which of them lie in this time, as a whole."""
        return (self.begins >= since.timestamp()) & (self.ends <= until.timestamp())


class Rates:
    """What one of an asset is worth in another now, at the first of the owner's venues that says so."""

    def __init__(self, owner_id: UUID) -> None:
        self._owner_id = owner_id
        self._known: dict[tuple[str, str], Decimal | None] = {}
        self._venues: list[str] | None = None

    def __call__(self, asset: str, base: str) -> Decimal | None:
        if asset == base:
            return Decimal(1)
        if (asset, base) not in self._known:
            self._known[asset, base] = self._ask(asset, base)
        return self._known[asset, base]

    def _ask(self, asset: str, base: str) -> Decimal | None:
        if self._venues is None:
            rows = Connection.objects.filter(owner_id=self._owner_id).order_by("created_at")
            self._venues = list(dict.fromkeys(rows.values_list("venue", flat=True)))
        for venue in self._venues:
            if found := prices_in(assets=[asset], base=base, venue=venue).get(asset):
                return found.price
        return None


def read_figures(
    *,
    owner_id: UUID,
    goals: Collection[Goal],
    spans: Mapping[UUID, Sequence[Span]] | None = None,
    stand: Mapping[UUID, Standing] | None = None,
) -> dict[UUID, Figures]:
    """The figures of each goal by its id. `spans` and `stand`, who works for them and the standings of now, where these
    are known already."""
    targets = {goal.pk: load(goal.target) for goal in goals}
    rates = Rates(owner_id)
    spans = spans or spans_of(owner_id, [goal.pk for goal in goals])
    counted = _counted(goals, rates)
    by_days = [goal for goal in goals if targets[goal.pk].needs("days")]
    by_value = [goal for goal in goals if targets[goal.pk].needs("value")]
    trees = Trees(owner_id=owner_id) if by_days or by_value else None
    where = ZoneInfo(User.objects.values_list("timezone", flat=True).get(pk=owner_id)) if by_days else days.zone()
    past = _days(owner_id, by_days, spans, where)
    if by_value and stand is None:
        stand = standings(owner_id=owner_id)
    found = {}
    for goal in goals:
        figures = counted[goal.pk]
        if trees and targets[goal.pk].needs("days"):
            returns, why = _returns(goal, spans[goal.pk], past, trees)
            figures = replace(figures, returns=returns, why_no_days=why)
        if trees and targets[goal.pk].needs("value"):
            equity, why = _worth(goal, spans[goal.pk], stand or {}, trees, rates)
            figures = replace(figures, equity=equity, why_no_value=why)
        found[goal.pk] = figures
    return found


def spans_of(owner_id: UUID, goal_ids: Sequence[UUID]) -> dict[UUID, list[Span]]:
    """Who works, or has worked, for each goal."""
    spans: dict[UUID, list[Span]] = defaultdict(list)
    rows = GoalAssignment.objects.filter(goal__in=goal_ids).values_list("goal_id", "wallet_id", "since", "until")
    for goal_id, wallet_id, since, until in rows:
        spans[goal_id].append(Span(wallet_id or owner_id, since, until))
    return spans


def _counted(goals: Collection[Goal], rates: Rates) -> dict[UUID, Figures]:
    totals: dict[UUID, list[GoalTotal]] = defaultdict(list)
    for total in GoalTotal.objects.filter(goal__in=[goal.pk for goal in goals]):
        totals[total.goal_id].append(total)
    return {goal.pk: figures_of(totals[goal.pk], goal.base, rates) for goal in goals}


def figures_of(totals: Iterable[GoalTotal], base: str, rates: Rates) -> Figures:
    """The counts of one goal, with the money of all quotes in its base at the prices of now."""
    fills = trades = won_trades = lost_trades = 0
    volume = won = lost = ZERO
    unpriced = []
    for total in totals:
        fills += total.fills
        trades += total.trades
        won_trades += total.won_trades
        lost_trades += total.lost_trades
        rate = rates(total.quote, base)
        if rate is None:
            unpriced.append(total.quote)
            continue
        volume += total.volume * rate
        won += total.won * rate
        lost += total.lost * rate
    if unpriced:
        return Figures(fills, None, trades, won_trades, lost_trades, None, None, tuple(sorted(unpriced)))
    return Figures(fills, volume, trades, won_trades, lost_trades, won, lost)


def _topmost(scopes: Collection[UUID], above: Mapping[UUID, UUID | None], whole: UUID) -> list[UUID]:
    """Those of the scopes that no other of them contains, so that nothing is counted twice."""
    if whole in scopes:
        return [whole]
    found = []
    for scope in dict.fromkeys(scopes):
        parent = above.get(scope)
        while parent is not None and parent not in scopes:
            parent = above.get(parent)
        if parent is None:
            found.append(scope)
    return found


def _days(
    owner_id: UUID, goals: Collection[Goal], spans: Mapping[UUID, Sequence[Span]], where: ZoneInfo
) -> dict[UUID, Days]:
    """The whole days of every scope that a goal needs, by scope: a row of arrays for each, for there may be many."""
    scopes = {span.scope for goal in goals for span in spans[goal.pk]}
    if not scopes:
        return {}
    first = days.day_of(min(goal.starts_at for goal in goals), where)
    opening = F("equity") - F("flow") - (F("market") + F("realized") + F("funding") - F("fees") + F("adjustments"))
    rows = (
        DailyPerformance.objects.in_the_base_of_now()
        .filter(scope__in=scopes, day__gte=first, ends__lte=clock.now())
        .order_by()
        .values_list("scope")
        .annotate(
            each_day=ArrayAgg(Extract("day", "epoch"), order_by="day"),
            each_end=ArrayAgg(Extract("ends", "epoch"), order_by="day"),
            each_capital=ArrayAgg(Cast(opening + Greatest("flow", Value(ZERO)), FloatField()), order_by="day"),
            each_twr=ArrayAgg("twr", order_by="day"),
            each_base=ArrayAgg("base", order_by="day"),
        )
    )
    begins: dict[float, float] = {}
    found = {}
    for scope, day, ends, capital, twr, base in rows:
        numbers = [float(one) for one in day]
        for one in numbers:
            if one not in begins:
                begins[one] = days.begins(EPOCH + timedelta(seconds=one), where).timestamp()
        found[scope] = Days(
            np.array(numbers),
            np.array([begins[one] for one in numbers]),
            np.array([float(one) for one in ends]),
            np.array(capital),
            np.array(twr),
            tuple(base),
        )
    return found


def _returns(goal: Goal, spans: Sequence[Span], past: Mapping[UUID, Days], trees: Trees) -> tuple[Floats, Sentence]:
    _, returns, why = _by_day(goal, spans, past, trees)
    return _since_loss(returns), why


def _by_day(
    goal: Goal, spans: Sequence[Span], past: Mapping[UUID, Days], trees: Trees
) -> tuple[Floats, Floats, Sentence]:
    """When each whole day of the goal's time ended, and its time-weighted return.

    Of several wallets it is the mean, weighted by what each began the day with, which is how they would have done as
    one.
    """
    last = min(moment for moment in (goal.ends_at, clock.now()) if moment is not None)
    there: dict[UUID, Bools] = {}
    for span in spans:
        if (whole := past.get(span.scope)) is not None:
            until = last if span.until is None else min(last, span.until)
            mask = whole.within(max(goal.starts_at, span.since), until)
            there[span.scope] = there[span.scope] | mask if span.scope in there else mask
    if len(there) > 1:
        together = _together(there, past, trees, goal.owner_id)
        if together is None:
            said = "The wallets in scope are valued in different assets: their returns do not add up."
            return NOTHING, NOTHING, Sentence(said)
        return *together, NOT_SAID
    for scope, mask in there.items():
        return past[scope].ends[mask], past[scope].twr[mask], NOT_SAID
    return NOTHING, NOTHING, NOT_SAID


def _since_loss(returns: Floats) -> Floats:
    """After a total loss the days since count."""
    lost = np.flatnonzero(returns <= -1)
    return returns[lost[-1] + 1 :] if lost.size else returns


def _together(
    there: Mapping[UUID, Bools], past: Mapping[UUID, Days], trees: Trees, whole: UUID
) -> tuple[Floats, Floats] | None:
    """The ends of days and the returns of several scopes as of one; None where a day's are in different assets.

    Which of them contain others is told by where wallets stood as the day began.
    """
    by_day: dict[float, list[UUID]] = defaultdict(list)
    places: dict[tuple[UUID, float], int] = {}
    for scope, mask in there.items():
        for place in np.flatnonzero(mask):
            day = float(past[scope].day[place])
            by_day[day].append(scope)
            places[scope, day] = int(place)
    ends, found = [], []
    for day in sorted(by_day):
        began = past[by_day[day][0]].begins[places[by_day[day][0], day]]
        above = trees.parents(datetime.fromtimestamp(began, UTC))
        parts = [(past[scope], places[scope, day]) for scope in _topmost(by_day[day], above, whole)]
        if len({one.base[place] for one, place in parts}) > 1:
            return None
        capital = sum(one.capital[place] for one, place in parts)
        earned = sum(one.twr[place] * one.capital[place] for one, place in parts)
        found.append(earned / capital if capital > 0 else 0.0)
        ends.append(parts[0][0].ends[parts[0][1]])
    return np.array(ends), np.array(found)


class DaysOf:
    """The returns of one goal's days, as many as had passed by some moment."""

    def __init__(self, goal: Goal, spans: Sequence[Span], where: ZoneInfo) -> None:
        past = _days(goal.owner_id, [goal], {goal.pk: spans}, where)
        self._ends, self._returns, self._why = _by_day(goal, spans, past, Trees(owner_id=goal.owner_id))

    def until(self, at: datetime) -> tuple[Floats, Sentence]:
        passed = int(np.searchsorted(self._ends, at.timestamp(), side="right"))
        return _since_loss(self._returns[:passed]), self._why


class Worth:
    """What was in one goal's scope was worth at the midnights when days of its owner ended; None where nobody knows."""

    def __init__(self, goal: Goal, spans: Sequence[Span], midnights: Sequence[datetime], rates: Rates) -> None:
        self._goal, self._spans, self._rates = goal, spans, rates
        self._trees = Trees(owner_id=goal.owner_id)
        scopes = {span.scope for span in spans}
        rows = DailyPerformance.objects.in_the_base_of_now().filter(scope__in=scopes, ends__in=midnights).order_by()
        self._known = {(row.scope, row.ends): (row.equity, row.base) for row in rows.only(*WORTH)}

    def __call__(self, midnight: datetime, *, of: datetime | None = None) -> Decimal | None:
        """What was in scope then, or at the moment `of`."""
        then = of or midnight
        working = [one.scope for one in self._spans if one.since <= then and (one.until is None or then < one.until)]
        topmost = _topmost(working, self._trees.parents(midnight), self._goal.owner_id)
        known = [self._known[scope, midnight] for scope in topmost if (scope, midnight) in self._known]
        total = ZERO
        for equity, base in known:
            rate = self._rates(base, self._goal.base)
            if rate is None:
                return None
            total += equity * rate
        return total if known else None


def _worth(
    goal: Goal,
    spans: Sequence[Span],
    stand: Mapping[UUID, Standing],
    trees: Trees,
    rates: Rates,
) -> tuple[Decimal | None, Sentence]:
    total = ZERO
    above = trees.parents()
    for scope in _topmost([span.scope for span in spans if span.until is None], above, goal.owner_id):
        standing = stand.get(scope)
        if standing is None:
            continue
        rate = rates(standing.base, goal.base)
        if standing.value is None or rate is None:
            return None, Sentence("What is in scope has no price now.")
        total += standing.value * rate
    return total, NOT_SAID

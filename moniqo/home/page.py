"""The home page as one object whose parts are read when they are asked for: a scope, and what farms and markets add."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID

from farms.selectors import FarmFacts, farm_facts, states_of
from goals.selectors import goal_marks
from kit import days, formatting
from kit.sentences import Sentence
from kit.statuses import State
from moniqo.home.activity import Event, recent_activity
from moniqo.home.farms import MOST_NEEDS, FarmLine, Need, farm_lines, needs
from moniqo.home.first_steps import Step, first_steps
from moniqo.home.markets import MarketLine, traded_markets
from portfolio.models import Snapshot
from portfolio.selectors.scope import Scope
from trading.selectors import PositionRow
from trading.selectors.marks import FillMark, fill_marks

SHOWN_POSITIONS = 8
DAY: Final = timedelta(days=1)


class Home(Scope):
    """The scope of the page, with what only the roof knows.

    `refused` says what is wrong with the dates that were asked for, where the usual period stands instead of them.
    """

    refused: Sentence = Sentence()

    @property
    def usual_words(self) -> str:
        """Which period is shown instead of the dates."""
        return f"Shown is the usual period, {self.period.words}."

    @property
    def today_since(self) -> str:
        """From when today is counted, where no value was written down at the reader's midnight: of the last before."""
        began, midnight = self.today.began, days.begins(days.day_of(self.moment))
        if began is None or not began < midnight - days.INSTANT:
            return ""
        local = began.astimezone(days.zone())
        return f"{local:%H:%M}" if midnight - began < DAY else f"{formatting.short_day(local)}, {local:%H:%M}"

    @cached_property
    def begins_within(self) -> datetime | None:
        """When the history in the base of the scope begins, where the period had one in another before and trades."""
        if self.period.until is not None or not self.performance.trades:
            return None
        began = self.change.began or self.moment
        if began <= self.start:
            return None
        others = Snapshot.objects.filter(scope=self.scope, at__gt=self.start, at__lt=began).exclude(base=self.base)
        return began if others.exists() else None

    @cached_property
    def first_steps(self) -> Sequence[Step]:
        """What is still to be done before an agent trades; not while the demo does it."""
        if self.state.building is not None or self.positions or self.performance.trades:
            return ()
        return first_steps(owner_id=self.owner_id)

    @property
    def best_positions(self) -> Sequence[PositionRow]:
        """The ones that matter most, the best first; those without a price last."""
        known = [row for row in self.positions if row.unrealized_pnl is not None]
        known.sort(key=lambda row: row.unrealized_pnl or 0, reverse=True)
        return [*known, *(row for row in self.positions if row.unrealized_pnl is None)][:SHOWN_POSITIONS]

    @cached_property
    def farms(self) -> Sequence[FarmLine]:
        return farm_lines(self._facts, states=self._states, stand=self.worth.standings)

    @cached_property
    def all_needs(self) -> Sequence[Need]:
        """Who needs somebody, of the whole portfolio whatever is looked at; not while the demo's history is built."""
        if self.state.building is not None:
            return ()
        return needs(self._facts, states=self._states, connections=self.places.connections)

    @property
    def needs(self) -> Sequence[Need]:
        """The worst of them, as many as the card shows."""
        return self.all_needs[:MOST_NEEDS]

    @cached_property
    def _facts(self) -> Sequence[FarmFacts]:
        return farm_facts(owner_id=self.owner_id)

    @cached_property
    def _states(self) -> Mapping[UUID, State]:
        return states_of(self._facts)

    @cached_property
    def markets(self) -> Sequence[MarketLine]:
        return traded_markets(owner_id=self.owner_id)

    @cached_property
    def fill_marks(self) -> Sequence[FillMark]:
        """Some of the fills of the period, for the chart."""
        wallets = None if self.wallet is None else [self.wallet.pk]
        return fill_marks(owner_id=self.owner_id, start=self.start, until=self.end, wallet_ids=wallets)

    @cached_property
    def goal_marks(self) -> Sequence[tuple[datetime, str, str]]:
        """When goals were achieved or missed in the period."""
        wallet = None if self.wallet is None else self.wallet.pk
        return goal_marks(owner_id=self.owner_id, start=self.start, until=self.end, wallet_id=wallet)

    @cached_property
    def activity(self) -> Sequence[Event]:
        return recent_activity(owner_id=self.owner_id)

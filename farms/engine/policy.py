"""What a farm's policy says of entries: which markets, and when. Exits and protection go on whatever it says."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from farms.models import Farm
from kit import clock
from kit.sentences import Sentence, moment, public, sentence
from kit.users.models import User
from markets.models import Instrument

DAY: Final = timedelta(days=1)
WEEK: Final = 7
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When agents may enter, in a zone of its own: `days` (1 is Monday; none means each) from `opens` to `closes`.

    Without hours a day is open from midnight to midnight; one whose hours go past midnight is the day it opened on.
    """

    days: tuple[int, ...]
    opens: time | None
    closes: time | None
    zone: ZoneInfo

    @property
    def is_always(self) -> bool:
        return self.opens is None and len(self.days) in (0, WEEK)

    def next_opening(self, now: datetime) -> datetime | None:
        """When it opens next, in UTC; None while it is open."""
        if self.is_always:
            return None
        today = now.astimezone(self.zone).date()
        spans = [self._span(datetime.combine(today + step * DAY, time())) for step in range(-1, WEEK + 2)]
        ahead = [(begins, ends) for begins, ends in filter(None, spans) if ends > now]
        return None if ahead[0][0] <= now else ahead[0][0]

    def _span(self, day: datetime) -> tuple[datetime, datetime] | None:
        if self.days and day.isoweekday() not in self.days:
            return None
        begins, ends = self.opens or time(), self.closes or time()
        last = day if begins < ends else day + DAY
        return self._at(day, begins), self._at(last, ends)

    def _at(self, day: datetime, hour: time) -> datetime:
        return datetime.combine(day.date(), hour, self.zone).astimezone(UTC)

    @property
    def words(self) -> str:
        """`Mon, Tue 08:00 to 17:00, Europe/Berlin`."""
        days = "every day" if not self.days or len(self.days) == WEEK else ", ".join(DAYS[day - 1] for day in self.days)
        hours = "" if self.opens is None else f" {self.opens:%H:%M} to {self.closes:%H:%M}"
        return f"{days}{hours}, {self.zone.key}"


def schedule_of(farm: Farm) -> Schedule:
    """In the time zone of the farm's owner as it is now."""
    zone = ZoneInfo(User.objects.values_list("timezone", flat=True).get(pk=farm.owner_id))
    return Schedule(tuple(farm.trading_days), farm.opens_at, farm.closes_at, zone)


def forbidden(farm: str, allowed: Collection[str], symbol: str) -> Sentence | None:
    """What a policy that allows these markets, none means all, has against entering the one of `symbol`."""
    if not allowed or symbol in allowed:
        return None
    words = "The policy of {farm} does not allow {symbol}: it allows {allowed}."
    return sentence(words, farm=farm, symbol=symbol, allowed=", ".join(sorted(allowed)))


def closed(farm: str, schedule: Schedule, opens: datetime) -> Sentence:
    """That nothing is entered until it `opens`."""
    words = "{farm} enters {hours} only: it opens next at {opens}."
    return sentence(words, farm=farm, hours=public(schedule.words), opens=moment(opens))


class Entries:
    """What the policy of a locked farm keeps its agents from entering now."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm

    def obstacle(self, instrument: Instrument) -> Sentence | None:
        """Why nothing is entered there now; None where nothing forbids it."""
        return forbidden(self._farm.name, self._farm.allowed_symbols, instrument.symbol) or self._closed

    @cached_property
    def _closed(self) -> Sentence | None:
        if not self._farm.trading_days and self._farm.opens_at is None:
            return None
        schedule = schedule_of(self._farm)
        opens = schedule.next_opening(clock.now())
        return None if opens is None else closed(self._farm.name, schedule, opens)

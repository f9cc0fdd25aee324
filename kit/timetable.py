"""Beat's scheduler, which survives a clock that was set, and a schedule that keeps to the clock.

Celery's own remembers when each task ran last and waits one interval from there. When that moment lies in the future,
because the clock was set back or had once been ahead, it waits for the future, silently: nothing is priced, synced or
protected. Here a run of the future counts as one of now, at every tick and at the start.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from celery.beat import PersistentScheduler
from celery.schedules import schedstate, schedule

# One machine's clock: more than this is no rounding.
_AHEAD: Final = timedelta(seconds=1)
_LOOK_SECONDS: Final = 5


class Timetable(PersistentScheduler):
    """Looks at the clock at least every five seconds."""

    max_interval = _LOOK_SECONDS

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One look: send what is due. Returns how many seconds the next look may wait."""
        self.come_back()
        return float(super().tick(*args, **kwargs))

    def come_back(self) -> int:
        """Let no last run lie in the future; returns how many did."""
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at and entry.last_run_at > now + _AHEAD]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            self.logger.error("The clock was set back: %d tasks had last run in the future and start anew.", len(ahead))
            self.populate_heap()
        return len(ahead)


class Punctual(schedule):
    """Every `seconds`, at whole multiples of them since 1970 and `after` seconds: at the same moments wherever and
    whenever it began, as candles close."""

    def __init__(self, seconds: float, *, after: float = 0.0, **options: Any) -> None:
        super().__init__(seconds, **options)
        self.period, self.after = seconds, after

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Whether such a moment has come since, and seconds to the next one."""
        now = self.now().timestamp() - self.after
        last = self.maybe_make_aware(last_run_at).timestamp() - self.after
        return schedstate(is_due=now // self.period > last // self.period, next=self.period - now % self.period)

    def __reduce__(self) -> tuple[Any, ...]:
        return _punctual, (self.period, self.after)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Punctual):
            return False
        return (self.period, self.after) == (other.period, other.after)

    __hash__ = None  # type: ignore[assignment]  # as of any schedule, which may be changed


def _punctual(seconds: float, after: float) -> Punctual:
    return Punctual(seconds, after=after)

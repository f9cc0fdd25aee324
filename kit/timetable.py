"""Beat's scheduler, which survives a clock that was set.

Celery's own remembers when each task ran last and waits one interval from there. When that moment lies in the future,
because the clock was set back or had once been ahead, it waits for the future, silently: nothing is priced, synced or
protected. Here a run of the future counts as one of now, at every tick and at the start.
"""

from datetime import timedelta
from typing import Any, Final

from celery.beat import PersistentScheduler

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

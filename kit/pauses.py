"""How long to wait before something that ended is started again: longer each time, and never for ever.

Whoever gives up has to be started by a person; whoever tries at once keeps the machine busy with failing. What has
stayed up for a while begins with a clean record.
"""

from dataclasses import dataclass
from typing import Final

LONGEST_SECONDS: Final = 60.0
STEADY_SECONDS: Final = 60.0
# From here on somebody is told.
MANY: Final = 3


@dataclass
class Record:
    """The failures in a row of one thing that is meant to stay up. Moments are those of a monotonic clock."""

    started_at: float
    failures: int = 0
    again_at: float | None = None

    def fail(self, now: float) -> float:
        """It has ended: returns the pause in seconds until `again_at`."""
        self.failures = 1 if self.is_steady(now) else self.failures + 1
        pause = min(2.0 ** (self.failures - 1), LONGEST_SECONDS)
        self.again_at = now + pause
        return pause

    def is_due(self, now: float) -> bool:
        """Whether its pause is over."""
        return self.again_at is not None and now >= self.again_at

    def start(self, now: float) -> None:
        """It runs again."""
        self.started_at, self.again_at = now, None

    def is_steady(self, now: float) -> bool:
        """Whether it runs, and has for a while."""
        return self.again_at is None and now - self.started_at > STEADY_SECONDS

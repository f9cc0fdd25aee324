"""What the whole does on its own: the tables that are kept by months."""

from typing import Final

from celery import shared_task

from farms.services import RUNS
from kit import months
from kit.alerts.services import raise_platform_alert, resolve_platform_alert
from kit.audit.services import CALLS, ENTRIES
from kit.months import Months
from trading.services import DECISIONS, EVENTS

# Snapshots are by months as well, but what is summed up of them first is the portfolio's to say.
BY_MONTHS: Final[tuple[Months, ...]] = (RUNS, EVENTS, DECISIONS, ENTRIES, CALLS)


@shared_task
def keep_months() -> int:
    """Make the months ahead, sort in what came for none of them, and let go what is old; returns how many months went.

    Operators are told of rows that came for a month that nobody had made.
    """
    strays = sum(months.sort_in(table) for table in BY_MONTHS)
    months.make_ahead()
    if strays:
        raise_platform_alert(
            key="months:rest",
            title="Rows came for a month that was not made",
            body="{rows} rows of runs, orders' steps or the audit log were written before their month was made ahead, "
            "and have been sorted in now: the nightly work had not run for months, or a clock was wrong.",
            rows=strays,
        )
    else:
        resolve_platform_alert(key="months:rest")
    return sum(months.forget(table) for table in BY_MONTHS)

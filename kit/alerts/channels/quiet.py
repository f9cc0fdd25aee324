"""Quiet hours: from one time of day until another in their owner's zone, over midnight where the end is the earlier."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def quiet_end(moment: datetime, *, since: time | None, until: time | None, zone: str) -> datetime | None:
    """When the quiet hours that `moment` lies in are over; None while it is not quiet. Equal times: never quiet."""
    if since is None or until is None or since == until:
        return None
    local = moment.astimezone(ZoneInfo(zone))
    clock = local.time()
    is_quiet = since <= clock < until if since < until else clock >= since or clock < until
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1) if since > until and clock >= since else local.date()
    # The end is a time of the wall: on days when clocks change the hours between are more or fewer.
    return max(datetime.combine(day, until, ZoneInfo(zone)).astimezone(moment.tzinfo), moment + timedelta(minutes=1))

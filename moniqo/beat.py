"""Beat's own Celery app: it sends names at their times, so it imports neither Django nor a task.

`celery -A moniqo.beat beat`. The whole program is 60 MB that a process which only keeps the time does not need.
"""

import os

from celery import Celery

from kit import heartbeat
from moniqo import schedule

app = Celery("moniqo", fixups=[], broker=os.environ.get("REDIS_URL", "redis://127.0.0.1:1/0"))
app.conf.update(schedule.CONFIGURATION, beat_schedule=schedule.SCHEDULE, beat_scheduler="kit.timetable:Timetable")
heartbeat.watch_beat()

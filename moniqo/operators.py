"""What operators see first: whether every part is alive, who waits for what, and what is told to them.

Looked at as the system role, which the admin runs as. A few counts over indexes; nothing of it grows with history.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.urls import reverse

from kit import clock, heartbeat
from kit.alerts.models import PlatformAlert
from kit.users.models import User
from moniqo.retention import RULES, in_words
from moniqo.schedule import QUEUES
from portfolio.models import PortfolioState
from trading.models import Order
from trading.orders import states
from wallets.models import Connection

ROWS: Final = 10
LATE: Final = timedelta(minutes=15)

Rows = list[list[Any]]


def theme(request: HttpRequest) -> str | None:
    """The theme that the operator chose in the product; None leaves it to the system and the admin's own switch."""
    chosen = getattr(request.user, "theme", User.Theme.SYSTEM)
    return None if chosen == User.Theme.SYSTEM else str(chosen)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the admin's first page, with a table each of parts, syncs, lag, what is kept and alerts."""
    now = clock.now()
    tables = (
        ("Parts", ("Part", "Sign of life", "Waiting"), _parts(), ""),
        ("Failing syncs", ("Connection", "Owner", "Last success", "What was said"), _failing(now),
         f"{reverse('admin:wallets_connection_changelist')}?status__exact={Connection.Status.FAILED}"),
        ("Lag", ("What", "Number", "Oldest"), _lag(now), ""),
        ("What is kept", ("Table", "Days"), _kept(), ""),
        ("Alerts of the platform", ("Since", "Level", "Alert"), _alerts(now),
         reverse("admin:alerts_platformalert_changelist")),
    )  # fmt: skip
    return context | {
        "dashboard": [
            {"title": title, "table": {"headers": headers, "rows": rows}, "url": url}
            for title, headers, rows, url in tables
        ]
    }


def _parts() -> Rows:
    return [
        [part, heartbeat.in_words(heartbeat.age(part)), _waiting(part) if part in QUEUES else ""]
        for part in heartbeat.PARTS
    ]


def _kept() -> Rows:
    """Of what is forgotten; docs/operations.md says why the rest stays."""
    return [[table, in_words(rule)] for table, rule in RULES.items() if rule.kept_days is not None]


def _waiting(queue: str) -> str:
    tasks = heartbeat.waiting(queue)
    return "Redis does not answer" if tasks is None else f"{tasks} tasks"


def _failing(now: datetime) -> Rows:
    rows = Connection.objects.filter(state=Connection.State.ACTIVE, status=Connection.Status.FAILED)
    return [
        [row.name, row.owner.email, _ago(now, row.synced_at), str(row.status_detail)[:120]]
        for row in rows.select_related("owner").order_by("synced_at")[:ROWS]
    ]


def _lag(now: datetime) -> Rows:
    late = now - LATE
    states_ = PortfolioState.objects.filter(building=None, owner__is_active=True)
    valued = states_.aggregate(number=Count("pk", filter=Q(valued_at__lt=late)), oldest=Min("valued_at"))
    synced = Connection.objects.filter(state=Connection.State.ACTIVE).aggregate(
        number=Count("pk", filter=Q(synced_at__lt=late) | Q(synced_at=None)), oldest=Min("synced_at")
    )
    due = Order.objects.unfinished().filter(due_at__lt=now).aggregate(number=Count("pk"), oldest=Min("due_at"))
    doubt = (
        Order.objects.unfinished()
        .filter(status=states.UNCERTAIN)
        .aggregate(number=Count("pk"), oldest=Min("created_at"))
    )
    return [
        [words, found["number"], _ago(now, found["oldest"]) if found["number"] else ""]
        for words, found in (
            ("Portfolios not valued for 15 minutes", valued),
            ("Connections not synced for 15 minutes", synced),
            ("Orders due to be asked about", due),
            ("Orders in doubt", doubt),
        )
    ]


def _alerts(now: datetime) -> Rows:
    rows = PlatformAlert.objects.open().order_by("-raised_at")[:ROWS]
    return [[_ago(now, row.raised_at), row.level, row.headline()] for row in rows]


def _ago(now: datetime, moment: datetime | None) -> str:
    return "never" if moment is None else heartbeat.in_words((now - moment).total_seconds())

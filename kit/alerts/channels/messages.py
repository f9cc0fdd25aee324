"""What a message says, in the words and the zone of whom it is for, without amounts where they hide them."""

from dataclasses import dataclass, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from kit import clock, display, formatting
from kit.alerts.channels import sources
from kit.alerts.kinds import KINDS, rank
from kit.alerts.models import Alert, Delivery, Message, PlatformAlert
from kit.display import Display
from kit.users.models import User

_LISTED: Final = 10
_LOOKED_AT: Final = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """`subject` is one line and `text` some, for people; `data` the same for programs, as JSON."""

    subject: str
    text: str
    data: dict[str, Any]


def shown_to(user: User) -> Display:
    """How this person wants figures to look."""
    return Display(
        currency=user.base_currency,
        timezone=user.timezone,
        hide_amounts=user.privacy,
        numbers=user.number_format,
        dates=user.date_format,
    )


def letter_of_alert(delivery: Delivery, alert: Message, user: User) -> Letter:
    """What an alert says."""
    shown = shown_to(user)
    exact = replace(Display(is_exact=True), hide_amounts=shown.hide_amounts)
    level = Message.Level(alert.level).label
    lines = [alert.story(shown)]
    if alert.times > 1:
        lines.append(f"It happened {alert.times} times.")
    lines.append(f"Since {formatting.moment(alert.created_at, shown.timezone)}.")
    about = {name: getattr(alert, name) for name in ("kind", "key", "level", "about", "times")}
    data = _data(delivery) | {
        "alert": about
        | {
            "id": str(alert.pk),
            "scope": "platform" if isinstance(alert, PlatformAlert) else "own",
            "kind_label": KINDS[alert.kind].label if alert.kind in KINDS else alert.kind,
            "title": alert.headline(exact),
            "body": alert.story(exact),
            "created_at": formatting.iso(alert.created_at),
            "last_seen_at": formatting.iso(alert.last_seen_at),
        }
    }
    return Letter(f"{level}: {alert.headline(shown)}", _text(lines), data)


def letter_of_digest(delivery: Delivery, user: User) -> Letter:
    """What a day's digest says: the figures of now, and what is open, the gravest first."""
    shown = shown_to(user)
    exact = replace(Display(is_exact=True), hide_amounts=shown.hide_amounts)
    rows = Alert.objects.open().filter(owner_id=user.pk)
    count = rows.count()
    newest = sorted(rows.order_by("-raised_at")[:_LOOKED_AT], key=lambda alert: -rank(alert.level))[:_LISTED]
    with display.showing(shown):
        figures = sources.status(user.pk)
        lines = [str(figure) for figure in figures]
        lines.append(f"{count} alert{'s are' if count != 1 else ' is'} open." if count else "No alert is open.")
        lines += [f"{Message.Level(alert.level).label}: {alert.headline()}" for alert in newest]
    with display.showing(exact):
        data = _data(delivery) | {
            "figures": [str(figure) for figure in figures],
            "open": count,
            "alerts": [{"key": alert.key, "level": alert.level, "title": alert.headline()} for alert in newest],
        }
    day = formatting.day(clock.now().astimezone(ZoneInfo(shown.timezone)).date())
    return Letter(f"Your fund on {day}", _text(lines), data)


def letter_of_test(delivery: Delivery) -> Letter:
    """What a test says."""
    lines = ["You asked for a test. Alerts will arrive like this."]
    return Letter("Moniqo reaches you here", _text(lines), _data(delivery))


def alert_of(delivery: Delivery) -> Message | None:
    """What it tells of; None when that was deleted, or may not be seen by its reader any more."""
    if delivery.alert_id is not None:
        return Alert.objects.filter(pk=delivery.alert_id).first()
    if delivery.platform_alert_id is not None:
        return PlatformAlert.objects.filter(pk=delivery.platform_alert_id).first()
    return None


def _data(delivery: Delivery) -> dict[str, Any]:
    return {"id": str(delivery.pk), "type": str(delivery.purpose), "sent_at": formatting.iso(clock.now())}


def _text(lines: list[str]) -> str:
    where = [f"{settings.SITE_URL.rstrip('/')}/alerts/"] if settings.SITE_URL else []
    return "\n".join(line for line in (*lines, *where) if line)

"""What a message says, in the words and the zone of whom it is for, without amounts where they hide them."""

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from kit import clock, formatting
from kit.alerts.kinds import KINDS
from kit.alerts.models import Alert, Delivery, Message, PlatformAlert
from kit.display import Display
from kit.users.models import User


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

"""Reading the inbox: one's own alerts, and for operators the platform's among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Page
from django.db.models import BooleanField, Case, IntegerField, QuerySet, Value, When

from kit.alerts import links
from kit.alerts.kinds import KINDS, LEVELS, rank
from kit.alerts.models import Alert, Message, Mute, PlatformAlert, in_force
from kit.paging import Pages
from kit.sentences import in_words

PAGE_ROWS: Final = 50
OPEN, ACKNOWLEDGED, HISTORY, MUTED = "open", "acknowledged", "history", "muted"
TABS: Final = {OPEN: "Open", ACKNOWLEDGED: "Acknowledged", HISTORY: "History", MUTED: "Muted"}

_COLUMNS: Final = (
    "id", "level", "key", "kind", "title", "body", "facts", "about", "times", "created_at", "raised_at",
    "last_seen_at", "acknowledged_at", "resolved_at", "resolved_by_hand", "is_platform", "gravity",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert in the words of whoever reads it. `link` and `url` lead to what it is about, or are empty."""

    id: UUID
    level: str
    level_label: str
    key: str
    kind: str
    kind_label: str
    title: str
    body: str
    url: str
    link: str
    times: int
    created_at: datetime
    last_seen_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    resolved_by_hand: bool
    is_platform: bool


@dataclass(frozen=True, slots=True)
class MuteRow:
    """What is not heard of: a kind by its label, or one alert by its title; `until` None means for good."""

    id: UUID
    label: str
    is_kind: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What an address asks for; what is not understood is empty, and named in `unknown`."""

    level: str = ""
    kind: str = ""
    unknown: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> "Filters":
        asked = {"level": given.get("level", ""), "kind": given.get("kind", "")}
        known = {"level": LEVELS, "kind": KINDS}
        read = {name: value if value in known[name] else "" for name, value in asked.items()}
        return cls(**read, unknown=tuple(name for name, value in asked.items() if value != read[name]))

    @property
    def left_out(self) -> str:
        """What is said of those that name nothing there is."""
        named = ", ".join({"level": "severity"}.get(name, name) for name in self.unknown)
        return f"There is nothing of that name, so it filters nothing: {named}." if named else ""

    def of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that are meant."""
        only = {name: value for name, value in (("level", self.level), ("kind", self.kind)) if value}
        return rows.filter(**only)


def inbox(*, user_id: UUID, is_operator: bool, tab: str, filters: Filters, page: str | None = None) -> "Page[AlertRow]":
    """A page of a tab: the gravest first and of these the newest; the history by when it was resolved."""
    rows = _rows(filters.of(placed(Alert.objects.filter(owner_id=user_id), tab)), is_platform=False)
    if is_operator:
        rows = rows.union(_rows(filters.of(placed(PlatformAlert.objects.all(), tab)), is_platform=True), all=True)
    order = ("-resolved_at", "-id") if tab == HISTORY else ("-gravity", "-raised_at", "-id")
    found: Any = Pages(rows.order_by(*order), PAGE_ROWS).get_page(page)
    found.object_list = [_row(dict(zip(_COLUMNS, row, strict=True))) for row in found.object_list]
    return found  # type: ignore[no-any-return]  # rows of the table became rows of words


def open_alert(*, user_id: UUID, alert_id: UUID) -> AlertRow | None:
    """The alert of this id if its reader has not taken note of it yet and wants to hear of it."""
    own = _rows(Alert.objects.open().filter(owner_id=user_id, pk=alert_id), is_platform=False)
    platform = _rows(PlatformAlert.objects.open().filter(pk=alert_id), is_platform=True)
    found = own.union(platform, all=True).first()
    return _row(dict(zip(_COLUMNS, found, strict=True))) if found else None


def counts(*, user_id: UUID, is_operator: bool) -> dict[str, int]:
    """How many stand in each tab but the history."""
    heard = {tab: _counted(Alert, tab, owner_id=user_id) for tab in (OPEN, ACKNOWLEDGED, MUTED)}
    if is_operator:
        heard = {tab: count + _counted(PlatformAlert, tab) for tab, count in heard.items()}
    return heard


def list_mutes(*, user_id: UUID) -> list[MuteRow]:
    """What its owner does not want to hear of now."""
    mutes = list(Mute.objects.filter(in_force(), owner_id=user_id))
    keys = [mute.key for mute in mutes]
    titles = {alert.key: alert.headline() for alert in Alert.objects.filter(owner_id=user_id, key__in=keys)}
    return [_mute_row(mute, titles) for mute in mutes]


def placed(rows: Any, tab: str) -> Any:
    """Those of a table's rows that stand in the tab."""
    places = {OPEN: rows.open, ACKNOWLEDGED: rows.acknowledged, HISTORY: rows.resolved, MUTED: rows.muted}
    return places[tab]()


def _counted(table: type[Message], tab: str, **whose: Any) -> int:
    count: int = placed(table.objects.filter(**whose), tab).count()  # type: ignore[attr-defined]
    return count


def _rows(rows: QuerySet[Any], *, is_platform: bool) -> QuerySet[Any]:
    gravity = Case(*(When(level=level, then=Value(rank(level))) for level in LEVELS), output_field=IntegerField())
    marked = rows.order_by().annotate(is_platform=Value(is_platform, BooleanField()), gravity=gravity)
    found: QuerySet[Any] = marked.values_list(*_COLUMNS)
    return found


def _row(found: dict[str, Any]) -> AlertRow:
    return AlertRow(
        id=found["id"],
        level=found["level"],
        level_label=Message.Level(found["level"]).label,
        key=found["key"],
        kind=found["kind"],
        kind_label=label_of(found["kind"]),
        title=in_words(found["title"], found["facts"]),
        body=in_words(found["body"], found["facts"]),
        url=links.url_of(found["about"]),
        link=links.words_of(found["about"]),
        times=found["times"],
        created_at=found["created_at"],
        last_seen_at=found["last_seen_at"],
        acknowledged_at=found["acknowledged_at"],
        resolved_at=found["resolved_at"],
        resolved_by_hand=found["resolved_by_hand"],
        is_platform=found["is_platform"],
    )


def label_of(kind: str) -> str:
    """The kind in words; one of an older version is told by its name."""
    return KINDS[kind].label if kind in KINDS else kind


def _mute_row(mute: Mute, titles: Mapping[str, str]) -> MuteRow:
    is_kind = mute.key in KINDS and ":" not in mute.key
    return MuteRow(mute.pk, label_of(mute.key) if is_kind else titles.get(mute.key, mute.key), is_kind, mute.until)

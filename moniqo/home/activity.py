"""What happened lately, newest first, from one query over everything that leaves a trace."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, DecimalField, ExpressionWrapper, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, JSONObject
from django.urls import reverse

from farms.models import AgentFarmAssignment
from kit.models import SentenceField
from kit.sentences import Sentence, Told, joined, quoted, sentence
from kit.sentences import amount as exact
from kit.statements import Statement
from trading.models import Order, Position
from wallets.models import AllocationLine, FundAllocation, PostingKind, SyncRun

MOST: Final = 12
MOST_LINKS: Final = 40  # of one posting that are looked at
MOST_PARTS: Final = 3

ICONS: Final = {
    "deposit": "arrow-down-to-line",
    "allocate": "split",
    "collect": "merge",
    "reward": "gift",
    "closed": "arrow-left-right",
    "opened": "layers-2",
    "refused": "triangle-alert",
    "sync": "triangle-alert",
    "joined": "cpu",
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a sentence in two halves around an amount, which a page may mask.

    `tone` is "", "warn" or "bad". `is_profit` says that the amount is one and carries a sign.
    """

    at: datetime
    icon: str
    before: str
    amount: Decimal | None
    asset: str
    after: Told
    url: str
    tone: str = ""
    is_profit: bool = False


def recent_activity(*, owner_id: UUID) -> Sequence[Event]:
    """The newest events of the owner: money moved, positions, refused orders, sync problems, agents at work."""
    return [_event(*row) for row in NEWEST.rows(owner_id=owner_id)]


def _newest(owner_id: UUID) -> QuerySet[Any, Any]:
    first, *others = (part[:MOST] for part in _parts(owner_id))
    united: QuerySet[Any, Any] = first.union(*others, all=True).order_by("-moment")[:MOST]
    return united


NEWEST: Final = Statement(_newest)


# The columns of every part, in this order; what they say is put into words below.
_COLUMNS: Final = ("event", "moment", "what", "sum", "unit", "who", "other", "link")
_NOTHING: Final = Value(None, output_field=DecimalField())


# The kind of a movement, as a sentence has it, with its links where money came from, or went to, several wallets.
_LINKS: Final = (
    AllocationLine.objects.filter(
        Q(allocation__source=None) | Q(allocation__target=None),
        allocation=OuterRef("pk"),
        allocation__kind__in=(PostingKind.COLLECT, PostingKind.REWARD),
    )
    .order_by("number")
    .values(
        link=JSONObject(
            source="source_id", source_name="source__name", target="target_id", target_name="target__name",
            amount=Cast("amount", CharField()), asset="asset",
        )
    )[:MOST_LINKS]
)  # fmt: skip
_MOVED: Final = ExpressionWrapper(
    JSONObject(template="kind", values=JSONObject(posting="posting_id", links=ArraySubquery(_LINKS))),
    output_field=SentenceField(),
)


def _parts(owner_id: UUID) -> Iterator[QuerySet[Any, tuple[Any, ...]]]:
    """Money moved, positions closed and opened, orders refused, syncs gone wrong, agents at work.

    Each is newest first and reads its newest rows by its own index.
    """
    yield _part(
        FundAllocation.objects.filter(owner_id=owner_id).exclude(status="previewed"), "funds", "created_at", _MOVED,
        F("amount"), F("asset"), Coalesce("source__name", Value("")), Coalesce("target__name", Value("")),
        Coalesce("target_id", "source_id", "id"),
    )  # fmt: skip
    positions = Position.objects.filter(owner_id=owner_id)
    yield _part(
        positions.filter(closed_at__isnull=False), "closed", "closed_at", "exit_reason", F("realized_pnl"),
        F("instrument__quote"), F("wallet__name"), F("instrument__symbol"), F("id"),
    )  # fmt: skip
    yield _part(
        positions, "opened", "opened_at", "entry_reason", F("entry_quantity"), F("instrument__base"),
        F("wallet__name"), F("instrument__symbol"), F("id"),
    )  # fmt: skip
    yield _part(
        Order.objects.filter(owner_id=owner_id, status__in=(Order.Status.REJECTED, Order.Status.UNCERTAIN)),
        "refused", "created_at", "refusal", F("quantity"), F("instrument__base"), F("wallet__name"),
        F("instrument__symbol"), F("id"),
    )  # fmt: skip
    yield _part(
        SyncRun.objects.filter(owner_id=owner_id, status__in=(SyncRun.Status.DRIFT, SyncRun.Status.FAILED)),
        "sync", "created_at", "error", _NOTHING, Value(""), F("connection__name"), F("status"), F("connection_id"),
    )  # fmt: skip
    yield _part(
        AgentFarmAssignment.objects.filter(owner_id=owner_id), "joined", "started_at", None, _NOTHING, Value(""),
        F("agent__name"), F("farm__name"), F("agent_id"),
    )  # fmt: skip


def _part(rows: QuerySet[Any], event: str, moment: str, what: Any, *rest: Any) -> Any:
    amount, unit, who, other, link = rest
    expressions = (
        Value(event), F(moment), _sentence(rows, what), amount, unit, who, other, Cast(link, CharField()),
    )  # fmt: skip
    named = dict(zip(_COLUMNS, expressions, strict=True))
    return rows.annotate(**named).order_by(f"-{moment}").values_list(*_COLUMNS)


def _sentence(rows: QuerySet[Any], what: Any) -> Any:
    """The column as a sentence, whatever it is: the parts of a union must agree."""
    if what is None:
        return Value(Sentence(), output_field=SentenceField())
    if not isinstance(what, str):
        return what
    if isinstance(rows.model._meta.get_field(what), SentenceField):
        return F(what)
    return Func(F(what), function="to_jsonb", output_field=SentenceField())


def _event(
    kind: str, at: datetime, what: Sentence, amount: Decimal | None, asset: str, name: str, other: str, link: str
) -> Event:
    match kind:
        case "funds":
            if what.values["links"]:
                return _shared(at, what.template, amount, asset, what.values)
            return _funds(at, what.template, amount, asset, name, other, link)
        case "closed":
            return Event(
                at, ICONS[kind], f"{name} closed {other}:", amount, asset, _because(what),
                reverse("trading:position", args=[link]), is_profit=True,
            )  # fmt: skip
        case "opened":
            url = reverse("trading:position", args=[link])
            return Event(at, ICONS[kind], f"{name} opened", amount, asset, _because(what), url)
        case "refused":
            url = reverse("trading:order", args=[link])
            return Event(at, ICONS[kind], f"{name} did not get", amount, asset, _because(what), url, "warn")
        case "joined":
            return Event(at, ICONS[kind], f"{name} joined {other}", None, "", "", reverse("farms:agent", args=[link]))
    problem = "Books and venue differ" if other == SyncRun.Status.DRIFT else "Sync failed"
    return Event(
        at, ICONS["sync"], f"{problem} at {name}", None, "", _because(what), reverse("wallets:connections"), "bad"
    )


def _funds(at: datetime, what: str, amount: Decimal | None, asset: str, name: str, other: str, link: str) -> Event:
    verbs = {
        "deposit": ("Deposited", f"to {other}"),
        "collect": ("Collected", f"from {name}"),
        "reward": ("Shared out", f"to {other}"),
        "rebalance": ("Rebalanced", f"under {name}"),
    }
    if not name and not other:  # many gave and many got: the plan says who
        return Event(
            at,
            ICONS.get(what, "split"),
            "Moved",
            amount,
            asset,
            "between wallets",
            reverse("wallets:plan", args=[link]),
        )
    before, after = verbs.get(what, ("Allocated", f"to {other}"))
    return Event(at, ICONS.get(what, "split"), before, amount, asset, after, reverse("wallets:wallet", args=[link]))


def _shared(at: datetime, what: str, amount: Decimal | None, asset: str, moved: Mapping[str, Any]) -> Event:
    """What was brought from or to several wallets in one posting: who gave or got how much of it."""
    is_reward = what == PostingKind.REWARD
    left: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    names: dict[str, str] = {}
    for link in moved["links"]:
        for end, sign in (("source", -1), ("target", 1)):
            names[link[end]] = link[f"{end}_name"]
            left[link[end], link["asset"]] += sign * Decimal(link["amount"])  # who passes it on keeps nothing
    parts = [(names[pk], unit, abs(sum_)) for (pk, unit), sum_ in left.items() if (sum_ > 0 if is_reward else sum_ < 0)]
    shown = [sentence("{amount} {way} {name}", amount=exact(sum_, unit), way="to" if is_reward else "from", name=name)
             for name, unit, sum_ in parts[:MOST_PARTS]]  # fmt: skip
    more = len(parts) - len(shown)
    after = sentence(f"· {{parts}}{f' and {more} more' if more else ''}", parts=joined(*shown, by=", "))
    url = reverse("wallets:posting", args=[moved["posting"]])
    return Event(at, ICONS[what], "Shared out" if is_reward else "Collected", amount, asset, after, url)


def _because(reason: Told) -> Sentence:
    said = sentence("{said}", said=quoted(reason)) if isinstance(reason, str) and reason else reason
    return sentence("· {said}", said=said) if said else Sentence()
